"""Loads the notices from ``notices/<year>.yml`` and refuses what cannot be trusted, naming file, clause and field."""

from collections.abc import Hashable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import yaml

from policies.clause import Clause, Notice, Notices
from policies.values import SCHEMA, NoticeError, Schema, Value, ValueProblemError, read_value

__all__ = ["Clause", "Notice", "NoticeError", "Notices", "load_notices"]

FOLDER = Path(__file__).parent / "notices"
HEADING = {"year", "title", "issuer", "issued", "document_number", "source", "clauses"}
CLAUSE = {"id", "section", "about", "text", "values", "defects"}


class _UniqueKeys(yaml.SafeLoader):
    """Plain YAML, except that a key given twice is an error: the first figure would vanish in silence."""


def _mapping(loader: _UniqueKeys, node: yaml.MappingNode) -> dict[Any, Any]:
    seen = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, Hashable):
            raise yaml.MarkedYAMLError(problem="a key must be a text", problem_mark=key_node.start_mark)
        if key in seen:
            raise yaml.MarkedYAMLError(problem=f"{key} is given twice", problem_mark=key_node.start_mark)
        seen.add(key)
    return yaml.SafeLoader.construct_mapping(loader, node, deep=True)


_UniqueKeys.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def load_notices(folder: Path | None = None) -> Notices:
    """All ``<year>.yml`` of the folder (default: the notices beside this file). Raises NoticeError."""
    folder = FOLDER if folder is None else folder
    files = sorted(folder.glob("*.yml"))
    if not files:
        raise NoticeError(str(folder), None, None, "holds no notice")
    schema = _schema()
    return Notices(_notice(schema, file) for file in files)


def _schema() -> Schema:
    raw = _yaml(SCHEMA)
    return Schema(raw["required"], raw["wording"], raw["numerals"])


