"""Web chat channel: session by signed cookie, messages by POST, later ones by server-sent events, votes on answers."""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from rasa.core.channels.channel import InputChannel
from sanic import Blueprint, Sanic
from sanic.request import Request
from sanic.response import HTTPResponse, html
from sanic.response import json as json_response

from bot.channels.collector import OnNewMessage, asking
from bot.channels.context import Context, shared
from bot.channels.http import RefusedError, json_object, refusing, string
from bot.channels.web import page, wire
from bot.channels.web.feed import Feed
from bot.channels.web.session import Sessions, WebSession
from bot.inbox import feedback, outbox
from bot.inbox.history import history
from bot.inbox.models import HELD, PENDING
from bot.inbox.question import Ask, Handled

_MESSAGE_ID_LIMIT = 64
_MAX_ID = 2**63 - 1
_RETRY = 2000  # milliseconds after which a page reconnects


class WebChannel(InputChannel):
    """Senders are ``web:<session>``. The page lies at ``/`` of the server, assets and calls under the channel's prefix."""

    def __init__(self, context: Context, *, base: str = "/webhooks/web") -> None:
        self._context = context
        self._base = base

    @classmethod
    def name(cls) -> str:
        return "web"

    @classmethod
    def from_credentials(cls, credentials: Mapping[str, Any] | None) -> "WebChannel":
        return cls(shared())

    def blueprint(self, on_new_message: OnNewMessage) -> Blueprint:
        """Routes under the channel's prefix; the page and what needs the event loop come with the server's start."""
        blueprint = Blueprint("channel_web")
        ask = asking(on_new_message)

        @blueprint.listener("before_server_start")
        async def prepare(app: Sanic, _loop: Any) -> None:
            app.ctx.web_chat = _Chat(self._context, self._base, ask)

            # A route "/" collides with Rasa's own; a middleware that answers first does not.
            @app.on_request
            async def front_page(request: Request) -> HTTPResponse | None:
                return app.ctx.web_chat.front_page(request) if request.path == "/" and request.method in ("GET", "HEAD") else None

        @blueprint.listener("before_server_stop")
        async def close(app: Sanic, _loop: Any) -> None:
            app.ctx.web_chat.feed.stop()
            await self._context.intake.drain()

        @blueprint.get("/")
        async def health(_: Request) -> HTTPResponse:
            return json_response({"status": "ok"})

        @blueprint.get("/assets/<name:str>")
        async def asset(request: Request, name: str) -> HTTPResponse:
            return _chat(request).asset(name)

        @blueprint.post("/messages")
        @refusing
        async def messages(request: Request) -> HTTPResponse:
            return await _chat(request).receive(request)

        @blueprint.get("/history")
        @refusing
        async def past(request: Request) -> HTTPResponse:
            return await _chat(request).history(request)

        @blueprint.get("/events")
        @refusing
        async def events(request: Request) -> HTTPResponse | None:
            return await _chat(request).events(request)

        @blueprint.post("/feedback")
        @refusing
        async def vote(request: Request) -> HTTPResponse:
            return await _chat(request).vote(request)

        @blueprint.post("/session")
        @refusing
        async def restart(request: Request) -> HTTPResponse:
            return _chat(request).restart(request)

        return blueprint


