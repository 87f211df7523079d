"""A unit's report says of everybody what the engine says, in the order of the gaps, and its file holds no whole number and no formula."""

import io
import random
import tempfile
import time
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import load_workbook

from bot.db import Database
from bot.helpdesk.records import recentreports, unitreport, unitsheet
from bot.helpdesk.records.recentreports import Making, RecentReports
from bot.helpdesk.records.unitreport import Overview
from bot.hours import service
from bot.hours.models import Credit, HourRecord, ImportBatch, Person
from policies import engine
from policies.model import Level
from policies.notice import Notices, load_notices
from tests.helpdesk.conftest import NOW

TODAY = date(2023, 11, 20)
UNIT = "甲单位"
FORMS = ("网络课程", "专题授课", "考前辅导", " 法宣在线 ")


@pytest.fixture(scope="module")
def notices() -> Notices:
    return load_notices()


def person(number: int, unit: str = UNIT, **more) -> Person:
    given = {"name": f"人{number}", "sector": "卫生" if number % 3 == 0 else "教育", "level": "中级", "level_since": date(2020, 5, 1)}
    return Person(id=number, id_number=f"63010219900307{number:04d}", name_key="x", initials="x", unit=unit, region="", **(given | more))


def hours(number: int, whose: int, year: int, subject: str, value: str, state: str = "verified", form: str = "网络课程") -> HourRecord:
    ident = f"R{number}"
    return HourRecord(record_id=ident, person_id=whose, year=year, subject=subject, form=form, title="", hours=Decimal(value), state=state)


def credit(whose: int, kind: str, start: date, year: int | None, end: date | None = None) -> Credit:
    return Credit(person_id=whose, kind=kind, start=start, end=end, year=year, evidence="")


@pytest.fixture
def filled(database: Database) -> Database:
    """Fifty people of the unit and ten of another, with whatever can be on record."""
    dice = random.Random(7)
    with database.write() as session:
        session.add_all([person(number, UNIT if number <= 50 else "乙单位") for number in range(1, 61)])
        session.flush()
        for number in range(900):
            subject, value = dice.choice(["public", "professional"]), str(Decimal(dice.randint(1, 900)) / 10)
            state = dice.choice(["verified", "verified", "pending", "returned"])
            session.add(
                hours(number, dice.randint(1, 60), dice.choice([2022, 2023, 2023, 2024]), subject, value, state, dice.choice(FORMS))
            )
        starts = {date(2021, 1, 1), date(2022, 6, 1), date(2023, 6, 1), date(2024, 1, 1)}
        for whose in range(1, 61):
            for start in dice.sample(sorted(starts), dice.randint(0, 2)):
                session.add(credit(whose, dice.choice(["epidemic", "village", "skilled"]), start, dice.choice([None, 2022, 2023, 2024])))
    return database


def made(database: Database, notices: Notices, unit: str = UNIT, year: int = 2023) -> tuple[Overview, list[unitreport.Row]]:
    with database.read() as session:
        shown = unitreport.overview(session, notices, unit, year, TODAY)
        return shown, list(unitreport.every_row(session, notices, shown, TODAY))


@pytest.mark.parametrize("year", [2023, 2022, 2019])
def test_it_says_of_everybody_what_the_engine_says(filled, notices, year):
    shown, rows = made(filled, notices, year=year)
    with filled.read() as session:
        for place, row in zip(shown.places, rows, strict=True):
            facts = service.person_facts(session, place.person_id)
            status = engine.year_status(notices, *facts, year, TODAY)
            exempt = engine.title_status(notices, *facts, Level.SENIOR, TODAY).exempt
            assert (place.complete, place.credited, place.exempt) == (status.complete, status.credited_by is not None, exempt)
            assert place.pending == row.pending == status.pending
            assert row.verified == status.verified
            assert place.missing == row.missing
            assert (row.missing == status.missing) or status.credited_by
            assert (row.complete, row.credited_by, row.exempt) == (status.complete, status.credited_by, exempt)


def test_the_sample_holds_every_kind_of_person(filled, notices):
    """Else the test above would prove little."""
    totals = made(filled, notices)[0].totals
    assert totals.people == 50
    assert min(totals.short, totals.complete, totals.credited, totals.exempt, totals.waiting) > 0