def _yaml(file: Path) -> Any:
    try:
        return yaml.load(file.read_text(encoding="utf-8"), Loader=_UniqueKeys)
    except (OSError, UnicodeDecodeError) as error:
        raise NoticeError(file.name, None, None, f"cannot be read: {error}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise NoticeError(file.name, None, None, f"is no valid YAML: {' '.join(str(error).split())}") from error


def _notice(schema: Schema, file: Path) -> Notice:
    raw = _yaml(file)
    if not isinstance(raw, dict):
        raise NoticeError(file.name, None, None, "must be a mapping")
    _fields(file, None, raw, HEADING, HEADING - {"document_number"})
    year = raw["year"]
    if isinstance(year, bool) or not isinstance(year, int):
        raise NoticeError(file.name, None, "year", "must be a whole number")
    if file.stem != str(year):
        raise NoticeError(file.name, None, "year", f"is {year}, so the file must be called {year}.yml")
    issued = raw["issued"]
    if not isinstance(issued, date) or isinstance(issued, datetime):
        raise NoticeError(file.name, None, "issued", "must be a date such as 2000-12-31")
    for field in ("title", "issuer", "source"):
        _text(file, None, raw, field)
    if raw.get("document_number") is not None:
        _text(file, None, raw, "document_number")
    if not (file.parent / raw["source"]).is_file():
        raise NoticeError(file.name, None, "source", f"{raw['source']} is not beside it")
    clauses = _clauses(schema, file, raw)
    notice = Notice(year, raw["title"], raw["issuer"], issued, raw.get("document_number"), raw["source"], clauses, schema)
    _cross_check(file, notice)
    return notice


def _clauses(schema: Schema, file: Path, raw: dict[str, Any]) -> dict[str, Clause]:
    if not isinstance(raw["clauses"], list) or not raw["clauses"]:
        raise NoticeError(file.name, None, "clauses", "must be a list that is not empty")
    clauses: dict[str, Clause] = {}
    homes: dict[str, str] = {}
    for number, entry in enumerate(raw["clauses"], start=1):
        clause = _clause(schema, file, number, entry, raw["title"])
        if clause.id in clauses:
            raise NoticeError(file.name, clause.id, "id", "is given twice")
        for value in clause.values:
            if value.key in homes:
                raise NoticeError(file.name, clause.id, value.key, f"stands in clause {homes[value.key]} already")
            homes[value.key] = clause.id
        clauses[clause.id] = clause
    return clauses


def _clause(schema: Schema, file: Path, number: int, entry: object, title: str) -> Clause:
    if not isinstance(entry, dict):
        raise NoticeError(file.name, f"no. {number}", None, "must be a mapping")
    name = entry.get("id") if isinstance(entry.get("id"), str) else f"no. {number}"
    _fields(file, name, entry, CLAUSE, CLAUSE - {"values", "defects"})
    for field in ("id", "section", "about", "text"):
        _text(file, name, entry, field)
    raw_values = entry.get("values", {})
    if not isinstance(raw_values, dict):
        raise NoticeError(file.name, name, "values", "must be a mapping of keys to values")
    values = tuple(_value(schema, file, entry, title, key, raw) for key, raw in raw_values.items())
    defects = entry.get("defects", [])
    if not isinstance(defects, list) or not all(isinstance(defect, str) for defect in defects):
        raise NoticeError(file.name, name, "defects", "must be a list of texts")
    return Clause(entry["id"], entry["section"], entry["about"], entry["text"].strip(), values, tuple(defects))


def _value(schema: Schema, file: Path, entry: dict[str, Any], title: str, key: object, raw: object) -> Value:
    if not isinstance(key, str):
        raise NoticeError(file.name, entry["id"], str(key), "a key must be a text")
    try:
        return read_value(schema, key, entry["id"], entry["text"], title, raw)
    except ValueProblemError as problem:
        raise NoticeError(file.name, entry["id"], key, str(problem)) from problem


def _fields(file: Path, clause: str | None, raw: Mapping[str, Any], allowed: set[str], needed: set[str]) -> None:
    for field in raw:
        if field not in allowed:
            raise NoticeError(file.name, clause, str(field), "is not a known field")
    for field in sorted(needed - set(raw)):
        raise NoticeError(file.name, clause, field, "is missing")


def _text(file: Path, clause: str | None, raw: Mapping[str, Any], field: str) -> None:
    if not isinstance(raw[field], str) or not raw[field].strip():
        raise NoticeError(file.name, clause, field, "must be a text that is not empty")


def _cross_check(file: Path, notice: Notice) -> None:
    """What no single value shows: keys the engine needs, counts against their lists, sums, the order of the deadlines."""
    values = {value.key: value for clause in notice.clauses.values() for value in clause.values}
    for key, need in notice.schema.required.items():
        if key not in values:
            raise NoticeError(file.name, None, key, "is missing: the engine needs it")
        found = values[key]
        if found.kind != need["kind"] or found.unit != need.get("unit"):
            wanted = " ".join(need.values())
            raise NoticeError(file.name, found.clause, key, f"must be a {wanted}, not a {' '.join(filter(None, [found.kind, found.unit]))}")
    for value in values.values():
        counted = value.counts or (value.key.removesuffix(".count") if value.key.endswith(".count") else None)
        if counted is None:
            continue
        if counted not in values or values[counted].kind not in ("list", "phones"):
            raise NoticeError(file.name, value.clause, value.key, f"counts {counted}, which is no list here")
        if len(values[counted].content) != value.content:
            raise NoticeError(
                file.name, value.clause, value.key, f"is {value.content}, but {counted} has {len(values[counted].content)} items"
            )
    if notice.number("hours.total") != notice.number("hours.public") + notice.number("hours.professional"):
        raise NoticeError(file.name, values["hours.total"].clause, "hours.total", "is not the sum of hours.public and hours.professional")
    if notice.number("title.since") > notice.year:
        raise NoticeError(file.name, values["title.since"].clause, "title.since", "lies after the notice's own year")
    order = ["deadline.submit", "deadline.training", "deadline.verify", "deadline.system"]
    for key in order:
        if notice.day(key).year != notice.year:
            raise NoticeError(file.name, values[key].clause, key, f"is not a day of {notice.year}")
    for key, later in (order[:2], [order[0], order[2]], order[1::2], order[2:]):
        if notice.day(key) > notice.day(later):
            raise NoticeError(file.name, values[key].clause, key, f"lies after {later}")
