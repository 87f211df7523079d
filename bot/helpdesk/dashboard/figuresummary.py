"""The dashboard's few figures at a glance, as a table: name, figure, what it is out of."""

from collections.abc import Callable
from functools import partial

from bot.helpdesk.dashboard.figureline import Which
from bot.helpdesk.dashboard.figures import Figures
from bot.helpdesk.dashboard.figuretables import Cell, Table, table
from bot.helpdesk.dashboard.figurewords import duration, share
from bot.helpdesk.sampling import RIGHT, wilson
from bot.helpdesk.words import word
from bot.inbox.feedback import USEFUL
from bot.inbox.outcome import ANSWERED


def summary(figures: Figures) -> Table:
    """One row a figure."""
    of = partial(Which, period=figures.period, channel=figures.channel)
    rows = (_messages, _answered, _useful, _replies, _waits, _tickets, _calls, _judged)
    return table("summary", [one(figures, of) for one in rows])


Row = list[Cell]
Of = Callable[..., Which]


def _row(key: str, figure: str, which: Which, some: bool, **facts: object) -> Row:
    note = word(f"dashboard.summary.{key}_of", **facts) if some else word("dashboard.summary.none")
    return [Cell(word(f"dashboard.summary.{key}")), Cell(figure, which), Cell(note)]


def _messages(figures: Figures, of: Of) -> Row:
    mean = f"{figures.messages / figures.period.length:.1f}"
    return _row("messages", str(figures.messages), of("messages"), bool(figures.messages), mean=mean)


def _answered(figures: Figures, of: Of) -> Row:
    count, whole = figures.ends[ANSWERED], figures.messages
    return _row("answered", share(count, whole), of("messages", part=ANSWERED), bool(whole), count=count, of=whole)


def _useful(figures: Figures, of: Of) -> Row:
    count, whole = figures.votes.get(USEFUL, 0), sum(figures.votes.values())
    return _row("useful", share(count, whole), of("votes"), bool(whole), count=count, of=whole)


def _replies(figures: Figures, of: Of) -> Row:
    median, p95 = (None if value is None else value / 1000 for value in (figures.replies.median, figures.replies.p95))
    facts = {"p95": duration(p95), "count": figures.replies.count}
    return _row("replies", duration(median), of("replies"), median is not None, **facts)


def _waits(figures: Figures, of: Of) -> Row:
    waits = figures.tickets.waits
    return _row("waits", duration(waits.median), of("waits"), bool(waits.count), p95=duration(waits.p95), count=waits.count)


def _tickets(figures: Figures, of: Of) -> Row:
    tickets = figures.tickets
    facts = {"taken": tickets.parts["taken"], "left": tickets.parts["left"]}
    return _row("tickets", str(tickets.opened), of("tickets"), bool(tickets.opened), **facts)


def _calls(figures: Figures, of: Of) -> Row:
    whole = sum(figures.calls.values())
    return _row("calls", str(whole), of("calls"), bool(whole), back=figures.calls.get("call_back", 0))


def _judged(figures: Figures, of: Of) -> Row:
    right, judged = figures.verdicts.get(RIGHT, 0), sum(figures.verdicts.values())
    low, high = (share(bound, 1) for bound in wilson(right, judged))
    return _row("judged", share(right, judged), of("judged"), bool(judged), count=right, of=judged, low=low, high=high)
