"""How fast one sender may write: a flood costs the others nothing and is told so once."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from enum import Enum

MOST, WITHIN = 20, 60.0
"""So many different messages of one sender within so many seconds are answered."""
_SENDERS = 10_000


class Pace(Enum):
    """What becomes of a message."""

    GO = "go"
    NOTICE = "notice"
    QUIET = "quiet"


class PaceKeeper:
    """Counts in this process; a message that comes again under the same key is no second message."""

    def __init__(self, most: int = MOST, within: float = WITHIN, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._within, self._clock = most, within, clock
        self._seen: OrderedDict[str, deque[tuple[float, str]]] = OrderedDict()
        self._told: dict[str, tuple[float, str]] = {}

    def judge(self, sender: str, key: str) -> Pace:
        """Go on; or give the notice (once within the time, and again for the same message); or stay quiet."""
        now = self._clock()
        seen = self._seen.setdefault(sender, deque())
        self._seen.move_to_end(sender)
        while seen and now - seen[0][0] > self._within:
            seen.popleft()
        if any(known == key for _, known in seen):
            return Pace.GO
        if len(seen) < self._most:
            seen.append((now, key))
            self._trim()
            return Pace.GO
        told_at, told_key = self._told.get(sender, (-self._within - 1, ""))
        if told_key == key or now - told_at > self._within:
            self._told[sender] = (now, key)
            return Pace.NOTICE
        return Pace.QUIET

    def _trim(self) -> None:
        while len(self._seen) > _SENDERS:
            gone, _ = self._seen.popitem(last=False)
            self._told.pop(gone, None)
