"""The web chat's session: an unguessable name in a signed cookie. It is the whole key to a conversation, bound person included."""

import secrets
from dataclasses import dataclass

from itsdangerous import BadSignature, URLSafeTimedSerializer
from sanic.request import Request
from sanic.response import BaseHTTPResponse

COOKIE = "xst_session"
_SALT = "xueshitong.web.session"
_MAX_AGE = 30 * 24 * 3600  # seconds; the browser itself forgets the cookie when it closes
_RANDOM_BYTES = 24


@dataclass(frozen=True)
class WebSession:
    """``name`` is the sender within the channel; ``fresh`` sessions still need their cookie set."""

    name: str
    fresh: bool


class Sessions:
    """Opens and writes sessions with one signing key."""

    def __init__(self, secret: bytes) -> None:
        self._signer = URLSafeTimedSerializer(secret, salt=_SALT)

    def open(self, request: Request) -> WebSession:
        """The session of the request's cookie; a fresh one without a cookie or with one that we did not sign."""
        name = self._verified(request.cookies.get(COOKIE))
        return WebSession(name, fresh=False) if name else self.begin()

    def begin(self) -> WebSession:
        """A new session."""
        return WebSession(secrets.token_urlsafe(_RANDOM_BYTES), fresh=True)

    def write(self, request: Request, response: BaseHTTPResponse, session: WebSession) -> None:
        """Set the cookie of a fresh session: out of reach of scripts and of other sites' forms, encrypted lines only where there is one."""
        if not session.fresh:
            return
        response.cookies[COOKIE] = self._signer.dumps(session.name)
        cookie = response.cookies[COOKIE]
        cookie["path"] = "/"
        cookie["httponly"] = True
        cookie["samesite"] = "Lax"
        if "https" in (request.scheme, request.headers.get("x-forwarded-proto", "")):
            cookie["secure"] = True

    def _verified(self, value: str | None) -> str | None:
        if not value:
            return None
        try:
            name = self._signer.loads(value, max_age=_MAX_AGE)
        except BadSignature:
            return None
        return name if isinstance(name, str) else None
