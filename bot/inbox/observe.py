"""What the inbox tells of its work, to whoever counts: `Intake(…, observer=…)`. Nobody listens unless the process says so.

`bot.runtime.metrics` is such an observer. Each call takes a few microseconds, never raises and gets no word of a person.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

DUPLICATE = "duplicate"
DELAYED = "delayed"
"""Ends of a message besides the journal's processed, failed and held; delayed: written down, to be answered later."""

STAGES = ("journal", "lock", "load", "understand", "decide", "action", "write", "whole")


class Observer(Protocol):
    """Listens to the inbox and the channels."""

    def message(self, channel: str, state: str) -> None:
        """A message of the channel ended: processed, failed, held, duplicate or delayed. A late answer is not a second end."""

    def answer(self, kinds: Iterable[str]) -> None:
        """A processed message got answers of these kinds (`bot.inbox.outcome`)."""

    def stage(self, name: str) -> AbstractContextManager[None]:
        """Measures one of `STAGES` around its block, awaits and failures included."""

    def observe(self, name: str, seconds: float) -> None:
        """One of `STAGES` took so long."""

    def retried(self) -> None:
        """A journaled message is tried again."""

    def channel_error(self, channel: str) -> None:
        """The channel could not do its part: receive, deliver or reach its platform."""


class Silent:
    """An observer that does nothing."""

    def message(self, channel: str, state: str) -> None: ...
    def answer(self, kinds: Iterable[str]) -> None: ...
    def stage(self, name: str) -> AbstractContextManager[None]:
        return _NOTHING

    def observe(self, name: str, seconds: float) -> None: ...
    def retried(self) -> None: ...
    def channel_error(self, channel: str) -> None: ...


_NOTHING: AbstractContextManager[None] = nullcontext()
SILENT: Observer = Silent()
