"""What is done with a message although a human holds its conversation: what only a program can do, told to both of them."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy.engine import Connection

from bot.inbox import outbox
from bot.inbox.models import HELD
from bot.inbox.outbox import Outgoing
from bot.inbox.question import Handled, Question
from bot.inbox.writer import Writer

logger = logging.getLogger(__name__)

SYSTEM = "system"  # kind of what tells how things stand

Act = Callable[[Question], str | None]
"""Does what a message asks of a program and says what came of it; None for a message that is the human's alone. May block and fail."""


class InHand:
    """Acts beside the human. Whoever runs the intake sets ``act``; without one nothing is done."""

    def __init__(self, writer: Writer, clock: Callable[[], datetime]) -> None:
        self._writer, self._clock = writer, clock
        self.act: Act | None = None

    async def beside(self, question: Question, state: str, handled: Handled) -> Handled:
        """What became of a message, and of one that is the human's what was done; ``state`` is that of the line which tells it.

        Also of a message whose answer was being made when the human came: nobody has said that one.
        """
        if self.act is None or handled.state != HELD or handled.duplicate:
            return handled
        try:
            said = await asyncio.to_thread(self.act, question)
            told = [] if said is None else await self._writer.write(partial(self._tell, question, said, state))
        except Exception as error:  # the human has the message all the same
            logger.error("nothing was done beside the human: %s", type(error).__name__)
            return handled
        return Handled(HELD, told)

    def _tell(self, question: Question, said: str, state: str, connection: Connection) -> list[Outgoing]:
        payload = {"text": said, "metadata": {"kind": SYSTEM, "feedback": False}}
        how: dict[str, Any] = {"kind": SYSTEM, "journal_id": question.journal_id, "state": state, "due_at": question.not_before}
        return outbox.add(connection, question.sender_id, [payload], self._clock(), **how)
