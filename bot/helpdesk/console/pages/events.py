"""Server-sent events of the conversations screen: one stream for each open page, with cursors as event ids."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from functools import lru_cache
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import StreamingResponse

from bot.helpdesk.console.access import COOKIE, Worker
from bot.helpdesk.console.desk import AtDesk, Desk
from bot.helpdesk.console.rendering import fragment
from bot.helpdesk.console.talk import topic_of
from bot.helpdesk.staff import sessions
from bot.helpdesk.staff.sessions import Member
from bot.helpdesk.talks import conversation, lists, presence
from bot.helpdesk.talks.chatperson import last_look, note_look, whose
from bot.helpdesk.talks.conversation import Cursor, Entry
from bot.helpdesk.talks.lists import Item
from bot.helpdesk.talks.stream import Change, Stream, Watched

router = APIRouter()

RETRY = 1000  # milliseconds after which a page reconnects
CHECK = 1.0  # seconds after which a stream asks again, before it tells more, whether its session still stands
RETOLD = 2 * conversation.UNSETTLED
"""What was said so shortly before a page was opened may be told again: its cursor stands behind what is settled."""


def stream_of(request: Request) -> Stream:
    """The process's one stream, made when the first page asks."""
    state = request.app.state
    if getattr(state, "stream", None) is None:
        desk: Desk = state.desk
        state.stream = Stream(desk.database, lambda: desk.now)
    stream: Stream = state.stream
    return stream


def end_streams(app: FastAPI) -> None:
    """The process is asked to end: pages that stay open must not hold it up; they come back to the next."""
    stream: Stream | None = getattr(app.state, "stream", None)
    if stream is not None:
        stream.stop()


def shown_entry(entry: Entry) -> dict[str, str]:
    """An entry as the page takes it in: its place, and what is to be seen."""
    return {"id": entry.id, "order": entry.order, "html": fragment("conversations/entry.html", entry=entry)}


@router.get("/conversations/events")
async def events(request: Request, desk: AtDesk, member: Worker, watch: int = 0, after: str = "") -> StreamingResponse:
    """What is new from ``Last-Event-ID`` (else ``after``) on, of the ticket ``watch`` and of the lists."""
    named = Cursor.parse(request.headers.get("last-event-id")) or Cursor.parse(after)
    watched, beginning = await asyncio.to_thread(_arrived, desk, member, watch, named)
    lines = _lines(request, desk, member, stream_of(request), watched, named or beginning)
    return StreamingResponse(lines, media_type="text/event-stream", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})


def _arrived(desk: Desk, member: Member, ticket_id: int, named: Cursor | None) -> tuple[Watched | None, Cursor]:
    """What the page shows, and where it begins. Who asks for what was said before they opened the conversation reads it here: noted."""
    with desk.database.write() as session:
        presence.arrive(session, member.id, desk.now)
    with desk.database.read() as session:
        item = lists.one(session, ticket_id) if ticket_id else None
        if item is None:
            return None, Cursor()
        lines = conversation.history(session, item.sender_id, desk.now, ticket_id=ticket_id)
        beginning = conversation.settled(lines, desk.now)
        missed = conversation.after(session, item.sender_id, named or beginning, desk.now, ticket_id=ticket_id)
        looked = last_look(session, member.actor, ticket_id, desk.now - sessions.LIFE)
        person = whose(session, item)
    if looked is None or any(entry.at < looked - RETOLD for entry in missed):
        with desk.database.write() as session:
            note_look(session, member.actor, person.id if person else None, ticket_id, desk.now)
    return Watched(ticket_id, item.sender_id), beginning


async def _lines(
    request: Request, desk: Desk, member: Member, stream: Stream, watched: Watched | None, after: Cursor
) -> AsyncIterator[str]:
    yield f"retry: {RETRY}\n\n"
    page = _Page(desk, member)
    checked = time.monotonic()
    async with aclosing(stream.follow(member.id, watched, after)) as changes:
        async for change in changes:
            if time.monotonic() - checked > CHECK:
                checked = time.monotonic()
                if await asyncio.to_thread(sessions.find, desk.database, request.cookies[COOKIE], desk.now, False) is None:
                    return
            for name, data in page.told(change):
                yield f"id: {change.cursor}\nevent: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


class _Page:
    """What one page has been told, so that it hears of what is new alone."""

    def __init__(self, desk: Desk, member: Member) -> None:
        self._desk, self._member = desk, member
        self._items: dict[int, Item] = {}

    def told(self, change: Change) -> Iterator[tuple[str, dict[str, Any]]]:
        """The change as events: a name and what it holds."""
        if change.entries:
            yield "entries", {"entries": [shown_entry(entry) for entry in change.entries]}
        elif change.deliveries:
            states = {key: {"state": one.state, "label": one.label, "why": one.why} for key, one in change.deliveries}
            yield "deliveries", {"deliveries": states}
        elif change.items is not None:
            yield "lists", self._lists(change.items)
        elif change.colleagues is not None:
            facts = {"colleagues": change.colleagues, "me": self._member.id}
            mine = next((one.presence for one in change.colleagues if one.writer.id == self._member.id), presence.AWAY)
            yield "colleagues", {"presence": mine, "html": fragment("conversations/colleagues.html", **facts)}
        elif change.way is not None:
            yield "way", {"state": change.way.state, "html": fragment("conversations/way.html", way=change.way)}
        else:
            yield "beat", {"now": int(self._desk.now.timestamp() * 1000)}

    def _lists(self, items: tuple[Item, ...]) -> dict[str, Any]:
        standing = {item.ticket_id: item for item in items}
        changed = [item for item in items if self._items.get(item.ticket_id) != item]
        gone = [ticket_id for ticket_id in self._items if ticket_id not in standing]
        whole = not self._items
        self._items = standing
        return {"whole": whole, "items": [self._shown(item) for item in changed], "gone": gone}

    def _shown(self, item: Item) -> dict[str, Any]:
        section = item.section(self._member.id)
        return {"ticket": item.ticket_id, "section": section, "html": _item(item, section, topic_of(self._desk.answers, item.topic))}


@lru_cache(maxsize=1000)
def _item(item: Item, section: str, topic: str | None) -> str:
    """A line of a list, made once for all pages that are told of it at the same moment."""
    return fragment("conversations/item.html", item=item, section=section, topic=topic)
