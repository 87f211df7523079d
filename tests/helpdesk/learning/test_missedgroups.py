"""Missed sentences by likeness: what means nearly the same stands together, the biggest first, and fast."""

import random
import time

from hypothesis import given
from hypothesis import strategies as st

from bot.helpdesk.learning import reviews
from bot.helpdesk.learning.corpus import ROOT
from bot.helpdesk.learning.missedgroups import Unreviewed
from bot.helpdesk.learning.similarity import grouped
from bot.inbox.models import Missed
from bot.nlu.examples import read
from tests.helpdesk.conftest import NOW, add_staff
from tests.helpdesk.learning.test_reviews import missed

PARENTING, MOVED = ["产假期间学时怎么办", "产假期间的学时怎么办？", "休产假期间学时咋办"], ["从外省调来学时认不认", "外省调来的学时认不认"]


def test_near_sentences_stand_together_and_others_do_not():
    assert grouped([*PARENTING, *MOVED, "下雪了"]) == [[0, 1, 2], [3, 4], [5]]


def test_spelling_punctuation_and_courtesy_make_no_difference():
    assert grouped(["產假期間學時怎麼辦", "请问，产假期间学时怎么办呀？"]) == [[0, 1]]


@given(st.lists(st.text(st.sampled_from("学时公需专业产假外省调来办吗？ a1"), max_size=12), max_size=40))
def test_every_sentence_stands_in_exactly_one_group_and_its_first_leads(sentences):
    groups = grouped(sentences)
    assert sorted(index for group in groups for index in group) == list(range(len(sentences)))
    assert [group[0] for group in groups] == sorted(group[0] for group in groups)


def listed(groups):
    return [[sentence.text for sentence in group.sentences] for group in groups]


def test_the_biggest_group_comes_first_and_of_equal_ones_the_newest(database):
    missed(database, "下雪了", *MOVED, *PARENTING, "评委是谁")
    with database.read() as session:
        found = listed(Unreviewed().groups(session))
    assert found == [PARENTING[::-1], MOVED[::-1], ["评委是谁"], ["下雪了"]]


def test_what_is_decided_on_goes_and_undo_brings_it_back(database):
    staff, unreviewed = add_staff(database, "one", 1), Unreviewed()
    ids = missed(database, *MOVED, "下雪了")
    with database.read() as session:
        assert len(unreviewed.groups(session)) == 2
    reviews.discard(database, staff, ids[:1], NOW)
    with database.read() as session:
        assert listed(unreviewed.groups(session)) == [["下雪了"], [MOVED[1]]]
        assert listed(Unreviewed().groups(session)) == [["下雪了"], [MOVED[1]]]
    reviews.undo(database, staff, NOW)
    with database.read() as session:
        assert len(unreviewed.groups(session)[0].sentences) == 2


def test_a_new_sentence_joins_the_group_it_is_like(database):
    unreviewed = Unreviewed()
    missed(database, "下雪了", MOVED[0])
    with database.read() as session:
        assert len(unreviewed.groups(session)) == 2
    missed(database, MOVED[1])
    with database.read() as session:
        assert listed(unreviewed.groups(session))[0] == [MOVED[1], MOVED[0]]


def test_a_callers_question_knows_its_call(database):
    with database.write() as session:
        session.add(Missed(sender_id="call:12", text="产假怎么算", reason="call", at=NOW))
    with database.read() as session:
        (group,) = Unreviewed().groups(session)
    assert (group.sentences[0].call, group.sentences[0].channel) == (12, "call")


def test_five_thousand_sentences_are_grouped_in_time_to_be_felt_at_once():
    examples, _ = read(ROOT / "data" / "nlu")
    sentences = random.Random(7).sample([sentence for sentence, _ in examples], 5000)
    grouped(sentences)  # the first time words are cut, which is kept
    spent = []
    for _ in range(3):
        started = time.process_time()
        grouped(sentences)
        spent.append(time.process_time() - started)
    assert min(spent) < 0.3
