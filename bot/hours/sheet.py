"""Read a CSV (UTF-8 with or without BOM, GBK) or .xlsx file row by row, whatever its size."""

import codecs
import csv
import io
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from bot.hours.unpacking import LONGEST_CELL, MOST_CELLS, Archive, OversizedError
from bot.messages import message

CHUNK = 1 << 20
BIG_FIELD = 1 << 17


class FileRefusedError(Exception):
    """The file as a whole cannot be imported; the text is one Chinese sentence."""


class HeadingsError(FileRefusedError):
    """It can be read, and has other headings."""


@dataclass(frozen=True)
class Line:
    """One row: ``cells`` by field name, text stripped, or the number or date an Excel cell held.

    ``surplus``: the cells beyond the headings that hold something, each after its column's number from 1.
    """

    number: int
    cells: dict[str, Any]
    surplus: list[tuple[int, Any]] = field(default_factory=list)


def read(path: Path, columns: dict[str, str], advance: Callable[[float], None] = lambda share: None) -> Iterator[Line]:
    """Rows of ``path`` with ``columns`` (field -> heading), blank ones left out; ``advance`` hears the share done. FileRefusedError."""
    try:
        with path.open("rb") as source:
            start = source.read(8)
            source.seek(0)
            if start.startswith(b"PK\x03\x04"):
                yield from _excel(source, columns, advance)
            elif start.startswith(b"\xd0\xcf\x11\xe0"):
                raise FileRefusedError(message("hours.file.old_excel", file=path.name))
            elif start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                raise FileRefusedError(message("hours.file.encoding", file=path.name))
            else:
                yield from _csv(source, path, columns, advance)
    except FileNotFoundError:
        raise FileRefusedError(message("hours.file.missing", file=path)) from None
    except OSError as error:
        raise FileRefusedError(message("hours.file.unreadable", file=path, why=error.strerror or error)) from None


def encoding_of(source: BinaryIO, name: str) -> str:
    """``utf-8-sig`` or ``gb18030`` (GBK's superset), decided over the whole file: GBK may first differ on its last line."""
    for encoding in ("utf-8-sig", "gb18030"):
        decoder = codecs.getincrementaldecoder(encoding)()
        source.seek(0)
        try:
            while block := source.read(CHUNK):
                if b"\0" in block:
                    raise FileRefusedError(message("hours.file.not_a_table", file=name))
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        source.seek(0)
        return encoding
    raise FileRefusedError(message("hours.file.encoding", file=name))


def _csv(source: BinaryIO, path: Path, columns: dict[str, str], advance: Callable[[float], None]) -> Iterator[Line]:
    size = max(path.stat().st_size, 1)
    text = io.TextIOWrapper(source, encoding=encoding_of(source, path.name), newline="")
    csv.field_size_limit(BIG_FIELD)
    reader = csv.reader(text, strict=True)
    places: dict[str, int] = {}
    width, before = 0, 0
    try:
        for cells in reader:
            number, before = before + 1, reader.line_num  # a quoted cell may span lines: the row is named by its first
            if not any(cell.strip() for cell in cells):
                continue
            if not places:
                places, width = _places(cells, columns, path.name), len(cells)
                continue
            if number % 1000 == 0:
                advance(source.tell() / size)
            row = {field: cells[place].strip() if place < len(cells) else "" for field, place in places.items()}
            yield Line(number, row, [(place, cell) for place, cell in enumerate(cells[width:], width + 1) if cell.strip()])
    except csv.Error as error:
        raise FileRefusedError(message("hours.file.broken_csv", file=path.name, line=before + 1, why=error)) from None
    if not places:
        raise FileRefusedError(message("hours.file.empty", file=path.name))


def _excel(source: BinaryIO, columns: dict[str, str], advance: Callable[[float], None]) -> Iterator[Line]:
    from openpyxl.reader.excel import ExcelReader
    from openpyxl.utils.exceptions import InvalidFileException

    name = Path(source.name).name
    try:
        reader = ExcelReader(source, read_only=True, data_only=True)
        reader.archive = Archive(source)
        reader.read()
        sheet = reader.wb.worksheets[0]
        total = sheet.max_row or 0
        sheet.reset_dimensions()  # some programs write a wrong size into the file
        places: dict[str, int] = {}
        width = met = 0
        for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
            met += len(cells)
            if met > MOST_CELLS:
                raise OversizedError
            values = [_cell(value) for value in cells]
            if all(value == "" for value in values):
                continue
            if not places:
                places, width = _places([str(value) for value in values], columns, name), len(values)
                continue
            if total and number % 1000 == 0:
                advance(number / total)
            row = {field: values[place] if place < len(values) else "" for field, place in places.items()}
            yield Line(number, row, [(place, value) for place, value in enumerate(values[width:], width + 1) if value != ""])
    except OversizedError as error:
        raise FileRefusedError(message(f"hours.file.{error.what}", file=name)) from None
    except (zipfile.BadZipFile, InvalidFileException, KeyError, IndexError, ValueError, SyntaxError) as error:
        raise FileRefusedError(message("hours.file.broken_excel", file=name, why=type(error).__name__)) from None
    if not places:
        raise FileRefusedError(message("hours.file.empty", file=name))


def _cell(value: Any) -> Any:
    """OversizedError for a text that no cell can hold."""
    if not isinstance(value, str):
        return "" if value is None else value
    if len(value) > LONGEST_CELL:
        raise OversizedError
    return value.strip()


def _places(cells: list[str], columns: dict[str, str], name: str) -> dict[str, int]:
    """Where each field's column stands. Order is free and further columns are ignored; a missing or doubled heading is refused."""
    found = [unicodedata.normalize("NFKC", cell).replace(" ", "").strip() for cell in cells]
    missing = [heading for heading in columns.values() if heading not in found]
    if missing:
        raise HeadingsError(message("hours.file.missing_columns", file=name, columns="、".join(missing)))
    doubled = [heading for heading in columns.values() if found.count(heading) > 1]
    if doubled:
        raise FileRefusedError(message("hours.file.doubled_columns", file=name, columns="、".join(doubled)))
    return {field: found.index(heading) for field, heading in columns.items()}
