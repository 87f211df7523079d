"""The results as a table for the terminal, the verdicts as lines."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from evaluation.bench.figures import Values, ratio
from evaluation.bench.measured import Row
from evaluation.bench.verdicts import Verdict
from evaluation.bench.words import word

WIDTH = 180
BASE = "stock"


def cell(row: Row, value: float | None, base: float | None) -> str:
    """A value and, in brackets, how many times the stock recipe's it is; a dash where nothing was measured."""
    if value is None:
        return "-"
    times = ratio(value, base) if row.compared else None
    return row.shown(value) + ("" if times is None else f" (×{times:.3g})")


def lines(rows: Sequence[Row], values: Mapping[str, Values], failed: Sequence[str]) -> list[list[str]]:
    """Heading and rows as texts: the variants measured, then those that failed in every round; measures nobody has are left out."""
    names = [*values, *(name for name in failed if name not in values)]
    found = [["", *names]]
    base = values.get(BASE, {})
    for row in rows:
        if any(row.key in held for held in values.values()):
            found.append([title(row), *(_told(row, name, values, base) for name in names)])
    return found


def _told(row: Row, name: str, values: Mapping[str, Values], base: Values) -> str:
    if name not in values:
        return word("table.failed")
    return cell(row, values[name].get(row.key), None if name == BASE else base.get(row.key))


def title(row: Row) -> str:
    """The row's name with its unit. A key ending in a number (``rate_8``) shares the words of its kind (``rate``)."""
    kind, _, number = row.key.rpartition("_")
    name = word(f"measure.{kind}", number=number) if number.isdecimal() else word(f"measure.{row.key}")
    return f"{name} ({row.unit})" if row.unit else name


def verdict_line(verdict: Verdict) -> str:
    """达到, 未达到 or 未测, the figure and its limit."""
    state = {True: "met", False: "missed", None: "unmeasured"}[verdict.met]
    sign = "≤" if verdict.at_most else "≥"
    figure = "-" if verdict.figure is None else f"{verdict.figure:.3g}"
    name = word(f"verdict.{verdict.key}", of=verdict.of)
    return f"{word('verdict.' + state)}  {name}: {figure} ({sign} {verdict.limit:.3g})"


def show(rows: Sequence[Row], values: Mapping[str, Values], failed: Sequence[str], note: str | None = None) -> None:
    """Print the table, with a note below it."""
    heading, *body = lines(rows, values, failed)
    table = Table(title=word("table.title"), caption=note)
    for number, name in enumerate(heading):
        table.add_column(name, justify="right" if number else "left", no_wrap=True)
    for texts in body:
        table.add_row(*texts)
    Console(width=WIDTH).print(table)
