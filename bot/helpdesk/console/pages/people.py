"""Finding people, one person's page, showing a number for a minute, handing out a bind code."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Path, Request
from starlette.responses import Response

from bot.helpdesk.console.access import Anyone
from bot.helpdesk.console.desk import AtDesk
from bot.helpdesk.console.rendering import render
from bot.helpdesk.lookup import codes, person, wholenumbers
from bot.messages import message

router = APIRouter(prefix="/people")

PersonId = Annotated[int, Path(ge=1, lt=2**31)]
SECONDS_SHOWN = 60
UNKNOWN = HTTPException(404)


@router.get("")
def people(request: Request, member: Anyone) -> Response:
    return render(request, "people/search.html", member)


@router.post("/search")
def found(request: Request, desk: AtDesk, member: Anyone, q: Annotated[str, Form()] = "", target: Annotated[str, Form()] = "") -> Response:
    """A fragment: the list of who meets the words. They come in the body, since an address is kept in logs and histories."""
    page = wholenumbers.found(desk.database, desk.secret, q, member, desk.now)
    return render(request, "people/found.html", member, page=page, asked=q.strip(), target=target)


@router.get("/{person_id}")
def one(request: Request, desk: AtDesk, member: Anyone, person_id: PersonId) -> Response:
    """Everything about one person; that it was looked at is noted before it is shown."""
    with desk.database.write() as session:
        if person.visible(session, person_id, person.only_unit(member)) is None:
            raise UNKNOWN
        person.looked_up(session, person_id, member.actor, desk.now, "people")
    with desk.database.read() as session:
        whom = person.visible(session, person_id, person.only_unit(member))
        if whom is None:
            raise UNKNOWN
        facts: dict[str, Any] = {
            "person": whom,
            "number": person.masked(whom),
            "standing": person.standing(session, desk.notices, person_id, desk.today),
            "sayings": person.sayings(session, desk.answers, desk.notices, whom, desk.today),
            "dealings": person.dealings(session, person_id) if member.sees_all else None,
        }
        return render(request, "people/person.html", member, **facts, **_words(desk), reasons=person.WHY)


def _words(desk: AtDesk) -> dict[str, Any]:
    """The sentences that bot and command line have for the engine's results."""
    return {
        "pieces": desk.answers.phrases(desk.today),
        "notice": desk.notices.in_force(desk.today.year),
        "status_word": lambda key, **facts: message(f"hours.status.{key}", **facts),
    }


@router.post("/{person_id}/number")
def number(request: Request, desk: AtDesk, member: Anyone, person_id: PersonId, why: Annotated[str, Form()] = "") -> Response:
    """A fragment: the whole number, to be hidden again by the page. Noted with the reason."""
    if why not in person.WHY:
        raise HTTPException(422)
    with desk.database.write() as session:
        shown = person.reveal(session, person_id, person.only_unit(member), member.actor, why, desk.now)
    if shown is None:
        raise UNKNOWN
    return render(request, "people/number.html", member, number=shown, seconds=SECONDS_SHOWN)


@router.post("/{person_id}/code")
def code(request: Request, desk: AtDesk, member: Anyone, person_id: PersonId) -> Response:
    """A fragment: a fresh bind code as a slip. It is kept nowhere, so it can be shown this once only."""
    with desk.database.write() as session:
        issued = codes.issue(session, desk.secret, person_id, person.only_unit(member), member.actor, desk.now)
    if issued is None:
        raise UNKNOWN
    return render(request, "people/code.html", member, issued=issued)
