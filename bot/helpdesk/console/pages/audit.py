"""The audit trail, for admins."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import Response

from bot.helpdesk.console.access import Admin
from bot.helpdesk.console.desk import AtDesk
from bot.helpdesk.console.rendering import render
from bot.helpdesk.console.written import row_number
from bot.helpdesk.lookup import trail
from bot.helpdesk.lookup.person import visible
from bot.helpdesk.lookup.traildetail import told
from bot.hours import search
from bot.inbox.switches import CHANNELS

router = APIRouter(prefix="/audit")

MOST_PEOPLE = 50
WORDS: dict[str, Any] = {"actions": trail.ACTIONS, "channels": CHANNELS, "told": told}


@router.get("")
def page(request: Request, desk: AtDesk, member: Admin, person: Annotated[int | None, Query(ge=1, lt=2**31)] = None) -> Response:
    """The newest entries; with ``person`` those about one person."""
    with desk.database.read() as session:
        whom = visible(session, person, None) if person is not None else None
        chosen = trail.Filter(people=None if person is None else (person,))
        facts: dict[str, Any] = {"page": trail.page(session, chosen), "actors": trail.actors(session), "person_id": person, "whom": whom}
    return render(request, "audit/page.html", member, **facts, **WORDS)


@router.post("/list")
def listed(
    request: Request,
    desk: AtDesk,
    member: Admin,
    actor: Annotated[str, Form()] = "",
    action: Annotated[str, Form()] = "",
    who: Annotated[str, Form()] = "",
    person: Annotated[str, Form()] = "",
    day: Annotated[date | None, Form()] = None,
    below: Annotated[int | None, Form()] = None,
) -> Response:
    """A fragment: rows that meet the filter, below an id; the names searched for come in the body, not in the address."""
    with desk.database.read() as session:
        people = _people(desk, who, person)
        chosen = trail.Filter(actor or None, action or None, people, day)
        found = trail.page(session, chosen, below)
    return render(request, "audit/rows.html", member, page=found, first=below is None, **WORDS)


def _people(desk: AtDesk, who: str, person: str) -> tuple[int, ...] | None:
    if who.strip():
        with desk.database.read() as session:
            return tuple(one.id for one in search.find(session, who, most=MOST_PEOPLE).people)
    number = row_number(person)
    return None if number is None else (number,)
