"""Faults that a test asks for: broken connections and answers, floods, refused entities."""

import math
import time
from collections import defaultdict, deque
from dataclasses import dataclass

from tests.telegram_api.wire import ApiError

HOWS = ("cut", "500", "502", "hang")


@dataclass(frozen=True)
class Breakage:
    """One call to be broken. With `done` the method does its work and only the answer suffers."""

    how: str
    seconds: float = 0.0
    done: bool = False


class BrokenError(Exception):
    """A breakage asked for while the call was already waiting."""

    def __init__(self, breakage: Breakage) -> None:
        super().__init__(breakage.how)
        self.breakage = breakage


@dataclass
class Flood:
    """Periods of `seconds` in which sending is refused; each of the `left` periods begins with the next send."""

    seconds: int
    left: int
    chat: str | None
    until: float = 0.0

    def check(self, chat: str) -> None:
        if self.chat not in (None, chat):
            return
        now = time.monotonic()
        if now >= self.until and self.left:
            self.left -= 1
            self.until = now + self.seconds
        if now < self.until:
            wait = math.ceil(self.until - now)
            raise ApiError(429, f"Too Many Requests: retry after {wait}", retry_after=wait)


class Faults:
    """The faults still due. The emulator holds its lock around every use."""

    def __init__(self) -> None:
        self.breakages: dict[str, deque[Breakage]] = defaultdict(deque)
        self.floods: list[Flood] = []
        self.entity_refusals = 0

    def plan(self, method: str, times: int, breakage: Breakage) -> None:
        assert breakage.how in HOWS, breakage.how
        self.breakages[method.lower()].extend([breakage] * times)

    def take(self, method: str) -> Breakage | None:
        due = self.breakages[method.lower()]
        return due.popleft() if due else None

    def check_flood(self, chat: str) -> None:
        for flood in self.floods:
            flood.check(chat)

    def check_entities(self) -> None:
        if self.entity_refusals:
            self.entity_refusals -= 1
            raise ApiError(400, 'Bad Request: can\'t parse entities: Unsupported start tag "refused" at byte offset 0')
