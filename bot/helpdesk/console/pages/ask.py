"""The caller's words in, the sentence to read out back."""

from time import perf_counter
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from bot.account import Whose
from bot.helpdesk.console.access import Anyone
from bot.helpdesk.console.desk import AtDesk
from bot.helpdesk.console.rendering import render
from bot.helpdesk.console.written import row_number
from bot.helpdesk.lookup import asked
from bot.helpdesk.lookup.person import looked_up, only_unit, visible
from bot.helpdesk.staff.sessions import Member
from bot.helpdesk.words import word
from bot.hours.models import Person

router = APIRouter(prefix="/ask")

WHERE = "ask"


@router.get("")
def page(request: Request, desk: AtDesk, member: Anyone, person: str = "") -> Response:
    """The box; with somebody chosen, whose figures are told along."""
    whom = _chosen(desk, member, person)
    return render(request, "ask/page.html", member, 200 if whom or not person else 404, person=whom, missing=bool(person) and whom is None)


@router.post("/person")
def choose_person(request: Request, desk: AtDesk, member: Anyone, person: Annotated[str, Form()] = "") -> Response:
    """A fragment: the chosen person beside the box."""
    whom = _chosen(desk, member, person)
    if whom is None:
        raise HTTPException(404)
    return render(request, "ask/person.html", member, person=whom)


@router.post("/answer")
def answer(
    request: Request,
    desk: AtDesk,
    member: Anyone,
    q: Annotated[str, Form()] = "",
    person: Annotated[str, Form()] = "",
    label: Annotated[str, Form()] = "",
) -> Response:
    """A fragment: one answer, to be put above the earlier ones."""
    began = perf_counter()
    sources = asked.Sources(desk.reader, desk.answers, desk.notices, desk.today)
    with desk.database.read() as session:
        whom = _visible(session, member, person)
        whose = Whose(session, whom) if whom is not None else None
        try:
            found = asked.choose(session, sources, q, label, whose) if label else asked.ask(session, sources, q, whose)
        except asked.UnreadableError as error:
            return render(request, "ask/fault.html", member, said=word(f"ask.fault.{error}"))
        except KeyError:
            raise HTTPException(422) from None
        if whom is not None and found.own:
            _note(desk, member, whom.id)
        took = (perf_counter() - began) * 1000
        return render(request, "ask/answer.html", member, asked=found, person=whom, at=desk.now, took=took)


def _visible(session: Session, member: Member, given: str) -> Person | None:
    """The person of a form's field, None for an empty one. HTTPException 404 where they may not be seen."""
    if not given:
        return None
    number = row_number(given)
    whom = None if number is None else visible(session, number, only_unit(member))
    if whom is None:
        raise HTTPException(404)
    return whom


def _chosen(desk: AtDesk, member: Member, given: str) -> Person | None:
    """The person chosen, noted as looked up; None for nobody, or for one who may not be seen."""
    try:
        with desk.database.read() as session:
            whom = _visible(session, member, given)
    except HTTPException:
        return None
    if whom is not None:
        _note(desk, member, whom.id)
    return whom


def _note(desk: AtDesk, member: Member, person_id: int) -> None:
    with desk.database.write() as session:
        looked_up(session, person_id, member.actor, desk.now, WHERE)
