"""What a list behind a figure is asked with, and what it answers."""

from dataclasses import dataclass
from datetime import datetime

from bot.helpdesk.period import Period

PAGE = 50


@dataclass(frozen=True)
class Paged:
    """``size`` rows from row ``first`` on, counted from 0."""

    first: int = 0
    size: int = PAGE


@dataclass(frozen=True)
class Which:
    """A figure of a period. ``part`` is one of what the figure comes apart in; ``hour`` and ``question`` are for messages alone."""

    figure: str
    period: Period
    channel: str | None = None
    part: str | None = None
    hour: int | None = None
    question: str | None = None


@dataclass(frozen=True)
class Line:
    """One row. ``kinds`` and ``labels``: how it was answered and as what, in the words of the database.

    ``seconds``: what the figure measures of it; ``sender_id``, ``journal_id``, ``call_id``, ``ticket_id``: where more can be read.
    """

    at: datetime
    said: str
    channel: str | None = None
    kinds: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    seconds: float | None = None
    sender_id: str | None = None
    journal_id: int | None = None
    call_id: int | None = None
    ticket_id: int | None = None


@dataclass(frozen=True)
class Listed:
    """``total`` rows, of which ``lines`` are those of the page asked for."""

    total: int
    lines: tuple[Line, ...]
