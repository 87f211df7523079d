"""The dashboard's figures: whole days of Asia/Shanghai, parts that add up, lists as long as the figure says, and nothing stale."""

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, update
from sqlalchemy.orm import Session

from bot.db import Database
from bot.helpdesk.dashboard.figureline import PAGE, Listed, Paged, Which
from bot.helpdesk.dashboard.figurelists import FIGURES, listed
from bot.helpdesk.dashboard.figurerows import TICKET_PARTS
from bot.helpdesk.dashboard.figures import Figures, counted
from bot.helpdesk.dashboard.inflow import ENDS
from bot.helpdesk.dashboard.inflowday import Rows
from bot.helpdesk.dashboard.inflowdays import Days
from bot.helpdesk.dashboard.spread import Spread, spread
from bot.helpdesk.models import CallRecord, Lesson, Retraining, Sampled, Ticket
from bot.helpdesk.office import OfficeHours
from bot.helpdesk.period import Period, between, latest
from bot.inbox import retention
from bot.inbox.models import Feedback, Journal, Outbox
from bot.settings import ZONE
from tests.helpdesk.conftest import NOW, add_staff

TODAY = NOW.date()
MONTH = latest(30, TODAY)
OFFICE = OfficeHours(((9 * 60, 12 * 60), (14 * 60 + 30, 18 * 60)))
KINDS = ("faq", "account", "clause", "smalltalk", "form", "ask_back", "fallback", "notice", "human")


def at(day: int, clock: str = "10:00:00", month: int = 11) -> datetime:
    return datetime.fromisoformat(f"2023-{month:02}-{day:02}T{clock}").replace(tzinfo=ZONE)


def message(
    session: Session, moment: datetime, *kinds: str, channel: str = "web", waited: float = 0.1, question: str = "hours_both"
) -> int:
    """One message of a sender of its own, with an answer of each kind; its id."""
    row = {
        "sender_id": f"{channel}:{moment.timestamp()}",
        "channel": channel,
        "text": "一年要多少学时",
        "received_at": moment,
        "state": "processed",
    }
    number = int(session.execute(insert(Journal.__table__), row).inserted_primary_key[0])
    for kind in kinds:
        answer(session, number, row["sender_id"], moment + timedelta(seconds=waited), kind, question)
    return number


def answer(session: Session, journal_id: int, sender_id: str, moment: datetime, kind: str = "faq", question: str = "hours_both") -> int:
    metadata = {"kind": kind, "feedback": True, **({"question": question} if kind == "faq" else {})}
    row = {"sender_id": sender_id, "journal_id": journal_id, "kind": kind, "payload": {"text": "答", "metadata": metadata}}
    return int(session.execute(insert(Outbox.__table__), {**row, "created_at": moment, "state": "sent"}).inserted_primary_key[0])


def figures(database: Database, days: Days, period: Period = MONTH, channel: str | None = None, now: datetime = NOW) -> Figures:
    with database.read() as session:
        return counted(session, days, OFFICE, period, channel, now)


def rows(database: Database, days: Days, page: int = 0, *, period: Period = MONTH, **which: Any) -> Listed:
    with database.read() as session:
        return listed(session, days, OFFICE, Which(period=period, **which), Paged(page * PAGE), NOW)


def test_days_begin_at_midnight_in_shanghai(database: Database) -> None:
    with database.write() as session:
        message(session, at(19, "23:59:59.999999"), "faq")
        message(session, at(20, "00:00:00"), "faq", channel="wx")
        message(session, at(20, "08:00:00"), "faq")
    one = figures(database, Days(), Period(TODAY, TODAY))
    assert one.days == {(TODAY, "wx"): 1, (TODAY, "web"): 1}
    assert [hour for hour, count in enumerate(one.hours) if count] == [0, 8]
    before = figures(database, Days(), Period(date(2023, 11, 19), date(2023, 11, 19)))
    assert (before.messages, before.hours[23]) == (1, 1)


def test_the_strongest_of_several_answers_counts_and_reminders_of_forms_do_not(database: Database) -> None:
    with database.write() as session:
        message(session, at(18), "fallback", "human")
        message(session, at(18), "faq", "form")
        message(session, at(18), "ask_back")
        message(session, at(18), "notice")
        message(session, at(18), "form")
        message(session, at(18))
        message(session, at(18), "staff")
    counts = figures(database, Days()).ends
    assert counts == {"handed_over": 1, "answered": 2, "asked_back": 1, "fallback": 1, "unanswered": 2}


