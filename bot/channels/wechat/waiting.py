"""Waiting for answers that somebody else is making: another delivery of the message, another process, or Rasa for what was asked before."""

import asyncio

from sqlalchemy import exists, select

from bot.channels.wechat.render import CLOSING
from bot.db import Database
from bot.inbox import journal
from bot.inbox.models import RECEIVED, Journal
from bot.inbox.question import Finish, Handled, Question
from bot.messages import message

LOOK = 0.05  # seconds between two looks

_table = Journal.__table__


class Waiting:
    """Looks at the journal until it is so."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ended(self, journal_id: int) -> None:
        """Return when the message has been answered, if only with a word about it, or is gone. DatabaseFault."""
        while await asyncio.to_thread(self._unanswered, journal_id):
            await asyncio.sleep(LOOK)

    async def fetch(self, question: Question, finish: Finish) -> Handled:
        """In place of Rasa: waits until what the person asked before is answered; those answers travel in front of this one."""
        while await asyncio.to_thread(self._unanswered_before, question):
            await asyncio.sleep(LOOK)
        closing = {"kind": "channel", "feedback": False, CLOSING: True}
        return await finish([{"text": message("channels.wechat.fetched"), "metadata": closing}], [])

    def _unanswered(self, journal_id: int) -> bool:
        with self._database.look() as connection:
            return journal.state_of(connection, journal_id) == RECEIVED and journal.reply_of(connection, journal_id) is None

    def _unanswered_before(self, question: Question) -> bool:
        earlier = _table.c.sender_id == question.sender_id, _table.c.id < question.journal_id, _table.c.state == RECEIVED
        with self._database.look() as connection:
            return bool(connection.execute(select(exists().where(*earlier))).scalar())
