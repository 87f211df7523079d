"""What an import takes, refuses, counts and reports."""

import csv
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.db import Database
from bot.hours.importer import import_file
from bot.hours.models import Credit, HourRecord, ImportBatch, Person
from bot.hours.sheet import FileRefusedError
from tests.hours.conftest import ANN, BEN, CREDITS, HEADINGS, HOURS, NOW, PEOPLE, Importing, write_csv, write_xlsx


def rows_of(database: Database, model: Any) -> list[dict]:
    with database.read() as session:
        return [dict(row) for row in session.execute(select(model.__table__).order_by(model.id)).mappings()]


def counted(outcome: Any) -> tuple[int, int, int]:
    return outcome.counts.added, outcome.counts.changed, outcome.counts.unchanged


def changed(row: list[str], place: int, value: str) -> list[str]:
    return [value if number == place else cell for number, cell in enumerate(row)]


def test_the_three_files_are_stored_as_written(filled: Database) -> None:
    people, hours, credits = (rows_of(filled, model) for model in (Person, HourRecord, Credit))
    assert [(row["id_number"], row["name"], row["name_key"], row["level_since"]) for row in people] == [
        (ANN, "安多", "安多", date(2016, 10, 1)),
        (BEN, "本巴·扎西", "本巴扎西", None),
    ]
    assert [(row["record_id"], row["hours_tenths"], row["state"], row["subject"]) for row in hours] == [
        ("R1", Decimal(45), "verified", "public"),
        ("R2", Decimal("12.5"), "pending", "professional"),
        ("R3", Decimal(30), "verified", "public"),
    ]
    assert [(row["kind"], row["start_date"], row["end_date"], row["year"]) for row in credits] == [
        ("village", date(2020, 6, 1), date(2022, 6, 30), None),
        ("epidemic", date(2020, 2, 1), None, 2020),
    ]


def test_importing_again_changes_nothing(filled: Database, importing: Importing) -> None:
    before = [rows_of(filled, model) for model in (Person, HourRecord, Credit)]
    assert [counted(importing(kind, rows)) for kind, rows in (("people", PEOPLE), ("hours", HOURS), ("credits", CREDITS))] == [
        (0, 0, 2),
        (0, 0, 3),
        (0, 0, 2),
    ]
    assert [rows_of(filled, model) for model in (Person, HourRecord, Credit)] == before


def test_a_newer_file_updates_rows_and_keeps_those_it_lacks(filled: Database, importing: Importing) -> None:
    assert counted(importing("hours", [changed(HOURS[1], 7, "已审验")])) == (0, 1, 0)
    assert {row["record_id"]: row["state"] for row in rows_of(filled, HourRecord)} == {"R1": "verified", "R2": "verified", "R3": "verified"}


def test_one_bad_line_keeps_the_whole_file_out(filled: Database, importing: Importing) -> None:
    outcome = importing("hours", [["R9", *HOURS[0][1:]], ["R10", ANN, "2023", "选修", "网络课程", "课", "1", "已审验"]])
    assert (outcome.applied, outcome.bad_lines, len(rows_of(filled, HourRecord))) == (False, 1, 3)
    [fault] = outcome.faults
    assert (fault.line, fault.column, fault.value) == (3, "科目", "选修")
    assert "公需、专业" in fault.reason


def test_skip_bad_imports_the_good_lines(filled: Database, importing: Importing) -> None:
    outcome = importing("hours", [["R9", *HOURS[0][1:]], ["R10", ANN, "二三", "公需", "网络课程", "课", "1", "已审验"]], skip_bad=True)
    assert (outcome.applied, counted(outcome), outcome.bad_lines) == (True, (1, 0, 0), 1)
    assert rows_of(filled, ImportBatch)[-1]["skipped"] == 1


def test_dry_run_counts_and_writes_nothing(filled: Database, importing: Importing) -> None:
    outcome = importing("hours", [changed(HOURS[0], 6, "44"), HOURS[1], ["R9", *HOURS[0][1:]]], dry_run=True)
    assert (outcome.applied, outcome.batch_id, counted(outcome)) == (False, None, (1, 1, 1))
    assert (len(rows_of(filled, HourRecord)), len(rows_of(filled, ImportBatch))) == (3, 3)


