"""Spans of whole days in Asia/Shanghai, and the moments they begin and end at."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from bot.settings import ZONE

SPANS = (7, 30, 90)
"""Days that are offered, today included."""
USUAL = 30
LONGEST = 366
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2999, 12, 31)
"""What a period lies between: farther out are mistyped dates."""


@dataclass(frozen=True)
class Period:
    """From the first to the last day, both included."""

    first: date
    last: date

    @property
    def begin(self) -> datetime:
        """The first moment of the first day."""
        return midnight(self.first)

    @property
    def end(self) -> datetime:
        """The first moment after the last day."""
        return midnight(self.last + timedelta(days=1))

    @property
    def length(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    def __iter__(self) -> Iterator[date]:
        return (self.first + timedelta(days=number) for number in range(self.length))


def midnight(day: date) -> datetime:
    """The moment at which the day begins in Asia/Shanghai."""
    return datetime.combine(day, time(), ZONE)


def one(day: date) -> Period:
    """A single day; one far from ours becomes the farthest that is none of ours."""
    kept = min(max(day, FIRST_DAY), LAST_DAY)
    return Period(kept, kept)


def latest(days: int, today: date) -> Period:
    """The last ``days`` days, today included."""
    return Period(today - timedelta(days=days - 1), today)


def between(first: date, last: date) -> Period:
    """ValueError for days in the wrong order, for more than ``LONGEST`` of them, and for days far from ours."""
    period = Period(first, last)
    if not 1 <= period.length <= LONGEST or first < FIRST_DAY or last > LAST_DAY:
        raise ValueError(period.length)
    return period
