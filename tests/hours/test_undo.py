"""An import can be taken back, unless later data rest on it; whatever was imported, and however often."""

import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, text

from bot.db import Database
from bot.hours.identity import bind, issue_codes
from bot.hours.importer import import_file
from bot.hours.models import Base, ChatIdentity, Credit, HourRecord, Person
from bot.hours.undo import UndoRefusedError, undo
from tests.hours.conftest import ANN, BEN, CREDITS, HOURS, NOW, PEOPLE, Importing, write_csv, write_xlsx
from tests.hours.test_importer import changed, rows_of

TABLES = (Person, HourRecord, Credit)


def state(database: Database) -> list[list[dict]]:
    """All rows of people, hours and credits without their ids, which an undone and repeated import may give anew."""
    return [[{name: value for name, value in row.items() if name != "id"} for row in rows_of(database, model)] for model in TABLES]


def test_undo_removes_added_rows_and_restores_changed_ones(filled: Database, importing: Importing) -> None:
    before = state(filled)
    batches = [
        importing("hours", [changed(HOURS[0], 6, "1.5"), changed(HOURS[2], 1, ANN), ["R9", *HOURS[0][1:]]]).batch_id,
        importing("credits", [changed(CREDITS[0], 3, "")]).batch_id,
        importing("people", [changed(changed(PEOPLE[0], 1, "安·多吉"), 6, "")]).batch_id,
    ]
    undone = [undo(filled, batch, NOW) for batch in batches]
    assert [(one.removed, one.restored) for one in undone] == [(1, 2), (0, 1), (0, 1)]
    assert state(filled) == before


def test_undo_is_refused_while_a_later_import_changed_the_same_rows(filled: Database, importing: Importing) -> None:
    first = importing("hours", [changed(HOURS[0], 6, "1")]).batch_id
    second = importing("hours", [changed(HOURS[0], 6, "2")]).batch_id
    with pytest.raises(UndoRefusedError, match=f"批次 {second} 改动"):
        undo(filled, first, NOW)
    undo(filled, second, NOW)
    undo(filled, first, NOW)
    assert rows_of(filled, HourRecord)[0]["hours_tenths"] == Decimal(45)


def test_the_refusal_counts_a_row_once_however_often_it_changed(filled: Database, importing: Importing) -> None:
    first = importing("hours", [changed(row, 6, "1") for row in HOURS[:2]]).batch_id
    later = [importing("hours", [changed(row, 6, hours) for row in HOURS[:2]]).batch_id for hours in ("2", "3")]
    with pytest.raises(UndoRefusedError, match=f"批次 {first} 的 2 行后来又被批次 {later[1]}、{later[0]} 改动过"):
        undo(filled, first, NOW)


def test_undo_of_people_is_refused_while_they_have_records(filled: Database) -> None:
    with pytest.raises(UndoRefusedError, match="先撤销"):
        undo(filled, 1, NOW)
    for batch in (3, 2, 1):
        undo(filled, batch, NOW)
    assert state(filled) == [[], [], []]


def test_undo_of_people_ends_their_bindings(database: Database, importing: Importing) -> None:
    batch = importing("people", PEOPLE).batch_id
    with database.write() as session:
        [code] = issue_codes(session, b"secret", [session.get(Person, 1)], NOW)
    assert bind(database, b"secret", "web:1", code.name, code.code, NOW).ok
    undo(database, batch, NOW)
    assert (rows_of(database, Person), rows_of(database, ChatIdentity)) == ([], [])


def test_undo_is_refused_for_unknown_and_undone_batches(filled: Database) -> None:
    with pytest.raises(UndoRefusedError, match="没有编号为 99"):
        undo(filled, 99, NOW)
    undo(filled, 3, NOW)
    with pytest.raises(UndoRefusedError, match="已经撤销过"):
        undo(filled, 3, NOW)


def test_undo_is_refused_when_a_restored_record_would_have_no_owner(filled: Database, importing: Importing) -> None:
    moved = importing("hours", [changed(HOURS[2], 1, ANN)]).batch_id
    with filled.write() as session:
        session.execute(delete(Credit))
        session.execute(delete(Person).where(Person.id_number == BEN))
    with pytest.raises(UndoRefusedError, match="不能撤销"):
        undo(filled, moved, NOW)
    assert rows_of(filled, HourRecord)[2]["person_id"] == 1


people_ids = st.sampled_from([ANN, BEN])
hours_rows = st.lists(
    st.tuples(
        st.integers(1, 6).map("H{}".format),
        people_ids,
        st.integers(2018, 2024).map(str),
        st.sampled_from(["公需", "专业"]),
        st.sampled_from(["网络课程", "学术论文类", "法宣在线", "其他"]),
        st.text(st.sampled_from("课程一二，\"'·a "), max_size=8).map(lambda text: " ".join(text.split())),
        st.integers(1, 4000).map(lambda tenths: str(Decimal(tenths) / 10)),
        st.sampled_from(["已审验", "待审验", "已退回"]),
    ),
    unique_by=lambda row: row[0],
    max_size=6,
)


@pytest.fixture(scope="module")
def shared(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One database for all examples of a property; each empties it first."""
    folder = tmp_path_factory.mktemp("properties")
    (folder / "hours.db").write_bytes(migrated_sqlite.read_bytes())
    database = Database(f"sqlite:///{folder / 'hours.db'}")
    yield database
    database.dispose()


def fresh(database: Database) -> None:
    with database.write() as session:
        for table in reversed(Base.metadata.sorted_tables):
            session.execute(delete(table))
        session.execute(text("DELETE FROM sqlite_sequence"))  # the same people get the same ids, so that states can be compared
    put(database, "people", PEOPLE)


def put(database: Database, kind: str, rows: list, shape: str = "utf-8") -> int:
    """Import rows through a file of this shape; the batch."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path = write_xlsx(path.with_suffix(".xlsx"), kind, rows) if shape == "xlsx" else write_csv(path, kind, rows, shape)
        outcome = import_file(database, kind, path, NOW, report_folder=Path(folder))
    assert outcome.batch_id is not None, outcome.faults
    return outcome.batch_id


property_test = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@property_test
@given(first=hours_rows, second=hours_rows)
def test_importing_twice_equals_importing_once_and_undo_restores(shared: Database, first: list, second: list) -> None:
    fresh(shared)
    put(shared, "hours", first)
    before = state(shared)
    batch = put(shared, "hours", second)
    after = state(shared)
    again = put(shared, "hours", second)
    assert state(shared) == after
    undo(shared, again, NOW)
    assert state(shared) == after
    undo(shared, batch, NOW)
    assert state(shared) == before


@property_test
@given(rows=hours_rows)
def test_every_file_shape_brings_the_same_rows(shared: Database, rows: list) -> None:
    found = []
    for shape in ("utf-8", "utf-8-sig", "gbk", "xlsx"):
        fresh(shared)
        put(shared, "hours", rows, shape)
        found.append(state(shared))
    assert found[0] == found[1] == found[2] == found[3]
    assert [str(row["hours_tenths"]) for row in found[0][1]] == [f"{Decimal(row[6]):.1f}" for row in rows]
