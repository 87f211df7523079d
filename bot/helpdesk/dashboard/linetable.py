"""The rows behind a figure as a table of words."""

from bot.helpdesk.dashboard.figureline import Line, Which
from bot.helpdesk.dashboard.figuretables import Cell, Label, Table
from bot.helpdesk.dashboard.figurewords import at, channel, duration, word_or_itself
from bot.helpdesk.words import word

WORDS = {"tickets": "states", "waits": "states", "calls": "outcomes", "judged": "verdicts", "retrainings": "trainings"}
"""Where the words for how a line ended stand; of others it is how the bot answered, or the vote."""
PARTS = {"messages": "ends", "votes": "votes", "tickets": "parts", "calls": "outcomes", "judged": "verdicts"}


def line_table(which: Which, lines: tuple[Line, ...], label: Label) -> Table:
    """The lines with the figure's name for a title."""
    head = tuple(word("dashboard.lists.columns").split(" | "))
    return Table(which.figure, title(which, label), head, tuple(_row(which.figure, line, label) for line in lines))


def title(which: Which, label: Label) -> str:
    """What the list holds, with whatever narrows it down. KeyError for a figure or a part that there is not."""
    narrowed = []
    if which.part is not None:
        narrowed.append(word(f"dashboard.{PARTS[which.figure]}.{which.part}"))
    if which.hour is not None:
        narrowed.append(word("dashboard.lists.hour", hour=f"{which.hour:02}"))
    if which.question is not None:
        narrowed.append(label(which.question))
    return " · ".join([word(f"dashboard.lists.{which.figure}"), *narrowed])


def _row(figure: str, line: Line, label: Label) -> tuple[Cell, ...]:
    answered = [*(_kind(figure, kind) for kind in line.kinds), *map(label, line.labels)]
    seconds = duration(line.seconds) if line.seconds is not None else ""
    where = channel(line.channel) if line.channel else ""
    return Cell(at(line.at)), Cell(where), Cell(line.said), Cell(" · ".join(answered)), Cell(seconds), _more(line)


def _kind(figure: str, kind: str) -> str:
    if figure == "votes" and kind in ("useful", "useless"):
        return word(f"dashboard.votes.{kind}")
    return word_or_itself(WORDS.get(figure, "kinds"), kind)


def _more(line: Line) -> Cell:
    if line.call_id is not None:
        return Cell(word("dashboard.lists.call", number=line.call_id), call_id=line.call_id)
    if line.ticket_id is not None:
        return Cell(word("dashboard.lists.ticket", number=line.ticket_id), ticket_id=line.ticket_id)
    return Cell("") if line.journal_id is None else Cell(word("dashboard.lists.said"), journal_id=line.journal_id)
