"""What one process knows of messages that are written down and not answered yet."""

import asyncio
import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.inbox.models import RECEIVED
from bot.inbox.question import Ask, Question
from bot.inbox.text import MAX_TEXT

IN_WORK = timedelta(seconds=3)
"""How long a message takes at most: one unanswered for longer is nobody's any more, or waits to be tried again."""
LOOK = timedelta(milliseconds=20)

IN_RESPONSES = ("rest",)
"""Channels that cannot push: a late answer goes with the next one."""

HELD_BACK = {"wx": timedelta(seconds=16)}
"""Channels whose platform brings an unanswered message again, and for how long: till then a response is to carry the answer, no push."""

_MASKED_CODE = re.compile(r"(?<![0-9A-Za-z])[0-9A-Za-z][0-9A-Za-z-]\*{8}")  # and no masked ID number, which begins with four digits


class Backlog:
    """Messages put back, messages in work, and people to whom something is owed."""

    def __init__(self) -> None:
        self.waiting: dict[int, tuple[Question, Ask]] = {}
        """Messages put back by this process, whole: a bind code is in no journal."""
        self.in_work: set[int] = set()
        """Journal rows this process is answering."""
        self.told: set[int] = set()
        """Journal rows whose sender a channel has told that the answer is late: they are not told twice."""
        self.owed: set[str] = set()
        """Senders of `IN_RESPONSES` for whom a late answer, or what a human wrote, may lie in the outbox."""
        self.look_back = True
        """Whether somebody else, another process or one that has died, may have left messages of a sender unanswered."""

    def owe(self, message: Any) -> None:
        """Remember that a late answer to whoever wrote this message, a question or a journal row, lies in the outbox."""
        if message.channel in IN_RESPONSES:
            self.owed.add(message.sender_id)

    async def left_by_others(
        self, behind: Sequence[Any], clock: Callable[[], datetime], state_of: Callable[[int], str | None]
    ) -> list[Any]:
        """Of these journal rows those that no other process ends within the time that a message takes."""
        left = []
        for row in behind:
            looks = 0 if row.attempts or row.id in self.in_work else int((row.received_at + IN_WORK - clock()) / LOOK)
            while looks > 0 and await asyncio.to_thread(state_of, row.id) == RECEIVED:
                looks -= 1
                await asyncio.sleep(LOOK.total_seconds())
            if looks <= 0:
                left.append(row)
        return left

    def before(self, question: Question, ask: Ask, behind: Sequence[Any]) -> list[tuple[Question, Ask]]:
        """What the same person said before and nobody has answered, oldest first: put back here, or ``behind`` in the journal.

        What is in work here for the first time needs no help: the conversation's lock keeps it in front.
        """
        found = {row.id: (remembered(row), ask) for row in behind if row.id not in self.in_work}
        found |= {number: one for number, one in self.waiting.items() if one[0].sender_id == question.sender_id}
        return [(asked, by) for number, (asked, by) in sorted(found.items()) if asked is not None and number < question.journal_id]


def remembered(row: Any) -> Question | None:
    """The question as the journal holds it; None when it held a bind code, which the journal does not, or nothing that may be asked."""
    if not row.text or len(row.text) > MAX_TEXT or _MASKED_CODE.search(row.text):
        return None
    return Question(row.text, row.sender_id, row.channel, row.id, {}, not_before(row.channel, row.received_at))


def not_before(channel: str, received_at: datetime) -> datetime | None:
    """When the answers to a message may be pushed; None for at once."""
    return received_at + HELD_BACK[channel] if channel in HELD_BACK else None
