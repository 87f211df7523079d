"""The commands `purge` and `transcript`."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from bot import settings
from bot.db import Database
from bot.helpdesk import sampling
from bot.helpdesk.models import CallRecord, Draft, Sampled, Seen, Staff, StaffMessage, Ticket, TicketEvent
from bot.helpdesk.records import uploadfiles, uploads
from bot.hours import audit
from bot.hours.models import AuditEntry, ChatIdentity, Person
from bot.inbox import journal, missed, outbox, reach, turns
from bot.inbox.models import Outbox
from bot.keeping import app
from tests.helpdesk.conftest import add_staff
from tests.inbox.asking import turn

runner = CliRunner()


@pytest.fixture
def database(migrated_sqlite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    (tmp_path / "bot.db").write_bytes(migrated_sqlite.read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BOT_DATABASE_URL", f"sqlite:///{tmp_path / 'bot.db'}")
    monkeypatch.setenv("BOT_TODAY", "2023-11-20")
    return Database(f"sqlite:///{tmp_path / 'bot.db'}")


def trail(database: Database) -> list[tuple[str, str]]:
    with database.read() as session:
        return [(row.action, row.detail) for row in session.execute(select(AuditEntry).order_by(AuditEntry.id)).scalars()]


def fill(database: Database) -> None:
    now = settings.load().now()
    with database.write() as session:
        for days in (10, 100, 200, 1200):
            at = now - timedelta(days=days)
            entry = journal.write(session, channel="web", sender_id="web:a", external_id=None, text="问", now=at)
            journal.mark(session, entry.id, "processed")
            turns.add(session, turn("web:a", entry.id, at, """[{"event":"user","text":"绑定 马秀兰 K7********"}]"""))
            audit.note(session, at, "web:a", "bind")
            _desk(session, at)


def _desk(session: Session, at: datetime) -> None:
    """A ticket that was over by then, with what hangs on it, one that is not, a call, and one that is still to be answered."""
    staff = session.execute(select(Staff.id)).scalar_one_or_none()
    if staff is None:
        row = Staff(login="a", name="甲", number=1, role="agent", password_hash="-", created_at=at)
        session.add(row)
        session.flush()
        staff = row.id
    over = Ticket(sender_id="web:a", state="closed", opened_at=at, closed_at=at)
    session.add_all([over, Ticket(sender_id="web:b", state="open", opened_at=at)])
    session.flush()
    told = outbox.add(session, "web:a", [{"text": "您好"}], settings.load().now(), kind="staff", state="sent")[0].id
    session.add_all(
        [
            TicketEvent(ticket_id=over.id, at=at, kind="closed"),
            Draft(staff_id=staff, ticket_id=over.id, kind="note", text="稿", at=at),
            Seen(staff_id=staff, ticket_id=over.id, journal_id=1),
            StaffMessage(outbox_id=told, ticket_id=over.id, staff_id=staff, client_id=f"{told}"),
            CallRecord(at=at, staff_id=staff, question="问", answer="答", outcome="answered"),
            CallRecord(at=at, staff_id=staff, question="问", answer="答", outcome="call_back", phone="1"),
        ]
    )


def left(database: Database, model: type) -> int:
    with database.read() as session:
        return int(session.execute(select(func.count()).select_from(model)).scalar_one())


def test_purge_deletes_each_kind_at_its_age_says_how_much_and_is_noted(database: Database) -> None:
    fill(database)
    done = runner.invoke(app, ["purge"])
    assert done.exit_code == 0, done.output
    counts = [line.rsplit(" ", 2)[1] for line in done.output.splitlines()]
    assert counts == ["2", "3", "0", "0", "1", "1", "1", "0", "0"]
    kept = {Ticket: 7, TicketEvent: 3, Draft: 3, Seen: 3, StaffMessage: 3, CallRecord: 7}
    assert {model: left(database, model) for model in kept} == kept
    assert "180 天" in done.output
    assert "1095 天" in done.output
    assert trail(database) == [("bind", "")] * 3 + [
        ("purge", "journal=2 conversations=3 outbox=0 missed=0 tickets=1 calls=1 audit=1 uploads=0 sampled=0")
    ]


def test_purge_takes_other_ages_and_a_dry_run_only_counts(database: Database) -> None:
    fill(database)
    done = runner.invoke(app, ["purge", "--journal", "5", "--audit", "150", "--dry-run"])
    assert [line.split("有 ")[1].split(" ")[0] for line in done.output.splitlines()] == ["4", "3", "0", "0", "1", "1", "2", "0", "0"]
    assert len(trail(database)) == 4
    assert runner.invoke(app, ["purge", "--journal", "0"]).exit_code == 2


def test_purge_deletes_what_was_uploaded_and_never_decided_on_and_empties_what_was_sampled_half_a_year_ago(database: Database) -> None:
    now = settings.load().now()
    staff = add_staff(database, "a", 1)
    folder = uploadfiles.folder_of(settings.load())
    files = []
    for days in (6, 8):
        with uploadfiles.received(settings.load(), "people.csv", [b"630102199003078812"]) as path, database.write() as session:
            number = uploads.add(session, staff, "people", path, now - timedelta(days=days))
            uploads.move(session, number, [uploads.CHECKING], uploads.CHECKED, now)
        files.append(path)
    weeks = [sampling.week_of(now.date()) - timedelta(weeks=age) for age in (26, 27, 28)]
    with database.write() as session:
        words = {"sender_id": "web:a", "question": "问", "answer": "答", "asked_at": now}
        session.add_all([Sampled(week=week, outbox_id=1, verdict="right", **words) for week in weeks])
    counted = runner.invoke(app, ["purge", "--dry-run"]).output.splitlines()[-2:]
    assert [line.split("有 ")[1].split(" ")[0] for line in counted] == ["1", "2"]
    assert ["7 天" in counted[0], "182 天" in counted[1]] == [True, True]
    assert [path.exists() for path in files] == [True, True]
    done = runner.invoke(app, ["purge"])
    assert done.exit_code == 0, done.output
    assert [path.exists() for path in files] == [True, False]
    assert list(folder.iterdir()) == [files[0].parent]
    with database.read() as session:
        found = session.execute(select(Sampled.question, Sampled.answer, Sampled.sender_id, Sampled.verdict).order_by(Sampled.id)).all()
    assert found == [("问", "答", "web:a", "right"), ("", "", "", "right"), ("", "", "", "right")]
    assert trail(database)[-1][1].endswith(" uploads=1 sampled=2")
    runner.invoke(app, ["purge"])
    assert trail(database)[-1][1].endswith(" uploads=0 sampled=0"), "once"


def test_a_transcript_is_printed_and_its_reading_noted(database: Database) -> None:
    fill(database)
    done = runner.invoke(app, ["transcript", "web:a"])
    assert done.output.count("人：绑定 马秀兰 K7********") == 4
    assert "没有这个聊天" in runner.invoke(app, ["transcript", "web:b"]).output
    assert [action for action, _ in trail(database)][-2:] == ["transcript", "transcript"]


def test_the_audit_trail_says_whose_dialogue_was_read(database: Database) -> None:
    with database.write() as session:
        person = Person(id_number="630102199003078812", name="安多", name_key="安多", unit="甲", region="", sector="", level="")
        session.add(person)
        session.flush()
        session.add(ChatIdentity(sender_id="web:a", person_id=person.id, bound_at=settings.load().now()))
        number = person.id
    fill(database)
    for sender in ("web:a", "web:b"):
        runner.invoke(app, ["transcript", sender])
    with database.read() as session:
        noted = session.execute(select(AuditEntry).where(AuditEntry.action == "transcript").order_by(AuditEntry.id)).scalars().all()
        assert [(entry.person_id, entry.detail) for entry in noted] == [(number, "web:a 4"), (None, "web:b 0")]


def test_without_a_database_one_line_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BOT_DATABASE_URL", f"sqlite:///{tmp_path / 'none.db'}")
    for command in (["purge"], ["transcript", "web:a"]):
        done = runner.invoke(app, command)
        assert (done.exit_code, "init-db" in done.output) == (1, True)


def test_missed_sentences_are_listed_with_their_reason(database: Database) -> None:
    now = settings.load().now()
    with database.write() as session:
        for days, said in ((40, "旧的"), (3, "牦牛怎么算")):
            entry = journal.write(session, channel="web", sender_id="web:a", external_id=None, text=said, now=now)
            missed.note(session, "web:a", entry.id, [{"metadata": {"missed": "not_understood"}}], now - timedelta(days=days))
    done = runner.invoke(app, ["missed"])
    assert done.exit_code == 0, done.output
    assert done.output.splitlines() == [f"{now - timedelta(days=3):%Y-%m-%d %H:%M} 没听懂：牦牛怎么算", "最近 30 天没答好的问题共 1 条。"]


def test_undelivered_says_which_messages_have_not_arrived_and_why_without_their_words(database: Database) -> None:
    now = settings.load().now()
    with database.begin() as connection:
        reach.opened(connection, "wx:a", reach.MESSAGE, now)
        reach.pushed(connection, "wx:a", reach.MESSAGE)
        outbox.add(connection, "wx:a", [{"text": "秘密的话"}], now, state="sent")
        for sender, state, reason in (
            ("wx:a", "waiting", "no_service_right"),
            ("tg:1", "failed", "blocked"),
            ("tg:2", "pending", "errcode_7"),
        ):
            (one,) = outbox.add(connection, sender, [{"text": "秘密的话"}], now, state=state)
            connection.execute(update(Outbox.__table__).where(Outbox.id == one.id).values(reason=reason, attempts=2))
        outbox.add(connection, "tg:3", [{"text": "旧的"}], now - timedelta(days=30))
    done = runner.invoke(app, ["undelivered"])
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert [line.split("：")[0].split()[-1] for line in lines[:-1]] == ["wx:a", "tg:1", "tg:2"]
    assert "没有客服消息权限（现在还可主动发送4条）" in lines[0]
    assert "停用了机器人" in lines[1]
    assert "errcode_7" in lines[2]
    assert lines[-1] == "最近 7 天没有送达的消息共 3 条。"
    assert "秘密" not in done.output
