"""Chats as the emulator keeps them: who is in them, their messages, and whether the bot may send there."""

import itertools
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import telegram

from tests.telegram_api import entities as found_entities
from tests.telegram_api.markup import buttons
from tests.telegram_api.wire import ApiError, bad_request, checked

if TYPE_CHECKING:
    from tests.telegram_api.api import TelegramApi

Fields = dict[str, Any]


@dataclass(frozen=True)
class Sent:
    """One message of the bot as it stands now: a later edit of its keyboard shows in `buttons`."""

    message: telegram.Message
    text: str
    raw: str
    parse_mode: str
    buttons: list[list[tuple[str, str]]]
    markup: Any
    thread: int | None
    reply_to: int | None
    params: Fields
    at: float

    @property
    def labels(self) -> list[str]:
        return [label for row in self.buttons for label, _ in row]


@dataclass
class Record:
    """A stored message; `params` are those of the bot's call, None for the messages of people."""

    message: Fields
    params: Fields | None = None
    markup: Any = None
    at: float = field(default_factory=time.time)

    def sent(self) -> Sent:
        params = self.params or {}
        message = telegram.Message.de_json(self.message, None)
        reply = self.message.get("reply_to_message", {})
        return Sent(
            message=message,
            text=self.message.get("text", ""),
            raw=params.get("text", ""),
            parse_mode=params.get("parse_mode", ""),
            buttons=buttons(self.message.get("reply_markup")),
            markup=self.markup,
            thread=self.message.get("message_thread_id"),
            reply_to=None if "forum_topic_created" in reply else reply.get("message_id"),
            params=params,
            at=self.at,
        )


Referred = telegram.Message | telegram.Update | Sent | int


def message_of(referred: Referred) -> tuple[int | None, int]:
    """The chat and number of a message given in any of the forms that tests hold; a bare number names no chat."""
    if isinstance(referred, int):
        return None, referred
    message = referred.effective_message if isinstance(referred, telegram.Update) else referred
    message = message.message if isinstance(message, Sent) else message
    assert message is not None
    return message.chat.id, message.message_id


class Chat:
    """A chat of any type. `forbidden` is the description of the 403 that answers every send, empty where sending is allowed."""

    def __init__(self, api: "TelegramApi", fields: Fields, *, forbidden: str = "") -> None:
        self.api, self.fields, self.forbidden = api, checked(telegram.Chat, fields), forbidden
        self.id: int = fields["id"]
        self.records: dict[int, Record] = {}
        self.topics: dict[int, Fields] = {}
        self.moved_to: int | None = None
        self._numbers = itertools.count(1)

    def refuse_unless_open(self) -> None:
        """Raise what the Bot API answers to a send that this chat does not admit."""
        if self.moved_to:
            text = "Bad Request: group chat was upgraded to a supergroup chat"
            raise ApiError(400, text, migrate_to_chat_id=self.moved_to)
        if self.forbidden:
            raise ApiError(403, f"Forbidden: {self.forbidden}")

    def store(self, content: Fields, *, sender: Fields, reply_to: int | None = None, thread: int | None = None, **record: Any) -> Fields:
        """Keep a new message; replies and threads are shown in it as the Bot API shows them."""
        with self.api.lock:
            message = {"message_id": next(self._numbers), "date": int(time.time()), "chat": self.fields, "from": sender, **content}
            message.update(self._place(reply_to, thread))
            self.records[message["message_id"]] = Record(checked(telegram.Message, message), **record)
            return message

    def _place(self, reply_to: int | None, thread: int | None) -> Fields:
        replied = self.records[reply_to].message if reply_to else None
        if self.fields.get("is_forum"):
            if thread is None and replied and replied.get("is_topic_message"):
                thread = replied["message_thread_id"]
            place: Fields = {"message_thread_id": thread, "is_topic_message": True} if thread else {}
            replied = replied or (self.topics[thread] if thread else None)
        else:
            assert thread is None, "only forums have topics"
            root = replied and replied.get("message_thread_id", replied["message_id"])
            place = {"message_thread_id": root} if root and self.fields["type"] == "supergroup" else {}
        if replied:
            place["reply_to_message"] = {name: value for name, value in replied.items() if name != "reply_to_message"}
        return place

    def thread_of_call(self, thread: int | None) -> int | None:
        """The thread that a call names, refused where the chat has none of that number (as the General topic has not)."""
        if thread and thread not in self.topics:
            raise bad_request("message thread not found")
        return thread or None

    def _local(self, referred: Referred | None) -> int | None:
        if referred is None:
            return None
        chat, number = message_of(referred)
        assert chat in (None, self.id), f"message {number} is of chat {chat}, not of {self.id}"
        assert number in self.records, f"chat {self.id} has no message {number}"
        return number

    def _emit(self, kind: str, payload: Fields) -> telegram.Update:
        return self.api.updates.add(kind, payload, self.id)

    def _write(
        self,
        content: Fields,
        sender: Fields,
        reply_to: Referred | None = None,
        thread: int | None = None,
    ) -> telegram.Update:
        assert not self.forbidden, f"the bot is not there: {self.forbidden}"
        assert not self.moved_to, f"the group is now {self.moved_to}"
        with self.api.lock:
            return self._emit("message", self.store(content, sender=sender, reply_to=self._local(reply_to), thread=thread))

    def _membership(self, by: Fields, old: Fields, new: Fields) -> telegram.Update:
        states = {f"{name}_chat_member": {"user": self.api.bot_user, **state} for name, state in (("old", old), ("new", new))}
        return self._emit("my_chat_member", {"chat": self.fields, "from": by, "date": int(time.time()), **states})


def text_content(text: str, entities: list[Fields] | None = None, **fields: Any) -> Fields:
    """The fields of a written message, with the entities Telegram finds in it unless they are given."""
    text, known = found_entities.trimmed(text, found_entities.find(text) if entities is None else entities)
    assert text, "nobody can send an empty message"
    return {"text": text, **({"entities": known} if known else {}), **fields}