def test_the_report_file_is_complete_and_the_screen_is_not(filled: Database, importing: Importing) -> None:
    outcome = importing("hours", [[f"B{number}", ANN, "2023", "公需", "网络课程", "课", "0", "已审验"] for number in range(50)])
    assert (outcome.bad_lines, outcome.fault_count, len(outcome.faults)) == (50, 50, 20)
    lines = list(csv.reader(outcome.report.open(encoding="utf-8-sig")))
    assert (lines[0], len(lines), lines[50][:3]) == (["行号", "列", "值", "原因"], 51, ["51", "学时", "0"])


def test_a_line_is_told_every_fault_it_has(filled: Database, importing: Importing) -> None:
    outcome = importing("hours", [["", "123", "", "", "", "", "", ""]])
    assert [fault.column for fault in outcome.faults] == ["记录编号", "证件号码", "年度", "科目", "形式", "学时", "审验状态"]


def test_hours_and_credits_of_unknown_people_are_bad_lines_without_the_number(filled: Database, importing: Importing) -> None:
    stranger = "630104198503170314"
    for kind, row in (("hours", ["R9", stranger, *HOURS[0][2:]]), ("credits", [stranger, *CREDITS[0][1:]])):
        [fault] = importing(kind, [row]).faults
        assert (fault.column, fault.value) == ("证件号码", "6301**********0314")


def test_the_same_line_twice_counts_once_and_a_contradiction_is_a_bad_line(filled: Database, importing: Importing) -> None:
    row = ["R9", *HOURS[0][1:]]
    assert counted(importing("hours", [row, row])) == (1, 0, 0)
    outcome = importing("hours", [row, changed(row, 6, "5")])
    assert (outcome.applied, outcome.faults[0].line) == (False, 3)
    assert "第 2 行" in outcome.faults[0].reason


@pytest.mark.parametrize(
    ("kind", "row", "place", "column", "value"),
    [
        ("people", PEOPLE[0], 1, "证件号码", "6301**********8812"),
        ("people", ["E12345678", *PEOPLE[0][1:]], 1, "证件号码", "E1*****78"),
        ("hours", HOURS[0], 6, "记录编号", "R1"),
        ("hours", [f"{ANN}-1", *HOURS[0][1:]], 6, "记录编号", "6301**********8812-1"),
        ("hours", ["R" * 34 + BEN, *HOURS[0][1:]], 6, "记录编号", "R" * 34 + "6301**"),
        ("credits", CREDITS[0], 5, "证件号码、类型、开始日期", "6301**********8812 驻村 2020-06-01"),
    ],
)
def test_a_contradiction_shows_the_key(
    filled: Database, importing: Importing, kind: str, row: list[str], place: int, column: str, value: str
) -> None:
    [fault] = importing(kind, [row, changed(row, place, "5")]).faults
    assert (fault.column, fault.value) == (column, value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
def test_csv_is_read_in_each_encoding(database: Database, tmp_path: Path, encoding: str) -> None:
    rows = [[f"E{number:08d}", "a" * 40, "", "", "", "无", ""] for number in range(3000)]  # the Chinese name comes after a megabyte
    rows.append(changed(PEOPLE[1], 1, "本巴扎西"))
    path = write_csv(tmp_path / "p.csv", "people", rows, encoding)
    assert import_file(database, "people", path, NOW).counts.added == 3001
    assert rows_of(database, Person)[-1]["name"] == "本巴扎西"


def test_excel_cells_of_every_type_are_read(database: Database, tmp_path: Path) -> None:
    people = write_xlsx(tmp_path / "p.xlsx", "people", [changed(PEOPLE[0], 6, datetime(2016, 10, 1)), PEOPLE[1]])  # type: ignore[arg-type]
    hours = write_xlsx(tmp_path / "h.xlsx", "hours", [[101, ANN, 2023, "公需", "网络课程", 7, 0.1 + 0.2, "已审验"], [None] * 8])
    assert import_file(database, "people", people, NOW).applied
    assert import_file(database, "hours", hours, NOW).applied
    assert rows_of(database, Person)[0]["level_since"] == date(2016, 10, 1)
    [row] = rows_of(database, HourRecord)
    assert (row["record_id"], row["title"], row["hours_tenths"], row["year"]) == ("101", "7", Decimal("0.3"), 2023)


def test_an_excel_id_column_of_numbers_is_refused_by_name(database: Database, tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "p.xlsx", "people", [changed(PEOPLE[0], 0, int(ANN))])  # type: ignore[arg-type]
    with pytest.raises(FileRefusedError, match=r"证件号码.*文本格式"):
        import_file(database, "people", path, NOW, skip_bad=True)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("证件号码,姓名\n", "缺少列：工作单位、所属地区"),
        (",".join([*HEADINGS["people"], "姓名"]) + "\n", "不止一次：姓名"),
        ("", "没有表头"),
        ("\n\n", "没有表头"),
        (",".join(HEADINGS["people"]) + '\n"630102"1,x\n', "CSV 格式"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "xls"),
        (b"PK\x03\x04 not a book", "xlsx"),
        (b"\xff\xfea\0b\0", "UTF-8"),
        (b"a,b\n\xff\xff\xff", "GBK"),
        (b"\x7fELF\0\0\0", "不是 CSV"),
    ],
)
def test_a_file_that_is_no_import_file_is_refused_as_a_whole(database: Database, tmp_path: Path, content: str | bytes, word: str) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(FileRefusedError, match=word):
        import_file(database, "people", path, NOW)


