"""Messages that are written down and not yet answered: after a failing database, lock or action server, and after a kill.

Their answers go to the outbox like any other; a channel that only answers in responses gives them with its next one.
"""

import asyncio
import logging
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.engine import Connection

from bot.db import DatabaseFault
from bot.inbox import journal, outbox
from bot.inbox.backlog import IN_RESPONSES, remembered
from bot.inbox.intake import NOTICE, Intake
from bot.inbox.models import FAILED, HELD, PENDING, RECEIVED, Journal, Outbox
from bot.inbox.question import Ask

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 1.0
LONGEST_PAUSE = 30.0
FOREIGN_SECONDS = 15
"""How long a message of another process may be in work before it counts as abandoned."""
OLDEST = timedelta(hours=24)
"""A message this old is no longer answered by itself."""
MOST_ATTEMPTS = 3
"""How often a message is taken up that no process has survived or finished."""
AT_ONCE = 100

_table = Journal.__table__
_told = Outbox.__table__


class Retrier:
    """Takes up what lies unanswered in the journal, oldest first, one message of a sender at a time."""

    def __init__(self, intake: Intake, ask: Ask, *, alone: bool) -> None:
        """``alone``: no other process answers messages of this database, so whatever lies there at the start is abandoned."""
        self._intake = intake
        self._ask = ask
        self._alone = alone
        self._left_before = 0  # highest journal id of the time before this process

    async def run(self) -> None:
        """Look every second for ever; less often while nothing can be answered."""
        pause, started = PAUSE_SECONDS, False
        while True:
            try:
                if not started:
                    await asyncio.to_thread(self._begin)
                    started = True
                pause = PAUSE_SECONDS if await self.round() else min(LONGEST_PAUSE, 2 * pause)
            except DatabaseFault as fault:
                logger.warning("messages cannot be taken up: %s", type(fault).__name__)
                pause = min(LONGEST_PAUSE, 2 * pause)
            except Exception:
                logger.exception("taking messages up failed")
                pause = LONGEST_PAUSE
            await asyncio.sleep(pause)

    async def round(self) -> bool:
        """Try once whatever is due; False when something had to be put back again. DatabaseFault."""
        due, ended = await asyncio.to_thread(self._due)
        for journal_id in ended - self._intake.backlog.in_work:
            await self._settle(journal_id)
        went = True
        for row in due:
            if row.id not in self._intake.backlog.in_work:
                went &= await self._take_up(row)
        return went

    def _begin(self) -> None:
        with self._intake.database.look() as connection:
            if self._alone:
                self._left_before = int(connection.execute(select(func.max(_table.c.id))).scalar() or 0)
            self._see_owed(connection, None)

    def _see_owed(self, connection: Connection, since: datetime | None) -> None:
        """Whoever took a message up, or wrote as a human from the console, the next response to its sender may come from here."""
        for channel in IN_RESPONSES:
            self._intake.backlog.owed |= outbox.owed(connection, channel, since)

    def _due(self) -> tuple[list[Any], set[int]]:
        """Each sender's oldest unanswered message if it is ours to answer; and which of those put back by this process have ended."""
        put_back = set(self._intake.backlog.waiting)  # before looking: of what is put back meanwhile the look tells nothing
        first = func.min(_table.c.id)
        oldest = select(first.label("id")).where(_table.c.state == RECEIVED).group_by(_table.c.sender_id).order_by(first).limit(AT_ONCE)
        chosen = oldest.subquery()
        with self._intake.database.look() as connection:
            rows = connection.execute(select(_table).join(chosen, chosen.c.id == _table.c.id).order_by(_table.c.id)).all()
            self._see_owed(connection, self._intake.clock() - OLDEST)
            unanswered = select(_table.c.id).where(_table.c.id.in_(put_back), _table.c.state == RECEIVED)
            ended = put_back - set(connection.execute(unanswered).scalars())
        if self._alone and all(row.id > self._left_before for row in rows):
            self._intake.backlog.look_back = False  # nobody but this process can have left anything
        abandoned = self._intake.clock() - timedelta(seconds=FOREIGN_SECONDS)
        ours = self._intake.backlog.waiting
        return [row for row in rows if row.id in ours or row.id <= self._left_before or row.received_at <= abandoned], ended

    async def _settle(self, journal_id: int) -> None:
        """A message that was put back although its answers are stored: the connection was lost between storing and hearing of it."""
        if found := self._intake.backlog.waiting.get(journal_id):
            await self._intake.give_back(*found)
            self._intake.backlog.owe(found[0])

    async def _take_up(self, row: Any) -> bool:
        intake = self._intake
        question, ask = intake.backlog.waiting.get(row.id) or (remembered(row), self._ask)
        if question is None or not await intake.writer.write(partial(self._may_be_asked, row)):
            if await intake.writer.write(partial(self._give_up, row)):
                intake.backlog.waiting.pop(row.id, None)
                intake.backlog.owe(row)
        else:
            handled = await intake.answer(question, ask, PENDING, again=True)
            logger.info("message %s taken up again: %s", row.id, handled.state)
            return handled.state != RECEIVED
        return True

    def _may_be_asked(self, row: Any, connection: Connection) -> bool:
        """Whether an answer would still be one: the conversation has not gone on without it, and the message ends no process."""
        if row.received_at < self._intake.clock() - OLDEST or journal.state_of(connection, row.id) != RECEIVED:
            return False
        noticed = exists().where(_told.c.journal_id == _table.c.id, _told.c.kind == NOTICE)  # blank, too long, failed: no part of the talk
        later = _table.c.sender_id == row.sender_id, _table.c.id > row.id, _table.c.state != RECEIVED
        if connection.execute(select(_table.c.id).where(*later, ~noticed).limit(1)).first() is not None:
            return False
        if row.id in self._intake.backlog.waiting:
            return True
        return journal.try_again(connection, row.id) <= MOST_ATTEMPTS

    def _give_up(self, row: Any, connection: Connection) -> bool:
        """End the message as failed and ask the person to send it again if it still matters; False when it has ended meanwhile.

        Where a human holds the conversation the message is theirs.
        """
        if journal.close(connection, row.id, row.sender_id, FAILED):
            text = self._intake.sentences.send_again
            outbox.add(connection, row.sender_id, [{"text": text}], self._intake.clock(), kind=NOTICE, journal_id=row.id, state=PENDING)
        elif journal.state_of(connection, row.id) == RECEIVED:
            journal.mark(connection, row.id, HELD)
        else:
            return False
        return True
