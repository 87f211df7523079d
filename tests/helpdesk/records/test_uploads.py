"""Files are checked before they are imported, imported once, told apart by their headings, and never half written."""

import os
import stat
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.db import Database
from bot.helpdesk.models import Upload
from bot.helpdesk.records import importing, uploadfiles, uploads
from bot.helpdesk.records.importing import Workshop
from bot.helpdesk.records.uploadfiles import UploadRefusedError
from bot.helpdesk.records.uploads import Shown
from bot.hours.models import AuditEntry, HourRecord, ImportBatch, Person
from bot.settings import Settings, load
from tests.helpdesk.conftest import NOW, add_staff
from tests.hours.conftest import ANN, CREDITS, HEADINGS, HOURS, PEOPLE, write_csv, write_xlsx

ROWS = {"people": PEOPLE, "hours": HOURS, "credits": CREDITS}
BAD = [["R9", ANN, "2023", "选修", "网络课程", "课", "500", "已审验"]]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load({}, tmp_path)


@pytest.fixture
def work(database: Database) -> Workshop:
    add_staff(database, "admin", 3, "admin")
    return Workshop(database, lambda: NOW)


@pytest.fixture
def brought(database: Database, settings: Settings, work: Workshop, tmp_path: Path) -> Callable[..., int]:
    """Bring rows as a file and wait for its check; the upload's number."""

    def bring(kind: str, rows: list[list[str]], check: bool = True) -> int:
        source = write_csv(tmp_path / f"{kind}.csv", kind, rows)
        with uploadfiles.received(settings, source.name, [source.read_bytes()]) as path, database.write() as session:
            upload = uploads.add(session, 1, kind, path, NOW)
        if check:
            work.check(upload).join()
        return upload

    return bring


def look(work: Workshop, upload: int) -> Shown:
    found = work.look(upload)
    assert found is not None
    return found


def start_import(database: Database, work: Workshop, upload: int, skip_bad: bool = False) -> threading.Thread:
    with database.write() as session:
        assert uploads.move(session, upload, [uploads.CHECKED], uploads.IMPORTING, NOW)
    return work.import_now(upload, skip_bad, "staff:3")


def count(database: Database, model: type) -> int:
    with database.read() as session:
        return int(session.execute(select(func.count()).select_from(model)).scalar_one())


def test_a_check_counts_and_writes_nothing(database, work, brought):
    found = look(work, brought("people", PEOPLE))
    assert (found.state, found.outcome["added"], found.bad_lines, found.good_rows) == ("checked", 2, 0, 2)
    assert (count(database, Person), count(database, ImportBatch)) == (0, 0)


def test_an_import_is_written_with_its_batch_and_by_whom_and_the_file_goes(database, work, brought):
    upload = brought("people", PEOPLE)
    path = look(work, upload).path
    start_import(database, work, upload).join()
    found = look(work, upload)
    assert (found.state, found.batch_id, found.path, count(database, Person)) == ("imported", 1, None, 2)
    assert not path.parent.exists()
    with database.read() as session:
        assert session.execute(select(AuditEntry.actor, AuditEntry.action)).all() == [("staff:3", "import")]


def test_bad_lines_keep_everything_out_and_are_listed_completely(database, work, brought):
    start_import(database, work, brought("people", PEOPLE)).join()
    upload = brought("hours", [*HOURS, *([f"B{number}", *BAD[0][1:]] for number in range(150))])
    found = look(work, upload)
    assert (found.state, found.bad_lines, found.outcome["fault_count"], found.good_rows) == ("checked", 150, 300, 3)
    pages = [uploadfiles.fault_lines(found.errors, page) for page in (1, 2, 3)]
    assert [(len(lines), more) for lines, more in pages] == [(100, True), (100, True), (100, False)]
    assert pages[0][0][0][:3] == ["5", "科目", "选修"]
    start_import(database, work, upload).join()
    assert (look(work, upload).state, count(database, HourRecord)) == ("checked", 0)


def test_bad_lines_may_be_skipped(database, work, brought):
    start_import(database, work, brought("people", PEOPLE)).join()
    upload = brought("hours", [*HOURS, *BAD])
    start_import(database, work, upload, skip_bad=True).join()
    found = look(work, upload)
    assert (found.state, found.bad_lines, count(database, HourRecord)) == ("imported", 1, 3)


def test_of_two_who_press_import_one_imports(database, brought):
    upload = brought("people", PEOPLE)
    moved = []
    for _ in range(2):
        with database.write() as session:
            moved.append(uploads.move(session, upload, [uploads.CHECKED], uploads.IMPORTING, NOW))
    assert moved == [True, False]


def test_an_import_that_was_given_up_meanwhile_writes_nothing(database, work, brought):
    upload = brought("people", PEOPLE)
    with work._turn:
        thread = start_import(database, work, upload)
        with database.write() as session:
            uploads.move(session, upload, uploads.BUSY, uploads.GIVEN_UP, NOW)
    thread.join()
    assert (look(work, upload).state, count(database, Person), count(database, ImportBatch)) == ("given_up", 0, 0)


