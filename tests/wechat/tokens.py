"""The one valid access token of an account, as ``stable_token`` gives it out."""

import secrets
from collections.abc import Callable
from typing import Any

EARLY = 24  # the last 1/24 of a token's life (five minutes of two hours): a normal call gives a new one, and both are valid
FORCE_GAP = 30.0


class Refused(Exception):  # noqa: N818
    """What the API answers instead: an errcode and its errmsg."""

    def __init__(self, errcode: int, errmsg: str) -> None:
        super().__init__(errcode, errmsg)
        self.errcode, self.errmsg = errcode, errmsg


class StableTokens:
    """Issues tokens and knows which are valid. `expires_in` is the life of those to come, in seconds."""

    def __init__(self, app_id: str, secret: str, now: Callable[[], float]) -> None:
        self.app_id, self.secret, self.now = app_id, secret, now
        self.expires_in = 7200
        self.force_gap = FORCE_GAP
        self.issued: list[str] = []
        self._until: dict[str, float] = {}
        self._life = 0
        self._forced = float("-inf")

    @property
    def current(self) -> str | None:
        """The newest token, if it has not been revoked."""
        return self.issued[-1] if self.issued and self.issued[-1] in self._until else None

    def give(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The answer to ``stable_token``."""
        if asked.get("grant_type") != "client_credential":
            raise Refused(40002, "invalid grant_type")
        if asked.get("appid") != self.app_id:
            raise Refused(40013, "invalid appid")
        if asked.get("secret") != self.secret:
            raise Refused(40125, "invalid appsecret, view more at http://t.cn/LOEdzVq")
        now = self.now()
        force = asked.get("force_refresh") is True
        if force and now - self._forced >= self.force_gap:
            self._forced = now
            self._until.clear()
        token = self.current
        left = self._until[token] - now if token else 0.0
        if token is None or left <= self._life / EARLY:
            token, left = self._new(now), float(self.expires_in)
        return {"access_token": token, "expires_in": max(1, int(left))}

    def check(self, token: str | None) -> None:
        """Refuses a token that is missing, has expired, or is not (or no longer) the valid one."""
        if not token:
            raise Refused(41001, "access_token missing")
        until = self._until.get(token)
        if until is None:
            raise Refused(40001, "invalid credential, access_token is invalid or not latest")
        if self.now() >= until:
            raise Refused(42001, "access_token expired")

    def expire(self) -> None:
        """Ends the life of every token given out so far (42001)."""
        self._until = dict.fromkeys(self._until, self.now())

    def revoke(self) -> None:
        """As when somebody else has refreshed by force: what was given out is no longer valid (40001)."""
        self._until.clear()

    def _new(self, now: float) -> str:
        token = f"{len(self.issued) + 60}_{secrets.token_urlsafe(96)}"
        self.issued.append(token)
        self._until[token] = now + self.expires_in
        self._life = self.expires_in
        return token
