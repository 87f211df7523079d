"""What came in and how it was answered, a message an entry: the arrays that figures are counted from and lists are drawn from.

Both use the same arrays, so that a figure and the list behind it cannot disagree.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bot.inbox.outcome import OUTCOMES

UNANSWERED = "unanswered"
"""No answer of the bot's: a human held the conversation, or the answer is still to come."""
ENDS = (*OUTCOMES, UNANSWERED)
NO_REPLY = -1


class Names:
    """Strings as small numbers, the same for the life of the object."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}
        self._names: list[str] = []

    def code(self, name: str) -> int:
        """The number of a name, a new one for a name not met before."""
        if name not in self._codes:
            self._codes[name] = len(self._names)
            self._names.append(name)
        return self._codes[name]

    def known(self, name: str) -> int:
        """The number of a name, one that nothing has for a name not met yet."""
        return self._codes.get(name, -1)

    def name(self, code: int) -> str:
        """The name of a number that was given out."""
        return self._names[code]

    def __len__(self) -> int:
        return len(self._names)


@dataclass(frozen=True)
class Inflow:
    """Messages in the order in which they came in; the arrays run in parallel, but for ``asked``."""

    ids: Any
    """Of the journal."""
    days: Any
    """Ordinals of dates in Asia/Shanghai."""
    hours: Any
    """0 to 23, in Asia/Shanghai."""
    channels: Any
    """Codes."""
    ends: Any
    """Places in ``ENDS``."""
    replies: Any
    """Milliseconds until the bot's first answer was written down; ``NO_REPLY`` without one."""
    asked: Any
    """Two columns, a row for each prepared question that a message was answered with: the message's place, the question's code."""

    def __len__(self) -> int:
        return len(self.ids)

    def chosen(
        self,
        *,
        channel: int | None = None,
        hour: int | None = None,
        end: str | None = None,
        question: int | None = None,
        replied: bool = False,
    ) -> "Inflow":
        """The messages that fit everything given; ``channel`` and ``question`` are codes, ``end`` is one of ``ENDS``."""
        fits = np.ones(len(self), dtype=bool)
        if channel is not None:
            fits &= self.channels == channel
        if hour is not None:
            fits &= self.hours == hour
        if end is not None:
            fits &= self.ends == ENDS.index(end)
        if question is not None:
            among = np.zeros(len(self), dtype=bool)
            among[self.asked[self.asked[:, 1] == question, 0]] = True
            fits &= among
        if replied:
            fits &= self.replies != NO_REPLY
        return self if fits.all() else self._kept(fits)

    def _kept(self, fits: Any) -> "Inflow":
        places = np.cumsum(fits) - 1
        asked = self.asked[fits[self.asked[:, 0]]]
        moved = np.column_stack((places[asked[:, 0]], asked[:, 1]))
        return Inflow(asked=moved, **{name: getattr(self, name)[fits] for name in PARALLEL})


PARALLEL = ("ids", "days", "hours", "channels", "ends", "replies")
NOTHING = Inflow(
    ids=np.zeros(0, np.int64),
    days=np.zeros(0, np.int32),
    hours=np.zeros(0, np.int8),
    channels=np.zeros(0, np.int16),
    ends=np.zeros(0, np.int8),
    replies=np.zeros(0, np.int32),
    asked=np.zeros((0, 2), np.int64),
)


def joined(parts: Sequence[Inflow]) -> Inflow:
    """Several as one, in the order given."""
    if not parts:
        return NOTHING
    starts = np.cumsum([0, *(len(part) for part in parts)])[:-1]
    asked = np.concatenate([part.asked for part in parts])
    asked[:, 0] += np.repeat(starts, [len(part.asked) for part in parts])
    return Inflow(asked=asked, **{name: np.concatenate([getattr(part, name) for part in parts]) for name in PARALLEL})