def test_two_imports_take_turns(database, work, brought):
    first, second = brought("people", PEOPLE[:1]), brought("people", PEOPLE[1:])
    for thread in [start_import(database, work, upload) for upload in (first, second)]:
        thread.join()
    assert {look(work, upload).batch_id for upload in (first, second)} == {1, 2}
    assert count(database, Person) == 2


def test_one_that_waits_for_its_turn_says_so(database, work, brought, monkeypatch):
    monkeypatch.setattr(importing, "BEAT", 0.01)
    upload = brought("people", PEOPLE)
    with work._turn:
        thread = start_import(database, work, upload)
        ends = time.monotonic() + 10
        while work.progress(upload) != ("wait", 0.0) and time.monotonic() < ends:
            time.sleep(0.01)
        assert work.progress(upload) == ("wait", 0.0)
    thread.join()
    assert look(work, upload).state == "imported"


def test_an_upload_whose_process_died_is_told_so_and_can_be_checked_again(database, work, brought):
    upload = brought("people", PEOPLE, check=False)
    later = Workshop(database, lambda: NOW + uploads.SILENT)
    assert look(later, upload).state == "checking"
    dead = Workshop(database, lambda: NOW + uploads.SILENT + timedelta(seconds=1))
    found = look(dead, upload)
    assert (found.state, "没有写入" in found.outcome["reason"]) == ("failed", True)
    with database.write() as session:
        assert uploads.move(session, upload, uploads.LYING, uploads.CHECKING, NOW)
    work.check(upload).join()
    assert look(work, upload).state == "checked"


def test_a_process_that_was_taken_for_dead_can_no_longer_write(database, work, brought):
    upload = brought("people", PEOPLE)
    with work._turn:
        thread = start_import(database, work, upload)
        with database.write() as session:
            assert uploads.notice_death(session, upload, NOW + 2 * uploads.SILENT)
    thread.join()
    assert (look(work, upload).state, count(database, Person)) == ("failed", 0)


def test_a_list_of_faults_that_is_itself_brought_is_checked_like_any_file(work, database, settings, tmp_path):
    source = write_csv(tmp_path / "import-errors-people-1.csv", "people", PEOPLE)
    with uploadfiles.received(settings, source.name, [source.read_bytes()]) as path, database.write() as session:
        upload = uploads.add(session, 1, "people", path, NOW)
    for _ in range(2):
        work.check(upload).join()
        assert (look(work, upload).state, look(work, upload).good_rows, path.exists()) == ("checked", 2, True)
        with database.write() as session:
            assert uploads.move(session, upload, [uploads.CHECKED], uploads.CHECKING, NOW)


def test_a_file_that_cannot_be_read_is_refused_with_the_reason(work, database, settings, tmp_path):
    numbers = [["R1", int(ANN[:17] + "0"), "2023", "公需", "网络课程", "课", "5", "已审验"]]
    source = write_xlsx(tmp_path / "hours.xlsx", "hours", numbers)
    with uploadfiles.received(settings, source.name, [source.read_bytes()]) as path, database.write() as session:
        upload = uploads.add(session, 1, "hours", path, NOW)
    work.check(upload).join()
    found = look(work, upload)
    assert found.state == "refused"
    assert "“证件号码”是以数字格式存放的" in found.outcome["reason"]


def test_a_mistake_of_ours_leaves_no_row_in_the_log(work, brought, monkeypatch, caplog):
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(f"row of {ANN}")

    monkeypatch.setattr(importing, "import_file", broken)
    upload = brought("people", PEOPLE)
    assert look(work, upload).state == "failed"
    assert "RuntimeError" in caplog.text
    assert ANN not in caplog.text


def test_a_whole_import_is_taken_back_once_or_refused_in_words(database, work, brought):
    start_import(database, work, brought("people", PEOPLE)).join()
    start_import(database, work, brought("hours", HOURS)).join()

    def undone(batch: int):
        running = work.undo(batch, "staff:3")
        ends = time.monotonic() + 20
        while not running.done and time.monotonic() < ends:
            time.sleep(0.01)
        return running

    assert "请先撤销那些记录的批次" in undone(1).refused
    assert undone(2).undone.removed == 3
    assert "已经撤销过了" in undone(2).refused
    assert undone(1).undone.removed == 2
    assert count(database, Person) == 0
    with database.read() as session:
        assert session.execute(select(AuditEntry.actor).where(AuditEntry.action == "undo-import")).scalars().all() == ["staff:3"] * 2


@pytest.mark.parametrize("kind", HEADINGS)
@pytest.mark.parametrize("write", [write_csv, write_xlsx])
def test_a_file_is_told_by_its_headings(tmp_path, kind, write):
    name = tmp_path / f"file.{'csv' if write is write_csv else 'xlsx'}"
    assert uploadfiles.guess_kind(write(name, kind, ROWS[kind])) == kind


