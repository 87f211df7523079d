"""The clock of waiting: an offer once, to those who still wait."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.db import Database
from bot.helpdesk import tickets
from bot.helpdesk.models import TicketEvent
from bot.helpdesk.office import OfficeHours
from bot.helpdesk.talks import handoff
from bot.helpdesk.talks.waiting import WaitingClock
from bot.inbox.models import Outbox
from bot.inbox.writer import Writer
from tests.helpdesk.conftest import NOW, add_staff

AFTER = timedelta(minutes=3)
OFFICE = OfficeHours(((9 * 60, 12 * 60),))


class Clocks:
    """Two workers on one database, at a moment that the test sets."""

    def __init__(self, database: Database) -> None:
        self.database, self.now = database, NOW
        self.writers = [Writer(database), Writer(database)]
        self.workers = [WaitingClock(writer, lambda: self.now, AFTER, OFFICE) for writer in self.writers]

    def opened(self, sender_id: str, now=NOW) -> int:
        with self.database.write() as session:
            return tickets.open_ticket(session, sender_id, None, None, now, OFFICE).number

    def look(self, after: timedelta) -> int:
        """Both workers look at once; the number of offers made."""

        async def both() -> int:
            return sum(await asyncio.gather(*(worker.round() for worker in self.workers)))

        self.now = NOW + after
        return asyncio.run(both())

    def told(self) -> dict[str, list[dict]]:
        said: dict[str, list[dict]] = {}
        with self.database.read() as session:
            for message in session.execute(select(Outbox).order_by(Outbox.id)).scalars():
                assert message.kind == "system"
                said.setdefault(message.sender_id, []).append(message.payload)
        return said


@pytest.fixture
def clocks(database: Database) -> Iterator[Clocks]:
    clocks = Clocks(database)
    yield clocks
    for writer in clocks.writers:
        writer.close()


def test_whoever_waits_three_minutes_is_offered_to_leave_a_message_once(clocks: Clocks) -> None:
    number = clocks.opened("web:a")
    assert clocks.look(AFTER - timedelta(seconds=1)) == 0
    assert clocks.look(AFTER) == 1
    assert clocks.look(2 * AFTER) == 0
    (offer,) = clocks.told()["web:a"]
    assert "留言" in offer["text"]
    assert offer["buttons"] == [{"title": "留言", "payload": "留言"}]
    with clocks.database.read() as session:
        kinds = session.execute(select(TicketEvent.kind).where(TicketEvent.ticket_id == number).order_by(TicketEvent.id)).scalars().all()
    assert kinds == ["opened", "offered"]


def test_nobody_is_offered_anything_who_is_served_has_left_a_message_or_was_offered_it_at_once(clocks: Clocks) -> None:
    taken = clocks.opened("web:taken")
    handoff.take(clocks.database, taken, add_staff(clocks.database, "a", 3), NOW)
    clocks.opened("web:night", NOW - timedelta(hours=3))
    with clocks.database.write() as session:
        tickets.leave_message(session, "web:left", "一", NOW, OFFICE)
    assert clocks.look(2 * AFTER) == 0
    assert "web:night" not in clocks.told()


def test_in_a_group_nobody_is_offered_to_write_what_others_read(clocks: Clocks) -> None:
    clocks.opened("tgg:-5/7")
    assert clocks.look(AFTER) == 1
    (offer,) = clocks.told()["tgg:-5/7"]
    assert "buttons" not in offer


@pytest.mark.parametrize("sender_id", ["web:a", "tgg:-5/7"])
def test_outside_office_hours_the_offer_says_when_staff_are_back(clocks: Clocks, sender_id: str) -> None:
    late = timedelta(hours=2, minutes=59)
    clocks.opened(sender_id, NOW + late)
    assert clocks.look(late + AFTER) == 1
    (offer,) = clocks.told()[sender_id]
    assert "现在不是工作时间，工作人员明天（周二）09:00上班" in offer["text"]


def test_a_failing_database_does_not_end_the_clock(clocks: Clocks, monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.db import DatabaseBusy

    looks = []

    def due() -> list[tuple[int, str]]:
        looks.append(1)
        if len(looks) < 3:
            raise (DatabaseBusy("busy"), RuntimeError("odd"))[len(looks) - 1]
        raise asyncio.CancelledError

    worker = clocks.workers[0]
    monkeypatch.setattr(worker, "_due", due)
    monkeypatch.setattr("bot.helpdesk.talks.waiting.PAUSE_SECONDS", 0)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(worker.run())
    assert len(looks) == 3
