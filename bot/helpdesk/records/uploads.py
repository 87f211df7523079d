"""Files brought for import: what state each is in, and what was found in it. Nothing here runs in the background."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from bot.db import Database
from bot.helpdesk.models import Staff, Upload
from bot.helpdesk.records.uploadfiles import delete_files, strays
from bot.helpdesk.words import word
from bot.hours.importer import Outcome
from bot.hours.models import ImportBatch

CHECKING, CHECKED, IMPORTING, IMPORTED = "checking", "checked", "importing", "imported"
REFUSED, GIVEN_UP, FAILED = "refused", "given_up", "failed"
BUSY = (CHECKING, IMPORTING)
LYING = (CHECKED, REFUSED, FAILED)
"""States in which the file waits for somebody to decide."""

BIG = 20 << 20  # from here on the page warns that chats wait while it is written
KEPT = timedelta(days=7)  # how long a file may lie undecided
SILENT = timedelta(seconds=45)  # a process that beats no more is dead


@dataclass(frozen=True)
class Shown:
    """An upload as pages show it."""

    id: int
    kind: str
    file_name: str
    path: Path | None
    state: str
    progress: float
    outcome: dict[str, Any]
    batch_id: int | None
    at: datetime
    beat_at: datetime | None
    staff: str
    size: int  # bytes; 0 once the file is gone

    @property
    def busy(self) -> bool:
        return self.state in BUSY

    @property
    def bad_lines(self) -> int:
        return int(self.outcome.get("bad_lines", 0))

    @property
    def good_rows(self) -> int:
        return sum(int(self.outcome.get(name, 0)) for name in ("added", "changed", "unchanged"))

    @property
    def errors(self) -> Path | None:
        """The complete list of what is wrong in the file."""
        report = self.outcome.get("report")
        return Path(report) if report and Path(report).is_file() else None


def add(session: Session, staff_id: int, kind: str, path: Path, now: datetime) -> int:
    """Note a file that is about to be checked; its number."""
    row = Upload(
        staff_id=staff_id, kind=kind, file_name=path.name, path=str(path), state=CHECKING, progress=0.0, outcome={}, at=now, beat_at=now
    )
    session.add(row)
    session.flush()
    return int(row.id)


def find(session: Session, upload_id: int) -> Shown | None:
    """One upload."""
    return next(iter(_shown(session, _select().where(Upload.id == upload_id))), None)


def recent(session: Session, limit: int = 20) -> list[Shown]:
    """The newest uploads that are still open: busy, or waiting for somebody to decide."""
    return _shown(session, _select().where(Upload.state.in_((*BUSY, *LYING))).order_by(Upload.id.desc()).limit(limit))


def move(session: Session, upload_id: int, before: Iterable[str], after: str, now: datetime, **values: Any) -> bool:
    """One step to another state. False when somebody else made a step first, or it is not in one of ``before``."""
    mine = update(Upload).where(Upload.id == upload_id, Upload.state.in_(tuple(before)))
    changed = mine.values(state=after, beat_at=now, **values).execution_options(synchronize_session=False)
    return bool(session.execute(changed).rowcount)


def beat(session: Session, upload_id: int, share: float, now: datetime) -> None:
    """The process that works on it lives, and is so far (0..1)."""
    mine = update(Upload).where(Upload.id == upload_id, Upload.state.in_(BUSY))
    session.execute(mine.values(progress=share, beat_at=now).execution_options(synchronize_session=False))


def notice_death(session: Session, upload_id: int, now: datetime) -> bool:
    """Mark an upload as failed whose process beats no more; nothing of it was written. True when it was so."""
    silent = Upload.id == upload_id, Upload.state.in_(BUSY), Upload.beat_at < now - SILENT
    marked = update(Upload).where(*silent).values(state=FAILED, outcome={"reason": word("data.refused.died")})
    return bool(session.execute(marked.execution_options(synchronize_session=False)).rowcount)


def told(outcome: Outcome) -> dict[str, Any]:
    """The findings of a dry run or an import as the row keeps them."""
    counts = {"added": outcome.counts.added, "changed": outcome.counts.changed, "unchanged": outcome.counts.unchanged}
    report = None if outcome.report is None else str(outcome.report)
    return {**counts, "bad_lines": outcome.bad_lines, "fault_count": outcome.fault_count, "report": report}


def old(connection: Session | Connection, before: datetime, folder: Path) -> int:
    """How many files `tidy` would delete."""
    undecided = connection.execute(select(func.count()).select_from(Upload).where(_overdue(before))).scalar_one()
    return int(undecided) + len(strays(folder, _known(connection)))


def tidy(database: Database, before: datetime, folder: Path) -> int:
    """Give up what has been lying undecided since then, and remove files whose upload ended when a process died; how many files went."""
    with database.read() as session:
        undecided = _shown(session, _select().where(_overdue(before)))
    count = 0
    for upload in undecided:
        mine = update(Upload).where(Upload.id == upload.id, _overdue(before)).values(state=GIVEN_UP, path=None)
        with database.write() as session:
            gone = bool(session.execute(mine.execution_options(synchronize_session=False)).rowcount)
        if gone:  # nobody decided meanwhile
            delete_files(upload.path)
            count += 1
    with database.read() as session:
        lost = strays(folder, _known(session))
    for place in lost:
        shutil.rmtree(place, ignore_errors=True)
    return count + len(lost)


def batches(session: Session, page: int, size: int = 20) -> tuple[list[tuple[ImportBatch, str | None]], bool]:
    """Imports, newest first, each with the name of who uploaded it (None: the command line); and whether more follow."""
    query = (
        select(ImportBatch, Staff.name).outerjoin(Upload, Upload.batch_id == ImportBatch.id).outerjoin(Staff, Staff.id == Upload.staff_id)
    )
    found = session.execute(query.order_by(ImportBatch.id.desc()).limit(size + 1).offset((page - 1) * size)).all()
    return [(batch, name) for batch, name in found[:size]], len(found) > size


def _overdue(before: datetime) -> ColumnElement:
    """Undecided since then. So is one whose process has been dead for as long, though nobody has opened its page to see that."""
    lying, dead = and_(Upload.state.in_(LYING), Upload.at < before), and_(Upload.state.in_(BUSY), Upload.beat_at < before)
    return or_(lying, dead)


def _known(connection: Session | Connection) -> set[Path]:
    """The places that rows tell of."""
    return {Path(path).parent for path in connection.execute(select(Upload.path).where(Upload.path.is_not(None))).scalars()}


def _select() -> Any:
    return select(Upload, Staff.name).join(Staff, Staff.id == Upload.staff_id)


def _shown(session: Session, query: Any) -> list[Shown]:
    return [_one(row, staff) for row, staff in session.execute(query)]


def _one(row: Upload, staff: str) -> Shown:
    path = None if row.path is None else Path(row.path)
    size = path.stat().st_size if path is not None and path.is_file() else 0
    return Shown(
        id=int(row.id),
        kind=row.kind,
        file_name=row.file_name,
        path=path,
        state=row.state,
        progress=row.progress,
        outcome=row.outcome or {},
        batch_id=row.batch_id,
        at=row.at,
        beat_at=row.beat_at,
        staff=staff,
        size=size,
    )
