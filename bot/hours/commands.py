"""The commands on the hours database. They import no Rasa and little else before they run: ``status`` answers in about a second."""

import csv
import functools
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from bot.messages import message

if TYPE_CHECKING:
    from bot.db import Database
    from bot.hours.importer import Advance, Outcome
    from bot.settings import Settings

BIG_FILE = 2 << 20  # bytes from which an import shows its progress

Command = TypeVar("Command", bound=Callable[..., Any])
app = typer.Typer(pretty_exceptions_enable=False, no_args_is_help=True, add_completion=False)


class FileKind(str, Enum):
    """The three files of the hours database."""

    people = "people"
    hours = "hours"
    credits = "credits"


def fail(sentence: str) -> typer.Exit:
    """Say one line on stderr; raise what this returns."""
    typer.echo(" ".join(sentence.split()), err=True)
    return typer.Exit(1)


def plain_errors(command: Command) -> Command:
    """What can go wrong outside the program ends as one Chinese line and exit status 1; a mistake of ours keeps its traceback."""

    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        from sqlalchemy.exc import IntegrityError

        from bot.db import DatabaseFault
        from bot.hours.sheet import FileRefusedError
        from bot.hours.undo import UndoRefusedError
        from bot.settings import SettingsError
        from policies.notice import NoticeError

        try:
            return command(*args, **kwargs)
        except (SettingsError, DatabaseFault, FileRefusedError, UndoRefusedError, NoticeError) as error:
            raise fail(str(error)) from None
        except IntegrityError:
            raise fail(message("hours.import.clash")) from None
        except BrokenPipeError:  # `| head` closed the pipe; nothing more may be written at exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(1) from None
        except OSError as error:
            raise fail(message("hours.failed", why=error.strerror or error)) from None

    return wrapped  # type: ignore[return-value]


@contextmanager
def opened() -> Iterator["tuple[Settings, Database]"]:
    """Settings and database for one command."""
    from bot import settings
    from bot.db import open_database

    current = settings.load()
    database = open_database(current)
    try:
        yield current, database
    finally:
        database.dispose()


@app.command("init-db")
@plain_errors
def init_db() -> None:
    """Create the database or bring it to this program's version."""
    from bot import schema

    with opened() as (_, database):
        changed = schema.upgrade(database)
    typer.echo(message("hours.init.done" if changed else "hours.init.current"))


@app.command("import")
@plain_errors
def import_command(
    kind: Annotated[FileKind, typer.Argument(help="people, hours or credits")],
    file: Annotated[Path, typer.Argument(help="CSV (UTF-8, GBK) or .xlsx")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="check and count, write nothing")] = False,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="import the good lines, leave the bad ones out")] = False,
) -> None:
    """Import a file: everything, or nothing when a line is bad."""
    from bot.hours.importer import import_file

    with opened() as (settings, database), _progress(file) as advance:
        outcome = import_file(
            database, kind.value, file, settings.now(), dry_run=dry_run, skip_bad=skip_bad, report_folder=settings.folder, advance=advance
        )
    _tell(outcome, dry_run, skip_bad)


def _tell(outcome: "Outcome", dry_run: bool, skip_bad: bool) -> None:
    for fault in outcome.faults:
        typer.echo(message("hours.import.fault", line=fault.line, column=fault.column, value=fault.value, reason=fault.reason), err=True)
    if outcome.fault_count > len(outcome.faults):
        typer.echo(message("hours.import.more", shown=len(outcome.faults)), err=True)
    if outcome.report is not None:
        typer.echo(message("hours.import.report", path=outcome.report), err=True)
    counts = {"added": outcome.counts.added, "changed": outcome.counts.changed, "unchanged": outcome.counts.unchanged}
    kind = message(f"hours.kind.{outcome.kind}")
    if dry_run:
        typer.echo(message("hours.import.dry_run", kind=kind, **counts))
    if outcome.applied:
        typer.echo(message("hours.import.done", kind=kind, batch=outcome.batch_id, **counts))
    if outcome.bad_lines and skip_bad:
        typer.echo(message("hours.import.skipped", bad=outcome.bad_lines))
    elif outcome.bad_lines:
        raise fail(message("hours.import.bad" if dry_run else "hours.import.refused", bad=outcome.bad_lines))


