"""Check one row of an import file cell by cell: a plain, JSON-ready row comes out, or the faults with line, column, value and reason."""

import re
import unicodedata
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from bot.hours import documents, vocabulary
from bot.hours.sheet import FileRefusedError, Line
from bot.messages import message

LEAST_HOURS, MOST_HOURS = Decimal("0.1"), Decimal(400)  # of one record
YEARS = range(1990, 2101)
ISO_DATE = re.compile(r"(\d{4})([-/])(\d{1,2})\2(\d{1,2})")
NUMBER = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?")
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\ufeff]")
EXACT_FLOAT = 1e15  # beyond it a spreadsheet's number has lost digits


@dataclass(frozen=True)
class Fault:
    """Why a line cannot be imported. ``value`` is masked where it may be an identity number."""

    line: int
    column: str
    value: str
    reason: str


@dataclass
class Parsed:
    """A checked row: ``key`` tells it from others of its kind, ``values`` fit JSON (dates in ISO form, hours in tenths)."""

    line: int
    key: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    @property
    def shown_key(self) -> str:
        """The key for a report, without the person's whole identity number."""
        number = self.values["id_number"]
        return documents.shown(self.key.replace(number, documents.mask(number)))


class Cells:
    """The cells of one line; each method returns a value, or notes a fault and returns an empty one."""

    def __init__(self, line: Line, headings: dict[str, str]) -> None:
        self.line, self.headings = line, headings
        self.faults: list[Fault] = []
        if line.surplus:
            column = message("hours.reason.column", place=line.surplus[0][0])
            shown = documents.shown(" ".join(_plain(cell) for _, cell in line.surplus))
            self.faults.append(Fault(line.number, column, shown, message("hours.reason.surplus")))

    def fault(self, name: str, reason: str, **facts: object) -> None:
        value = _plain(self.line.cells[name])
        shown = documents.mask(documents.normalise(value)) if name == "id_number" else documents.shown(value)
        self.faults.append(Fault(self.line.number, self.headings[name], shown, message(f"hours.reason.{reason}", **facts)))

    def text(self, name: str, limit: int, required: bool = False) -> str:
        value = _plain(self.line.cells[name])
        if not value and required:
            self.fault(name, "required")
        elif len(value) > limit:
            self.fault(name, "too_long", limit=limit)
        return value

    def id_number(self) -> str:
        cell = self.line.cells["id_number"]
        if isinstance(cell, (int, float)):
            raise FileRefusedError(message("hours.file.number_column", column=self.headings["id_number"], line=self.line.number))
        number = documents.normalise(_plain(cell))
        wrong = documents.problem(number) if number else "required"
        if wrong is not None:
            self.fault("id_number", wrong)
        return number

    def identifier(self, name: str, limit: int) -> str:
        cell = self.line.cells[name]
        if isinstance(cell, (int, float)) and abs(cell) >= EXACT_FLOAT:
            self.fault(name, "digits_lost")
        return self.text(name, limit, required=True)

    def choice(self, name: str, words: Collection[str]) -> str:
        value = _plain(self.line.cells[name])
        if value in words:
            return value
        value = unicodedata.normalize("NFKC", value)
        if value not in words:
            self.fault(name, "choice" if value else "required", choices="、".join(sorted(words)) if len(words) > 8 else "、".join(words))
        return value

    def day(self, name: str, required: bool = False) -> date | None:
        cell = self.line.cells[name]
        if isinstance(cell, datetime):
            return cell.date()
        if isinstance(cell, date):
            return cell
        value = unicodedata.normalize("NFKC", _plain(cell))
        if not value:
            if required:
                self.fault(name, "required")
            return None
        found = ISO_DATE.fullmatch(value)
        parts = (found[1], found[3], found[4]) if found else None
        if parts is None and (written := re.fullmatch(vocabulary.words()["date_pattern"], value)):
            parts = (written[1], written[2], written[3])
        try:
            day = date(*map(int, parts)) if parts else None
        except ValueError:
            day = None
        if day is None or day.year < 1900:
            self.fault(name, "date")
        return day

    def year(self, name: str, required: bool = False) -> int | None:
        value = unicodedata.normalize("NFKC", _plain(self.line.cells[name])).removesuffix(vocabulary.words()["year_ending"]).rstrip()
        if not value and not required:
            return None
        if re.fullmatch(r"[0-9]{4}", value) and int(value) in YEARS:
            return int(value)
        self.fault(name, "year" if value else "required", first=YEARS[0], last=YEARS[-1])
        return None

    def tenths(self, name: str) -> int:
        value = unicodedata.normalize("NFKC", _plain(self.line.cells[name]))
        if not NUMBER.fullmatch(value):
            self.fault(name, "hours_number" if value else "required")
            return 0
        tenths = Decimal(value) * 10
        if not LEAST_HOURS * 10 <= tenths <= MOST_HOURS * 10:
            self.fault(name, "hours_range", least=LEAST_HOURS, most=MOST_HOURS)
            return 0
        if not value.replace(".", "").isdecimal():  # 1e2 or +5, within the range: hardly what someone meant
            self.fault(name, "hours_number")
        elif tenths != int(tenths):
            self.fault(name, "hours_decimals")
        return int(tenths)