def test_those_who_lack_most_come_first_and_nobody_of_another_unit_comes_at_all(filled, notices):
    shown, rows = made(filled, notices)
    gaps = [row.missing.total for row in rows]
    assert gaps == sorted(gaps, reverse=True)
    assert {row.person_id for row in rows} == set(range(1, 51))
    short = shown.chosen(short_only=True)
    assert all(not place.complete for place in short)
    assert len(short) == shown.totals.short == sum(not row.complete for row in rows)


def test_the_totals_add_up(filled, notices):
    shown, rows = made(filled, notices)
    totals = shown.totals
    assert totals.people == totals.short + totals.complete == len(rows)
    assert totals.missing.public == sum(row.missing.public for row in rows)
    assert totals.missing.professional == sum(row.missing.professional for row in rows)


def test_somebody_credited_lacks_nothing_and_stands_among_the_complete(database, notices):
    with database.write() as session:
        session.add_all([person(3), person(4)])
        session.flush()
        session.add(credit(3, "epidemic", date(2023, 1, 1), 2023, date(2023, 3, 1)))
    shown, (short, credited) = made(database, notices)
    assert (short.person_id, unitsheet.state(short)) == (4, "未完成")
    assert (credited.missing.total, unitsheet.state(credited)) == (0, "防疫视同完成")
    assert (shown.totals.credited, shown.totals.missing.public) == (1, 45)


def test_pending_hours_that_would_close_the_gap_are_named(database, notices):
    with database.write() as session:
        session.add(person(1, sector="教育"))
        session.flush()
        session.add_all([hours(1, 1, 2023, "public", "45"), hours(2, 1, 2023, "professional", "90", "pending")])
    shown, [row] = made(database, notices)
    assert shown.totals.waiting == 1
    assert unitsheet.remarks(row, shown.notice) == ["待审验的通过后即可完成"]


def test_exemption_and_a_sectors_own_rules_are_told_in_the_notices_words_with_their_proviso(database, notices):
    with database.write() as session:
        session.add(person(3, sector="会计"))
        session.flush()
        session.add(credit(3, "skilled", date(2021, 1, 1), None))
    shown, [row] = made(database, notices)
    notice = notices.in_force(TODAY.year)
    assert unitsheet.remarks(row, shown.notice) == [
        f"登记有高技能人才情形，申报职称时对继续教育{notice.display('exemption.skilled.wording')}，最终以评审部门认定为准",
        f"会计专业技术人员的培训、审验按{notice.display('scope.sectors.authority')}的安排，可能有学时不在本库，以主管部门为准",
    ]
    assert notice.display("scope.sectors.authority") == "省级行业主管部门"


def test_units_are_found_by_part_of_their_name_the_biggest_first(filled):
    with filled.write() as session:
        session.add(person(100, "丙100%单位"))
        session.add(person(101, ""))
    with filled.read() as session:
        assert unitreport.units(session, "单位") == [(UNIT, 50), ("乙单位", 10), ("丙100%单位", 1)]
        assert unitreport.units(session, "0%") == [("丙100%单位", 1)]
        assert unitreport.units(session, "_") == []


def test_a_year_to_come_cannot_be_asked_for(notices):
    assert unitreport.years(notices, TODAY) == [2023, 2022, 2021, 2020, 2019]


def test_the_file_holds_the_whole_unit_with_the_day_and_the_clause(filled, notices, tmp_path):
    shown, rows = made(filled, notices)
    path = tmp_path / "report.xlsx"
    assert unitsheet.write(path, shown, rows, TODAY) == 50
    sheet = load_workbook(path).active
    lines = list(sheet.iter_rows(values_only=True))
    assert lines[0][0] == "甲单位 2023年度继续教育学时"
    assert "2023-11-20" in lines[1][0]
    assert "关于做好2023年专业技术人员继续教育培训工作的通知" in lines[2][0]
    assert lines[3][:3] == ("姓名", "证件号码", "现职称级别")
    assert sheet.freeze_panes == "B5"
    assert sheet.column_dimensions["B"].width == 22
    assert len(lines) == 54
    for line, row in zip(lines[4:], rows, strict=True):
        assert line[4:10] == tuple(float(x) for h in (row.verified, row.pending, row.missing) for x in (h.public, h.professional))
        assert "*" in line[1]
    numbers = {f"63010219900307{number:04d}" for number in range(1, 61)}
    assert not numbers & {str(cell) for line in lines for cell in line}


