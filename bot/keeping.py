"""`python -m bot purge`, `transcript`, `missed` and `undelivered`: how long what was said is kept, and reading it while it is."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Annotated

import typer

from bot.hours.commands import plain_errors
from bot.messages import message
from bot.settings import Settings

DEFAULT_DAYS = {"journal": 180, "conversations": 90, "outbox": 180, "missed": 365, "tickets": 365, "calls": 1095, "audit": 1095}
"""Ages in days: messages and answers for half a year of questions back, dialogues for a season, sentences to learn from and
tickets for a year, calls and the audit trail for three years."""

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)
Days = Annotated[int, typer.Option(min=1, max=36500)]


@app.command()
@plain_errors
def purge(
    journal: Days = DEFAULT_DAYS["journal"],
    conversations: Days = DEFAULT_DAYS["conversations"],
    outbox: Days = DEFAULT_DAYS["outbox"],
    missed: Days = DEFAULT_DAYS["missed"],
    tickets: Days = DEFAULT_DAYS["tickets"],
    calls: Days = DEFAULT_DAYS["calls"],
    audit: Days = DEFAULT_DAYS["audit"],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only count")] = False,
) -> None:
    """Delete what is older than so many days; each table has its own age. Uploads and sampled words have one that nobody chooses."""
    from bot import settings
    from bot.db import open_database
    from bot.helpdesk.records import uploads
    from bot.helpdesk.sampling import WORDS_KEPT
    from bot.hours import audit as trail

    current = settings.load()
    database = open_database(current)
    now = current.now()
    counts = {}
    ages = {"journal": journal, "conversations": conversations, "outbox": outbox, "missed": missed}
    ages |= {"tickets": tickets, "calls": calls, "audit": audit, "uploads": uploads.KEPT.days, "sampled": WORDS_KEPT.days}
    for what, days in ages.items():
        before = now - timedelta(days=days)
        count, delete = _of(what, current)
        if dry_run:
            with database.look() as connection:
                counts[what] = count(connection, before)
        else:
            counts[what] = delete(database, before)
        done = "keeping.would_purge" if dry_run else "keeping.purged"
        typer.echo(message(done, what=message(f"keeping.{what}"), days=days, count=counts[what]))
    if not dry_run:
        with database.write() as session:
            trail.note(session, now, "cli", "purge", detail=" ".join(f"{what}={count}" for what, count in counts.items()))


def _of(what: str, current: Settings) -> tuple[Callable[..., int], Callable[..., int]]:
    """Counting, with a connection, and deleting, with the database, what is older than a moment."""
    from bot.helpdesk import retention as of_desk
    from bot.helpdesk import sampling
    from bot.helpdesk.records import uploadfiles, uploads
    from bot.hours import audit as trail
    from bot.inbox import retention

    if what == "audit":
        return trail.old, trail.purge
    if what == "sampled":
        return sampling.old, sampling.purge
    if what == "uploads":
        folder = uploadfiles.place_of(current)
        return partial(uploads.old, folder=folder), partial(uploads.tidy, folder=folder)
    where = of_desk if what in of_desk.KINDS else retention
    return partial(where.old, what), partial(where.purge, what)


@app.command()
@plain_errors
def transcript(sender: Annotated[str, typer.Argument(help="sender id with its channel, for example web:…")]) -> None:
    """Print what was said in one chat. Reading it is noted in the audit trail."""
    from bot import settings
    from bot.db import open_database
    from bot.hours import audit as trail
    from bot.hours.identity import bound_person
    from bot.inbox.transcript import transcript as lines_of

    current = settings.load()
    database = open_database(current)
    with database.look() as connection:
        lines = list(lines_of(connection, sender))
    with database.write() as session:
        person = bound_person(session, sender)
        trail.note(session, current.now(), "cli", "transcript", person.id if person else None, f"{sender} {len(lines)}")
    if not lines:
        typer.echo(message("keeping.nothing_said"))
    for line in lines:
        typer.echo(message(f"keeping.{line.who}", at=f"{line.at:%Y-%m-%d %H:%M:%S}", text=line.text))
        for button in line.buttons:
            typer.echo(f"    [{button}]")


@app.command()
@plain_errors
def missed(
    days: Annotated[int, typer.Option(min=1, max=36500, help="how far back")] = 30,
    limit: Annotated[int, typer.Option(min=1, help="at most so many, the newest")] = 200,
) -> None:
    """Print the sentences that were not answered well: not understood, out of scope, 都不是, 没用."""
    from bot import settings
    from bot.db import open_database
    from bot.inbox.missed import since

    current = settings.load()
    with open_database(current).look() as connection:
        sentences = since(connection, current.now() - timedelta(days=days), limit)
    for sentence in sentences:
        reason = message(f"keeping.reasons.{sentence.reason}")
        typer.echo(message("keeping.missed_line", at=f"{sentence.at:%Y-%m-%d %H:%M}", reason=reason, text=sentence.text))
    typer.echo(message("keeping.missed_count", days=days, count=len(sentences)))


@app.command()
@plain_errors
def undelivered(
    days: Annotated[int, typer.Option(min=1, max=36500, help="how far back")] = 7,
    limit: Annotated[int, typer.Option(min=1, help="at most so many, the oldest")] = 200,
) -> None:
    """Print which messages have not reached people and why, without their words."""
    from bot import settings
    from bot.db import open_database
    from bot.inbox.undelivered import since

    current = settings.load()
    now = current.now()
    with open_database(current).look() as connection:
        found = list(since(connection, now - timedelta(days=days), now, limit))
    for one in found:
        facts = {"number": one.id, "sender": one.sender_id, "attempts": one.attempts, "left": one.may_push}
        state = message(f"keeping.outgoing.{one.state}")
        typer.echo(message("keeping.undelivered_line", at=f"{one.at:%Y-%m-%d %H:%M}", state=state, reason=_reason(one.reason), **facts))
    typer.echo(message("keeping.undelivered_count", days=days, count=len(found)))


def _reason(word: str | None) -> str:
    """A channel's word in Chinese; as it is where it is the platform's own."""
    try:
        return message(f"keeping.why.{word}") if word else "-"
    except KeyError:
        return word or "-"
