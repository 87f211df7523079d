"""Sentences that were not answered well are kept to learn from, with the reason, and go when the person's messages go."""

from datetime import timedelta
from typing import Any

import pytest

from bot.db import Database
from bot.inbox import feedback, journal, missed, outbox, retention
from bot.inbox.models import Missed
from bot.inbox.text import MAX_TEXT, MOST_KEPT
from tests.inbox.asking import rows
from tests.inbox.conftest import NOW


def told(database: Database, said: str, *reasons: str | None, sender: str = "web:a") -> int:
    """A message whose answers name these reasons; the id of its last answer."""
    payloads: list[dict[str, Any]] = [{"text": "答", "metadata": {"missed": reason, "feedback": True}} for reason in reasons]
    with database.begin() as connection:
        entry = journal.write(connection, channel="web", sender_id=sender, external_id=None, text=said, now=NOW)
        missed.note(connection, sender, entry.id, payloads, NOW)
        return outbox.add(connection, sender, payloads, NOW, journal_id=entry.id)[-1].id


def kept(database: Database) -> list[tuple[str, str]]:
    with database.look() as connection:
        return [(one.text, one.reason) for one in missed.since(connection, NOW - timedelta(days=1), 100)]


def test_an_answered_message_is_not_kept(database: Database) -> None:
    told(database, "公需多少", None)
    assert kept(database) == []


def test_what_nobody_understood_is_kept_once_with_its_reason(database: Database) -> None:
    told(database, "牦牛怎么算", "not_understood", "not_understood")
    told(database, "天气", "out_of_scope")
    assert kept(database) == [("牦牛怎么算", "not_understood"), ("天气", "out_of_scope")]


@pytest.mark.parametrize(("said", "reason"), [("都不是", "none_of_these"), ("没用", "useless")])
def test_a_word_of_displeasure_keeps_the_question_before_it(database: Database, said: str, reason: str) -> None:
    told(database, "别人的问题", None, sender="web:b")
    told(database, "学时怎么弄", None)
    told(database, said, reason)
    assert kept(database) == [("学时怎么弄", reason)]


def test_of_a_long_message_its_beginning_is_kept(database: Database) -> None:
    told(database, "学" * MOST_KEPT, None)
    told(database, "没用", "useless")
    assert kept(database) == [("学" * MAX_TEXT, "useless")]


def test_displeasure_with_nothing_before_it_keeps_nothing(database: Database) -> None:
    told(database, "没用", "useless")
    assert kept(database) == []


def test_an_unknown_reason_keeps_nothing(database: Database) -> None:
    told(database, "问", "boredom")
    assert kept(database) == []


def test_a_useless_vote_keeps_the_question_and_a_useful_one_does_not(database: Database) -> None:
    first, second = told(database, "一", None), told(database, "二", None)
    with database.write() as session:
        assert feedback.vote(session, first, "web:a", feedback.USELESS, NOW) is feedback.Outcome.STORED
        assert feedback.vote(session, first, "web:a", feedback.USELESS, NOW) is feedback.Outcome.ALREADY
        assert feedback.vote(session, second, "web:a", feedback.USEFUL, NOW) is feedback.Outcome.STORED
    assert kept(database) == [("一", "useless")]


def chosen(database: Database, said: str) -> int:
    """As ``told``: the answer to a choice out of an offer."""
    payload = {"text": "答", "metadata": {"kind": "faq", "chosen": True, "feedback": True}}
    with database.begin() as connection:
        entry = journal.write(connection, channel="web", sender_id="web:a", external_id=None, text=said, now=NOW)
        return outbox.add(connection, "web:a", [payload], NOW, journal_id=entry.id)[-1].id


def test_of_a_choice_voted_useless_the_sentence_before_the_offer_is_kept(database: Database) -> None:
    told(database, "学习的事", None)
    told(database, "别人的问题", None, sender="web:b")
    taken = chosen(database, "1")
    with database.write() as session:
        assert feedback.vote(session, taken, "web:a", feedback.USELESS, NOW) is feedback.Outcome.STORED
    assert kept(database) == [("学习的事", "useless")]


def test_of_a_choice_whose_question_is_gone_nothing_is_kept(database: Database) -> None:
    taken = chosen(database, "1")
    with database.write() as session:
        assert missed.sentence_behind(session, taken) is None
        assert missed.sentence_behind(session, taken + 1) is None
        assert feedback.vote(session, taken, "web:a", feedback.USELESS, NOW) is feedback.Outcome.STORED
    assert kept(database) == []


def test_only_the_newest_are_told_oldest_first_and_none_from_before(database: Database) -> None:
    for said in ("一", "二", "三"):
        told(database, said, "not_understood")
    with database.look() as connection:
        assert [one.text for one in missed.since(connection, NOW, 2)] == ["二", "三"]
        assert missed.since(connection, NOW + timedelta(seconds=1), 2) == []


def test_what_was_missed_goes_with_the_persons_messages_and_with_its_age(database: Database) -> None:
    told(database, "一", "not_understood")
    told(database, "二", "not_understood", sender="web:b")
    with database.write() as session:
        retention.forget(session, "web:a")
    assert [row.text for row in rows(database, Missed)] == ["二"]
    assert retention.purge("missed", database, NOW) == 0
    assert retention.purge("missed", database, NOW + timedelta(days=1)) == 1