def test_of_a_file_that_cannot_be_finished_no_name_stays_on_the_disk(filled, notices, tmp_path, monkeypatch):
    shown, rows = made(filled, notices)
    monkeypatch.setattr(tempfile, "tempdir", tempfile.mkdtemp(dir=tmp_path))

    def broken():
        yield from rows
        raise ConnectionError

    with pytest.raises(ConnectionError):
        unitsheet.write(io.BytesIO(), shown, broken(), TODAY)
    assert list(Path(tempfile.gettempdir()).iterdir()) == []


def test_no_cell_of_the_file_is_a_formula(database, notices, tmp_path):
    with database.write() as session:
        session.add(person(1, "=1+1", name="@SUM(A1)", level="-1", sector="+cmd"))
    shown, rows = made(database, notices, "=1+1")
    unitsheet.write(tmp_path / "report.xlsx", shown, rows, TODAY)
    cells = [cell for line in load_workbook(tmp_path / "report.xlsx").active.iter_rows() for cell in line]
    assert "f" not in {cell.data_type for cell in cells}
    assert {"'@SUM(A1)", "'-1", "'+cmd"} <= {cell.value for cell in cells}


def test_a_year_without_a_notice_of_its_own_says_whose_figures_it_takes(filled, notices, tmp_path):
    shown, rows = made(filled, notices, year=2022)
    unitsheet.write(tmp_path / "report.xlsx", shown, rows, TODAY)
    lines = list(load_workbook(tmp_path / "report.xlsx").active.iter_rows(values_only=True))
    assert lines[3][0] == "没有收录2022年的通知，按2023年通知的数字计算。"


def waited_for(reports: RecentReports) -> Overview | Making:
    """The overview once it has been made, in the background or not."""
    ends = time.monotonic() + 20
    while isinstance(shown := reports.overview(UNIT, 2023, TODAY), Making) and time.monotonic() < ends:
        time.sleep(0.01)
    return shown


def test_an_overview_is_made_once_until_an_import_changes_the_data(filled, notices):
    reports = RecentReports(filled, notices)
    first = reports.overview(UNIT, 2023, TODAY)
    assert reports.overview(UNIT, 2023, TODAY) is first
    with filled.write() as session:
        session.add(ImportBatch(kind="hours", file_name="x", imported_at=NOW, added=0, changed=0, unchanged=0, skipped=0))
    second = reports.overview(UNIT, 2023, TODAY)
    assert second is not first
    with filled.write() as session:
        session.get(ImportBatch, 1).undone_at = NOW
    third = reports.overview(UNIT, 2023, TODAY)
    assert third is not second
    with filled.write() as session:  # on a day that was set, a clock that stands still or goes back
        session.add(ImportBatch(kind="hours", file_name="y", imported_at=NOW, added=0, changed=0, unchanged=0, skipped=0))
    fourth = reports.overview(UNIT, 2023, TODAY)
    with filled.write() as session:
        session.get(ImportBatch, 2).undone_at = NOW - timedelta(hours=1)
    assert reports.overview(UNIT, 2023, TODAY) is not fourth


def test_an_overview_with_many_credits_is_made_in_the_background(filled, notices, monkeypatch):
    monkeypatch.setattr(recentreports, "AT_ONCE", 0)
    reports = RecentReports(filled, notices)
    assert isinstance(reports.overview(UNIT, 2023, TODAY), Making)
    assert waited_for(reports) == made(filled, notices)[0]


def test_what_kept_an_overview_from_being_made_is_told_once(filled, notices, monkeypatch):
    monkeypatch.setattr(recentreports, "AT_ONCE", 0)
    reports = RecentReports(filled, notices)
    with monkeypatch.context() as broken:
        broken.setattr(unitreport, "finished", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            waited_for(reports)
    assert isinstance(reports.overview(UNIT, 2023, TODAY), Making)


def test_only_the_newest_overviews_are_kept(filled, notices, monkeypatch):
    monkeypatch.setattr(recentreports, "MOST", 2)
    reports = RecentReports(filled, notices)
    shown = [reports.overview(UNIT, year, TODAY) for year in (2021, 2022, 2023)]
    assert reports.overview(UNIT, 2023, TODAY) is shown[2]
    assert reports.overview(UNIT, 2021, TODAY) is not shown[0]


def test_a_file_can_be_made_where_no_person_is(database, notices, tmp_path: Path):
    shown, rows = made(database, notices, "没有的单位")
    assert (shown.totals.people, unitsheet.write(tmp_path / "report.xlsx", shown, rows, TODAY)) == (0, 0)
