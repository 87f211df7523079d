"""Before the dialogue engine: what is switched off is not asked (`bot.inbox.switches`)."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from sqlalchemy.engine import Connection

from bot.inbox.question import Ask, Finish, Handled, Question
from bot.inbox.switches import Off, channel, everything_off, questions
from bot.inbox.writer import Writer

FRESH = 0.5
"""Seconds for which one process believes what it has read."""
QUESTIONS_OFF = "questions_off"
"""Under this name the metadata of a message tell the dialogue engine which questions' answers are off; absent when none is."""

Result = TypeVar("Result")


class Guard:
    """Answers in a channel that is off, and tells the engine which questions are. Looks at the table at most once in `FRESH` seconds."""

    def __init__(self, writer: Writer, sentence: str, clock: Callable[[], float] = time.monotonic) -> None:
        """``sentence`` is what is read in a channel that is off; ``clock`` counts seconds."""
        self._writer = writer
        self._sentence = sentence
        self._clock = clock
        self._known: tuple[float, Off] | None = None

    def beside(self, job: Callable[[Connection], Result]) -> Callable[[Connection], Result]:
        """The writing job, with a look at the table in its transaction when one is due: no message waits for a look of its own."""
        return partial(self._look_and, job)

    async def sentence(self, name: str) -> str | None:
        """What is said in the channel because it is off; None when it is on. DatabaseFault."""
        return self._sentence if channel(await self._off(), name) else None

    async def ask(self, ask: Ask, question: Question, finish: Finish) -> Handled:
        """Have the question answered by ``ask`` unless its channel is off. As ``ask`` raises, and DatabaseFault."""
        switched = await self._off()
        if channel(switched, question.channel):
            return await finish([{"text": self._sentence, "metadata": {"kind": "notice", "feedback": False}}], [])
        metadata: dict[str, Any] = {key: value for key, value in question.metadata.items() if key != QUESTIONS_OFF}
        if keys := questions(switched):
            metadata[QUESTIONS_OFF] = sorted(keys)
        return await ask(replace(question, metadata=metadata), finish)

    async def _off(self) -> Off:
        known = self._fresh()
        return known if known is not None else await self._writer.write(self._look)

    def _fresh(self) -> Off | None:
        known = self._known
        return known[1] if known is not None and self._clock() - known[0] < FRESH else None

    def _look(self, connection: Connection) -> Off:
        known = self._fresh()
        if known is None:
            at = self._clock()  # before the look: what is thrown during it is seen no later than promised
            known = everything_off(connection)
            self._known = (at, known)
        return known

    def _look_and(self, job: Callable[[Connection], Result], connection: Connection) -> Result:
        self._look(connection)
        return job(connection)
