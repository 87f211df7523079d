"""What a request is answered with that is not served: one sentence, never what was given, never a traceback."""

import logging

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from bot.helpdesk.console.rendering import render
from bot.helpdesk.words import word

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
"""What every response bears."""
_WORDS = {400: "invalid", 404: "unknown", 413: "too_large"}

logger = logging.getLogger(__name__)


def to_login(request: Request, _: Exception) -> Response:
    """Nobody is signed in: the browser goes to the login page, a stream ends."""
    streams = "text/event-stream" in request.headers.get("accept", "")  # it ends here, and its page asks why
    if streams or request.headers.get("hx-request"):
        return Response(status_code=204, headers={"HX-Redirect": "/login?expired=1"})
    return RedirectResponse("/login" if request.url.path == "/" else "/login?expired=1", 303)


def forbidden(request: Request, error: Exception) -> Response:
    """Somebody is signed in who may not do this, or who did not ask for it on our page."""
    return _said(request, getattr(error, "why", "forbidden"), 403)


def refused(request: Request, error: Exception) -> Response:
    """An HTTPException of whatever status."""
    status = getattr(error, "status_code", 500)
    return _said(request, _WORDS.get(status, "invalid"), status)


def invalid(request: Request, _: Exception) -> Response:
    """Without what was given: the details of a validation error repeat it."""
    return _said(request, "invalid", 422)


def too_many_numbers(request: Request, _: Exception) -> Response:
    """Whole identity numbers were searched for so often that somebody may be guessing."""
    return _said(request, "too_many_numbers", 429)


def unavailable(request: Request, error: Exception) -> Response:
    """The database cannot serve."""
    logger.error("a page cannot reach the database: %s", type(error).__name__)
    return _said(request, "database", 503)


def mistake(request: Request, error: Exception) -> Response:
    """A mistake of ours. It is answered outside everything that gives responses their headers."""
    response = _said(request, "mistake", 500)
    response.headers.update({**HEADERS, "Cache-Control": "no-store"})
    return response


def _said(request: Request, why: str, status: int) -> Response:
    return render(request, "error.html", None, status, said=word(f"frame.errors.{why}"))
