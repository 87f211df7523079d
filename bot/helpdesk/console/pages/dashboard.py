"""看板: the figures of a period, the rows behind each, and both as CSV."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from bot.db import DatabaseFault
from bot.helpdesk.console.access import Worker
from bot.helpdesk.console.desk import AtDesk, Desk
from bot.helpdesk.console.rendering import render
from bot.helpdesk.dashboard import figures
from bot.helpdesk.dashboard.csvfile import as_csv
from bot.helpdesk.dashboard.figureline import PAGE, Paged, Which
from bot.helpdesk.dashboard.figurelists import FIGURES, listed
from bot.helpdesk.dashboard.figuresummary import summary
from bot.helpdesk.dashboard.figuretables import Cell, Label, Table, tables
from bot.helpdesk.dashboard.figurewords import channel as channel_word
from bot.helpdesk.dashboard.inflowdays import days_of
from bot.helpdesk.dashboard.linetable import line_table, title
from bot.helpdesk.lookup.around import note_look, said_around
from bot.helpdesk.office import office_hours
from bot.helpdesk.period import LONGEST, SPANS, USUAL, Period, between, latest
from bot.helpdesk.questions import title_or
from bot.helpdesk.words import word
from bot.inbox.models import Journal

router = APIRouter(prefix="/dashboard")

CHANNELS = ("web", "wx", "tg", "tgg", "rest", "telephone")
MOST_EXPORTED = 5000  # rows of a list in one CSV file
MOST_ROWS = 10_000_000  # no list is longer: what is asked for beyond is a mistyped address


@dataclass(frozen=True)
class Asked:
    """The period and channel of an address; ``fault``: what was wrong with the dates, when the usual period is shown in their place."""

    period: Period
    channel: str | None
    span: int | None
    fault: str | None

    def address(self, path: str = "", **more: Any) -> str:
        """The address of another page on the same period and channel."""
        given = {"from": self.period.first, "to": self.period.last, "channel": self.channel, **more}
        return f"/dashboard{path}?{urlencode({key: value for key, value in given.items() if value is not None})}"


def asked(
    desk: AtDesk,
    days: Annotated[int | None, Query(ge=1, le=LONGEST)] = None,
    first: Annotated[str, Query(alias="from", max_length=10)] = "",
    last: Annotated[str, Query(alias="to", max_length=10)] = "",
    channel: Annotated[str, Query(max_length=20)] = "",
) -> Asked:
    """Two dates come before a number of days."""
    usual = latest(days or USUAL, desk.today)
    if not first and not last:
        return Asked(usual, channel or None, usual.length, None)
    try:
        period = between(date.fromisoformat(first or last), date.fromisoformat(last or first))
    except ValueError:
        return Asked(usual, channel or None, None, word("dashboard.bad_period", most=LONGEST, usual=usual.length))
    span = period.length if period.last == desk.today else None
    return Asked(period, channel or None, span, None)


Wanted = Annotated[Asked, Depends(asked)]


def which(
    wanted: Wanted,
    figure: str,
    part: Annotated[str | None, Query(max_length=20)] = None,
    hour: Annotated[int | None, Query(ge=0, le=23)] = None,
    question: Annotated[str | None, Query(max_length=100)] = None,
) -> Which:
    """The figure whose rows an address asks for."""
    return Which(figure, wanted.period, wanted.channel, part, hour, question)


Behind = Annotated[Which, Depends(which)]


def warm(desk: Desk) -> None:
    """Read now the days that first visitors would wait for, those of the usual period first."""
    for span in (USUAL, max(SPANS)):
        with suppress(DatabaseFault), desk.database.read() as session:
            days_of(desk.database).of(session, latest(span, desk.today), desk.now)


@router.get("")
def page(request: Request, desk: AtDesk, member: Worker, wanted: Wanted) -> Response:
    """All figures."""
    return render(
        request, "dashboard/page.html", member, asked=wanted, tables=_tables(desk, wanted), spans=SPANS, channels=CHANNELS, href=href
    )


@router.get("/file.csv")
def whole(desk: AtDesk, member: Worker, wanted: Wanted) -> Response:
    """All tables of the page, one below the other."""
    heading = [word("dashboard.file"), word("dashboard.span", first=wanted.period.first, last=wanted.period.last)]
    if wanted.channel is not None:
        heading.append(channel_word(wanted.channel))
    rows: list[list[str]] = [heading]
    for one in _tables(desk, wanted).values():
        rows += [[], [one.title], *one.as_text()]
    return _file(rows, wanted, word("dashboard.file"))


@router.get("/table/{key}.csv")
def of_table(desk: AtDesk, member: Worker, wanted: Wanted, key: str) -> Response:
    """One table of the page."""
    made = _tables(desk, wanted)
    if key not in made:
        raise HTTPException(404)
    return _file(made[key].as_text(), wanted, made[key].title)


@router.get("/list/{figure}")
def rows(
    request: Request, desk: AtDesk, member: Worker, wanted: Wanted, of: Behind, start: Annotated[int, Query(ge=0, le=MOST_ROWS)] = 0
) -> Response:
    """The rows behind one figure, a page of them."""
    made, total = _list(desk, of, Paged(start))
    facts: dict[str, Any] = {"total": total, "start": start, "size": PAGE, "most": MOST_EXPORTED, "which": of}
    return render(
        request, "dashboard/list.html", member, asked=wanted, table=made, href=href, address=_address, channel_word=channel_word, **facts
    )


@router.get("/list/{figure}/file.csv")
def of_list(desk: AtDesk, member: Worker, wanted: Wanted, of: Behind) -> Response:
    """The rows behind one figure as a file."""
    made, _ = _list(desk, of, Paged(0, MOST_EXPORTED))
    return _file(made.as_text(), wanted, made.title)


@router.get("/said/{journal_id:int}")
def said(request: Request, desk: AtDesk, member: Worker, journal_id: int) -> Response:
    """What was said around a message, which is a look that leaves a trace."""
    with desk.database.read() as session:
        message = session.get(Journal, journal_id)
        if message is None:
            raise HTTPException(404)
        found = said_around(session, message.sender_id, message.received_at)
    with desk.database.write() as session:
        note_look(session, member.actor, found, "dashboard", journal_id, desk.now)
    facts: dict[str, Any] = {"where": channel_word(message.channel), "lines": found.lines, "person": found.person}
    return render(request, "dashboard/said.html", member, message=message, **facts)


def href(cell: Cell) -> str | None:
    """Where a cell leads."""
    if cell.ticket_id is not None:
        return f"/conversations/{cell.ticket_id}"
    if cell.call_id is not None:
        return f"/calls/{cell.call_id}"
    if cell.journal_id is not None:
        return f"/dashboard/said/{cell.journal_id}"
    return _opened(cell.which) if cell.which else None


@lru_cache(maxsize=5000)
def _opened(of: Which) -> str:
    """A long period's page has hundreds of them, the same each time."""
    return _address(of)


