"""Take an import back: added rows go, changed rows get their previous values, unless something later rests on them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from bot.db import Database, serialise
from bot.hours import audit, upsert
from bot.hours.models import BatchRow, BindCode, ChatIdentity, Credit, HourRecord, ImportBatch
from bot.hours.staging import CHUNK
from bot.messages import message


class UndoRefusedError(Exception):
    """The batch cannot be taken back; the text is one Chinese sentence that says what to do first."""


@dataclass(frozen=True)
class Undone:
    """Rows removed and rows put back."""

    kind: str
    removed: int
    restored: int


def undo(database: Database, batch_id: int, now: datetime, actor: str = audit.COMMAND_LINE) -> Undone:
    """Take batch ``batch_id`` back in one transaction. UndoRefusedError when it is unknown, undone, or later data rest on it.

    ``actor`` stands in the audit trail.
    """
    try:
        with database.write() as session:
            serialise(session, "import")
            batch = session.get(ImportBatch, batch_id)
            if batch is None:
                raise UndoRefusedError(message("hours.undo.unknown", batch=batch_id))
            if batch.undone_at is not None:
                raise UndoRefusedError(message("hours.undo.twice", batch=batch_id))
            _refuse_later(session, batch)
            if batch.kind == "people":
                _release_people(session, batch_id)
            restored = _restore(session.connection(), batch.kind, batch_id)
            table = upsert.TABLES[batch.kind]
            removed = session.execute(delete(table).where(table.c.id.in_(_added(batch_id)))).rowcount
            batch.undone_at = now
            audit.note(session, now, actor, "undo-import", detail=f"batch {batch_id} {batch.kind} -{removed} ~{restored}")
            return Undone(batch.kind, removed, restored)
    except IntegrityError:  # a restored row belongs to a person whose own import was undone, or something else refers to a removed one
        raise UndoRefusedError(message("hours.undo.referenced", batch=batch_id)) from None


def _added(batch_id: int):
    return select(BatchRow.row_id).where(BatchRow.batch_id == batch_id, BatchRow.previous.is_(None))


def _refuse_later(session: Session, batch: ImportBatch) -> None:
    mine, later = aliased(BatchRow), aliased(BatchRow)
    touched = (
        select(later.batch_id, later.row_id)
        .join(mine, mine.row_id == later.row_id)
        .join(ImportBatch, ImportBatch.id == later.batch_id)
        .where(mine.batch_id == batch.id, later.batch_id > batch.id, ImportBatch.kind == batch.kind, ImportBatch.undone_at.is_(None))
        .subquery()
    )
    found = session.execute(select(touched.c.batch_id).distinct().order_by(touched.c.batch_id.desc())).scalars().all()
    if found:
        rows = session.execute(select(func.count(touched.c.row_id.distinct()))).scalar_one()
        raise UndoRefusedError(message("hours.undo.later", batch=batch.id, rows=rows, batches="、".join(map(str, found))))


def _release_people(session: Session, batch_id: int) -> None:
    """People with hours or credits stay; bindings and codes of those who go, go with them."""
    for table in (HourRecord, Credit):
        count = session.execute(select(func.count()).select_from(table).where(table.person_id.in_(_added(batch_id)))).scalar_one()
        if count:
            raise UndoRefusedError(message("hours.undo.people_in_use", batch=batch_id, rows=count))
    for table in (ChatIdentity, BindCode):
        session.execute(delete(table).where(table.person_id.in_(_added(batch_id))).execution_options(synchronize_session=False))


def _restore(connection: Connection, kind: str, batch_id: int) -> int:
    count, last = 0, 0
    notes = BatchRow.__table__
    page = select(notes.c.row_id, notes.c.previous).where(notes.c.batch_id == batch_id, notes.c.previous.is_not(None))
    while rows := connection.execute(page.where(notes.c.row_id > last).order_by(notes.c.row_id).limit(CHUNK)).all():
        upsert.overwrite(connection, kind, [(ident, upsert.unpack(previous)) for ident, previous in rows])
        count, last = count + len(rows), rows[-1][0]
    return count
