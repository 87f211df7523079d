"""Checking, importing and undoing in the background: one thread each, its progress in this process's memory.

A large import on SQLite holds the write lock, so its progress cannot go through the database; the check's does, for other processes.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.db import Database, DatabaseFault
from bot.helpdesk.records import uploadfiles, uploads
from bot.helpdesk.words import word
from bot.hours.importer import Outcome, import_file
from bot.hours.sheet import FileRefusedError
from bot.hours.undo import Undone, UndoRefusedError, undo
from bot.messages import message

BEAT = 2.0  # seconds between two signs of life

logger = logging.getLogger(__name__)


@dataclass
class Undoing:
    """A batch that is being taken back, and how it ended: ``undone`` or ``refused`` (one Chinese sentence)."""

    undone: Undone | None = None
    refused: str | None = None

    @property
    def done(self) -> bool:
        return self.undone is not None or self.refused is not None


class Overtaken(Exception):  # noqa: N818
    """Somebody gave the upload up, or it was taken for dead, before its import could be finished: nothing is written."""


class Workshop:
    """What works in the background of this process. ``clock`` gives the zone-aware present."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database, self._clock = database, clock
        self._lock = threading.Lock()
        self._turn = threading.Lock()  # writing takes turns: on SQLite a second writer would not wait long enough
        self._shares: dict[int, tuple[str, float]] = {}
        self._undoings: dict[int, Undoing] = {}
        self._beaten: dict[int, float] = {}

    @property
    def holds_others_up(self) -> bool:
        """Whether nobody else can write while an import is being written."""
        return self._database.file is not None

    def progress(self, upload_id: int) -> tuple[str, float] | None:
        """Stage ("check", "wait", "write") and share done of what this process works on; None for what it does not."""
        with self._lock:
            return self._shares.get(upload_id)

    def undoing(self, batch_id: int) -> Undoing | None:
        """The undoing of a batch that this process has begun, also when it has ended."""
        with self._lock:
            return self._undoings.get(batch_id)

    def check(self, upload_id: int) -> threading.Thread:
        """Begin the dry run of an upload in state checking."""
        return self._begin(upload_id, self._check, upload_id)

    def import_now(self, upload_id: int, skip_bad: bool, actor: str) -> threading.Thread:
        """Begin the import of an upload in state importing; its batch and its state are written in one transaction."""
        return self._begin(upload_id, self._import, upload_id, skip_bad, actor)

    def undo(self, batch_id: int, actor: str) -> Undoing:
        """Begin to take a batch back; one that is being taken back already goes on."""
        with self._lock:
            running = self._undoings.get(batch_id)
            if running is not None and not running.done:
                return running
            self._undoings[batch_id] = fresh = Undoing()
        threading.Thread(target=self._undo, args=(batch_id, actor, fresh), daemon=True).start()
        return fresh

    def look(self, upload_id: int) -> uploads.Shown | None:
        """An upload as it stands; one whose process has died is marked as failed first."""
        with self._database.read() as session:
            found = uploads.find(session, upload_id)
        if found is None or not found.busy or self.progress(upload_id) is not None:
            return found
        now = self._clock()
        if found.beat_at is not None and found.beat_at < now - uploads.SILENT:
            with suppress(DatabaseFault), self._database.write() as session:  # locked: whoever imports is alive
                uploads.notice_death(session, upload_id, now)
        with self._database.read() as session:
            return uploads.find(session, upload_id)

    def _begin(self, upload_id: int, work: Callable[..., None], *arguments: Any) -> threading.Thread:
        with self._lock:
            self._shares[upload_id] = "check", 0.0
        thread = threading.Thread(target=self._guarded, args=(upload_id, work, arguments), daemon=True)
        thread.start()
        return thread

    def _guarded(self, upload_id: int, work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        """Whatever happens, the upload's row says so and nothing is half written."""
        try:
            work(*arguments)
        except Overtaken:
            logger.warning("upload %s was given up while it was being imported", upload_id)
        except FileRefusedError as refused:
            self._end(upload_id, uploads.REFUSED, {"reason": str(refused)})
        except IntegrityError:
            self._end(upload_id, uploads.FAILED, {"reason": message("hours.import.clash")})
        except DatabaseFault as fault:
            self._end(upload_id, uploads.FAILED, {"reason": str(fault)})
        except Exception as error:
            logger.error("upload %s could not be worked on: %s", upload_id, type(error).__name__)  # its text may hold a row
            self._end(upload_id, uploads.FAILED, {"reason": word("data.refused.mistake")})
        finally:
            with self._lock:
                self._shares.pop(upload_id, None)
                self._beaten.pop(upload_id, None)

    def _end(self, upload_id: int, state: str, outcome: dict[str, Any]) -> None:
        with suppress(DatabaseFault), self._database.write() as session:
            uploads.move(session, upload_id, uploads.BUSY, state, self._clock(), outcome=outcome)

    def _check(self, upload_id: int) -> None:
        upload = self._upload(upload_id)
        for stale in set(upload.path.parent.glob("import-errors-*.csv")) - {upload.path}:
            stale.unlink()
        outcome = import_file(
            self._database, upload.kind, upload.path, self._clock(), dry_run=True, report_folder=upload.path.parent,
            advance=self._advance(upload_id),
        )  # fmt: skip
        with self._database.write() as session:
            there = uploads.move(
                session, upload_id, [uploads.CHECKING], uploads.CHECKED, self._clock(), progress=1.0, outcome=uploads.told(outcome)
            )
        if not there:  # given up meanwhile
            uploadfiles.delete_files(upload.path)
            if outcome.report is not None:
                outcome.report.unlink(missing_ok=True)

    def _import(self, upload_id: int, skip_bad: bool, actor: str) -> None:
        upload = self._upload(upload_id)

        def within(session: Session, outcome: Outcome) -> None:
            values = {"progress": 1.0, "outcome": uploads.told(outcome), "batch_id": outcome.batch_id, "path": None}
            if not uploads.move(session, upload_id, [uploads.IMPORTING], uploads.IMPORTED, self._clock(), **values):
                raise Overtaken

        with self._turn_of(upload_id) as advance:
            outcome = import_file(
                self._database, upload.kind, upload.path, self._clock(), skip_bad=skip_bad, report_folder=upload.path.parent,
                advance=advance, actor=actor, within=within,
            )  # fmt: skip
        if outcome.applied:
            uploadfiles.delete_files(upload.path)
        else:  # the data have changed since the dry run: lines that were good are bad now
            self._end(upload_id, uploads.CHECKED, uploads.told(outcome))

    def _upload(self, upload_id: int) -> Any:
        with self._database.read() as session:
            found = uploads.find(session, upload_id)
        if found is None or found.path is None:
            raise Overtaken
        return found

    @contextmanager
    def _turn_of(self, upload_id: int) -> Iterator[Callable[[str, float], None]]:
        """Wait for the turn to write, heard as stage "wait"."""
        advance = self._advance(upload_id)
        while not self._turn.acquire(timeout=BEAT):
            advance("wait", 0.0)
        try:
            yield advance
        finally:
            self._turn.release()

    def _advance(self, upload_id: int) -> Callable[[str, float], None]:
        def advance(stage: str, share: float) -> None:
            with self._lock:
                self._shares[upload_id] = stage, share
            beats = stage == "check" or self._database.file is None  # on SQLite whoever writes, or waits for a writer, cannot
            if beats and time.monotonic() - self._beaten.get(upload_id, 0.0) >= BEAT:
                self._beaten[upload_id] = time.monotonic()
                with suppress(DatabaseFault), self._database.write() as session:
                    uploads.beat(session, upload_id, share, self._clock())

        return advance

    def _undo(self, batch_id: int, actor: str, running: Undoing) -> None:
        try:
            with self._turn:
                running.undone = undo(self._database, batch_id, self._clock(), actor)
        except (UndoRefusedError, DatabaseFault) as refused:
            running.refused = str(refused)
        except Exception as error:
            logger.error("batch %s could not be undone: %s", batch_id, type(error).__name__)
            running.refused = word("data.refused.mistake")
