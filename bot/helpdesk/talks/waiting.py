"""The clock of waiting: whoever has waited for a human too long is offered, once, to leave a message."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import select, update
from sqlalchemy.engine import Connection

from bot.db import DatabaseFault
from bot.helpdesk.models import OPEN, Ticket
from bot.helpdesk.office import ALWAYS_THERE, OfficeHours
from bot.helpdesk.talks.custody import offer_message
from bot.helpdesk.tickets import note_event
from bot.inbox.writer import Writer

PAUSE_SECONDS = 3.0  # between two looks
AT_ONCE = 100

logger = logging.getLogger(__name__)

_table = Ticket.__table__


class WaitingClock:
    """Runs in each worker; of several that see the same ticket one makes the offer."""

    def __init__(self, writer: Writer, clock: Callable[[], datetime], after: timedelta, office: OfficeHours = ALWAYS_THERE) -> None:
        self._writer, self._clock, self._after, self._office = writer, clock, after, office

    async def run(self) -> None:
        """Look every few seconds for ever."""
        while True:
            try:
                await self.round()
            except DatabaseFault as fault:
                logger.warning("waiting people cannot be looked for: %s", type(fault).__name__)
            except Exception:
                logger.exception("looking for waiting people failed")
            await asyncio.sleep(PAUSE_SECONDS)

    async def round(self) -> int:
        """Make the offers that are due; how many were made here. DatabaseFault."""
        due = await asyncio.to_thread(self._due)
        made = [await self._writer.write(partial(self._offer, ticket_id, sender_id)) for ticket_id, sender_id in due]
        return sum(made)

    def _due(self) -> list[tuple[int, str]]:
        since = self._clock() - self._after
        waiting = select(_table.c.id, _table.c.sender_id).where(_table.c.state == OPEN, _table.c.opened_at <= since)
        with self._writer.database.look() as connection:
            found = connection.execute(waiting.where(_table.c.offered_at.is_(None)).order_by(_table.c.opened_at).limit(AT_ONCE))
            return [(row.id, row.sender_id) for row in found]

    def _offer(self, ticket_id: int, sender_id: str, connection: Connection) -> bool:
        """Offer it unless somebody took the person, or another worker offered it, in the meantime."""
        now = self._clock()
        unoffered = _table.c.id == ticket_id, _table.c.state == OPEN, _table.c.offered_at.is_(None)
        if not connection.execute(update(_table).where(*unoffered).values(offered_at=now)).rowcount:
            return False
        offer_message(connection, sender_id, "handoff.offer", self._office, now)
        note_event(connection, ticket_id, "offered", now)
        return True
