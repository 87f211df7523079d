"""Who may come in and who may do what: the session's cookie, roles, and proof that a change was asked for on our own page."""

import hmac
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from bot.helpdesk.console.desk import AtDesk
from bot.helpdesk.models import ADMIN, AGENT, UNIT
from bot.helpdesk.staff import sessions
from bot.helpdesk.staff.sessions import Member

COOKIE = "xst_desk"
TOKEN, FIELD = "x-csrf-token", "csrf"
SAFE = ("GET", "HEAD", "OPTIONS")
BY_THEMSELVES = ("/waiting", "/conversations/events")
BY_ITSELF = "x-by-itself"
"""What pages ask for without anybody at the keyboard: by its path, or said by a header. It keeps no session from ending."""
OPEN_TO_ALL = ("/login",)
"""Where a change needs no session: only our own page's origin."""


class NotSignedIn(Exception):  # noqa: N818 (no mistake: the browser is sent to the login page)
    """Nobody is signed in, or no longer."""


class Forbidden(Exception):  # noqa: N818
    """Somebody is signed in who may not do this. ``why`` is a word of words/frame.yml."""

    def __init__(self, why: str = "forbidden") -> None:
        super().__init__(why)
        self.why = why


def signed_in(request: Request, desk: AtDesk) -> Member:
    """Whoever sent the request. NotSignedIn."""
    found = getattr(request.state, "member", None)
    if found is None:
        token = request.cookies.get(COOKIE)
        unattended = request.url.path in BY_THEMSELVES or BY_ITSELF in request.headers
        found = sessions.find(desk.database, token, desk.now, not unattended) if token else None
        if found is None:
            raise NotSignedIn
        request.state.member = found
    member: Member = found
    return member


def _of(*roles: str) -> Any:
    def allowed(member: Annotated[Member, Depends(signed_in)]) -> Member:
        if member.role not in roles:
            raise Forbidden
        return member

    return Depends(allowed)


Anyone = Annotated[Member, _of(AGENT, ADMIN, UNIT)]
Worker = Annotated[Member, _of(AGENT, ADMIN)]
Admin = Annotated[Member, _of(ADMIN)]


def from_our_page(request: Request) -> None:
    """Refuse a change that another site's page asked for in somebody's browser. Forbidden."""
    try:
        origin = urlsplit(request.headers.get("origin", "")).netloc.lower()
    except ValueError:  # no address at all, as http://[ is none
        origin = ""
    if not origin or origin != request.headers.get("host", "").lower():
        raise Forbidden("foreign")


async def proven(request: Request, desk: AtDesk) -> None:
    """Refuse a change without the session's own token. NotSignedIn, Forbidden."""
    if request.method in SAFE or request.url.path in OPEN_TO_ALL:
        return
    member = await run_in_threadpool(signed_in, request, desk)
    given = request.headers.get(TOKEN) or str((await request.form()).get(FIELD, ""))
    if not hmac.compare_digest(given.encode("utf-8", "surrogatepass"), member.csrf.encode()):
        raise Forbidden("csrf")


def give_cookie(request: Request, response: Response, token: str) -> None:
    """Set the session's cookie: out of reach of scripts and of other sites, on encrypted lines only where there is one."""
    life = int(sessions.LIFE.total_seconds())
    response.set_cookie(COOKIE, token, max_age=life, path="/", httponly=True, samesite="strict", secure=request.url.scheme == "https")


def take_cookie(response: Response) -> None:
    """Remove the session's cookie."""
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
