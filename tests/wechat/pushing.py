"""Messages that an account sends by the API: what WeChat takes, to whom, how many and how long after which act."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.wechat.tokens import Refused

MOST_BYTES = 2048
WINDOWS = {"message": (5, 48 * 3600.0), "tap": (3, 60.0), "subscribe": (3, 60.0), "scan": (3, 60.0)}
"""Per act of the person: how many messages it allows and for how many seconds. An act renews its own, it does not add to what is left."""


@dataclass(frozen=True)
class Pushed:
    """A message as the person sees it. `text` of a menu message is its head, options and tail, a line each."""

    openid: str
    kind: str
    text: str
    body: dict[str, Any]
    at: float


@dataclass
class Window:
    """What an act still allows."""

    left: int
    until: float


class Followers:
    """Who may be sent something now."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self._windows: dict[str, dict[str, Window]] = {}
        self._gone: set[str] = set()

    def heard(self, openid: str, kind: str) -> None:
        """The person did something: an act of WINDOWS, or ``unsubscribe``."""
        if kind == "unsubscribe":
            self._gone.add(openid)
            return
        left, seconds = WINDOWS[kind]
        self._gone.discard(openid)
        self._windows.setdefault(openid, {})[kind] = Window(left, self.now() + seconds)

    def left(self, openid: str) -> int:
        """How many messages may still be sent to the person now."""
        return sum(window.left for window in self._open(openid))

    def spend(self, openid: str) -> None:
        """Takes one message from what is left, first from what ends first; refuses if nothing is."""
        if openid in self._gone:
            raise Refused(43004, "require subscribe")
        windows = self._open(openid)
        if not windows:
            raise Refused(45015, "response out of time limit or subscription is canceled")
        usable = [window for window in windows if window.left > 0]
        if not usable:
            raise Refused(45047, "out of response count limit")
        min(usable, key=lambda window: window.until).left -= 1

    def _open(self, openid: str) -> list[Window]:
        return [window for window in self._windows.get(openid, {}).values() if window.until > self.now()]


def _text(body: dict[str, Any]) -> str:
    content = _part(body, "text").get("content")
    if not isinstance(content, str) or not content:
        raise Refused(44004, "empty content")
    return content


def _msgmenu(body: dict[str, Any]) -> str:
    menu = _part(body, "msgmenu")
    options = menu.get("list")
    if not isinstance(options, list) or not options:
        raise Refused(47001, "data format error: msgmenu without list")
    for option in options:
        if not isinstance(option, dict) or not option.get("content") or not isinstance(option.get("id"), str | int):
            raise Refused(47001, f"data format error: msgmenu option {option}")
    return "\n".join(part for part in (menu.get("head_content"), *(o["content"] for o in options), menu.get("tail_content")) if part)


def _image(body: dict[str, Any]) -> str:
    if not _part(body, "image").get("media_id"):
        raise Refused(40007, "invalid media_id")
    return ""


def _part(body: dict[str, Any], kind: str) -> dict[str, Any]:
    part = body.get(kind)
    if not isinstance(part, dict):
        raise Refused(47001, f"data format error: no {kind}")
    return part


_READERS: dict[Any, Callable[[dict[str, Any]], str]] = {"text": _text, "msgmenu": _msgmenu, "image": _image}


def taken(body: dict[str, Any], at: float) -> Pushed:
    """The message of a request that WeChat takes."""
    openid, kind = body.get("touser"), body.get("msgtype")
    if not isinstance(openid, str) or not openid:
        raise Refused(40003, "invalid openid")
    reader = _READERS.get(kind)
    if reader is None:
        raise Refused(40008, "invalid message type")
    text = reader(body)
    if len(text.encode("utf-8")) > MOST_BYTES:
        raise Refused(45002, "content size out of limit")
    return Pushed(openid, str(kind), text, body, at)
