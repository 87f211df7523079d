"""A database such as a province's helpdesk has after some seasons, made in bulk: people, hours, messages, tickets, calls."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

from sqlalchemy import insert
from sqlalchemy.schema import Table

from bot import schema
from bot.db import Database
from bot.helpdesk.models import CallRecord, Lesson, Sampled, Ticket, TicketEvent
from bot.helpdesk.staff import accounts
from bot.hours.models import AuditEntry, HourRecord, Person
from bot.hours.upsert import keys_of
from bot.inbox.models import Feedback, Hold, Journal, Missed, Outbox
from evaluation.bench.records import id_number
from evaluation.bench.words import entry

PASSWORD = "a password for the bench"
ROLES = ("agent", "admin", "unit")
DAYS = 90
FIRST_YEAR, YEARS = 2019, 5
PEOPLE_A_UNIT = 250
LINES_EACH = 30
"""Messages of the person in each open conversation, each with an answer."""
TOGETHER = 5000  # rows in one statement
KINDS = ("faq",) * 6 + ("account", "account", "ask_back", "fallback")
QUESTIONS = 120
HOURS = tuple(map(Decimal, ("10", "22.5", "30", "45")))
SEED = 5


@dataclass(frozen=True)
class Scale:
    """How much there is of everything. ``messages`` came within ``DAYS`` days; of ``conversations`` every other one waits."""

    people: int
    records: int
    messages: int
    conversations: int
    over: int
    """Tickets that are closed."""
    calls: int
    missed: int


FULL = Scale(people=200_000, records=3_000_000, messages=500_000, conversations=50, over=3000, calls=5000, missed=3000)
SMALL = Scale(people=20_000, records=100_000, messages=20_000, conversations=50, over=300, calls=500, missed=500)


def build(url: str, scale: Scale, now: datetime) -> None:
    """Migrate an empty database and fill it; today is that of ``now``."""
    database = Database(url)
    schema.upgrade(database)
    chance = random.Random(SEED)
    _put(database, Person.__table__, _people(scale, chance))
    _put(database, HourRecord.__table__, _records(scale, now.date(), chance))
    unit = _units(scale)[0]
    for login in ROLES:
        accounts.add(database, login, login, PASSWORD, now, role=login, unit=unit if login == "unit" else None)
    _put(database, Journal.__table__, _messages(scale, now))
    _put(database, Outbox.__table__, _answers(scale, now, chance))
    _put(database, Feedback.__table__, _votes(scale, now, chance))
    for table, rows in _desk(scale, now, chance):
        _put(database, table, rows)
    _converse(database, scale, now)
    database.dispose()


def _put(database: Database, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    """Rows in the order given, all of the same columns."""
    waiting = iter(rows)
    while batch := list(islice(waiting, TOGETHER)):
        with database.begin() as connection:
            connection.execute(insert(table), batch)


def _units(scale: Scale) -> list[str]:
    patterns: list[str] = entry("console.units")
    return [patterns[n % len(patterns)].format(n=n + 1) for n in range(max(1, scale.people // PEOPLE_A_UNIT))]


def _people(scale: Scale, chance: random.Random) -> Iterator[dict[str, Any]]:
    surnames, given = entry("console.surnames").split(), entry("console.given").split()
    units, facts = _units(scale), {name: entry(f"console.{name}s") for name in ("region", "sector", "level")}
    for number in range(scale.people):
        name = chance.choice(surnames) + "".join(chance.choices(given, k=chance.choice((1, 2, 2))))
        chosen = {column: words[number % len(words)] for column, words in facts.items()}
        row = {"id_number": id_number(number), "name": name, "unit": units[number % len(units)], **chosen}
        yield {**row, **keys_of(name), "level_since": date(2012 + number % 10, 6, 1)}


def _records(scale: Scale, today: date, chance: random.Random) -> Iterator[dict[str, Any]]:
    form = entry("records.form")
    each = scale.records // scale.people
    for number in range(scale.records):
        facts = {
            "year": FIRST_YEAR + number % YEARS,
            "subject": ("public", "professional")[number // YEARS % 2],
            "title": entry("console.course"),
        }
        state = "verified" if chance.random() < 0.9 else "pending"
        owner = {"record_id": f"C{number:08d}", "person_id": number // each % scale.people + 1}
        yield {**owner, **facts, "form": form, "hours_tenths": chance.choice(HOURS), "state": state}


def _messages(scale: Scale, now: datetime) -> Iterator[dict[str, Any]]:
    said = entry("console.said")
    for number, moment in _moments(scale.messages, now):
        channel = ("web", "wx", "tg", "rest")[number % 4]
        sender = f"{channel}:{number % (scale.messages // 8 + 1)}"
        yield {"sender_id": sender, "channel": channel, "text": said[number % len(said)], "received_at": moment, "state": "processed"}


def _answers(scale: Scale, now: datetime, chance: random.Random) -> Iterator[dict[str, Any]]:
    for (number, moment), asked in zip(_moments(scale.messages, now), _messages(scale, now), strict=True):
        waited = timedelta(milliseconds=chance.expovariate(1 / 50))
        yield _answer(asked["sender_id"], number + 1, moment + waited, chance)


def _answer(sender_id: str, journal_id: int, moment: datetime, chance: random.Random) -> dict[str, Any]:
    kind = chance.choice(KINDS)
    key = f"q{chance.randrange(QUESTIONS)}"
    metadata = {"kind": kind, "feedback": True, **({"question": key, "questions": [key]} if kind == "faq" else {})}
    payload = {"text": entry("console.told") * 3, "metadata": metadata}
    facts = {"kind": kind, "payload": payload, "created_at": moment, "state": "sent", "attempts": 1}
    return {"sender_id": sender_id, "journal_id": journal_id, **facts}


def _votes(scale: Scale, now: datetime, chance: random.Random) -> Iterator[dict[str, Any]]:
    for number, moment in _moments(scale.messages, now):
        if number % 25 == 0:
            vote = "useful" if chance.random() < 0.8 else "useless"
            yield {"outbox_id": number + 1, "sender_id": f"web:{number}", "vote": vote, "at": moment}


def _moments(count: int, now: datetime) -> Iterator[tuple[int, datetime]]:
    """``count`` moments, evenly within the last ``DAYS`` days."""
    step = timedelta(days=DAYS) / max(1, count)
    begun = now - timedelta(days=DAYS)
    return ((number, begun + step * number) for number in range(count))


def _desk(scale: Scale, now: datetime, chance: random.Random) -> Iterator[tuple[Table, Iterable[dict[str, Any]]]]:
    """What the desk has written down so far; staff 1 is an agent."""
    said = entry("console.said")
    yield Ticket.__table__, (_ticket(number, moment, chance) for number, moment in _moments(scale.over, now))
    outcomes = ("answered", "answered", "answered", "call_back", "elsewhere")
    yield (
        CallRecord.__table__,
        (
            {
                "at": moment,
                "staff_id": 1,
                "person_id": number % scale.people + 1,
                "question": said[number % len(said)],
                "label": "faq/hours_both",
            }
            | {"answer": entry("console.told"), "outcome": outcomes[number % 5], "called_back_at": moment, "phone": None}
            for number, moment in _moments(scale.calls, now)
        ),
    )
    reasons = ("not_understood", "out_of_scope", "none_of_these", "useless")
    yield (
        Missed.__table__,
        (
            {"sender_id": f"web:{number}", "text": _garbled(said, chance), "reason": reasons[number % 4], "at": moment}
            for number, moment in _moments(scale.missed, now)
        ),
    )
    yield (
        Lesson.__table__,
        (
            {"text": f"{said[0]} {number}", "label": "faq/hours_both", "batch": "b", "staff_id": 1, "at": moment}
            for number, moment in _moments(200, now)
        ),
    )
    yield (
        Sampled.__table__,
        (
            {
                "week": moment.date() - timedelta(days=moment.weekday()),
                "outbox_id": number,
                "sender_id": f"web:{number}",
                "question": said[0],
            }
            | {"answer": entry("console.told"), "label": "faq/hours_both", "asked_at": moment, "judged_at": moment, "staff_id": 1}
            | {"verdict": chance.choice(("right", "right", "right", "partly", "wrong"))}
            for number, moment in _moments(240, now)
        ),
    )
    yield (
        AuditEntry.__table__,
        (
            {"occurred_at": moment, "actor": "staff:1", "action": "lookup", "person_id": number % scale.people + 1, "detail": "people"}
            for number, moment in _moments(scale.messages // 5, now)
        ),
    )


def _ticket(number: int, moment: datetime, chance: random.Random) -> dict[str, Any]:
    taken = moment + timedelta(minutes=chance.random() * 10)
    facts = {"taken_by": 1, "taken_at": taken, "first_reply_at": taken + timedelta(seconds=20), "closed_at": taken + timedelta(minutes=20)}
    return {"sender_id": f"web:over-{number}", "topic": "faq/hours_both", "state": "closed", "opened_at": moment, **facts}


def _garbled(said: list[str], chance: random.Random) -> str:
    """A sentence that is none of the others: pieces of two."""
    first, second = chance.choice(said), chance.choice(said)
    return first[: chance.randrange(2, len(first))] + second[chance.randrange(len(second)) :]


def _converse(database: Database, scale: Scale, now: datetime) -> None:
    """Open conversations, each with ``LINES_EACH`` messages and answers; every other one is held by staff 1, the others wait."""
    chance, said = random.Random(SEED), entry("console.said")
    for number in range(scale.conversations):
        sender, begun = f"web:open-{number}", now - timedelta(minutes=40 + number)
        held = number % 2 == 0
        with database.begin() as connection:
            for line in range(LINES_EACH):
                moment = begun + timedelta(minutes=line)
                row = {"sender_id": sender, "channel": "web", "text": said[line % len(said)], "received_at": moment, "state": "processed"}
                journal_id = connection.execute(insert(Journal.__table__), row).inserted_primary_key[0]
                connection.execute(insert(Outbox.__table__), _answer(sender, journal_id, moment, chance))
            facts = {"topic": "faq/hours_both", "last_question": said[0], "opened_at": begun, "state": "taken" if held else "open"}
            facts |= {"taken_by": 1, "taken_at": begun} if held else {}
            ticket = connection.execute(insert(Ticket.__table__), {"sender_id": sender, **facts}).inserted_primary_key[0]
            connection.execute(insert(TicketEvent.__table__), {"ticket_id": ticket, "at": begun, "kind": "opened"})
            if held:
                connection.execute(insert(Hold.__table__), {"sender_id": sender, "by": "staff:1", "since": begun})
