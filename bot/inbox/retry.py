"""Messages that are written down and not yet answered: after a failing database, lock or action server, and after a kill.

Their answers go to the outbox like any other; a channel that only answers in responses gives them with its next one.
"""

import asyncio
import logging
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.engine import Connection

from bot.db import DatabaseFault
from bot.inbox import journal, outbox
from bot.inbox.backlog import IN_RESPONSES, remembered
from bot.inbox.intake import NOTICE, Intake
from bot.inbox.models import FAILED, PENDING, RECEIVED, Journal
from bot.inbox.question import Ask, Question

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
        due, open_ids = await asyncio.to_thread(self._due)
        for journal_id in self._intake.backlog.waiting.keys() - open_ids - self._intake.backlog.in_work:
            await self._settle(journal_id)
        went = True
        senders: set[str] = set()
        for row in due:
            if row.sender_id in senders or row.id in self._intake.backlog.in_work:
                continue
            senders.add(row.sender_id)
            went &= await self._take_up(row)
        return went

    def _begin(self) -> None:
        with self._intake.database.look() as connection:
            if self._alone:
                self._left_before = int(connection.execute(select(func.max(_table.c.id))).scalar() or 0)
            self._see_owed(connection)

    def _see_owed(self, connection: Connection) -> None:
        """Whoever took a message up, the next response to its sender may come from here."""
        for channel in IN_RESPONSES:
            self._intake.backlog.owed |= outbox.owed(connection, channel, self._intake.clock() - OLDEST)

    def _due(self) -> tuple[list[Any], set[int]]:
        """Unanswered messages that are ours to answer, oldest first; and which of those put back by this process are unanswered."""
        with self._intake.database.look() as connection:
            waiting = select(_table).where(_table.c.state == RECEIVED).order_by(_table.c.id).limit(AT_ONCE)
            rows = connection.execute(waiting).all()
            if not self._alone:
                self._see_owed(connection)
            put_back = select(_table.c.id).where(_table.c.id.in_(list(self._intake.backlog.waiting)), _table.c.state == RECEIVED)
            open_ids = set(connection.execute(put_back).scalars())
        if self._alone and all(row.id > self._left_before for row in rows):
            self._intake.backlog.look_back = False  # nobody but this process can have left anything
        abandoned = self._intake.clock() - timedelta(seconds=FOREIGN_SECONDS)
        ours = self._intake.backlog.waiting
        return [row for row in rows if row.id in ours or row.id <= self._left_before or row.received_at <= abandoned], open_ids

    async def _settle(self, journal_id: int) -> None:
        """A message that was put back although its answers are stored: the connection was lost between storing and hearing of it."""
        question, _ = self._intake.backlog.waiting.pop(journal_id)
        await self._intake.give_back(question)
        self._intake.backlog.owe(question)

    async def _take_up(self, row: Any) -> bool:
        intake = self._intake
        question, ask = intake.backlog.waiting.get(row.id) or (remembered(row), self._ask)
        if question is None or not await intake.writer.write(partial(self._may_be_asked, row)):
            await intake.writer.write(partial(self._give_up, row))
            intake.backlog.waiting.pop(row.id, None)
            intake.backlog.owe(question or Question("", row.sender_id, row.channel, row.id, {}))
        else:
            handled = await intake.answer(question, ask, PENDING, again=True)
            logger.info("message %s taken up again: %s", row.id, handled.state)
            return handled.state != RECEIVED
        return True

    def _may_be_asked(self, row: Any, connection: Connection) -> bool:
        """Whether an answer would still be one: the conversation has not gone on without it, and the message ends no process."""
        if row.received_at < self._intake.clock() - OLDEST:
            return False
        went_on = select(_table.c.id).where(_table.c.sender_id == row.sender_id, _table.c.id > row.id, _table.c.state != RECEIVED).limit(1)
        if connection.execute(went_on).first() is not None:
            return False
        if row.id in self._intake.backlog.waiting:
            return True
        return journal.try_again(connection, row.id) <= MOST_ATTEMPTS

    def _give_up(self, row: Any, connection: Connection) -> None:
        """End the message as failed and ask the person to send it again if it still matters."""
        if journal.close(connection, row.id, row.sender_id, FAILED):
            text = self._intake.sentences.send_again
            outbox.add(connection, row.sender_id, [{"text": text}], self._intake.clock(), kind=NOTICE, journal_id=row.id, state=PENDING)
