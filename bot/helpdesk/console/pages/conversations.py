"""接待: the queue and the conversations in hand."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response

from bot.helpdesk.console.access import Admin, Worker
from bot.helpdesk.console.desk import AtDesk, Desk
from bot.helpdesk.console.pages.events import shown_entry, stream_of
from bot.helpdesk.console.rendering import render
from bot.helpdesk.console.talk import Talk, talk, topic_of
from bot.helpdesk.office import offer_after, office_hours
from bot.helpdesk.staff.sessions import Member
from bot.helpdesk.talks import canned, conversation, drafts, handoff, lists, presence
from bot.helpdesk.talks.chatperson import note_look
from bot.helpdesk.talks.lists import MESSAGES, MINE, OTHERS, WAITING
from bot.helpdesk.talks.written import EMPTY, TOO_LONG
from bot.helpdesk.words import word

router = APIRouter(prefix="/conversations")

_ONE = "/{ticket_id:int}"
_WORDS = 60  # characters of a search

ClientId = Annotated[str, Form(min_length=8, max_length=64)]
"""The page's own name of what it writes: sent again, it is the same."""


@router.get("")
def page(request: Request, desk: AtDesk, member: Worker) -> Response:
    """All lists, no conversation yet."""
    return _page(request, desk, member, None)


@router.post("/over")
def over(request: Request, desk: AtDesk, member: Worker, find: Annotated[str, Form()] = "") -> Response:
    """What is over, for the list's own search. A POST, since what people wrote belongs into no address."""
    with desk.database.read() as session:
        found = lists.over(session, find[:_WORDS])
    return render(request, "conversations/over.html", member, found=found, find=find[:_WORDS], topic=_topics(desk))


@router.get("/canned")
def insertable(desk: AtDesk, member: Worker) -> Response:
    """Every sentence that may be inserted; the page searches in it without asking again."""
    with desk.database.read() as session:
        found = canned.canned(session, desk.answers, desk.notices, desk.today)
    return JSONResponse([vars(one) for one in found])


@router.post("/presence")
def choose_presence(request: Request, desk: AtDesk, member: Worker, presence_: Annotated[str, Form(alias="presence")]) -> Response:
    """空闲, 忙碌 or 离开."""
    if presence_ not in presence.PRESENCES:
        raise HTTPException(422)
    with desk.database.write() as session:
        presence.choose(session, member.id, presence_, desk.now)
    return _done(request)


@router.get(_ONE)
def opened(request: Request, desk: AtDesk, member: Worker, ticket_id: int) -> Response:
    """All lists and one conversation."""
    return _page(request, desk, member, ticket_id)


@router.get(_ONE + "/panel")
def panel(request: Request, desk: AtDesk, member: Worker, ticket_id: int) -> Response:
    """One conversation, to be put into the page that is open."""
    return render(request, "conversations/panel.html", member, talk=_talk(desk, member, ticket_id))


@router.post(_ONE + "/take")
def take(request: Request, desk: AtDesk, member: Worker, ticket_id: int) -> Response:
    return _taken(request, handoff.take(desk.database, ticket_id, member.id, desk.now))


@router.post(_ONE + "/reopen")
def reopen(request: Request, desk: AtDesk, member: Worker, ticket_id: int) -> Response:
    return _taken(request, handoff.reopen(desk.database, ticket_id, member.id, desk.now))


@router.post(_ONE + "/take-over")
def take_over(request: Request, desk: AtDesk, member: Admin, ticket_id: int) -> Response:
    """Out of the hands of a colleague who has left it standing."""
    done = handoff.take_over(desk.database, ticket_id, member.id, desk.now)
    return _done(request, word("conversations.done.taken_over")) if done.ok else _refused(done.reason, done.by)


@router.post(_ONE + "/close")
def close(request: Request, desk: AtDesk, member: Worker, ticket_id: int) -> Response:
    done = handoff.close(desk.database, ticket_id, member.id, desk.now)
    return _done(request, word("conversations.done.closed")) if done.ok else _refused(done.reason, done.by)


@router.post(_ONE + "/transfer")
def transfer(request: Request, desk: AtDesk, member: Worker, ticket_id: int, to: Annotated[int, Form()] = 0) -> Response:
    """To the colleague with this id; 0 is the queue."""
    done = handoff.transfer(desk.database, ticket_id, member.id, to or None, desk.now, office_hours(desk.settings))
    if not done.ok:
        return _refused(done.reason, done.by)
    return _done(request, word("conversations.done.transferred", by=done.by) if to else word("conversations.done.queued"))


