"""Calls: the record of who is on the line, the list, and who is still to be called back."""

from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from bot.contact import contact_of
from bot.helpdesk.console.access import Worker
from bot.helpdesk.console.callform import Form_, Written
from bot.helpdesk.console.desk import AtDesk, Desk
from bot.helpdesk.console.rendering import render
from bot.helpdesk.console.written import row_number
from bot.helpdesk.lookup import wholenumbers
from bot.helpdesk.lookup.asked import Sources, UnreadableError
from bot.helpdesk.questions import title_or
from bot.helpdesk.staff.sessions import Member
from bot.helpdesk.telephone import calldesk, calls, repeats
from bot.helpdesk.telephone.calls import CallRefusedError, Filter, NewCall
from bot.helpdesk.words import word
from bot.hours.models import Person

router = APIRouter(prefix="/calls")


@router.get("")
def listed(request: Request, desk: AtDesk, member: Worker, day: str = "", staff: str = "", outcome: str = "", page: int = 1) -> Response:
    """All calls, newest first, narrowed by day, staff and outcome (``waiting``: still to be called back)."""
    page = min(max(page, 1), 10_000)
    narrowed = _filter(day, staff, outcome)
    with desk.database.read() as session:
        found, more = calls.listed(session, narrowed, page)
        facts = _facts(session, desk, found)
        wrote = calls.staff_names(session)
    chosen = {"day": narrowed.day.isoformat() if narrowed.day else "", "staff": narrowed.staff_id, "outcome": outcome}
    return render(request, "calls/list.html", member, calls=found, more=more, page=page, chosen=chosen, staff=wrote, **facts)


@router.get("/back")
def to_call_back(request: Request, desk: AtDesk, member: Worker) -> Response:
    """Who is still to be called back, the one who waits longest first."""
    with desk.database.read() as session:
        found = calls.to_call_back(session)
        facts = _facts(session, desk, found)
    return render(request, "calls/back.html", member, calls=found, now=desk.now, **facts)


@router.get("/new")
def new(request: Request, desk: AtDesk, member: Worker, person: str = "") -> Response:
    """An empty record, or one of this person."""
    return _page(request, desk, member, Written(person=person), {})


@router.post("/new")
def continued(request: Request, desk: AtDesk, member: Worker, given: Form_) -> Response:
    """A record that continues a question put on another page. A POST, since callers' words belong into no address."""
    written = Written(person=given.person, question=given.question[: calls.MOST_QUESTION], choose=given.label)
    return _page(request, desk, member, written, {})


@router.post("/people")
def people(request: Request, desk: AtDesk, member: Worker, text: Annotated[str, Form()] = "") -> Response:
    """Whom the letters typed so far may mean. A POST, since names belong into no address."""
    found = wholenumbers.found(desk.database, desk.secret, text[:64], member, desk.now, most=8)
    return render(request, "calls/found.html", member, found=found, text=text.strip())


@router.post("/person")
def chosen_person(request: Request, desk: AtDesk, member: Worker, written: Form_) -> Response:
    """The person chosen, with their figures, which is a look that leaves a trace; nobody for an empty choice."""
    return render(request, "calls/caller.html", member, **_caller(desk, member.actor, written), **_again(desk, written, True))


@router.post("/answer")
def answer(request: Request, desk: AtDesk, member: Worker, written: Form_) -> Response:
    """What to read out to the question, for the person chosen."""
    told = _answer(desk, member.actor, written)
    return render(request, "calls/answer.html", member, **told, **_again(desk, _relabelled(written, told), True))


@router.post("/again")
def again(request: Request, desk: AtDesk, member: Worker, written: Form_) -> Response:
    """Whether this caller asked the same within a week."""
    return render(request, "calls/again.html", member, **_again(desk, written, False))


@router.post("")
def save(request: Request, desk: AtDesk, member: Worker, written: Form_) -> Response:
    """Write the call down; with faults the form comes back as it was.

    An answer made for somebody else, or for another question, is a fault the first time: saved once more, staff have seen it.
    """
    numbers, now = _own_numbers(desk), desk.now
    with desk.database.read() as session:
        known = None if written.person_id is None else session.get(Person, written.person_id)
        shown = None if known is None else calldesk.figures(session, desk.notices, known.id, desk.today)
    try:
        with desk.database.write() as session:
            if known is not None:
                calldesk.look(session, known.id, member.actor, now)
            call_id = calls.save(session, _new_call(desk, written, shown), member.id, desk.secret, numbers, now)
    except CallRefusedError as refused:
        faults = {name: word(f"calls.fault.{why}") for name, why in refused.faults.items()}
        if written.told_elsewhere:
            written = replace(written, told_person=written.person, told_question=written.question)
        return _page(request, desk, member, written, faults, 422)
    return RedirectResponse(f"/calls/{call_id}?saved=1", 303)