def test_missing_files_and_folders_are_refused(database: Database, tmp_path: Path) -> None:
    for path in (tmp_path / "no.csv", tmp_path):
        with pytest.raises(FileRefusedError):
            import_file(database, "people", path, NOW)


def test_columns_may_stand_in_any_order_beside_others(database: Database, tmp_path: Path) -> None:
    order = [3, 1, 0, 6, 5, 4, 2]
    path = write_csv(
        tmp_path / "p.csv",
        "people",
        [["备注", *(row[place] for place in order)] for row in PEOPLE],
        headings=["备注", *(HEADINGS["people"][place] for place in order)],
    )
    assert import_file(database, "people", path, NOW).counts.added == 2


def test_lines_are_numbered_as_an_editor_shows_them(filled: Database, tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "h.csv", "hours", [["R8", *HOURS[0][1:5], "两行\n标题", "1", "已审验"], [], ["R9", *HOURS[0][1:6], "x", "已审验"]]
    )
    [fault] = import_file(filled, "hours", path, NOW, report_folder=tmp_path).faults
    assert fault.line == 5


def test_cells_beyond_the_headings_are_a_fault(filled: Database, importing: Importing) -> None:
    [fault] = importing("hours", [[*HOURS[0], "", "多", BEN, "长" * 50]]).faults
    assert (fault.column, fault.value) == ("第 10 列", f"多 6301**********104X {'长' * 19}")
    assert "表头" in fault.reason


def test_excel_cells_beyond_the_headings_are_a_fault(filled: Database, tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "h.xlsx", "hours", [[*HOURS[0], None, 12.0]])
    [fault] = import_file(filled, "hours", path, NOW, report_folder=tmp_path).faults
    assert (fault.column, fault.value) == ("第 10 列", "12")


def test_values_in_the_report_never_hold_a_whole_identity_number(filled: Database, importing: Importing) -> None:
    outcome = importing("hours", [["R9", ANN[:-1] + "9", "2023", "公需", f"给{BEN}", "课", "1", "已审验"]])
    assert ANN[6:14] not in outcome.report.read_text(encoding="utf-8-sig")
    assert BEN[6:14] not in outcome.report.read_text(encoding="utf-8-sig")


def test_many_chunks_arrive_whole(filled: Database, importing: Importing) -> None:
    rows = [[f"M{number}", ANN, "2021", "专业", "学术论文", "课", "0.5", "已审验"] for number in range(4500)]
    assert counted(importing("hours", rows)) == (4500, 0, 0)
    with filled.read() as session:
        assert session.execute(select(func.sum(HourRecord.__table__.c.hours_tenths)).where(HourRecord.year == 2021)).scalar() == Decimal(
            2250
        )
