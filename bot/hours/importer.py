"""Import a people, hours or credits file: check all of it, then write all of it or nothing, and remember how to undo it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path

from sqlalchemy.orm import Session

from bot.db import Database, serialise
from bot.hours import audit, documents, upsert, vocabulary
from bot.hours.models import ImportBatch
from bot.hours.report import Report
from bot.hours.rows import Fault, Parsed, parse
from bot.hours.sheet import FileRefusedError, Line, read
from bot.hours.staging import CHUNK, Staging
from bot.messages import message

KINDS = ("people", "hours", "credits")
KEY_FIELDS = {"people": ("id_number",), "hours": ("record_id",), "credits": ("id_number", "kind", "start")}
Advance = Callable[[str, float], None]
Within = Callable[[Session, "Outcome"], None]


@dataclass
class Outcome:
    """What an import did, or with ``applied`` False would have done or was kept from doing by ``bad_lines``."""

    kind: str
    counts: upsert.Counts
    applied: bool = False
    batch_id: int | None = None
    bad_lines: int = 0
    fault_count: int = 0  # a line may hold several
    faults: list[Fault] = field(default_factory=list)  # the first few
    report: Path | None = None  # all of them


def import_file(
    database: Database,
    kind: str,
    path: Path,
    now: datetime,
    *,
    dry_run: bool = False,
    skip_bad: bool = False,
    report_folder: Path | None = None,
    advance: Advance = lambda stage, share: None,
    actor: str = audit.COMMAND_LINE,
    within: Within = lambda session, outcome: None,
) -> Outcome:
    """Import ``path``. Bad lines keep everything out unless ``skip_bad``; ``advance`` hears "check"/"write" and the share done.

    ``actor`` stands in the audit trail. ``within`` is called at the end of the writing transaction: what it writes comes to be
    with the import or not at all, and what it raises takes the import back.
    FileRefusedError for a file that cannot be taken at all, DatabaseFault for a database that cannot serve.
    """
    staging, report = Staging(), Report(report_folder or Path.cwd(), kind, now)
    try:
        with database.read() as session:
            for chunk in _chunks(read(path, vocabulary.headings(kind), lambda share: advance("check", share))):
                _check(session, kind, chunk, staging, report)
        outcome = Outcome(kind, upsert.Counts())
        outcome.bad_lines, outcome.fault_count = report.bad_lines, report.fault_count
        outcome.faults, outcome.report = report.first, report.path
        if report.bad_lines and not skip_bad and not dry_run:
            return outcome
        if dry_run:
            _compare(database, kind, staging, outcome)
        else:
            _write(database, path.name, now, staging, outcome, advance, actor, within)
        return outcome
    finally:
        staging.close()
        report.close()


def _check(session: Session, kind: str, lines: list[Line], staging: Staging, report: Report) -> None:
    parsed = [parse(kind, line) for line in lines]
    if kind != "people":
        numbers = {row.values["id_number"] for row in parsed if not row.faults}
        unknown = numbers - upsert.person_ids(session.connection(), numbers).keys()
        for row in parsed:
            if not row.faults and row.values["id_number"] in unknown:
                heading = vocabulary.headings(kind)["id_number"]
                shown = documents.mask(row.values["id_number"])
                row.faults.append(Fault(row.line, heading, shown, message("hours.reason.unknown_person")))
    key_column = "、".join(vocabulary.headings(kind)[name] for name in KEY_FIELDS[kind])
    doubled = staging.add([row for row in parsed if not row.faults], key_column)
    for row in parsed:
        if faults := row.faults or _fault_list(doubled, row):
            report.note(faults)


def _fault_list(doubled: dict[int, Fault], row: Parsed) -> list[Fault]:
    return [doubled[row.line]] if row.line in doubled else []


def _compare(database: Database, kind: str, staging: Staging, outcome: Outcome) -> None:
    counts = outcome.counts
    with database.read() as session:
        for staged in staging.chunks():
            rows = upsert.table_rows(session.connection(), kind, staged)
            new, changed, unchanged = upsert.sort_out(session.connection(), kind, rows)
            counts.added += len(new)
            counts.changed += len(changed)
            counts.unchanged += unchanged


def _write(
    database: Database, name: str, now: datetime, staging: Staging, outcome: Outcome, advance: Advance, actor: str, within: Within
) -> None:
    kind, counts, total, done = outcome.kind, outcome.counts, max(staging.count(), 1), 0
    with database.write() as session:
        serialise(session, "import")
        batch = ImportBatch(kind=kind, file_name=name[-256:], imported_at=now, added=0, changed=0, unchanged=0, skipped=outcome.bad_lines)
        session.add(batch)
        session.flush()
        connection = session.connection()
        above = upsert.last_id(connection, kind)
        for staged in staging.chunks():
            try:
                rows = upsert.table_rows(connection, kind, staged)
            except KeyError:  # an undo removed the person while the file was being checked
                raise FileRefusedError(message("hours.file.people_changed")) from None
            upsert.apply(connection, kind, batch.id, rows, counts)
            done += len(staged)
            advance("write", done / total)
        upsert.note_added(connection, kind, batch.id, above)
        batch.added, batch.changed, batch.unchanged = counts.added, counts.changed, counts.unchanged
        audit.note(session, now, actor, "import", detail=f"batch {batch.id} {kind} +{counts.added} ~{counts.changed}")
        outcome.batch_id = batch.id
        within(session, outcome)
    outcome.applied = True


def _chunks(lines: Iterator[Line]) -> Iterator[list[Line]]:
    while chunk := list(islice(lines, CHUNK)):
        yield chunk