def _plain(cell: Any) -> str:
    """A cell as one line of text; whole numbers without a point, other numbers to the fifteen digits a spreadsheet keeps."""
    if isinstance(cell, str) and cell.isprintable() and "  " not in cell:
        return cell
    if isinstance(cell, bool) or cell is None:
        return "" if cell is None else str(cell)
    if isinstance(cell, float):
        cell = int(cell) if cell.is_integer() and abs(cell) < EXACT_FLOAT else format(cell, ".15g")
    return " ".join(UNPRINTABLE.sub("", str(cell)).split())


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _person(cells: Cells) -> tuple[str, dict[str, Any]]:
    words = vocabulary.words()
    number, name = cells.id_number(), cells.text("name", 64, required=True)
    values = {"id_number": number, "name": name}
    values |= {"unit": cells.text("unit", 128), "region": cells.text("region", 64), "sector": cells.text("sector", 64)}
    if _plain(cells.line.cells["level"]) == words["level_bare"]:
        cells.fault("level", "bare_level", choices="、".join(words["level_choices"]))
    else:
        values["level"] = cells.choice("level", words["levels"])
    return number, values | {"level_since": _iso(cells.day("level_since"))}


def _hours(cells: Cells) -> tuple[str, dict[str, Any]]:
    record, subjects, states = cells.identifier("record_id", 64), vocabulary.subjects(), vocabulary.states()
    number, year = cells.id_number(), cells.year("year", required=True)
    subject, form = cells.choice("subject", subjects), cells.choice("form", vocabulary.forms())
    title, tenths, state = cells.text("title", 256), cells.tenths("hours"), cells.choice("state", states)
    if cells.faults:
        return record, {}
    values = {"record_id": record, "id_number": number, "year": year, "subject": subjects[subject].value, "form": form}
    return record, values | {"title": title, "hours": tenths, "state": states[state].value}


def _credit(cells: Cells) -> tuple[str, dict[str, Any]]:
    number, kinds = cells.id_number(), vocabulary.kinds()
    kind, start, end = cells.choice("kind", kinds), cells.day("start", required=True), cells.day("end")
    year, evidence = cells.year("year"), cells.text("evidence", 256)
    if start and end and end < start:
        cells.fault("end", "end_before_start")
    if cells.faults:
        return "", {}
    values = {"id_number": number, "kind": kinds[kind].value, "start": _iso(start), "end": _iso(end), "year": year, "evidence": evidence}
    return f"{number} {kind} {start}", values


READERS: dict[str, Callable[[Cells], tuple[str, dict[str, Any]]]] = {"people": _person, "hours": _hours, "credits": _credit}


def parse(kind: str, line: Line) -> Parsed:
    """Check ``line`` of a people, hours or credits file. FileRefusedError when its ID column holds numbers."""
    cells = Cells(line, vocabulary.headings(kind))
    key, values = READERS[kind](cells)
    return Parsed(line.number, key, {} if cells.faults else values, cells.faults)
