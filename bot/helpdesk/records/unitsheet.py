"""The unit report as an .xlsx file, for whoever runs after the missing hours."""

from collections.abc import Iterable
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from bot.answers import hours
from bot.helpdesk.records.unitreport import Overview, Row
from bot.helpdesk.words import word
from bot.hours import vocabulary
from bot.hours.report import inert
from policies.clause import Notice
from policies.model import Sector

COLUMNS = (
    ("name", 12), ("id_number", 22), ("level", 12), ("sector", 10), ("verified_public", 12), ("verified_professional", 12),
    ("pending_public", 12), ("pending_professional", 12), ("missing_public", 12), ("missing_professional", 12), ("state", 22),
    ("remark", 40),
)  # fmt: skip
"""Name and width (characters) of each; the headings are words of words/data.yml."""


def write(into: Path | IO[bytes], shown: Overview, rows: Iterable[Row], today: date) -> int:
    """Write the file; how many people it holds. Memory stays small however many there are."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet(word("data.report.sheet", year=shown.year))
    head = _head(shown, today)
    for number, (_, width) in enumerate(COLUMNS):
        sheet.column_dimensions[chr(ord("A") + number)].width = width
    sheet.freeze_panes = f"B{len(head) + 2}"
    for line in head:
        sheet.append([_bold(sheet, inert(line))])
    sheet.append([_bold(sheet, word(f"data.report.column.{name}")) for name, _ in COLUMNS])
    count = 0
    try:
        for row in rows:
            sheet.append(_cells(row, shown.notice))
            count += 1
    except BaseException:
        book.save(BytesIO())  # openpyxl keeps its lines in a temporary file until then
        raise
    sheet.auto_filter.ref = f"A{len(head) + 1}:{chr(ord('A') + len(COLUMNS) - 1)}{len(head) + 1 + count}"
    book.save(into)
    return count


def state(row: Row) -> str:
    """Whether the year is done, in a word or two."""
    if row.credited_by is not None:
        return word("data.report.credited", kind=vocabulary.kind_word(row.credited_by))
    return word("data.report.complete" if row.complete else "data.report.short")


def remarks(row: Row, notice: Notice) -> list[str]:
    """What else one must know of somebody's line, in the words of the report's notice."""
    said = []
    covered = row.pending.public >= row.missing.public and row.pending.professional >= row.missing.professional
    if not row.complete and covered:
        said.append(word("data.report.closing"))
    if row.exempt:
        said.append(word("data.report.exempt", wording=notice.display("exemption.skilled.wording")))
    if row.sector is not Sector.OTHER:
        said.append(word("data.report.own_rules", sector=row.sector_word, authority=notice.display("scope.sectors.authority")))
    return said


def _head(shown: Overview, today: date) -> list[str]:
    clauses = shown.notice.sources("hours.public", "hours.professional")
    required = {"public": hours(shown.required.public), "professional": hours(shown.required.professional)}
    lines = [
        word("data.report.title", unit=shown.unit, year=shown.year),
        word("data.report.as_of", day=today.isoformat(), **required),
        shown.notice.cite(clauses),
    ]
    if shown.notice.year != shown.year:
        lines.append(word("data.report.other_year", notice=shown.notice.year, year=shown.year))
    return lines


def _cells(row: Row, notice: Notice) -> list[Any]:
    figures = (row.verified.public, row.verified.professional, row.pending.public, row.pending.professional)
    gaps = (row.missing.public, row.missing.professional)
    words = (row.name, row.id_number, row.level, row.sector_word)
    remark = word("data.report.and").join(remarks(row, notice))
    return [*(inert(text) for text in words), *map(float, (*figures, *gaps)), state(row), remark]


def _bold(sheet: Any, text: str) -> Any:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    cell = WriteOnlyCell(sheet, value=text)
    cell.font = Font(bold=True)
    return cell
