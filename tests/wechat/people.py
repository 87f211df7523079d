"""A person who follows the account: what they can do in its conversation, and what they then see."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.wechat import messages
from tests.wechat.messages import Message
from tests.wechat.replies import Reply

if TYPE_CHECKING:
    from tests.wechat.peer import Peer

FAULT = "该公众号提供的服务出现故障，请稍后再试"
"""What WeChat itself tells a person whose message no delivery got a 200 for."""


@dataclass(frozen=True)
class Exchange:
    """One delivery and its answer. `status` is None where the connection was cut or refused; `error` says why."""

    status: int | None
    body: bytes
    seconds: float
    query: dict[str, str]
    sent: bytes
    reply: Reply | None = None
    error: str = ""

    @property
    def text(self) -> str | None:
        return self.reply.text if self.reply else None

    @property
    def accepted(self) -> bool:
        """A 200 in time: WeChat delivers no more."""
        return self.status == 200

    @property
    def silent(self) -> bool:
        """Accepted without a reply (empty or ``success``)."""
        return self.accepted and self.reply is None


@dataclass(frozen=True)
class Said:
    """What became of an act: all deliveries, and what the person sees of the last (`reply`: None when nothing)."""

    message: Message
    exchanges: list[Exchange]

    @property
    def fault(self) -> bool:
        return not self.exchanges[-1].accepted

    @property
    def reply(self) -> str | None:
        return FAULT if self.fault else self.exchanges[-1].text

    @property
    def last(self) -> Exchange:
        return self.exchanges[-1]


@dataclass(frozen=True)
class Person:
    """Somebody by openid. Every act is delivered as WeChat does; elements given by name are added or replaced (None: left out)."""

    peer: "Peer"
    openid: str

    def message(self, **fields: Any) -> Message:
        """A message of the person, not delivered."""
        return self.peer.message(**{"FromUserName": self.openid, **fields})

    def sends(self, built: dict[str, Any], **fields: Any) -> Said:
        """Delivers any message built by ``messages``."""
        message = self.message(**{**built, **fields})
        return Said(message, self.peer.deliver(message))

    def says(self, text: str, **fields: Any) -> Said:
        return self.sends(messages.text(text), **fields)

    def speaks(self, recognition: str | None, **fields: Any) -> Said:
        return self.sends(messages.voice(recognition), **fields)

    def sends_image(self, **fields: Any) -> Said:
        return self.sends(messages.image(), **fields)

    def sends_video(self, **fields: Any) -> Said:
        return self.sends(messages.video(), **fields)

    def sends_shortvideo(self, **fields: Any) -> Said:
        return self.sends(messages.video("shortvideo"), **fields)

    def sends_location(self, latitude: float = 36.623, longitude: float = 101.778, label: str = "西宁市城中区", **fields: Any) -> Said:
        return self.sends(messages.location(latitude, longitude, label), **fields)

    def sends_link(self, title: str = "通知", description: str = "", url: str = "https://example.com/a?b=1&c=2", **fields: Any) -> Said:
        return self.sends(messages.link(title, description, url), **fields)

    def sends_kind(self, kind: str, **fields: Any) -> Said:
        return self.sends(messages.other(kind), **fields)

    def sends_sticker(self, **fields: Any) -> Said:
        """A sticker: accounts get a text that says it cannot be shown."""
        return self.sends(messages.text(messages.UNSUPPORTED), **fields)

    def taps_menu_link(self, menu_id: str, text: str, **fields: Any) -> Said:
        """A tap on a ``weixin://bizmsgmenu`` link or on an option of a menu message."""
        return self.sends(messages.menu_link(menu_id, text), **fields)

    def taps(self, shown: str, label: str, **fields: Any) -> Said:
        """A tap on the menu link with that label in a text that the account has sent."""
        links = messages.menu_links(shown)
        chosen = next((link for link in links if link.label == label), None)
        assert chosen, f"no menu link {label!r} among {links}"
        return self.taps_menu_link(chosen.id, chosen.content, **fields)

    def happens(self, event: str, key: str | None = None, **fields: Any) -> Said:
        """Any event."""
        return self.sends(messages.event(event, key, **fields))

    def subscribes(self, scene: str | int | None = None, **fields: Any) -> Said:
        if scene is None:
            return self.happens("subscribe", "", **fields)
        return self.happens("subscribe", f"qrscene_{scene}", **{"Ticket": messages.media_id("ticket"), **fields})

    def unsubscribes(self, **fields: Any) -> Said:
        return self.happens("unsubscribe", "", **fields)

    def scans(self, scene: str | int, **fields: Any) -> Said:
        return self.happens("SCAN", str(scene), **{"Ticket": messages.media_id("ticket"), **fields})

    def clicks(self, key: str, **fields: Any) -> Said:
        return self.happens("CLICK", key, **fields)

    def views(self, url: str, **fields: Any) -> Said:
        return self.happens("VIEW", url, **{"MenuId": messages.next_id() % 10**9, **fields})

    def scans_from_menu(self, key: str, result: str, event: str = "scancode_waitmsg", **fields: Any) -> Said:
        return self.happens(event, key, **{"ScanCodeInfo": {"ScanType": "qrcode", "ScanResult": result}, **fields})

    def reports_location(self, latitude: float = 36.623, longitude: float = 101.778, **fields: Any) -> Said:
        return self.happens("LOCATION", None, **{"Latitude": latitude, "Longitude": longitude, "Precision": 119.385, **fields})

    def template_finished(self, status: str = "success", **fields: Any) -> Said:
        return self.happens("TEMPLATESENDJOBFINISH", None, **{"MsgID": messages.next_id(), "Status": status, **fields})
