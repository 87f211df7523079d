"""Which prepared questions the dashboard counts and lists: every one that a message was answered with."""

from datetime import date

import pytest
from sqlalchemy import insert
from sqlalchemy.orm import Session

from bot.db import Database
from bot.helpdesk.answeredwith import keys, keys_of
from bot.helpdesk.dashboard.figures import Figures
from bot.helpdesk.dashboard.figuretables import Table, tables
from bot.helpdesk.dashboard.inflowdays import Days
from bot.helpdesk.models import CallRecord, Sampled
from bot.helpdesk.period import Period
from bot.inbox.models import Feedback, Outbox
from tests.helpdesk.conftest import add_staff
from tests.helpdesk.dashboard.test_figures import TODAY, at, figures, message, rows

OF_NOW = {"kind": "faq", "question": "a", "questions": ["a", "b"], "feedback": True}
OF_BEFORE = {"kind": "faq", "question": "a", "feedback": True}
WITH_RECORD = {"kind": "account", "questions": ["c"], "feedback": False}


def told(session: Session, day: int, metadata: dict[str, object]) -> int:
    """A message answered so; the answer's id."""
    row = {"sender_id": "web:a", "journal_id": message(session, at(day)), "kind": metadata["kind"], "created_at": at(day), "state": "sent"}
    return int(session.execute(insert(Outbox.__table__), {**row, "payload": {"text": "答", "metadata": metadata}}).inserted_primary_key[0])


def test_every_question_of_a_message_counts_and_of_older_messages_the_first(database: Database) -> None:
    with database.write() as session:
        for day, metadata in ((18, OF_NOW), (19, OF_BEFORE), (20, OF_NOW), (20, WITH_RECORD), (20, {"kind": "account"})):
            told(session, day, metadata)
    days = Days()
    assert figures(database, days).questions == (("a", 3), ("b", 2), ("c", 1))
    for key, labels in (("a", [("a", "b"), ("a",), ("a", "b")]), ("b", [("a", "b")] * 2), ("c", [("c",)])):
        found = rows(database, days, figure="messages", question=key)
        assert (found.total, [line.labels for line in found.lines]) == (len(labels), labels)


def test_the_list_of_a_question_needs_no_figures_before_it(database: Database) -> None:
    with database.write() as session:
        told(session, 18, OF_NOW)
        message(session, at(19), "faq", channel="wx")
    for key in ("a", "b"):
        assert rows(database, Days(), figure="messages", question=key).total == 1
    assert rows(database, Days(), figure="messages", question="nothing").total == 0
    for figure in ("messages", "replies"):
        assert rows(database, Days(), figure=figure, channel="wx").total == 1


def test_votes_and_judgements_name_every_question_while_the_message_is_kept(database: Database) -> None:
    with database.write() as session:
        outbox_id = told(session, 18, OF_NOW)
        session.add(Feedback(outbox_id=outbox_id, sender_id="web:a", vote="useful", at=at(18)))
        facts = {"week": date(2023, 11, 13), "sender_id": "web:a", "question": "问", "answer": "答", "label": "faq/a", "asked_at": at(18)}
        session.add_all([Sampled(outbox_id=one, verdict="right", **facts) for one in (outbox_id, 999)])
    assert [line.labels for line in rows(database, Days(), figure="votes").lines] == [("a", "b")]
    assert [line.labels for line in rows(database, Days(), figure="judged").lines] == [("faq/a",), ("a", "b")]


@pytest.mark.parametrize(
    ("metadata", "found"), [(OF_NOW, ("a", "b")), (OF_BEFORE, ("a",)), (WITH_RECORD, ("c",)), ({"kind": "fallback"}, ()), (None, ())]
)
def test_a_message_names_its_questions(metadata: dict[str, object] | None, found: tuple[str, ...]) -> None:
    assert keys_of({"text": "答", "metadata": metadata}) == found
    assert keys_of({"text": "答"}) == ()


def test_the_database_says_a_list_in_either_spelling_and_one_key_as_it_is() -> None:
    assert keys('["a", "b"]') == keys('["a","b"]') == ("a", "b")
    assert (keys("a"), keys("[]"), keys(None)) == (("a",), (), ())


def days_table(shown: Figures) -> Table:
    return tables(shown, str)["days"]


def test_a_days_total_opens_its_list_where_one_list_holds_it_all(database: Database) -> None:
    staff = add_staff(database, "a", 1)
    with database.write() as session:
        for day, channel in ((18, "web"), (18, "wx"), (19, "wx"), (20, "web")):
            message(session, at(day), channel=channel)
        for day in (17, 20):
            session.add(CallRecord(at=at(day), staff_id=staff, question="问", answer="答", outcome="answered"))
    days, span = Days(), Period(date(2023, 11, 16), TODAY)
    whole = days_table(figures(database, days, span))
    assert whole.head[-1] == "合计（含来电）"
    assert [row[-1].text for row in whole.rows] == ["2", "1", "2", "1", "0"]
    lists = [row[-1].which for row in whole.rows]
    assert [one.figure if one else None for one in lists] == [None, "messages", "messages", "calls", "messages"]
    for channel in (None, "wx", "telephone", "unknown"):
        for row in days_table(figures(database, days, span, channel)).rows:
            if (which := row[-1].which) is not None:
                assert (which.period.first, which.period.last) == (date.fromisoformat(row[0].text),) * 2
                listed = rows(database, days, figure=which.figure, period=which.period, channel=which.channel)
                assert str(listed.total) == row[-1].text
    assert days_table(figures(database, days, span, "wx")).head[-1] == "合计"
