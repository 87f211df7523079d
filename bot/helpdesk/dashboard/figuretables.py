"""The dashboard's figures as tables of words. The screen and the CSV files are both made of them, cell by cell."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from bot.helpdesk.dashboard import figurelists
from bot.helpdesk.dashboard.figureline import Which
from bot.helpdesk.dashboard.figurerows import TELEPHONE, TICKET_PARTS
from bot.helpdesk.dashboard.figures import Figures
from bot.helpdesk.dashboard.figurewords import at, channel, duration, share, word_or_itself
from bot.helpdesk.dashboard.inflow import ENDS
from bot.helpdesk.dashboard.spread import Spread
from bot.helpdesk.period import Period
from bot.helpdesk.sampling import VERDICTS
from bot.helpdesk.words import word
from bot.inbox.feedback import USEFUL, USELESS

QUESTIONS = 15
"""So many of the most frequent ones are shown."""


@dataclass(frozen=True)
class Cell:
    """What stands there; behind it a list, a request for a human, a call, or what was said around a message."""

    text: str
    which: Which | None = None
    ticket_id: int | None = None
    call_id: int | None = None
    journal_id: int | None = None


@dataclass(frozen=True)
class Table:
    """``key`` names it in addresses; each row has as many cells as ``head``."""

    key: str
    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def as_text(self) -> list[list[str]]:
        """Heading and rows as they read."""
        return [list(self.head), *([cell.text for cell in row] for row in self.rows)]


Label = Callable[[str], str]
"""The words for a classifier's label or a question's key."""


def tables(figures: Figures, label: Label) -> dict[str, Table]:
    """All tables by key, in the order in which they are shown."""
    of = partial(Which, period=figures.period, channel=figures.channel)
    made = [
        _days(figures),
        _parts("ends", figures.ends, ENDS, "messages", of),
        _questions(figures, of, label),
        _hours(figures, of),
        _replies(figures, of),
        _parts("votes", figures.votes, (USEFUL, USELESS), "votes", of),
        _tickets(figures, of),
        _calls(figures, of),
        _parts("judged", figures.verdicts, VERDICTS, "judged", of, words="verdicts"),
        _learning(figures, of),
    ]
    return {table.key: table for table in made}


def table(key: str, rows: Sequence[Sequence[Cell]], head: Sequence[str] = ()) -> Table:
    """A table with its words."""
    return Table(key, word(f"dashboard.tables.{key}"), tuple(head or word(f"dashboard.heads.{key}").split(" | ")), tuple(map(tuple, rows)))


def channels_of(figures: Figures) -> list[str]:
    """The channels that anything came in on, the busiest first, the telephone last."""
    busy: dict[str, int] = {}
    for (_, name), count in figures.days.items():
        busy[name] = busy.get(name, 0) + count
    return sorted(busy, key=lambda name: (name == TELEPHONE, -busy[name], name))


def _days(figures: Figures) -> Table:
    """A row a day, the newest first; a column a channel."""
    names = channels_of(figures)

    def count(day: Period, name: str) -> Cell:
        figure = figurelists.MESSAGES if name != TELEPHONE else "calls"
        return Cell(str(figures.days.get((day.first, name), 0)), Which(figure, day, name))

    def row(day: Period) -> list[Cell]:
        counts = [count(day, name) for name in names]
        return [Cell(day.first.isoformat()), *counts, _of_day(day, counts, figures.channel)]

    rows = [row(Period(day, day)) for day in reversed(list(figures.period))]
    whole = word("dashboard.heads.all_with_calls" if TELEPHONE in names and len(names) > 1 else "dashboard.heads.all")
    return table("days", rows, [word("dashboard.heads.days"), *map(channel, names), whole])


def _of_day(day: Period, counts: Sequence[Cell], name: str | None) -> Cell:
    """What came in on a day. Messages and calls stand in no list together: where both came, the figure of each opens its own."""
    came = {one.which.figure for one in counts if one.which and one.text != "0"} or {figurelists.MESSAGES}
    return Cell(str(sum(int(one.text) for one in counts)), Which(came.pop(), day, name) if len(came) == 1 else None)


def _parts(
    key: str, counts: Mapping[str, int], order: Sequence[str], figure: str, of: Callable[..., Which], words: str | None = None
) -> Table:
    """A row for each part, with its share of all."""
    whole = sum(counts.values())
    named = [(part, word(f"dashboard.{words or key}.{part}"), counts.get(part, 0)) for part in order]
    return table(key, [[Cell(name), Cell(str(n), of(figure, part=part)), Cell(share(n, whole))] for part, name, n in named])


def _hours(figures: Figures, of: Callable[..., Which]) -> Table:
    return table(
        "hours", [[Cell(f"{hour:02}:00"), Cell(str(count), of("messages", hour=hour))] for hour, count in enumerate(figures.hours)]
    )


def _questions(figures: Figures, of: Callable[..., Which], label: Label) -> Table:
    shown = figures.questions[:QUESTIONS]
    return table(
        "questions",
        [[Cell(label(key)), Cell(str(n), of("messages", question=key)), Cell(share(n, figures.messages))] for key, n in shown],
    )


def _replies(figures: Figures, of: Callable[..., Which]) -> Table:
    def row(who: str, figure: str, waits: Spread, unit: float) -> list[Cell]:
        times = [duration(None if value is None else value / unit) for value in (waits.median, waits.p95)]
        return [Cell(word(f"dashboard.replies.{who}")), Cell(str(waits.count), of(figure)), *map(Cell, times)]

    return table("replies", [row("bot", "replies", figures.replies, 1000), row("human", "waits", figures.tickets.waits, 1)])


def _tickets(figures: Figures, of: Callable[..., Which]) -> Table:
    opened = [Cell(word("dashboard.parts.opened")), Cell(str(figures.tickets.opened), of("tickets"))]
    parts = [
        [Cell(word(f"dashboard.parts.{part}")), Cell(str(figures.tickets.parts[part]), of("tickets", part=part))] for part in TICKET_PARTS
    ]
    return table("tickets", [opened, *parts])


def _calls(figures: Figures, of: Callable[..., Which]) -> Table:
    named = [
        [Cell(word(f"dashboard.outcomes.{part}")), Cell(str(figures.calls.get(part, 0)), of("calls", part=part))]
        for part in ("answered", "call_back", "elsewhere")
    ]
    whole = [Cell(word("dashboard.heads.all")), Cell(str(sum(figures.calls.values())), of("calls"))]
    return table("calls", [*named, whole])


def _learning(figures: Figures, of: Callable[..., Which]) -> Table:
    last = figures.retraining
    state = word_or_itself("trainings", last.state) if last else word("dashboard.learning.never")
    begun = at(last.started_at) if last else ""
    return table(
        "learning",
        [
            [Cell(word("dashboard.learning.lessons")), Cell(str(figures.lessons), of("lessons"))],
            [Cell(word("dashboard.learning.trainings")), Cell(str(figures.retrainings), of("retrainings"))],
            [Cell(word("dashboard.learning.last")), Cell(f"{begun} {state}".strip())],
        ],
    )
