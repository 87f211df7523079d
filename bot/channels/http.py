"""Who may come in; reading JSON requests strictly; refusing plainly: 4xx with a short reason, never a traceback."""

import hmac
import json
import logging
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from sanic.request import Request
from sanic.response import HTTPResponse
from sanic.response import json as json_response

from bot.db import DatabaseFault
from bot.settings import Settings

BODY_LIMIT = 64 * 1024  # bytes; far above any text that is answered
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
# Signs that the caller is not a program on this machine: a proxy in between, or a page in somebody's browser.
_FROM_ELSEWHERE = ("forwarded", "via", "x-real-ip", "origin")

Handler = Callable[..., Coroutine[Any, Any, HTTPResponse | None]]  # None: the handler streamed its response itself

logger = logging.getLogger(__name__)


class RefusedError(Exception):
    """A request that is not served: HTTP status and a machine-readable reason."""

    def __init__(self, status: int, reason: str, **headers: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def refusing(handler: Handler) -> Handler:
    """Answer :class:`RefusedError`, and a database that cannot serve (503), as JSON."""

    @wraps(handler)
    async def wrapped(request: Request, *args: Any, **kwargs: Any) -> HTTPResponse | None:
        try:
            return await handler(request, *args, **kwargs)
        except RefusedError as refused:
            return json_response({"status": "failure", "reason": refused.reason}, status=refused.status, headers=refused.headers)
        except DatabaseFault as error:
            logger.error("%s: %s", request.path, type(error).__name__)
            return json_response({"status": "failure", "reason": "unavailable"}, status=503)

    return wrapped


def is_local(request: Request, settings: Settings) -> bool:
    """Whether a program on this machine asks: the bot listens on loopback alone and was called so, with no sign of proxy or browser.

    The name it was called by counts because a proxy need not add a header of its own, but keeps the name that people use.
    """
    headers = {name.lower() for name in request.headers}
    elsewhere = any(name in _FROM_ELSEWHERE or name.startswith("x-forwarded") for name in headers)
    return settings.host in LOOPBACK and _called(request) in LOOPBACK and not elsewhere


def _called(request: Request) -> str:
    """The host that the caller named, without its port; empty when it named none that can be read."""
    try:
        return urlsplit("//" + request.headers.get("host", "")).hostname or ""
    except ValueError:
        return ""


def admit(request: Request, settings: Settings, token: str | None) -> None:
    """Let programs on this machine in; anybody else needs the token as ``Authorization: Bearer``. RefusedError otherwise."""
    if is_local(request, settings):
        return
    if token is None:
        raise RefusedError(403, "closed")
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode("utf-8", "surrogatepass"), token.encode()):
        raise RefusedError(401, "token", WWW_Authenticate="Bearer")


def json_object(request: Request, limit: int = BODY_LIMIT) -> dict[str, Any]:
    """The request's JSON object. RefusedError unless it says ``application/json``, is small and is an object in UTF-8."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise RefusedError(415, "content_type")
    if len(request.body) > limit:
        raise RefusedError(413, "too_large")
    try:
        body = json.loads(request.body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise RefusedError(400, "not_json") from None
    if not isinstance(body, dict):
        raise RefusedError(400, "not_an_object")
    return body


def string(body: dict[str, Any], key: str, *, limit: int | None = None) -> str:
    """A string of the object. With a ``limit`` it is an identifier: not empty, printable, at most so long. RefusedError otherwise."""
    value = body.get(key)
    if not isinstance(value, str):
        raise RefusedError(400, f"{key}_not_a_string")
    if limit is not None and (not value.strip() or len(value) > limit or not value.isprintable()):
        raise RefusedError(400, f"{key}_invalid")
    return value