def test_replies_are_told_by_the_first_answer_and_staff_are_not_the_bot(database: Database) -> None:
    with database.write() as session:
        number = message(session, at(18))
        answer(session, number, "web:a", at(18, "10:00:03"))
        answer(session, number, "web:a", at(18, "10:00:01.500"))
        answer(session, number, "web:a", at(18, "10:00:00.200"), "staff")
    assert figures(database, Days()).replies == Spread(1, 1500, 1500)


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=60))
def test_median_and_p95_are_the_nearest_ranks(values: list[int]) -> None:
    ranked = sorted(values)
    found = spread(values)
    for percent, value in ((50, found.median), (95, found.p95)):
        assert sum(one <= value for one in ranked) * 100 >= percent * len(ranked)
        assert sum(one < value for one in ranked) * 100 < percent * len(ranked)


def test_nothing_at_all_gives_zeros_and_no_durations(database: Database) -> None:
    empty = figures(database, Days())
    assert (empty.messages, empty.replies, empty.days, empty.questions) == (0, Spread(0), {}, ())
    assert (empty.tickets.opened, empty.tickets.waits, empty.retraining) == (0, Spread(0), None)


def test_a_humans_first_reply_is_timed_in_seconds_of_work(database: Database) -> None:
    with database.write() as session:
        opened, replied = at(17, "17:59:00"), at(20, "09:02:00")  # Friday evening to Monday morning
        session.add(Ticket(sender_id="web:a", state="taken", opened_at=opened, taken_at=replied, first_reply_at=replied))
    assert figures(database, Days()).tickets.waits == Spread(1, 180, 180)
    assert rows(database, Days(), figure="waits").lines[0].seconds == 180


def test_a_vote_counts_on_the_day_it_is_cast(database: Database) -> None:
    with database.write() as session:
        number = message(session, at(1), "faq")
        outbox_id = answer(session, number, "web:a", at(1))
        session.add(Feedback(outbox_id=outbox_id, sender_id="web:a", vote="useful", at=at(19)))
    assert figures(database, Days(), latest(7, TODAY)).votes == {"useful": 1}
    assert figures(database, Days(), Period(date(2023, 11, 1), date(2023, 11, 1))).votes == {}


def test_a_channel_leaves_out_everything_of_others(database: Database) -> None:
    fill(database, random.Random(3), 40)
    days, whole = Days(), figures(database, Days())
    for channel in ("web", "wx", "tg", "telephone", "unknown"):
        part = figures(database, days, channel=channel)
        assert {name for _, name in part.days} <= {channel}
        assert part.messages + sum(part.calls.values()) == sum(n for (_, name), n in whole.days.items() if name == channel)
    parts = [figures(database, days, channel=channel) for channel in ("web", "wx", "tg", "telephone")]
    assert sum(part.tickets.opened for part in parts) == whole.tickets.opened
    assert sum(sum(part.votes.values()) for part in parts) == sum(whole.votes.values())


def fill(database: Database, chance: random.Random, count: int, staff: int | None = None) -> None:
    """So many messages within 40 days, with votes, tickets, calls, samples, lessons and a training."""
    staff = staff or add_staff(database, "a", 1)
    with database.write() as session:
        for number in range(count):
            moment = NOW - timedelta(days=chance.randrange(40), seconds=chance.randrange(86400))
            channel = chance.choice(("web", "wx", "tg"))
            kinds = chance.sample(KINDS, chance.randrange(3))
            message(session, moment, *kinds, channel=channel, waited=chance.random(), question=f"q{chance.randrange(4)}")
            if number % 3 == 0:
                told = answer(session, message(session, moment, channel=channel), f"{channel}:v", moment)
                session.add(Feedback(outbox_id=told, sender_id=f"{channel}:v", vote=chance.choice(("useful", "useless")), at=moment))
                later = moment + timedelta(minutes=chance.randrange(500))
                state = chance.choice(("open", "taken", "left", "closed"))
                reply = None if state in ("open", "left") else later
                facts = {"state": state, "taken_at": reply, "first_reply_at": reply, "message": "留言" if state == "left" else None}
                session.add(Ticket(sender_id=f"{channel}:t{number}", opened_at=moment, **facts))
                outcome = chance.choice(("answered", "call_back", "elsewhere"))
                session.add(CallRecord(at=moment, staff_id=staff, question="问", answer="答", outcome=outcome))
                verdict = chance.choice(("right", "partly", "wrong", None))
                sample = {"week": moment.date(), "outbox_id": number, "sender_id": f"{channel}:s", "question": "问", "answer": "答"}
                session.add(Sampled(**sample, asked_at=moment, verdict=verdict, judged_at=moment if verdict else None))
                session.add(Lesson(text=f"句{number}", label="faq/q1", batch="b", staff_id=staff, at=moment))
        session.add(Retraining(staff_id=staff, started_at=NOW, state="live", step="done", lessons=3))


