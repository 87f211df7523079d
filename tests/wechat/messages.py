"""What WeChat's server pushes, as its documentation gives it: the elements of each kind of message and event, and their XML."""

import itertools
import random
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

ARTICLE = {"MsgDataId": "2247483650_1", "Idx": 1}
"""Elements that a message has besides, when the person wrote it from an article of the account."""

UNSUPPORTED = "【收到不支持的消息类型，暂无法显示】"
"""What arrives as an ordinary text when a person sends a sticker or another thing that accounts are not given."""

_ids = itertools.count(24_000_000_000_000_000 + time.time_ns() % 10**15)  # 64 bits and beyond what a float holds exactly
_LINK = re.compile(r"""<a\s[^>]*?href=(["'])weixin://bizmsgmenu\?(?P<query>.*?)\1[^>]*>(?P<label>.*?)</a>""", re.DOTALL)


def next_id() -> int:
    return next(_ids)


def media_id(kind: str) -> str:
    return f"{kind}_{random.getrandbits(128):032x}"


def _cdata(text: str) -> str:
    return "<![CDATA[" + text.replace("]]>", "]]]]><![CDATA[>") + "]]>"


def elements(fields: Mapping[str, Any]) -> str:
    """XML elements: text as CDATA, numbers bare, a mapping as nested elements, None not at all."""
    parts = []
    for name, value in fields.items():
        if value is None:
            continue
        inner = elements(value) if isinstance(value, Mapping) else _cdata(value) if isinstance(value, str) else str(value)
        parts.append(f"<{name}>{inner}</{name}>")
    return "".join(parts)


@dataclass
class Message:
    """A message or event of a person: the same through all its deliveries."""

    fields: dict[str, Any]
    told_api: bool = False

    @property
    def id(self) -> int | None:
        return self.fields.get("MsgId")

    @property
    def openid(self) -> str:
        return self.fields.get("FromUserName", "")

    @property
    def account(self) -> str:
        return self.fields.get("ToUserName", "")

    @property
    def xml(self) -> str:
        return f"<xml>{elements(self.fields)}</xml>"

    @property
    def opens(self) -> str | None:
        """The act as the API counts it: ``message``, ``tap``, ``subscribe``, ``scan``, ``unsubscribe``; None if it opens nothing."""
        if self.fields.get("MsgType") != "event":
            return "tap" if "bizmsgmenuid" in self.fields else "message"
        event = str(self.fields.get("Event")).lower()
        taps = {"click": "tap", "scancode_push": "tap", "scancode_waitmsg": "tap"}
        return {"subscribe": "subscribe", "unsubscribe": "unsubscribe", "scan": "scan", **taps}.get(event)


def text(content: str) -> dict[str, Any]:
    return {"MsgType": "text", "Content": content}


def menu_link(menu_id: str, content: str) -> dict[str, Any]:
    return {**text(content), "bizmsgmenuid": menu_id}


def voice(recognition: str | None) -> dict[str, Any]:
    """A voice message; `recognition` is what WeChat heard, empty if it heard nothing, None if the account has no recognition."""
    media = media_id("voice")
    return {"MsgType": "voice", "MediaId": media, "Format": "amr", "MediaId16K": media + "_16k", "Recognition": recognition}


def image() -> dict[str, Any]:
    media = media_id("image")
    return {"MsgType": "image", "PicUrl": f"http://mmbiz.qpic.cn/mmbiz_jpg/{media}/0", "MediaId": media}


def video(kind: str = "video") -> dict[str, Any]:
    return {"MsgType": kind, "MediaId": media_id("video"), "ThumbMediaId": media_id("thumb")}


def location(latitude: float, longitude: float, label: str) -> dict[str, Any]:
    return {"MsgType": "location", "Location_X": latitude, "Location_Y": longitude, "Scale": 15, "Label": label}


def link(title: str, description: str, url: str) -> dict[str, Any]:
    return {"MsgType": "link", "Title": title, "Description": description, "Url": url}


def other(kind: str) -> dict[str, Any]:
    """A kind that the documentation does not list; a file is the one known."""
    if kind == "file":
        file = {"FileKey": media_id("file"), "FileMd5": f"{random.getrandbits(128):032x}", "FileTotalLen": 20480}
        return {"MsgType": "file", "Title": "学时.xlsx", "Description": "", **file}
    return {"MsgType": kind, "MediaId": media_id(kind)}


def event(name: str, key: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"MsgType": "event", "Event": name, "EventKey": key, **fields}


class MenuLink(NamedTuple):
    """A ``weixin://bizmsgmenu`` link in a text: what a tap sends (`id`, `content`) and what the person sees (`label`)."""

    id: str
    content: str
    label: str


def menu_links(shown: str) -> list[MenuLink]:
    """The menu links of a text as the client reads them: the content comes back decoded as a form's value is."""
    found = []
    for match in _LINK.finditer(shown):
        pairs = dict(part.partition("=")[::2] for part in match["query"].split("&"))
        found.append(MenuLink(pairs.get("msgmenuid", ""), unquote_plus(pairs.get("msgmenucontent", "")), match["label"]))
    return found