class _Chat:
    """What stands while the server runs: page, signing key, feed of the outbox."""

    def __init__(self, context: Context, base: str, ask: Ask) -> None:
        self._context = context
        self._ask = ask
        self._sessions = Sessions(context.settings.secret_key())
        self._page = page.load_page(base, context.settings.today)
        self.feed = Feed(context.database, failed=partial(context.failed, "web"))

    def front_page(self, request: Request) -> HTTPResponse:
        return self._with_session(request, html(self._page.html, headers=page.HEADERS), self._sessions.open(request))

    def asset(self, name: str) -> HTTPResponse:
        found = self._page.assets.get(name)
        if found is None:
            return json_response({"status": "failure", "reason": "unknown"}, status=404)
        headers = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
        return HTTPResponse(found.content, headers=headers, content_type=found.content_type)

    async def receive(self, request: Request) -> HTTPResponse:
        """One message of the person; the page's id for it makes a repeated delivery harmless. The answers are in the response."""
        _own_page_only(request)
        body = json_object(request)
        text, message_id = string(body, "text"), string(body, "id", limit=_MESSAGE_ID_LIMIT)
        session = self._sessions.open(request)
        handled = await self._context.intake.receive(
            channel=WebChannel.name(),
            sender=session.name,
            text=text,
            external_id=f"{session.name}:{message_id}",
            ask=self._ask,
            delivers_at_once=True,
        )
        self.feed.wake()  # other pages of the session show it, too
        answer = {"messages": self._told(handled), "held": handled.state == HELD}
        return self._with_session(request, _private_json(answer), session)

    async def history(self, request: Request) -> HTTPResponse:
        session = self._sessions.open(request)
        lines = [] if session.fresh else await asyncio.to_thread(self._lines, session)
        answer = {"messages": lines, "cursor": max((line.get("id") or 0 for line in lines), default=0)}
        return self._with_session(request, _private_json(answer), session)

    async def events(self, request: Request) -> HTTPResponse | None:
        """Server-sent events from ``Last-Event-ID`` (else ``?after=``) on. Without a session of ours: 401, and the page asks anew."""
        session = self._sessions.open(request)
        if session.fresh:
            return json_response({"status": "failure", "reason": "no_session"}, status=401)
        after = _number(request.headers.get("last-event-id") or request.args.get("after") or "0")
        await asyncio.to_thread(self._mark_shown, _sender(session), after)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        stream = await request.respond(content_type="text/event-stream; charset=utf-8", headers=headers)
        await stream.send(f"retry: {_RETRY}\n\n")
        async with aclosing(self.feed.follow(_sender(session), after)) as coming:
            async for outgoing in coming:
                await stream.send(wire.event(outgoing) if outgoing else ": on\n\n")
                if outgoing and outgoing.state == PENDING:
                    await asyncio.to_thread(self._mark_sent, outgoing.id)
        await stream.eof()
        return None

    async def vote(self, request: Request) -> HTTPResponse:
        """有用 / 没用 on an answer of this very session, once. A foreign message and a missing one read the same."""
        _own_page_only(request)
        body = json_object(request)
        message_id, vote = body.get("message"), string(body, "vote")
        if not isinstance(message_id, int) or isinstance(message_id, bool) or not 0 < message_id <= _MAX_ID or vote not in feedback.VOTES:
            raise RefusedError(400, "vote_invalid")
        session = self._sessions.open(request)
        outcome = await asyncio.to_thread(self._vote, message_id, session, vote)
        if outcome is feedback.Outcome.REFUSED:
            raise RefusedError(404, "no_such_message")
        return _private_json({"status": outcome.value})

    def restart(self, request: Request) -> HTTPResponse:
        """Forget the session in this browser: the next person at a shared computer starts afresh."""
        _own_page_only(request)
        json_object(request)
        return self._with_session(request, _private_json({"status": "ok"}), self._sessions.begin())

    def _with_session(self, request: Request, response: HTTPResponse, session: WebSession) -> HTTPResponse:
        self._sessions.write(request, response, session)
        return response

    def _told(self, handled: Handled) -> list[dict[str, Any]]:
        if handled.sentence is not None:
            return [wire.of_sentence(handled.sentence, self._context.settings.now())]
        return [wire.of_outgoing(outgoing) for outgoing in handled.messages]

    def _lines(self, session: WebSession) -> list[dict[str, Any]]:
        with self._context.database.read() as reading:
            return [wire.of_line(line) for line in history(reading, _sender(session))]

    def _vote(self, message_id: int, session: WebSession, vote: str) -> feedback.Outcome:
        with self._context.database.write() as writing:
            return feedback.vote(writing, message_id, _sender(session), vote, self._context.settings.now())

    def _mark_shown(self, sender_id: str, last: int) -> None:
        """The page's cursor proves that it has shown what the history held: the stream does not bring that again, and so never marks it."""
        with self._context.database.read() as reading:
            shown = outbox.lies_up_to(reading, sender_id, last)
        if shown:
            with self._context.database.write() as writing:
                outbox.mark_sent(writing, shown)

    def _mark_sent(self, outbox_id: int) -> None:
        with self._context.database.write() as writing:
            outbox.mark_sent(writing, [outbox_id])


def _chat(request: Request) -> _Chat:
    chat: _Chat = request.app.ctx.web_chat
    return chat


def _sender(session: WebSession) -> str:
    return f"{WebChannel.name()}:{session.name}"


def _private_json(answer: dict[str, Any]) -> HTTPResponse:
    return json_response(answer, headers={"Cache-Control": "no-store"}, ensure_ascii=False)


def _number(text: str) -> int:
    return min(int(text), _MAX_ID) if text.isascii() and text.isdigit() and len(text) < 20 else 0


def _own_page_only(request: Request) -> None:
    """Refuse a call that another site's page makes in a person's browser: browsers always name the page's origin on POST."""
    origin = urlsplit(request.headers.get("origin", ""))
    if not origin.netloc or origin.netloc.lower() != request.headers.get("host", "").lower():
        raise RefusedError(403, "foreign_origin")