def _address(of: Which, path: str = "", **more: Any) -> str:
    given = {
        "from": of.period.first,
        "to": of.period.last,
        "channel": of.channel,
        "part": of.part,
        "hour": of.hour,
        "question": of.question,
    }
    return f"/dashboard/list/{of.figure}{path}?{_query({**given, **more})}"


def _query(given: dict[str, Any]) -> str:
    return urlencode({key: value for key, value in given.items() if value is not None})


def _tables(desk: Desk, wanted: Asked) -> dict[str, Table]:
    office, days = office_hours(desk.settings), days_of(desk.database)
    with desk.database.read() as session:
        counted = figures.counted(session, days, office, wanted.period, wanted.channel, desk.now)
    return {"summary": summary(counted), **tables(counted, _label(desk))}


def _list(desk: Desk, of: Which, page: Paged) -> tuple[Table, int]:
    """HTTPException 404 for a figure, or a part of one, that there is not."""
    office, days = office_hours(desk.settings), days_of(desk.database)
    label = _label(desk)
    if of.figure not in FIGURES:
        raise HTTPException(404)
    try:
        title(of, label)
    except KeyError:
        raise HTTPException(404) from None
    with desk.database.read() as session:
        found = listed(session, days, office, of, page, desk.now)
    return line_table(of, found.lines, label), found.total


def _label(desk: Desk) -> Label:
    """A label's words; the label itself when this version of the bot has no such question any more."""
    return lambda label: title_or(desk.answers, label, label)


def _file(rows: list[list[str]], wanted: Asked, name: str) -> Response:
    file_name = quote(f"{name} {wanted.period.first} {wanted.period.last}.csv")
    headers = {"Content-Disposition": f"attachment; filename=dashboard.csv; filename*=UTF-8''{file_name}"}
    return Response(as_csv(rows), media_type="text/csv; charset=utf-8", headers=headers)