def test_a_file_of_other_headings_is_none_of_them(tmp_path):
    path = tmp_path / "other.csv"
    path.write_text("姓名,电话\n安多,1\n", encoding="utf-8")
    with pytest.raises(UploadRefusedError, match="不像三种文件里的任何一种"):
        uploadfiles.guess_kind(path)


@pytest.mark.parametrize(("content", "why"), [(b"\xd0\xcf\x11\xe0old", "旧版"), (b"\x00\x01\x02", "不是 CSV"), (b"\n\n", "没有表头")])
def test_a_file_that_is_no_table_is_refused_with_the_reason(tmp_path, content, why):
    path = tmp_path / "file.csv"
    path.write_bytes(content)
    with pytest.raises(UploadRefusedError, match=why):
        uploadfiles.guess_kind(path)


def test_uploads_lie_out_of_others_reach(settings):
    with uploadfiles.received(settings, "人员.csv", [b"a"]) as path:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE(path.parent.parent.stat().st_mode) == 0o700
        assert path.name == "人员.csv"


def test_too_large_and_empty_files_are_refused_and_leave_nothing(settings, monkeypatch):
    monkeypatch.setattr(uploadfiles, "MOST_BYTES", 1 << 20)
    for blocks, why in (([b"x" * (1 << 20), b"x"], "超过 1 MB"), ([], "空的")):
        with pytest.raises(UploadRefusedError, match=why), uploadfiles.received(settings, "a.csv", blocks):
            pass
    assert list(uploadfiles.folder_of(settings).iterdir()) == []


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\a\\学时.xlsx", "学时.xlsx"),
        ("a\x00b\n.csv", "ab.csv"),
        (".csv", "csv"),
        ("..", "upload"),
        ("学" * 200 + ".csv", "学" * 38 + ".csv"),
    ],
)
def test_a_file_name_leads_nowhere_else(settings, name, kept):
    with uploadfiles.received(settings, name, [b"a"]) as path:
        assert path.name == kept
        assert path.parent.parent == uploadfiles.folder_of(settings)


def test_what_lies_undecided_for_a_week_is_given_up(database, settings, work, brought):
    upload = brought("people", PEOPLE)
    path = look(work, upload).path
    folder = uploadfiles.folder_of(settings)
    assert uploads.tidy(database, NOW, folder) == 0
    assert path.exists()
    with database.look() as connection:
        assert uploads.old(connection, NOW + timedelta(seconds=1), folder) == 1
    assert path.exists()
    assert uploads.tidy(database, NOW + timedelta(seconds=1), folder) == 1
    assert (look(work, upload).state, path.parent.exists()) == ("given_up", False)


def test_what_a_dead_process_left_is_given_up_though_nobody_looked(database, settings, work, brought):
    upload = brought("people", PEOPLE, check=False)
    later = NOW + timedelta(days=3)
    with database.write() as session:
        path = uploads.find(session, upload).path
        uploads.beat(session, upload, 0.5, later)
    folder = uploadfiles.folder_of(settings)
    assert uploads.tidy(database, later, folder) == 0, "it lived then"
    assert uploads.tidy(database, later + timedelta(seconds=1), folder) == 1
    assert (look(work, upload).state, path.parent.exists()) == ("given_up", False)


def test_before_the_first_upload_there_is_nothing_to_tidy_and_no_folder(database, settings):
    folder = uploadfiles.place_of(settings)
    with database.look() as connection:
        assert uploads.old(connection, NOW, folder) == 0
    assert uploads.tidy(database, NOW, folder) == 0
    assert not folder.exists()


def test_files_that_no_upload_knows_are_removed_unless_they_are_just_coming_in(database, settings, brought):
    upload = brought("people", PEOPLE)
    folder = uploadfiles.folder_of(settings)
    [known] = folder.iterdir()
    lost, arriving = folder / "lost", folder / "arriving"
    for place in (lost, arriving):
        place.mkdir()
        (place / "people.csv").write_text("x", encoding="utf-8")
    for place in (lost, known):
        os.utime(place, (1, 1))
    with database.look() as connection:
        assert uploads.old(connection, NOW, folder) == 1
    assert uploads.tidy(database, NOW, folder) == 1
    assert set(folder.iterdir()) == {known, arriving}
    assert upload == 1


def test_the_list_of_imports_says_who_brought_the_file(database, work, brought):
    start_import(database, work, brought("people", PEOPLE)).join()
    with database.write() as session:
        session.add(ImportBatch(kind="hours", file_name="x", imported_at=NOW, added=0, changed=0, unchanged=0, skipped=0))
    with database.read() as session:
        found, more = uploads.batches(session, 1)
    assert ([(batch.kind, who) for batch, who in found], more) == ([("hours", None), ("people", "坐席3")], False)


def test_open_uploads_are_those_that_wait_or_are_worked_on(database, work, brought):
    done, waiting = brought("people", PEOPLE), brought("people", PEOPLE)
    start_import(database, work, done).join()
    with database.read() as session:
        assert [upload.id for upload in uploads.recent(session)] == [waiting]
    assert count(database, Upload) == 2