@router.get("/{call_id}")
def one(request: Request, desk: AtDesk, member: Worker, call_id: int, saved: bool = False, done: str = "") -> Response:
    """One record, ready to print."""
    with desk.database.read() as session:
        call = calls.get(session, call_id)
        if call is None:
            raise HTTPException(404)
        facts = _facts(session, desk, [call])
    if call.person_id is not None:
        with desk.database.write() as session:
            calldesk.look(session, call.person_id, member.actor, desk.now)
    said = word("calls.saved") if saved else word(f"calls.{done}") if done in ("called_back", "called_back_before") else ""
    return render(request, "calls/call.html", member, call=call, said=said, well=done != "called_back_before", **facts)


@router.post("/{call_id}/called-back")
def called_back(request: Request, desk: AtDesk, member: Worker, call_id: int) -> Response:
    """The person was called back; on the list the line answers in place."""
    with desk.database.write() as session:
        done = calls.mark_called_back(session, call_id, member.id, desk.now)
    said = "called_back" if done else "called_back_before"
    if not request.headers.get("hx-request"):
        return RedirectResponse(f"/calls/{call_id}?done={said}", 303)
    with desk.database.read() as session:
        call, left = calls.get(session, call_id), calls.waiting_count(session)
    if call is None:
        raise HTTPException(404)
    return render(request, "calls/done.html", member, call=call, said=word(f"calls.{said}"), well=done, left=left)


def _filter(day: str, staff: str, outcome: str) -> Filter:
    chosen_day = None
    with suppress(ValueError):
        chosen_day = date.fromisoformat(day)
    return Filter(chosen_day, row_number(staff), outcome if outcome in calls.OUTCOMES else None, outcome == "waiting")


def _own_numbers(desk: Desk) -> tuple[str, ...]:
    """The notice's telephone numbers, which stay readable; of the notices in memory, for this is asked while somebody types."""
    return contact_of(desk.notices.in_force(desk.today.year)).numbers


def _facts(session: Session, desk: Desk, found: list[calls.Call]) -> dict[str, Any]:
    matters = {call.label: title_or(desk.answers, call.label, "") for call in found if call.label}
    return {"matters": matters, "repeats": repeats.marked(session, found), "waiting": calls.waiting_count(session)}


def _page(request: Request, desk: Desk, member: Member, written: Written, faults: dict[str, str], status: int = 200) -> Response:
    facts = _caller(desk, member.actor, written)
    typed = bool(written.answer)
    asked = {"prepared": None, "unread": ""} if typed or not written.question else _answer(desk, member.actor, written)
    again = _again(desk, _relabelled(written, asked), False)
    return render(request, "calls/new.html", member, status, faults=faults, **facts, **asked, **again)


def _relabelled(written: Written, told: dict[str, Any]) -> Written:
    """The form with the matter that was just read."""
    return replace(written, label=told["prepared"].label or "") if told["prepared"] else written


def _caller(desk: Desk, actor: str, written: Written) -> dict[str, Any]:
    if written.person_id is None:
        return {"caller": None, "figures": None}
    with desk.database.read() as session:
        caller = session.get(Person, written.person_id)
        shown = None if caller is None else calldesk.figures(session, desk.notices, caller.id, desk.today)
    if caller is not None:
        with desk.database.write() as session:
            calldesk.look(session, caller.id, actor, desk.now)
    return {"caller": caller, "figures": shown}


def _answer(desk: Desk, actor: str, written: Written) -> dict[str, Any]:
    sources = Sources(desk.reader, desk.answers, desk.notices, desk.today)
    try:
        with desk.database.read() as session:
            caller = None if written.person_id is None else session.get(Person, written.person_id)
            found = calldesk.prepared(session, sources, written.question, written.choose or None, caller)
    except UnreadableError as unread:
        return {"prepared": None, "unread": word(f"calls.unread.{unread}")}
    if caller is not None and found.asked.own:
        with desk.database.write() as session:
            calldesk.look(session, caller.id, actor, desk.now)
    return {"prepared": found, "unread": ""}


def _again(desk: Desk, written: Written, beside: bool) -> dict[str, Any]:
    """``beside``: the mark goes with another piece of the page."""
    question = calls.safe(written.question[: calls.MOST_QUESTION], _own_numbers(desk))
    caller = calls.digest(desk.secret, written.phone)
    asked = repeats.Asked(desk.now, written.person_id, caller, written.label or None, question)
    with desk.database.read() as session:
        return {"earlier": repeats.earlier(session, asked) if question else None, "beside": beside, "written": written}


def _new_call(desk: Desk, written: Written, figures: dict[str, Any] | None) -> NewCall:
    label = written.label if written.label and title_or(desk.answers, written.label, "") else None
    return NewCall(
        question=written.question,
        answer=written.answer,
        outcome=written.outcome,
        person_id=written.person_id,
        label=label,
        clause=written.clause[:500],
        figures=figures,
        detail=written.detail if written.outcome != calls.ANSWERED else "",
        phone=written.phone,
        unanswered=bool(written.wrong) or written.good == "0",
        told_elsewhere=written.told_elsewhere,
    )
