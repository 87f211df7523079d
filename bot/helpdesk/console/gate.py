"""What every request passes before anything of it is read: who sends it, from which page, how large, and nothing in it that breaks others.

FastAPI reads forms before it asks dependencies, so that a body would be read before it is known whose it is. This stands in front.
"""

import re
from collections.abc import Callable

from fastapi import HTTPException, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.db import DatabaseFault
from bot.helpdesk.console.access import OPEN_TO_ALL, SAFE, TOKEN, Forbidden, NotSignedIn, from_our_page, signed_in
from bot.helpdesk.console.desk import at_desk
from bot.helpdesk.console.refusals import HEADERS, forbidden, refused, to_login, unavailable
from bot.helpdesk.models import ADMIN
from bot.helpdesk.records import uploadfiles

FOR_EVER = "public, max-age=31536000, immutable"
MOST_BODY = 1 << 20  # bytes
LARGE = {"/data/upload": (ADMIN, uploadfiles.MOST_BYTES + MOST_BODY)}
"""Where more is brought: by whom, and how many bytes. With its token in a header the page itself says, unread, that it is too much."""
_TOO_LONG_A_NUMBER = re.compile(rb"[0-9]{19}")  # no row has one, and databases fail on it
_FORM = "application/x-www-form-urlencoded"

_ANSWERS: tuple[tuple[type[Exception], Callable[[Request, Exception], Response]], ...] = (
    (NotSignedIn, to_login),
    (Forbidden, forbidden),
    (HTTPException, refused),
    (DatabaseFault, unavailable),
)


class Gate:
    """ASGI middleware. No middleware of Starlette's: that one stands between a stream and its reader."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sending = _with_headers(scope, send)
        request = Request(scope, receive)
        try:
            receive = await _admitted(request)
        except tuple(kind for kind, _ in _ANSWERS) as error:
            answer = next(answer for kind, answer in _ANSWERS if isinstance(error, kind))
            response = await run_in_threadpool(answer, request, error)
            await response(scope, request.receive, sending)
            return
        await self._app(scope, receive, sending)


async def _admitted(request: Request) -> Receive:
    """How the body is to be read. NotSignedIn, Forbidden, DatabaseFault, HTTPException."""
    asked = (request.scope.get("raw_path") or b"") + b"?" + request.scope["query_string"]
    if b"\0" in asked or b"%00" in asked or _TOO_LONG_A_NUMBER.search(asked):
        raise HTTPException(404)
    if request.method in SAFE:
        return request.receive
    from_our_page(request)
    role, most = LARGE.get(request.url.path, ("", MOST_BODY))
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or len(length) > 12 or "transfer-encoding" in request.headers:
        raise HTTPException(413)
    if request.url.path not in OPEN_TO_ALL:
        member = await run_in_threadpool(signed_in, request, at_desk(request))
        if role and member.role != role:
            raise Forbidden
    if int(length) > most and not (role and TOKEN in request.headers):
        raise HTTPException(413)
    return await _read(request) if request.headers.get("content-type", "").startswith(_FORM) else request.receive


async def _read(request: Request) -> Receive:
    """A small form, read and looked at. HTTPException for a sign that no database takes."""
    body = await request.body()
    if b"\0" in body or b"%00" in body:
        raise HTTPException(400)
    told = False

    async def again() -> Message:
        nonlocal told
        if told:
            return await request.receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _with_headers(scope: Scope, send: Send) -> Send:
    kept = scope["path"].startswith("/static/") and scope["query_string"].startswith(b"v=")

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(HEADERS)
            headers.setdefault("Cache-Control", FOR_EVER if kept else "no-store")
        await send(message)

    return sending
