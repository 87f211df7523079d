"""A pretended ``api.weixin.qq.com`` on a port of its own: what WeChat takes of an account, and what it refuses."""

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from sanic import HTTPResponse, Request, Sanic
from sanic.response import empty, html
from sanic.response import json as json_response

from tests.bare import listening
from tests.wechat.account import OLD, RID, Account
from tests.wechat.faults import MESSAGES, Fault, Faults
from tests.wechat.pushing import Pushed

__all__ = ["Call", "FakeApi", "Pushed"]


@dataclass(frozen=True)
class Call:
    """A request as it came, and the answer (None: it was left without one)."""

    method: str
    path: str
    query: dict[str, str]
    body: bytes
    answer: dict[str, Any] | None
    at: float


class FakeApi(Account):
    """The API of one account; ``with FakeApi() as api`` runs it at `api.url`. The switches are those of Account."""

    def __init__(self, app_id: str = "wx1", secret: str = "s1", now: Callable[[], float] = time.time) -> None:
        super().__init__(app_id, secret, now)
        self.url = ""
        self._faults = Faults()
        self._calls: list[Call] = []
        self._changed = threading.Condition(threading.RLock())
        self._running = ExitStack()

    def __enter__(self) -> "FakeApi":
        self.url, _ = self._running.enter_context(listening(self._furnish))
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    # What tests tell it.

    def heard(self, openid: str, kind: str) -> None:
        """The person did something: ``message``, ``tap``, ``subscribe``, ``scan`` or ``unsubscribe``."""
        with self._changed:
            self.followers.heard(openid, kind)

    def fails(self, path: str, errcode: int, times: int = 1, errmsg: str | None = None) -> None:
        """The next calls whose path ends so are answered with this error; -1 is 'system busy'."""
        self._befall(Fault(path, times, errcode=errcode, errmsg=errmsg or MESSAGES.get(errcode, "error")))

    def breaks(self, path: str, status: int = 502, times: int = 1) -> None:
        """They get this HTTP status and a page."""
        self._befall(Fault(path, times, status=status))

    def hangs(self, path: str, seconds: float, times: int = 1, after: bool = False) -> None:
        """They wait that long for the answer: before the call is done or (`after`) when it has been."""
        self._befall(Fault(path, times, seconds=seconds, after=after))

    def cuts(self, path: str, times: int = 1, after: bool = False) -> None:
        """Their connection ends without an answer: before the call is done or (`after`) when it has been."""
        self._befall(Fault(path, times, cut=True, after=after))

    def heals(self) -> None:
        """No fault is to come any more."""
        with self._changed:
            self._faults.clear()

    # What tests ask it.

    @property
    def calls(self) -> list[Call]:
        with self._changed:
            return list(self._calls)

    def called(self, path: str) -> list[Call]:
        """Calls whose path ends so."""
        return [call for call in self.calls if call.path.endswith(path)]

    @property
    def tokens_issued(self) -> list[str]:
        with self._changed:
            return list(self.tokens.issued)

    @property
    def old_token_calls(self) -> int:
        """Calls of the endpoint that a client of ``stable_token`` has no business with."""
        return len([call for call in self.calls if call.path == OLD])

    def pushed(self, openid: str | None = None) -> list[Pushed]:
        """What the person was sent (everybody, without one), in order."""
        with self._changed:
            return [one for one in self.sent if openid in (None, one.openid)]

    def wait_pushed(self, openid: str, n: int = 1, seconds: float = 5.0) -> list[Pushed]:
        """Waits until the person has been sent `n` messages in all; AssertionError if that does not happen in time."""
        with self._changed:
            enough = self._changed.wait_for(lambda: len(self.pushed(openid)) >= n, seconds)
            found = self.pushed(openid)
        assert enough, f"{openid} was sent {len(found)} of {n} messages in {seconds} s: {[one.text for one in found]}"
        return found

    # How it serves.

    def _befall(self, fault: Fault) -> None:
        with self._changed:
            self._faults.add(fault)

    def _furnish(self, app: Sanic) -> None:
        app.add_route(self._serve, "/<path:path>", methods=["GET", "POST"])

    async def _serve(self, request: Request, path: str) -> HTTPResponse:
        with self._changed:
            fault = self._faults.take(request.path) or Fault("")
        if fault.after:
            answer = self._do(request)
            await asyncio.sleep(fault.seconds)
        else:
            await asyncio.sleep(fault.seconds)
            answer = self._do(request, fault)
        if fault.cut:
            request.transport.abort()
            await asyncio.sleep(1)  # Sanic ends this task as soon as it sees the connection gone
            return empty()
        if fault.status is not None:
            return html("<html><h1>Bad Gateway</h1></html>", fault.status)
        return json_response(answer, ensure_ascii=False)

    def _do(self, request: Request, fault: Fault | None = None) -> dict[str, Any] | None:
        """Does the call and keeps it; a fault prevents it from being done, unless it only lasts."""
        with self._changed:
            query = {name: values[0] for name, values in request.args.items()}
            if fault is not None and (fault.cut or fault.status is not None):
                answer = None
            elif fault is not None and fault.errcode is not None:
                answer = {"errcode": fault.errcode, "errmsg": f"{fault.errmsg} rid: {RID}"}
            else:
                answer = self.answer(request.method, request.path, query, request.body)
            self._calls.append(Call(request.method, request.path, query, request.body, answer, self.now()))
            self._changed.notify_all()
            return answer
