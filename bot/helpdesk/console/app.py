"""The console's application: its areas, what guards them, and how failures look."""

import logging
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.db import DatabaseFault
from bot.helpdesk.console.access import Forbidden, NotSignedIn, only_ours
from bot.helpdesk.console.desk import Desk
from bot.helpdesk.console.pages import (
    ask,
    audit,
    calls,
    conversations,
    dashboard,
    data,
    entry,
    events,
    learning,
    people,
    report,
    sample,
    switches,
)
from bot.helpdesk.console.rendering import STATIC, render
from bot.helpdesk.words import word

AREAS = (entry, events, conversations, calls, sample, switches, ask, people, audit, data, report, dashboard, learning)
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
FOR_EVER = "public, max-age=31536000, immutable"

logger = logging.getLogger(__name__)


def create_app(desk: Desk, lifespan: Any = None) -> FastAPI:
    """The application over this desk. Nothing is connected before the first request."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, lifespan=lifespan, dependencies=[Depends(only_ours)])
    app.state.desk = desk
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    for area in AREAS:
        app.include_router(area.router)
    app.add_middleware(Headers)
    app.exception_handler(NotSignedIn)(_to_login)
    app.exception_handler(Forbidden)(_forbidden)
    app.exception_handler(HTTPException)(_refused)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(DatabaseFault)(_unavailable)
    app.exception_handler(Exception)(_mistake)
    return app


class Headers:
    """Adds the headers that every response has. No middleware of Starlette's: that one stands between a stream and its reader."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        kept = scope["path"].startswith("/static/") and scope["query_string"].startswith(b"v=")

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers.setdefault("Cache-Control", FOR_EVER if kept else "no-store")
            await send(message)

        await self._app(scope, receive, sending)


def _to_login(request: Request, _: Exception) -> Response:
    streams = "text/event-stream" in request.headers.get("accept", "")  # it ends here, and its page asks why
    if streams or request.headers.get("hx-request"):
        return Response(status_code=204, headers={"HX-Redirect": "/login?expired=1"})
    return RedirectResponse("/login" if request.url.path == "/" else "/login?expired=1", 303)


def _forbidden(request: Request, error: Exception) -> Response:
    return _said(request, getattr(error, "why", "forbidden"), 403)


def _refused(request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 500)
    return _said(request, {404: "unknown", 413: "too_large"}.get(status, "invalid"), status)


def _invalid(request: Request, _: Exception) -> Response:
    """Without what was given: the details of a validation error repeat it."""
    return _said(request, "invalid", 422)


def _unavailable(request: Request, error: Exception) -> Response:
    logger.error("a page cannot reach the database: %s", type(error).__name__)
    return _said(request, "database", 503)


def _mistake(request: Request, error: Exception) -> Response:
    return _said(request, "mistake", 500)


def _said(request: Request, why: str, status: int) -> Response:
    return render(request, "error.html", None, status, said=word(f"frame.errors.{why}"))
