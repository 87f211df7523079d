"""One value of a notice: what it is, how it is shown, and whether the clause it was read from really says it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

SCHEMA = Path(__file__).parent / "schema.yml"
KINDS = ("number", "year", "date", "text", "list", "range", "phone", "phones")
OPTIONS = {
    "number": {"unit", "as", "display", "counts"},
    "year": set(),
    "date": {"display"},
    "text": {"from", "aliases"},
    "list": {"aliases"},
    "range": {"as"},
    "phone": set(),
    "phones": set(),
}


class NoticeError(Exception):
    """A notice that cannot be trusted; the message names file, clause and field."""

    def __init__(self, file: str, clause: str | None, field: str | None, problem: str) -> None:
        place = ", ".join([file, *([f"clause {clause}"] if clause else []), *([f"field {field}"] if field else [])])
        super().__init__(f"{place}: {problem}")
        self.file, self.clause, self.field, self.problem = file, clause, field, problem


class ValueProblemError(Exception):
    """What is wrong with a value; whoever reads the file adds file, clause and field."""


@dataclass(frozen=True)
class Value:
    """A value with its key, the clause it stands in and its form in an answer."""

    key: str
    clause: str
    kind: str
    content: Any  # int | date | str | tuple[str, ...] | tuple[date, date]
    display: str
    unit: str | None = None
    aliases: tuple[str, ...] = ()
    counts: str | None = None  # the key of the list whose items this number counts


@dataclass(frozen=True)
class Schema:
    """The parsed schema.yml: keys every notice must hold, forms of words, numerals."""

    required: Mapping[str, Mapping[str, str]]
    wording: Mapping[str, str]
    numerals: Mapping[str, int]


def squeeze(text: str) -> str:
    """The text without white space: line breaks and lay-out spaces of the source carry no meaning."""
    return "".join(text.split())


def read_value(schema: Schema, key: str, clause: str, text: str, title: str, raw: object) -> Value:
    """Turn one entry under ``values`` into a Value, or raise ValueProblemError if it is malformed or its clause does not say it."""
    if not isinstance(raw, dict):
        raise ValueProblemError("must be a mapping such as {number: …} or {date: …}")
    kinds = [kind for kind in KINDS if kind in raw]
    if len(kinds) != 1:
        raise ValueProblemError(f"must have exactly one of {', '.join(KINDS)}")
    kind = kinds[0]
    unknown = set(raw) - {kind} - OPTIONS[kind]
    if unknown:
        raise ValueProblemError(f"unknown option {', '.join(sorted(map(str, unknown)))} for a {kind}")
    for option in set(raw) - {kind, "aliases"}:
        _string(raw[option], option)
    source = text
    if "from" in raw:
        if raw["from"] != "title":
            raise ValueProblemError("from must be title")
        source = title
    content, display = _READERS[kind](schema, raw, source)
    aliases = tuple(_strings(raw["aliases"], "aliases")) if "aliases" in raw else ()
    return Value(key, clause, kind, content, display, raw.get("unit"), aliases, raw.get("counts"))


def _found(needle: str, text: str) -> None:
    if squeeze(needle) not in squeeze(text):
        raise ValueProblemError(f"{needle} is not in the clause's text")


def _figure_found(figure: str, text: str) -> None:
    end = r"(?!\d)" if figure[-1].isdigit() else ""
    if not re.search(rf"(?<![\d.]){re.escape(squeeze(figure))}{end}", squeeze(text)):
        raise ValueProblemError(f"{figure} is not in the clause's text")


def _phone_found(number: str, text: str) -> None:
    """White space stays: in the source it is all that parts one telephone number from the next."""
    if not re.search(rf"(?<!\d){re.escape(number)}(?!\d)", text):
        raise ValueProblemError(f"{number} is not in the clause's text")


def _string(raw: object, option: str) -> str:
    if not isinstance(raw, str) or not raw.strip():
        raise ValueProblemError(f"{option} must be a text that is not empty")
    return raw


def _strings(raw: object, option: str) -> list[str]:
    if not isinstance(raw, list) or not raw:
        raise ValueProblemError(f"{option} must be a list that is not empty")
    items = [_string(item, option) for item in raw]
    if len(set(items)) != len(items):
        raise ValueProblemError(f"{option} names an item twice")
    return items


def _whole(raw: object, option: str) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int) or raw < 1:
        raise ValueProblemError(f"{option} must be a whole number from 1 on")
    return raw


def _day(raw: object, option: str) -> date:
    if not isinstance(raw, date) or isinstance(raw, datetime):
        raise ValueProblemError(f"{option} must be a date such as 2000-12-31")
    return raw


def day_form(schema: Schema, day: date, form: str = "day") -> str:
    """The day as the regulation writes it; ``form`` is a key of the schema's wording."""
    return schema.wording[form].format(year=day.year, month=day.month, day=day.day)


