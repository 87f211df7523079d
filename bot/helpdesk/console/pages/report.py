"""Who of a unit is short in a year: on screen page by page, and as a file. For admins; a unit's own administrator sees that unit alone."""

import tempfile
import threading
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Request
from starlette.background import BackgroundTask
from starlette.responses import Response, StreamingResponse

from bot.helpdesk.console.access import Anyone, Forbidden
from bot.helpdesk.console.desk import AtDesk, Desk
from bot.helpdesk.console.rendering import render
from bot.helpdesk.models import AGENT
from bot.helpdesk.records import unitreport, unitsheet
from bot.helpdesk.records.recentreports import Making, RecentReports
from bot.helpdesk.records.unitreport import Overview
from bot.helpdesk.staff.sessions import Member
from bot.helpdesk.words import word
from bot.hours import audit

router = APIRouter(prefix="/report")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LOOK, EXPORT = "console-report", "console-export"
_making = threading.Lock()


@router.get("")
def report(
    request: Request, desk: AtDesk, member: Anyone, unit: str = "", year: int = 0, everyone: bool = False, page: int = 1
) -> Response:  # fmt: skip
    """A unit's year, those who lack most first; without a unit that exists, units to choose from."""
    unit, years = _allowed(member, unit), unitreport.years(desk.notices, desk.today)
    year = year if year in years else years[0]
    shown = _reports(request, desk).overview(unit, year, desk.today) if unit else None
    asked_again = bool(request.headers.get("hx-request"))
    if isinstance(shown, Making):
        piece = "report/share.html" if asked_again else "report/making.html"
        return render(request, piece, member, unit=unit, year=year, everyone=everyone, share=shown.share)
    if asked_again:
        return Response(status_code=204, headers={"HX-Refresh": "true"})
    if shown is None or (not shown.totals.people and member.sees_all):
        with desk.database.read() as session:
            units = unitreport.units(session, unit)
        return render(request, "report/index.html", member, unit=unit, year=year, years=years, units=units)
    chosen = shown.chosen(not everyone)
    pages = max(1, -(-len(chosen) // unitreport.PAGE))
    page = min(max(page, 1), pages)
    places = chosen[(page - 1) * unitreport.PAGE : page * unitreport.PAGE]
    with desk.database.read() as session:
        rows = unitreport.rows(session, desk.notices, places, year, desk.today)
    _note(desk, member, shown, len(rows))
    told = [(row, unitsheet.state(row), unitsheet.remarks(row, shown.notice)) for row in rows]
    cite = shown.notice.cite(shown.notice.sources("hours.public", "hours.professional"))
    return render(
        request, "report/unit.html", member, shown=shown, rows=told, everyone=everyone, page=page, pages=pages, years=years, cite=cite
    )  # fmt: skip


@router.get("/units")
def units(request: Request, desk: AtDesk, member: Anyone, unit: str = "", year: int = 0) -> Response:
    """Units whose name holds what was typed, for those who may see them all: its own name may stand in another's."""
    part = _allowed(member, unit)
    if not member.sees_all:
        raise Forbidden
    with desk.database.read() as session:
        found = unitreport.units(session, part)
    return render(request, "report/units.html", member, units=found, unit=part, year=year or desk.today.year)


@router.post("/file")
def file(
    request: Request, desk: AtDesk, member: Anyone, unit: Annotated[str, Form()] = "", year: Annotated[int, Form()] = 0
) -> Response:  # fmt: skip
    """The whole unit as .xlsx. A POST, since it leaves a trace."""
    unit, years = _allowed(member, unit), unitreport.years(desk.notices, desk.today)
    year = year if year in years else years[0]
    sheet = tempfile.TemporaryFile()  # noqa: SIM115 (without a name: it goes with this handle, however the download ends)
    try:
        with desk.database.read() as session:
            kept = _reports(request, desk).overview(unit, year, desk.today)
            shown = kept if isinstance(kept, Overview) else unitreport.overview(session, desk.notices, unit, year, desk.today)
            count = unitsheet.write(sheet, shown, unitreport.every_row(session, desk.notices, shown, desk.today), desk.today)
        _note(desk, member, shown, count, EXPORT)
    except BaseException:
        sheet.close()
        raise
    sheet.seek(0)
    name = quote(word("data.report.file", unit=unit, year=year, day=desk.today.isoformat()))
    headers = {"Content-Disposition": f"attachment; filename=\"report-{year}.xlsx\"; filename*=UTF-8''{name}"}
    return StreamingResponse(sheet, media_type=XLSX, headers=headers, background=BackgroundTask(sheet.close))


def _allowed(member: Member, unit: str) -> str:
    """The unit asked for; somebody of a unit may ask for that one alone. Forbidden."""
    if member.role == AGENT:
        raise Forbidden
    if member.sees_all:
        return unit.strip()[:128]
    if member.unit is None or unit.strip() not in ("", member.unit):
        raise Forbidden
    return member.unit


def _reports(request: Request, desk: Desk) -> RecentReports:
    with _making:
        if not hasattr(request.app.state, "recent_reports"):
            request.app.state.recent_reports = RecentReports(desk.database, desk.notices)
        made: RecentReports = request.app.state.recent_reports
        return made


def _note(desk: Desk, member: Member, shown: Overview, count: int, what: str = LOOK) -> None:
    """Into the audit trail: whose unit, which year, and how many people were shown."""
    with desk.database.write() as session:
        audit.note(session, desk.now, member.actor, what, detail=f"{shown.unit} {shown.year} {count}")