@router.post(_ONE + "/reply")
def reply(
    request: Request, desk: AtDesk, member: Worker, ticket_id: int, client_id: ClientId, text: Annotated[str, Form()] = ""
) -> Response:
    """To the person. The same ``client_id`` again changes nothing."""
    replied = handoff.reply(desk.database, ticket_id, member.id, text, client_id, desk.now)
    if replied.outgoing is None:
        return _refused(replied.refused, replied.by)
    _written(desk, member, ticket_id, drafts.REPLY)
    with desk.database.read() as session:
        entry = conversation.sent(session, replied.outgoing, desk.now)
    return _done(request, entry=shown_entry(entry))


@router.post(_ONE + "/note")
def note(
    request: Request, desk: AtDesk, member: Worker, ticket_id: int, client_id: ClientId, text: Annotated[str, Form()] = ""
) -> Response:
    """For colleagues' eyes only. The same ``client_id`` again changes nothing."""
    done = handoff.note(desk.database, ticket_id, member.id, text, desk.now, client_id)
    if not done.ok:
        return _refused(done.reason, done.by)
    _written(desk, member, ticket_id, drafts.NOTE)
    return _done(request, word("conversations.done.noted"))


@router.post(_ONE + "/draft")
def draft(
    desk: AtDesk, member: Worker, ticket_id: int, kind: Annotated[str, Form()], text: Annotated[str, Form(max_length=drafts.LONGEST)] = ""
) -> Response:
    """What has been typed so far."""
    if kind not in drafts.KINDS:
        raise HTTPException(422)
    with desk.database.write() as session:
        if lists.one(session, ticket_id) is None:
            raise HTTPException(404)
        drafts.save(session, member.id, ticket_id, kind, text, desk.now)
    return Response(status_code=204)


@router.post(_ONE + "/seen")
def seen(request: Request, desk: AtDesk, member: Worker, ticket_id: int, upto: Annotated[int, Form(ge=0, le=2**62)]) -> Response:
    """The person's messages up to this one stand on the screen."""
    with desk.database.write() as session:
        if lists.one(session, ticket_id) is None:
            raise HTTPException(404)
        lists.has_seen(session, member.id, ticket_id, upto)
    stream_of(request).wake()
    return Response(status_code=204)


def _page(request: Request, desk: Desk, member: Member, ticket_id: int | None) -> Response:
    shown = None if ticket_id is None else _talk(desk, member, ticket_id)
    with desk.database.read() as session:
        items = lists.active(session)
        colleagues = presence.colleagues(session, desk.now)
        found = lists.over(session, "")
    sections = {name: [item for item in items if item.section(member.id) == name] for name in (WAITING, MINE, MESSAGES, OTHERS)}
    facts: dict[str, Any] = {"sections": sections, "colleagues": colleagues, "found": found, "find": ""}
    facts |= {"topic": _topics(desk), "offer_after": offer_after(desk.settings)}
    mine = next((one.presence for one in colleagues if one.writer.id == member.id), presence.AWAY)
    return render(request, "conversations/page.html", member, talk=shown, presence=mine, now=desk.now, me=member.id, **facts)


def _talk(desk: Desk, member: Member, ticket_id: int) -> Talk:
    with desk.database.read() as session:
        shown = talk(session, desk, member, ticket_id)
    if shown is None:
        raise HTTPException(404)
    with desk.database.write() as session:
        note_look(session, member.actor, shown.person.person.id if shown.person else None, ticket_id, desk.now)
    return shown


def _topics(desk: Desk) -> Any:
    return lambda item: topic_of(desk.answers, item.topic)


def _written(desk: Desk, member: Member, ticket_id: int, kind: str) -> None:
    with desk.database.write() as session:
        drafts.save(session, member.id, ticket_id, kind, "", desk.now)


def _taken(request: Request, taken: handoff.Taken) -> Response:
    if taken.ok:
        return _done(request, word("conversations.done.taken"))
    if taken.reason in (handoff.UNKNOWN, handoff.NEWER):
        return _refused(taken.reason, taken.by)
    if taken.reason == handoff.NO_SUCH_STAFF:
        return JSONResponse({"ok": False, "said": word("conversations.refused.disabled"), "why": taken.reason})
    said = word("conversations.refused.faster", by=taken.by) if taken.by else word("conversations.refused.faster_unknown")
    return JSONResponse({"ok": False, "said": said, "why": taken.reason})


def _done(request: Request, said: str = "", **more: Any) -> Response:
    stream_of(request).wake()
    return JSONResponse({"ok": True, "said": said, **more})


def _refused(reason: str, by: int | None) -> Response:
    """Not an error: the page says it and keeps what was typed."""
    if reason == handoff.NOT_YOURS:
        said = word("conversations.refused.not_yours", by=by) if by else word("conversations.refused.not_yours_now")
    else:
        known = (handoff.UNKNOWN, handoff.FINISHED, handoff.NEWER, EMPTY, TOO_LONG, handoff.NO_SUCH_STAFF)
        said = word(f"conversations.refused.{reason if reason in known else 'other'}")
    return JSONResponse({"ok": False, "said": said, "why": reason})
