"""What an update says, read strictly: whatever we rely on has the type that the Bot API gives it, or the update is refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.channels.telegram.commands import HELP, Given, given
from bot.channels.telegram.fields import MalformedError, flag_of, integer_of, object_of, string_of

PRIVATE, GROUPS = "private", ("group", "supergroup")
TEXT = "text"
KINDS = {
    "photo": list, "voice": dict, "audio": dict, "video": dict, "video_note": dict, "animation": dict, "sticker": dict, "document": dict,
    "location": dict, "venue": dict, "contact": dict, "poll": dict, "dice": dict, "story": dict,
}  # fmt: skip
"""What people send beside text, with the type of the field. An animation is a document, too, and a venue a location: the first counts."""
OTHER = "other"
_ORDER = ("animation", "venue", *(kind for kind in KINDS if kind not in ("animation", "venue")))
_CONTENT = frozenset({"game", "invoice", "paid_media", "checklist", "giveaway", "giveaway_winners", "gift", "unique_gift"})
"""Further things that people send. Everything else tells of something that happened in the chat and is no message to us."""
_GONE, _PRESENT = ("left", "kicked"), ("member", "administrator", "creator", "restricted")


class NamelessError(Exception):
    """Whether we are meant cannot be told before we know our own username."""


@dataclass(frozen=True)
class Me:
    """The bot itself; ``username`` is None as long as Telegram could not be asked."""

    id: int
    username: str | None


@dataclass(frozen=True)
class Place:
    """A conversation: a private chat, a group, or a topic of a forum."""

    chat: int
    group: bool = False
    thread: int | None = None

    @property
    def channel(self) -> str:
        """The channel's name in the journal."""
        return "tgg" if self.group else "tg"

    @property
    def sender(self) -> str:
        """The platform's own id of the conversation."""
        return str(self.chat) if self.thread is None else f"{self.chat}/{self.thread}"

    @property
    def chat_id(self) -> str:
        """The sender id of the whole chat, whatever the topic."""
        return f"{self.channel}:{self.chat}"

    @property
    def sender_id(self) -> str:
        """The sender id of the conversation, as the intake makes it."""
        return f"{self.channel}:{self.sender}"

    @classmethod
    def of(cls, sender_id: str) -> "Place":
        """The place of a sender id. ValueError for one of another channel."""
        channel, _, sender = sender_id.partition(":")
        chat, mark, thread = sender.partition("/")
        if channel not in ("tg", "tgg"):
            raise ValueError(sender_id)
        return cls(int(chat), channel == "tgg", int(thread) if mark else None)


@dataclass(frozen=True)
class Heard:
    """Something a person said to us. ``kind`` tells what they sent where there is no text to it."""

    key: str
    place: Place
    person: int
    text: str = ""
    kind: str = TEXT
    command: Given | None = None
    album: str | None = None


@dataclass(frozen=True)
class Tapped:
    """A button somebody tapped. The topic is not known where Telegram no longer shows the message."""

    key: str
    query: str
    place: Place | None
    person: int
    data: str


@dataclass(frozen=True)
class Membership:
    """The bot was let in or sent away; for a private chat: unblocked or blocked."""

    place: Place
    reachable: bool


@dataclass(frozen=True)
class Moved:
    """A group goes on as a supergroup."""

    old: Place
    new: Place


Said = Heard | Tapped | Membership | Moved


def read(body: Mapping[str, Any], me: Me) -> Said | None:
    """What the update says; None for what is not for us. MalformedError, NamelessError."""
    key = str(integer_of(body, "update_id", least=0))
    if "message" in body:
        return _message(key, object_of(body, "message"), me)
    if "callback_query" in body:
        return _tapped(key, object_of(body, "callback_query"))
    if "my_chat_member" in body:
        return _membership(object_of(body, "my_chat_member"))
    if not any(isinstance(value, dict) for value in body.values()):
        raise MalformedError("empty")
    return None  # of a kind that we did not ask for


