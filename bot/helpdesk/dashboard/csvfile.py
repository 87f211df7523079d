"""CSV as spreadsheets open it: UTF-8 with a mark at its head, and no cell that is taken for a formula."""

import csv
import io
from collections.abc import Iterable, Sequence

from bot.hours.report import inert

MARK = "\ufeff"


def as_csv(rows: Iterable[Sequence[str]]) -> bytes:
    """The file's bytes."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([inert(cell) for cell in row] for row in rows)
    return (MARK + text.getvalue()).encode()
