"""Decisions on missed sentences: who wins, what is refused, what undo brings back."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from bot.helpdesk.learning import lessons, reviews
from bot.helpdesk.learning.corpus import Corpus, spelling
from bot.inbox.models import Missed
from bot.nlu.text import bare
from tests.helpdesk.conftest import NOW, add_staff

LABELS = {"faq/carry_over", "faq/hours_total"}


def corpus(taught=(), tested=()) -> Corpus:
    return Corpus(
        {spelling(one): "faq/hours_total" for one in taught},
        frozenset(map(spelling, tested)),
        tuple(bare(one) for one in tested),
        "\n".join(bare(one) for one in tested),
        frozenset(LABELS),
    )


NOTHING = corpus()


def missed(database, *texts: str) -> list[int]:
    with database.write() as session:
        rows = [Missed(sender_id=f"web:{number}", text=text, reason="not_understood", at=NOW) for number, text in enumerate(texts)]
        session.add_all(rows)
        session.flush()
        return [row.id for row in rows]


def taught(database) -> dict[str, str]:
    return {one.text: one.label for one in waiting(database)}


def waiting(database) -> list[lessons.Taught]:
    with database.read() as session:
        return lessons.pending(session)


@pytest.fixture
def staff(database) -> tuple[int, int]:
    return add_staff(database, "one", 1), add_staff(database, "two", 2)


def test_what_is_accepted_becomes_one_lesson_however_often_it_was_said(database, staff):
    ids = missed(database, "多的学时能转吗", "多的学时，能转吗？", "多的学时可转不")
    done = reviews.teach(database, NOTHING, LABELS, staff[0], ids, "faq/carry_over", NOW)
    assert list(done.done) == ids
    assert taught(database) == {"多的学时能转吗": "faq/carry_over", "多的学时可转不": "faq/carry_over"}


def test_of_two_reviewers_the_first_wins_and_the_other_reads_who_it_was(database, staff):
    (one,) = missed(database, "多的学时能转吗")
    assert reviews.teach(database, NOTHING, LABELS, staff[0], [one], "faq/carry_over", NOW).done
    late = reviews.teach(database, NOTHING, LABELS, staff[1], [one], "faq/hours_total", NOW)
    assert (list(late.done), late.taken, late.batch) == ([], {one: 1}, None)
    assert reviews.discard(database, staff[1], [one], NOW).taken == {one: 1}
    assert taught(database) == {"多的学时能转吗": "faq/carry_over"}


def test_of_two_reviewers_at_the_same_instant_one_wins(database, staff):
    ids = missed(database, *(f"第{n}个问题怎么办" for n in range(8)))
    labels = ["faq/carry_over", "faq/hours_total"]
    for one in ids:
        with ThreadPoolExecutor(2) as pool:
            both = list(pool.map(lambda i, one=one: reviews.teach(database, NOTHING, LABELS, staff[i], [one], labels[i], NOW), (0, 1)))
        assert sorted(len(held.done) for held in both) == [0, 1]
    assert len(taught(database)) == len(ids)


def test_sentences_of_the_data_and_of_the_evaluation_are_refused_by_name(database, staff):
    known = corpus(taught=["一年要多少学时"], tested=["跨省交流的课能不能算"])
    ids = missed(database, "一年要多少 学时？", "跨省交流的课能不能算", "请问跨省交流的课能不能算呀谢谢", "好", "多的学时能转吗")
    done = reviews.teach(database, known, LABELS, staff[0], ids, "faq/carry_over", NOW)
    assert list(done.done) == ids[4:]
    assert [done.refused[one] for one in ids[:4]] == [reviews.IN_DATA, reviews.IN_EVALUATION, reviews.IN_EVALUATION, "empty"]


def test_a_sentence_is_not_taught_as_two_questions(database, staff):
    first, second = missed(database, "多的学时能转吗", "多的学时能转吗")
    reviews.teach(database, NOTHING, LABELS, staff[0], [first], "faq/carry_over", NOW)
    assert reviews.teach(database, NOTHING, LABELS, staff[1], [second], "faq/hours_total", NOW).refused == {second: reviews.OTHER_LESSON}


def test_a_label_that_nobody_knows_is_refused(database, staff):
    with pytest.raises(reviews.UnknownLabel):
        reviews.teach(database, NOTHING, LABELS, staff[0], missed(database, "多的学时能转吗"), "faq/invented", NOW)


def test_undo_takes_back_the_last_decision_of_mine_alone(database, staff):
    mine, yours, last = missed(database, "多的学时能转吗", "公需学几天", "今天天气")
    reviews.teach(database, NOTHING, LABELS, staff[0], [mine], "faq/carry_over", NOW)
    reviews.discard(database, staff[0], [last], NOW)
    reviews.teach(database, NOTHING, LABELS, staff[1], [yours], "faq/hours_total", NOW)
    assert reviews.undo(database, staff[0], NOW) == reviews.Undone(1)
    assert len(taught(database)) == 2
    assert reviews.undo(database, staff[0], NOW) == reviews.Undone(1)
    assert taught(database) == {"公需学几天": "faq/hours_total"}
    assert reviews.undo(database, staff[0], NOW) == reviews.Undone(0)
    assert reviews.teach(database, NOTHING, LABELS, staff[1], [mine], "out_of_scope", NOW).done


def test_a_lesson_on_which_another_decision_rests_survives_undo(database, staff):
    first, second = missed(database, "多的学时能转吗", "多的学时能转吗")
    reviews.teach(database, NOTHING, LABELS, staff[0], [first], "faq/carry_over", NOW)
    reviews.teach(database, NOTHING, LABELS, staff[1], [second], "faq/carry_over", NOW)
    reviews.undo(database, staff[0], NOW)
    assert taught(database) == {"多的学时能转吗": "faq/carry_over"}
    reviews.undo(database, staff[1], NOW)
    assert taught(database) == {}


def test_what_has_been_exported_cannot_be_undone(database, staff):
    reviews.teach(database, NOTHING, LABELS, staff[0], missed(database, "多的学时能转吗"), "faq/carry_over", NOW)
    with database.write() as session:
        (one,) = lessons.pending(session)
        assert lessons.mark_exported(session, [one.id], NOW) == 1
    assert reviews.undo(database, staff[0], NOW) == reviews.Undone(0, exported=True)


def test_an_export_that_nobody_took_over_may_be_taught_again(database, staff):
    first, second = missed(database, "多的学时能转吗", "多的学时能转吗")
    reviews.teach(database, NOTHING, LABELS, staff[0], [first], "faq/carry_over", NOW)
    with database.write() as session:
        lessons.mark_exported(session, [one.id for one in lessons.pending(session)], NOW)
    assert reviews.teach(database, NOTHING, LABELS, staff[1], [second], "faq/carry_over", NOW).done
    assert taught(database) == {"多的学时能转吗": "faq/carry_over"}


def forget(database, missed_id: int) -> None:
    """What unbinding and purging do: reviews go with the sentence."""
    with database.write() as session:
        session.execute(Missed.__table__.delete().where(Missed.id == missed_id))


def test_a_purged_sentence_is_said_to_be_gone_and_its_lesson_can_still_be_taken_back(database, staff):
    (one,) = missed(database, "多的学时能转吗")
    reviews.teach(database, NOTHING, LABELS, staff[0], [one], "faq/carry_over", NOW)
    forget(database, one)
    assert reviews.discard(database, staff[0], [one], NOW).refused == {one: reviews.GONE}
    assert reviews.undo(database, staff[1], NOW) == reviews.Undone(0)
    assert reviews.undo(database, staff[0], NOW) == reviews.Undone(0, gone=1)
    assert taught(database) == {}


def test_undo_takes_back_the_newest_decision_though_its_sentence_is_gone(database, staff):
    first, second = missed(database, "多的学时能转吗", "公需学几天")
    reviews.teach(database, NOTHING, LABELS, staff[0], [first], "faq/carry_over", NOW)
    reviews.teach(database, NOTHING, LABELS, staff[0], [second], "faq/hours_total", NOW + timedelta(minutes=1))
    forget(database, second)
    assert reviews.undo(database, staff[0], NOW) == reviews.Undone(0, gone=1)
    assert taught(database) == {"多的学时能转吗": "faq/carry_over"}
    assert reviews.undo(database, staff[0], NOW) == reviews.Undone(1)


def test_a_lesson_is_taken_back_by_its_author_or_for_anybody_whatever_was_decided_since(database, staff):
    first, again, later = missed(database, "多的学时能转吗", "多的学时，能转吗", "公需学几天")
    reviews.teach(database, NOTHING, LABELS, staff[0], [first], "faq/carry_over", NOW)
    reviews.teach(database, NOTHING, LABELS, staff[1], [again], "faq/carry_over", NOW)
    reviews.teach(database, NOTHING, LABELS, staff[0], [later], "faq/hours_total", NOW)
    wrong, _ = waiting(database)
    assert reviews.take_back(database, wrong.id, staff[1], NOW) == reviews.Undone(0)
    assert len(taught(database)) == 2
    assert reviews.take_back(database, wrong.id, staff[0], NOW) == reviews.Undone(2)
    assert taught(database) == {"公需学几天": "faq/hours_total"}
    assert reviews.teach(database, NOTHING, LABELS, staff[1], [first, again], "faq/hours_total", NOW).done == [first, again]
    (mine,) = (one for one in waiting(database) if one.staff_id == staff[0])
    assert reviews.take_back(database, mine.id, None, NOW) == reviews.Undone(1)
    assert reviews.take_back(database, mine.id, None, NOW) == reviews.Undone(0)


def test_what_stands_in_the_files_is_not_taken_back_here(database, staff):
    reviews.teach(database, NOTHING, LABELS, staff[0], missed(database, "多的学时能转吗"), "faq/carry_over", NOW)
    (one,) = waiting(database)
    with database.write() as session:
        lessons.mark_exported(session, [one.id], NOW)
    assert reviews.take_back(database, one.id, None, NOW) == reviews.Undone(0, exported=True)