def everything(database: Database, days: Days, **which: Any) -> Listed:
    """A list over all its pages."""
    first = rows(database, days, **which)
    lines = [line for page in range(-(-first.total // PAGE)) for line in rows(database, days, page, **which).lines]
    return Listed(first.total, tuple(lines))


def test_each_list_is_as_long_as_its_figure(database: Database) -> None:
    fill(database, random.Random(7), 180)
    days = Days()
    for channel in (None, "wx"):
        shown = figures(database, days, channel=channel)
        expected: list[tuple[dict[str, Any], int]] = [
            ({"figure": "messages"}, shown.messages),
            ({"figure": "replies"}, shown.replies.count),
        ]
        expected += [({"figure": "messages", "part": end}, shown.ends[end]) for end in ENDS]
        expected += [({"figure": "messages", "hour": hour}, count) for hour, count in enumerate(shown.hours)]
        expected += [({"figure": "messages", "question": key}, count) for key, count in shown.questions]
        expected += [({"figure": "votes", "part": vote}, count) for vote, count in shown.votes.items()]
        expected += [({"figure": "votes"}, sum(shown.votes.values()))]
        expected += [({"figure": "tickets"}, shown.tickets.opened), ({"figure": "waits"}, shown.tickets.waits.count)]
        expected += [({"figure": "tickets", "part": part}, shown.tickets.parts[part]) for part in TICKET_PARTS]
        expected += [({"figure": "calls"}, sum(shown.calls.values()))]
        expected += [({"figure": "calls", "part": part}, count) for part, count in shown.calls.items()]
        expected += [({"figure": "judged", "part": part}, count) for part, count in shown.verdicts.items()]
        expected += [({"figure": "lessons"}, shown.lessons), ({"figure": "retrainings"}, 1)]
        for which, count in expected:
            found = everything(database, days, channel=channel, **which)
            assert (found.total, len(found.lines)) == (count, count), which
            assert len({(line.at, line.said, line.sender_id, line.call_id, line.ticket_id) for line in found.lines}) >= min(count, 1)
    assert {which["figure"] for which, _ in expected} == set(FIGURES)
    assert shown.questions
    assert shown.tickets.waits.count


def test_each_day_and_channel_opens_the_very_rows(database: Database) -> None:
    fill(database, random.Random(8), 60)
    days = Days()
    for (day, channel), count in figures(database, days).days.items():
        figure = "calls" if channel == "telephone" else "messages"
        found = everything(database, days, figure=figure, period=Period(day, day), channel=channel)
        assert found.total == count
        assert {line.at.date() for line in found.lines} == {day}
        assert {line.channel for line in found.lines} == {channel}


@pytest.fixture(scope="module")
def many(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path = tmp_path_factory.mktemp("many") / "desk.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    database = Database(f"sqlite:///{path}")
    fill(database, random.Random(11), 300)
    yield database
    database.dispose()


@settings(max_examples=25, deadline=None)
@given(begin=st.integers(0, 45), length=st.integers(1, 30), cut=st.integers(0, 29), channel=st.sampled_from([None, "web", "tg"]))
def test_parts_add_up_to_the_whole(many: Database, begin: int, length: int, cut: int, channel: str | None) -> None:
    days = Days()
    first = TODAY - timedelta(days=begin)
    period = between(first, first + timedelta(days=length - 1))
    whole = figures(many, days, period, channel)
    calls = sum(whole.calls.values())
    assert sum(whole.days.values()) == whole.messages + calls
    assert sum(whole.hours) == sum(whole.ends.values()) == whole.messages
    assert whole.replies.count <= whole.messages
    assert sum(count for _, count in whole.questions) <= whole.ends["answered"] + whole.ends["handed_over"]
    at_most = min(cut, length - 1)
    parts = [Period(period.first, period.first + timedelta(days=at_most - 1))] if at_most else []
    parts.append(Period(period.first + timedelta(days=at_most), period.last))
    halves = [figures(many, days, part, channel) for part in parts]
    assert sum(half.messages for half in halves) == whole.messages
    assert sum(half.tickets.opened for half in halves) == whole.tickets.opened
    assert sum(sum(half.votes.values()) for half in halves) == sum(whole.votes.values())
    assert {key: sum(dict(half.questions).get(key, 0) for half in halves) for key, _ in whole.questions} == dict(whole.questions)


def stands(database: Database, days: Days) -> None:
    """What is kept says the same as what is read afresh."""
    assert figures(database, days) == figures(database, Days())


def test_what_is_kept_of_finished_days_follows_every_change(database: Database) -> None:
    days = Days()
    with database.write() as session:
        ids = [message(session, at(day), "faq", channel="web", question=f"q{day}") for day in range(1, 21)]
        silent = message(session, at(5, "11:00:00"))
    stands(database, days)
    with database.write() as session:  # a late answer
        answer(session, silent, "web:late", NOW, "human")
    stands(database, days)
    with database.write() as session:  # a message of today: nothing else is read again
        message(session, NOW, "faq")
    stands(database, days)
    with database.write() as session:  # a message that comes late into a finished day
        message(session, at(7, "12:00:00"), "fallback")
    stands(database, days)
    with database.write() as session:  # one goes, another comes
        session.execute(update(Outbox.__table__).where(Outbox.journal_id == ids[2]).values(journal_id=None))
        session.execute(delete(Journal.__table__).where(Journal.id == ids[2]))
        message(session, NOW, "faq")
    stands(database, days)
    with database.write() as session:  # a person takes the binding away
        retention.forget(session, f"web:{at(9).timestamp()}")
    stands(database, days)
    retention.purge("outbox", database, at(12))
    stands(database, days)
    retention.purge("journal", database, at(14))
    stands(database, days)
    assert figures(database, days).messages == 20 - 13 + 2


@pytest.fixture
def read_whole(monkeypatch: pytest.MonkeyPatch) -> list[date]:
    """The days whose rows are read from their beginning."""
    seen: list[date] = []
    begin_with = Rows.__init__

    def noted(rows: Rows, session: Session, begin: datetime, end: datetime) -> None:
        seen.append(begin.date())
        begin_with(rows, session, begin, end)

    monkeypatch.setattr(Rows, "__init__", noted)
    return seen


def test_each_day_is_read_once(database: Database, read_whole: list[date]) -> None:
    with database.write() as session:
        for day in range(1, 21):
            message(session, at(day), "faq")
    days = Days()
    figures(database, days)
    assert len(read_whole) == 30
    read_whole.clear()
    with database.write() as session:
        message(session, NOW, "faq")
    assert figures(database, days).messages == 21
    assert read_whole == []


def test_what_is_kept_of_a_day_that_goes_on_follows_every_change(database: Database, read_whole: list[date]) -> None:
    days = Days()
    with database.write() as session:
        first = message(session, at(20, "08:00:00"))
        gone = message(session, at(20, "08:30:00"), "faq")
    stands(database, days)
    with database.write() as session:  # the answer to a message that has been read, and messages of today and of other days
        answer(session, first, "web:late", NOW)
        message(session, at(20, "00:00:00"), "faq", channel="wx")
        message(session, at(21, "00:00:00"), "faq")
        message(session, at(19, "23:59:59"), "faq")
    stands(database, days)
    with database.write() as session:  # an answer to what came in the round before
        late = message(session, NOW)
    stands(database, days)
    with database.write() as session:
        answer(session, late, "web:later", NOW, "fallback")
    read_whole.clear()
    stands(database, days)
    assert read_whole.count(TODAY) == 1, "by the one that knows nothing"
    with database.write() as session:  # one goes while another comes
        session.execute(delete(Outbox.__table__).where(Outbox.journal_id == gone))
        session.execute(delete(Journal.__table__).where(Journal.id == gone))
        message(session, NOW, "human")
    stands(database, days)
    with database.write() as session:  # one that was written before those that have been read, and is seen after them
        row = {"sender_id": "web:slow", "channel": "web", "text": "慢", "received_at": NOW, "state": "processed"}
        session.execute(insert(Journal.__table__), {**row, "id": gone})
    stands(database, days)
    assert figures(database, days).messages == 6


def test_periods_are_whole_and_not_endless() -> None:
    assert latest(7, TODAY) == Period(date(2023, 11, 14), TODAY)
    assert list(between(date(2024, 2, 28), date(2024, 3, 1))) == [date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1)]
    for first, last in ((TODAY, date(2023, 11, 19)), (date(2020, 1, 1), TODAY), (date.min, date.min), (date.max, date.max)):
        with pytest.raises(ValueError, match=r"-?\d+"):
            between(first, last)
