"""How a reply reaches the person: what became of one that was written, and whether one may be written now."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from bot.helpdesk.words import word
from bot.inbox import reach, shared_state
from bot.inbox.models import FAILED, PENDING, SENT, WAITING
from bot.messages import message

WEB, WECHAT, TELEGRAM, GROUP, REST = "web", "wechat", "telegram", "group", "rest"
_CHANNELS = {"web": WEB, "wx": WECHAT, "tg": TELEGRAM, "tgg": GROUP, "rest": REST}
_PULLED = frozenset({WEB, REST})
"""Channels that push nothing: a message lies there until the other side asks for it."""
_AT_ONCE = timedelta(seconds=3)  # an open page has fetched a message by then

ON_ITS_WAY, ARRIVED, LIES, LOST = "sending", "sent", "waiting", "failed"
FREE, COUNTED, WAITS, CUT = "free", "counted", "waits", "cut"
"""Ways to a person: any number of messages; so many until a moment; only with the person's next message; none."""


@dataclass(frozen=True)
class Delivery:
    """What became of one outgoing message; ``why`` explains a state that is not the usual one, else it is empty."""

    state: str  # sending, sent, waiting, failed
    why: str = ""

    @property
    def label(self) -> str:
        """The state as staff read it."""
        return word(f"conversations.delivery.{self.state}")


@dataclass(frozen=True)
class Way:
    """Whether a reply reaches the person now. ``label``: a word or two beside the channel; ``warning``: to be read before typing."""

    channel: str
    state: str  # free, counted, waits, cut
    label: str
    warning: str = ""


def channel_of(sender_id: str) -> str:
    """The channel of a chat: web, wechat, telegram, group or rest."""
    return _CHANNELS.get(sender_id.partition(":")[0], REST)


def delivery(channel: str, state: str, reason: str | None, created_at: datetime, now: datetime) -> Delivery:
    """The state of an outbox row in the staff's words."""
    if state == SENT:
        return Delivery(ARRIVED)
    if state == FAILED:
        return Delivery(LOST, why(reason) or word("conversations.why.unknown"))
    if state == WAITING:
        travels = word("conversations.why.travels")
        return Delivery(LIES, word("conversations.why.because", why=why(reason), then=travels) if reason else travels)
    if state == PENDING and channel in _PULLED and not timedelta() <= now - created_at < _AT_ONCE:
        return Delivery(LIES, word(f"conversations.why.{channel}_closed"))
    return Delivery(ON_ITS_WAY, word("conversations.why.again", why=why(reason)) if reason else "")


def why(reason: str | None) -> str:
    """The word that a channel kept with a message, in words; one that is not known stands as it is."""
    if not reason:
        return ""
    try:
        return message(f"keeping.why.{reason}")
    except KeyError:
        return reason


def way(session: Session | Connection, sender_id: str, now: datetime) -> Way:
    """The way to the person now."""
    channel = channel_of(sender_id)
    chat = sender_id.partition("/")[0]  # a topic of a group is reached as the group is
    lost = reach.of(session, chat).unreachable if channel not in _PULLED else None
    if lost:
        return Way(channel, CUT, word("conversations.way.cut"), word(f"conversations.cut.{lost}"))
    if channel != WECHAT:
        return Way(channel, FREE, word(f"conversations.way.{channel}"))
    if shared_state.recall(session, reach.RIGHT, now) in (reach.NO_RIGHT, reach.NO_SECRET):
        return _waits("no_right")
    count, until = reach.left(session, sender_id, now)
    if count and until is not None:
        return Way(channel, COUNTED, word("conversations.way.counted", count=count, span=_span(until - now)))
    return _waits("used_up" if reach.windows(session, sender_id, now) else "closed")


def _waits(cause: str) -> Way:
    return Way(WECHAT, WAITS, word("conversations.way.waits"), word(f"conversations.waits.{cause}"))


def _span(left: timedelta) -> str:
    """A time that is left, rounded down: a promise is kept."""
    minutes = int(left.total_seconds() // 60)
    if minutes >= 60:
        return word("conversations.span.hours", count=minutes // 60)
    return word("conversations.span.minutes", count=max(1, minutes))
