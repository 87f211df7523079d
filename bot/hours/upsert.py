"""Lay checked rows over a table: what is new, what changes, what stays, and the previous values of what changes."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, func, literal, null, select
from sqlalchemy.engine import Connection

from bot.hours.identity import fold_name
from bot.hours.models import BatchRow, Credit, HourRecord, Person
from bot.hours.search import initials

Row = dict[str, Any]
TABLES = {"people": Person.__table__, "hours": HourRecord.__table__, "credits": Credit.__table__}
KEYS = {"people": ("id_number",), "hours": ("record_id",), "credits": ("person_id", "kind", "start_date")}


@dataclass
class Counts:
    """Rows added, changed and left as they were."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0


def keys_of(name: str) -> Row:
    """The columns by which a name is compared and searched for."""
    return {"name_key": fold_name(name), "initials": initials(name)}


def person_ids(connection: Connection, numbers: Iterable[str]) -> dict[str, int]:
    """Identity number -> person id of those on record."""
    people = TABLES["people"]
    found = connection.execute(select(people.c.id_number, people.c.id).where(people.c.id_number.in_(set(numbers))))
    return {number: ident for number, ident in found.all()}


def table_rows(connection: Connection, kind: str, staged: list[Row]) -> list[Row]:
    """Staged rows as rows of the kind's table. KeyError with the number of a person who is not on record."""
    if kind == "people":
        return [row | keys_of(row["name"]) | {"level_since": _day(row["level_since"])} for row in staged]
    ids = person_ids(connection, (row["id_number"] for row in staged))
    rows = []
    for row in staged:
        person = {"person_id": ids[row["id_number"]]}
        if kind == "hours":
            same = {name: row[name] for name in ("record_id", "year", "subject", "form", "title", "state")}
            rows.append(person | same | {"hours_tenths": Decimal(row["hours"]).scaleb(-1)})
        else:
            same = {name: row[name] for name in ("kind", "year", "evidence")}
            rows.append(person | same | {"start_date": _day(row["start"]), "end_date": _day(row["end"])})
    return rows


def sort_out(connection: Connection, kind: str, rows: list[Row]) -> tuple[list[Row], list[tuple[Row, Row]], int]:
    """New rows, (stored, new) pairs that differ, and how many are as stored already."""
    known = _stored(connection, kind, rows)
    new, changed, unchanged = [], [], 0
    for row in rows:
        stored = known.get(tuple(row[name] for name in KEYS[kind]))
        if stored is None:
            new.append(row)
        elif all(stored[name] == value for name, value in row.items()):
            unchanged += 1
        else:
            changed.append((stored, row))
    return new, changed, unchanged


def apply(connection: Connection, kind: str, batch_id: int, rows: list[Row], counts: Counts) -> None:
    """Write ``rows``, noting the previous values of changed ones under the batch. New ones are noted by ``note_added`` at the end."""
    new, changed, unchanged = sort_out(connection, kind, rows)
    if new:
        connection.execute(TABLES[kind].insert(), new)
    if changed:
        notes = [{"batch_id": batch_id, "row_id": stored["id"], "previous": pack(stored)} for stored, _ in changed]
        connection.execute(BatchRow.__table__.insert(), notes)
        overwrite(connection, kind, [(stored["id"], row) for stored, row in changed])
    counts.added += len(new)
    counts.changed += len(changed)
    counts.unchanged += unchanged


def overwrite(connection: Connection, kind: str, rows: list[tuple[int, Row]]) -> None:
    """Set all columns of the rows with these ids."""
    table = TABLES[kind]
    values = {column.name: bindparam(f"new_{column.name}", type_=column.type) for column in table.c if column.name != "id"}
    statement = table.update().where(table.c.id == bindparam("row_id")).values(values)
    connection.execute(statement, [{f"new_{name}": row[name] for name in values} | {"row_id": ident} for ident, row in rows])


def last_id(connection: Connection, kind: str) -> int:
    """The highest id in the kind's table; what an import adds lies above it, since imports take turns and nothing else adds."""
    return connection.execute(select(func.coalesce(func.max(TABLES[kind].c.id), 0))).scalar_one()


def note_added(connection: Connection, kind: str, batch_id: int, above: int) -> None:
    """Note every row with an id above ``above`` as added by the batch."""
    table = TABLES[kind]
    rows = select(literal(batch_id), table.c.id, null()).where(table.c.id > above)
    connection.execute(BatchRow.__table__.insert().from_select(["batch_id", "row_id", "previous"], rows))


def pack(row: Row) -> str:
    """A stored row as JSON: dates in ISO form, hours in tenths."""
    plain = {
        name: value.isoformat() if isinstance(value, date) else int(value * 10) if isinstance(value, Decimal) else value
        for name, value in row.items()
        if name != "id"
    }
    return json.dumps(plain, ensure_ascii=False)


def unpack(text: str) -> Row:
    """The inverse of ``pack``."""
    row = json.loads(text)
    if "name" in row:  # a note may be older than a column, or than the way it is worked out
        row |= keys_of(row["name"])
    for name in row.keys() & {"level_since", "start_date", "end_date"}:
        row[name] = _day(row[name])
    if "hours_tenths" in row:
        row["hours_tenths"] = Decimal(row["hours_tenths"]).scaleb(-1)
    return row


def _stored(connection: Connection, kind: str, rows: list[Row]) -> dict[tuple, Row]:
    table, keys = TABLES[kind], KEYS[kind]
    lead = table.c[keys[0]]  # a credit is found among the person's few
    found = connection.execute(select(table).where(lead.in_({row[keys[0]] for row in rows}))).mappings().all()
    return {tuple(row[name] for name in keys): dict(row) for row in found}


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
