"""What a message of the platform says: who, which kind, and the key by which it is known."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.channels.http import RefusedError

EVENT = "event"
_OPENID = re.compile(r"[A-Za-z0-9_@.\-]{1,64}")
_ACCOUNT = re.compile(r"[!-~]{1,64}")
_NUMBER = re.compile(r"[0-9]{1,20}")
_KEY_LIMIT = 191  # characters of an external id


@dataclass(frozen=True)
class Incoming:
    """One message or event. ``kind`` is the message type, or ``event``; ``event`` the event's name; both in lower case."""

    openid: str
    kind: str
    event: str
    key: str
    """FromUserName + MsgId + CreateTime; of an event FromUserName + CreateTime + Event + EventKey."""
    elements: Mapping[str, str]

    @property
    def event_key(self) -> str:
        """What the event is about: a menu entry's key, the scene of a QR code."""
        return self.elements.get("EventKey", "").strip()


def read(elements: Mapping[str, str]) -> Incoming:
    """The message in these elements. RefusedError (400) for one without what every message has."""
    openid, created = elements.get("FromUserName", ""), elements.get("CreateTime", "")
    kind = elements.get("MsgType", "").strip().lower()
    named = _OPENID.fullmatch(openid) and _ACCOUNT.fullmatch(elements.get("ToUserName", ""))
    if not named or not _NUMBER.fullmatch(created) or not kind or len(kind) > 40:
        raise RefusedError(400, "not_a_message")
    if kind == EVENT:
        event = elements.get("Event", "").strip().lower()
        if not event:
            raise RefusedError(400, "not_an_event")
        return Incoming(openid, kind, event, _key(openid, created, event, elements.get("EventKey", "")), elements)
    number = elements.get("MsgId", "")
    if not _NUMBER.fullmatch(number):
        raise RefusedError(400, "no_message_id")
    return Incoming(openid, kind, "", _key(openid, number, created), elements)


def _key(*parts: str) -> str:
    """The parts, of which only the last may hold a blank; a digest of them where they are too long for the database."""
    key = " ".join(parts)
    return key if len(key) <= _KEY_LIMIT else f"{parts[0]} {hashlib.sha256(key.encode('utf-8', 'replace')).hexdigest()}"