def _message(key: str, message: Mapping[str, Any], me: Me) -> Heard | Moved | None:
    integer_of(message, "message_id"), integer_of(message, "date")
    place = _place(message)
    sender = object_of(message, "from") if "from" in message else None
    by_bot = sender is not None and flag_of(sender, "is_bot")
    person = integer_of(sender, "id") if sender is not None else 0
    text, caption = string_of(message, "text"), string_of(message, "caption")
    marked = _entities(message, "entities" if text is not None else "caption_entities")
    reply = object_of(message, "reply_to_message") if "reply_to_message" in message else None
    kind = _kind(message)
    as_chat = object_of(message, "sender_chat") if "sender_chat" in message else None
    if place is None or sender is None or message.get("is_automatic_forward"):
        return None
    for name, old_first in (("migrate_to_chat_id", True), ("migrate_from_chat_id", False)):
        if name in message:
            other = Place(integer_of(message, name), group=True)
            here = Place(place.chat, group=True)
            return Moved(here, other) if old_first else Moved(other, here)
    anonymous = as_chat is not None and integer_of(as_chat, "id") == place.chat  # an administrator who writes as the group
    if (by_bot or as_chat is not None) and not anonymous:
        return None
    words = text if text is not None else caption
    if kind is None and words is None:
        return None
    if place.group:
        if "via_bot" in message:
            return None
        addressed, words = _addressed(words or "", marked, reply, me)
        if not addressed:
            return None
        if not words and kind is None:
            return Heard(key, place, person, command=Given(HELP, None, ""))
    if words or (kind is None and words is not None):
        return Heard(key, place, person, text=words, command=given(words), album=string_of(message, "media_group_id"))
    return Heard(key, place, person, kind=kind or OTHER, album=string_of(message, "media_group_id"))


def _addressed(text: str, marked: list[Mapping[str, Any]], reply: Mapping[str, Any] | None, me: Me) -> tuple[bool, str]:
    """Whether a text in a group is meant for us, and the text without our name."""
    author = reply.get("from") if reply is not None and "forum_topic_created" not in reply else None
    meant = isinstance(author, dict) and author.get("id") == me.id
    raw = text.encode("utf-16-le", "surrogatepass")
    for entity in sorted(marked, key=lambda one: -one["offset"]):
        start, end = 2 * entity["offset"], 2 * (entity["offset"] + entity["length"])
        named = raw[start:end].decode("utf-16-le", "replace")
        if entity["type"] == "text_mention":
            user = entity.get("user")
            if isinstance(user, dict) and user.get("id") == me.id:
                meant, raw = True, raw[:start] + raw[end:]
        elif entity["type"] in ("mention", "bot_command") and "@" in named:
            if me.username is None:
                raise NamelessError
            whom = named.partition("@")[2].lower()
            if entity["type"] == "bot_command" and entity["offset"] == 0 and whom != me.username.lower():
                return False, text
            if whom == me.username.lower():
                meant = True
                raw = raw[:start] + raw[end:] if entity["type"] == "mention" else raw
    return meant, raw.decode("utf-16-le", "surrogatepass").strip()


def _tapped(key: str, query: Mapping[str, Any]) -> Tapped | None:
    sender, data, number = object_of(query, "from"), string_of(query, "data"), string_of(query, "id")
    person, by_bot = integer_of(sender, "id"), flag_of(sender, "is_bot")
    if number is None:
        raise MalformedError("id")
    place = _place(object_of(query, "message")) if "message" in query else None
    return None if by_bot else Tapped(key, number, place, person, data or "")


def _membership(change: Mapping[str, Any]) -> Membership | None:
    place, _ = _place(change), integer_of(object_of(change, "from"), "id")
    status = string_of(object_of(change, "new_chat_member"), "status")
    if status is None:
        raise MalformedError("status")
    if place is None or status not in (*_GONE, *_PRESENT):
        return None
    return Membership(place, status in _PRESENT)


def _place(message: Mapping[str, Any]) -> Place | None:
    chat = object_of(message, "chat")
    number, kind = integer_of(chat, "id"), string_of(chat, "type")
    if kind is None:
        raise MalformedError("type")
    thread = integer_of(message, "message_thread_id") if "message_thread_id" in message else None
    if kind == PRIVATE:
        return Place(number)
    # in groups that are no forum a thread is only a chain of replies
    return Place(number, True, thread if flag_of(message, "is_topic_message", False) else None) if kind in GROUPS else None


def _kind(message: Mapping[str, Any]) -> str | None:
    """What was sent beside text; None for text alone and for what only tells of something that happened."""
    for kind in _ORDER:
        if kind in message:
            if not isinstance(message[kind], KINDS[kind]):
                raise MalformedError(kind)
            return kind
    return OTHER if _CONTENT & set(message) else None


def _entities(message: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    listed = message.get(name, [])
    if not isinstance(listed, list):
        raise MalformedError(name)
    for entity in listed:
        if not isinstance(entity, dict) or string_of(entity, "type") is None:
            raise MalformedError(name)
        integer_of(entity, "offset", least=0), integer_of(entity, "length", least=0)
    return listed