def _number(schema: Schema, raw: dict[str, Any], text: str) -> tuple[int, str]:
    number = _whole(raw["number"], "number")
    spelled, unit = raw.get("as"), raw.get("unit", "")
    for option in ("as", "display"):
        says = raw.get(option, str(number))
        if not re.search(rf"(?<!\d){number}(?!\d)", says) and number not in {schema.numerals.get(sign) for sign in says}:
            raise ValueProblemError(f"{option} {says} does not say {number}")
    if spelled is not None:
        _found(spelled if unit in spelled else spelled + unit, text)
    elif "counts" not in raw:  # a count of a list is checked against the list instead
        _figure_found(f"{number}{unit}", text)
    return number, raw.get("display") or spelled or str(number)


def _year(schema: Schema, raw: dict[str, Any], text: str) -> tuple[int, str]:
    year = _whole(raw["year"], "year")
    _figure_found(schema.wording["year"].format(year=year), text)
    return year, str(year)


def _date(schema: Schema, raw: dict[str, Any], text: str) -> tuple[date, str]:
    day = _day(raw["date"], "date")
    display = raw.get("display", day_form(schema, day))
    if display not in {day_form(schema, day), day_form(schema, day, "full_day")}:
        raise ValueProblemError(f"display {display} does not say {day}")
    _figure_found(display, text)
    return day, display


def _text(schema: Schema, raw: dict[str, Any], text: str) -> tuple[str, str]:
    words = _string(raw["text"], "text")
    _found(words, text)
    return words, words


def _list(schema: Schema, raw: dict[str, Any], text: str) -> tuple[tuple[str, ...], str]:
    items = _strings(raw["list"], "list")
    for item in items:
        _found(item, text)
    return tuple(items), schema.wording["separator"].join(items)


def _range(schema: Schema, raw: dict[str, Any], text: str) -> tuple[tuple[date, date], str]:
    ends = raw["range"]
    if not isinstance(ends, list) or len(ends) != 2:
        raise ValueProblemError("range must be a first and a last day")
    first, last = _day(ends[0], "range"), _day(ends[1], "range")
    if first > last:
        raise ValueProblemError("range ends before it begins")
    says = _string(raw.get("as"), "as")
    for day in (first, last):
        if not re.search(rf"(?<!\d){day_form(schema, day, 'month')}", says):
            raise ValueProblemError(f"as {says} does not name the month of {day}")
    _found(says, text)
    return (first, last), says


def _phone(schema: Schema, raw: dict[str, Any], text: str) -> tuple[str, str]:
    number = _string(raw["phone"], "phone")
    _phone_found(number, text)
    return number, number


def _phones(schema: Schema, raw: dict[str, Any], text: str) -> tuple[tuple[str, ...], str]:
    numbers = _strings(raw["phones"], "phones")
    for number in numbers:
        _phone_found(number, text)
    return tuple(numbers), schema.wording["separator"].join(numbers)


_READERS: dict[str, Callable[[Schema, dict[str, Any], str], tuple[Any, str]]] = {
    "number": _number,
    "year": _year,
    "date": _date,
    "text": _text,
    "list": _list,
    "range": _range,
    "phone": _phone,
    "phones": _phones,
}