@contextmanager
def _progress(file: Path) -> "Iterator[Advance]":
    """A progress bar on stderr for a large file, where stderr is a terminal."""
    if not file.is_file() or file.stat().st_size < BIG_FILE or not sys.stderr.isatty():
        yield lambda stage, share: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as bars:
        tasks: dict[str, Any] = {}

        def advance(stage: str, share: float) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(message(f"hours.import.{stage}"), total=1.0)
            bars.update(tasks[stage], completed=share)

        yield advance


@app.command("undo-import")
@plain_errors
def undo_import(batch: Annotated[int, typer.Argument(help="the number the import printed")]) -> None:
    """Take an import back: its new rows go, changed rows get their previous values."""
    from bot.hours.undo import undo

    with opened() as (settings, database):
        undone = undo(database, batch, settings.now())
    kind = message(f"hours.kind.{undone.kind}")
    typer.echo(message("hours.undo.done", batch=batch, kind=kind, removed=undone.removed, restored=undone.restored))


@app.command("codes")
@plain_errors
def codes(
    id_number: Annotated[str | None, typer.Option("--id-number", help="one person")] = None,
    unit: Annotated[str | None, typer.Option("--unit", help="everyone of a unit")] = None,
    everyone: Annotated[bool, typer.Option("--all", help="everyone")] = False,
) -> None:
    """Issue bind codes and print them as CSV; each person's unused codes are revoked."""
    from sqlalchemy import select

    from bot.hours import identity, service, vocabulary
    from bot.hours.models import Person
    from bot.hours.report import inert
    from bot.settings import ZONE

    if [id_number is not None, unit is not None, everyone].count(True) != 1:
        raise fail(message("hours.codes.choose"))
    with opened() as (settings, database):
        secret = settings.secret_key()
        with database.write() as session:
            if id_number is not None:
                try:
                    people = [service.find_person(session, id_number)]
                except service.UnknownPersonError as unknown:
                    raise fail(message("hours.status.unknown", id_number=unknown)) from None
            else:
                query = select(Person).order_by(Person.id)
                query = query if unit is None else query.where(Person.unit == unit.strip())
                people = session.execute(query).scalars().all()
                if not people:
                    raise fail(message("hours.codes.nobody" if unit is None else "hours.codes.nobody_in_unit", unit=unit))
            issued = identity.issue_codes(session, secret, people, settings.now())
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(vocabulary.words()["codes"])
    for one in issued:
        writer.writerow([inert(one.id_number), inert(one.name), one.code, one.expires.astimezone(ZONE).date().isoformat()])


@app.command("status")
@plain_errors
def status(
    id_number: Annotated[str | None, typer.Option("--id-number", help="one person")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON document")] = False,
    everyone: Annotated[bool, typer.Option("--all", help="everyone; needs --jsonl")] = False,
    as_lines: Annotated[bool, typer.Option("--jsonl", help="one JSON document a line")] = False,
) -> None:
    """Show a person's year and title applications, or print everyone's as JSON lines."""
    from bot.hours import service
    from policies.notice import load_notices

    if (id_number is None) != everyone or everyone != as_lines or (everyone and as_json):
        raise fail(message("hours.status.choose"))
    with opened() as (settings, database), database.read() as session:
        notices, today = load_notices(), settings.current_date()
        if id_number is None:
            for document in service.all_status_json(session, notices, today):
                sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
            return
        try:
            if as_json:
                print(json.dumps(service.status_json(session, notices, id_number, today), ensure_ascii=False, indent=1))
                return
            person = service.find_person(session, id_number)
        except service.UnknownPersonError as unknown:
            raise fail(message("hours.status.unknown", id_number=unknown)) from None
        from rich.console import Console

        from bot.hours import board
        from policies.model import Level

        year = service.year_of(session, notices, person.id, None, today)
        titles = [service.title_of(session, notices, person.id, level, today) for level in Level]
        Console().print(board.page(person, year, titles, today))
