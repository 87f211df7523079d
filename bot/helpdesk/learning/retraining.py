"""Trainings that the console asked for: one at a time, told by their row how far they are, dead when they fall silent."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from bot.db import Database, DatabaseFault, DatabaseNotReady, serialise
from bot.helpdesk.learning import lessons
from bot.helpdesk.models import Retraining, Staff
from bot.hours import audit

RUNNING, LIVE, WORSE, FAILED, ROLLED_BACK = "running", "live", "worse", "failed", "rolled_back"
TRAINING, EVALUATING, DONE = "training", "evaluating", "done"
SILENT = timedelta(minutes=15)
"""A training that has not beaten for so long is dead: longer than any import holds SQLite's lock, behind which nobody can beat."""
PATIENCE, PAUSE = 600.0, 2.0
"""Seconds for which a training tries again to write to the database, and between two tries."""
TYPICAL = timedelta(seconds=120)
"""How long one takes while none has been seen."""

T = TypeVar("T")

_row = Retraining.__table__.c


@dataclass(frozen=True)
class Run:
    """One training. ``figures`` and ``detail`` are as the training left them; ``by`` is the number of whoever asked for it."""

    id: int
    by: int
    started_at: datetime
    ended_at: datetime | None
    state: str
    step: str
    progress: float
    lessons: int
    model: str | None
    before: str | None
    figures: Mapping[str, Any]
    detail: str | None


def begin(database: Database, staff_id: int, actor: str, now: datetime) -> int | None:
    """The id of a new training; None while another runs."""
    with database.write() as session:
        serialise(session, "retraining")
        _bury(session, now)
        if session.execute(select(Retraining.id).where(Retraining.state == RUNNING)).first() is not None:
            return None
        count = lessons.count_pending(session)
        row = Retraining(staff_id=staff_id, started_at=now, beat_at=now, state=RUNNING, step=TRAINING, progress=0.0, lessons=count)
        session.add(row)
        session.flush()
        audit.note(session, now, actor, "retrain", detail=f"{row.id} lessons={count}")
        return int(row.id)


def beat(database: Database, run_id: int, step: str, progress: float, now: datetime) -> bool:
    """The training lives and is so far (0..1); False when it does not count as running any more."""
    return _change(database, run_id, step=step, progress=min(1.0, max(0.0, progress)), beat_at=now)


def end(database: Database, run_id: int, state: str, now: datetime, **facts: Any) -> bool:
    """It ended as ``state``, with its model, the one before, figures and detail. False when it did not count as running any more."""
    return _change(database, run_id, state=state, step=DONE, progress=1.0, ended_at=now, beat_at=now, **facts)


def withdraw(database: Database, run_id: int, was: str, state: str, actor: str, now: datetime, detail: str) -> bool:
    """The model did not become current after all: what ``was`` noted beforehand is ``state``. False when it was noted no more."""
    with database.write() as session:
        done = _changed(session, run_id, was, state=state, detail=detail)
        if done:
            audit.note(session, now, actor, "model-unmoved", detail=f"{run_id} {was}")
        return done


def gone(database: Database, run_id: int, clock: Callable[[], datetime]) -> None:
    """The training's process has ended: if it did not say how, it failed."""
    with suppress(DatabaseFault):  # its silence will tell
        patiently(lambda: end(database, run_id, FAILED, clock()))


def patiently(write: Callable[[], T], seconds: float = PATIENCE) -> T:
    """Do it as soon as the database can be written to. DatabaseFault after so long."""
    until = time.monotonic() + seconds
    while True:
        try:
            return write()
        except DatabaseNotReady:
            raise
        except DatabaseFault:
            if time.monotonic() > until:
                raise
        time.sleep(PAUSE)


def roll_back(session: Session, run_id: int, actor: str, now: datetime) -> bool:
    """Note that the model before is current again; False unless the training's model was live. The caller commits."""
    done = _changed(session, run_id, LIVE, state=ROLLED_BACK)
    if done:
        audit.note(session, now, actor, "model-back", detail=f"{run_id}")
    return done


def newest(session: Session, count: int = 10) -> list[Run]:
    """The last trainings, newest first."""
    rows = session.execute(
        select(Retraining, Staff.number).join(Staff, Staff.id == Retraining.staff_id).order_by(Retraining.id.desc()).limit(count)
    ).all()
    return [_run(row.Retraining, row.number) for row in rows]


def get(session: Session, run_id: int) -> Run:
    """The training of that id. LookupError."""
    query = select(Retraining, Staff.number).join(Staff, Staff.id == Retraining.staff_id).where(Retraining.id == run_id)
    row = session.execute(query).one_or_none()
    if row is None:
        raise LookupError(run_id)
    return _run(row.Retraining, row.number)


def bury(database: Database, now: datetime) -> None:
    """Let trainings whose process has died count as failed. Writes only when there is one, and not while others hold the lock."""
    with database.read() as session:
        dead = session.execute(select(Retraining.id).where(_dead(now))).first()
    if dead is not None:
        with suppress(DatabaseFault), database.write() as session:
            _bury(session, now)


def usual_seconds(session: Session) -> float:
    """How long the last training that came to its end took."""
    ended = Retraining.state.in_((LIVE, WORSE, ROLLED_BACK)), Retraining.ended_at.is_not(None)
    row = session.execute(select(_row.started_at, _row.ended_at).where(*ended).order_by(_row.id.desc()).limit(1)).first()
    took = (row.ended_at - row.started_at).total_seconds() if row else 0.0
    return took if took > 0 else TYPICAL.total_seconds()


def _dead(now: datetime) -> Any:
    """Silent too long. With BOT_TODAY the clock jumps back at midnight: a beat far ahead is an old one."""
    return (Retraining.state == RUNNING) & or_(Retraining.beat_at < now - SILENT, Retraining.beat_at > now + SILENT)


def _bury(session: Session, now: datetime) -> None:
    session.execute(
        update(Retraining)
        .where(_dead(now))
        .values(state=FAILED, step=DONE, ended_at=now, detail=None)
        .execution_options(synchronize_session=False)
    )


def _change(database: Database, run_id: int, **values: Any) -> bool:
    with database.write() as session:
        return _changed(session, run_id, RUNNING, **values)


def _changed(session: Session, run_id: int, was: str, **values: Any) -> bool:
    stands = Retraining.id == run_id, Retraining.state == was
    changed = session.execute(update(Retraining).where(*stands).values(**values).execution_options(synchronize_session=False))
    return bool(changed.rowcount == 1)


def _run(row: Any, number: int) -> Run:
    facts = {name: getattr(row, name) for name in Run.__dataclass_fields__ if name not in ("by", "figures")}
    return Run(by=number, figures=row.figures or {}, **facts)
