"""The people's side: private chats, groups, and what people do in them."""

import itertools
import time
from typing import TYPE_CHECKING, Any

import telegram

from tests.telegram_api.chats import Chat, Fields, Referred, message_of, text_content
from tests.telegram_api.markup import buttons
from tests.telegram_api.media import KINDS, content
from tests.telegram_api.wire import checked

if TYPE_CHECKING:
    from tests.telegram_api.api import TelegramApi

BLOCKED = "bot was blocked by the user"
NOT_STARTED = "bot can't initiate conversation with a user"
_ANONYMOUS: Fields = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
_callbacks = itertools.count(4_000_000_000_000_001)


class Person(Chat):
    """A user together with the private chat between them and the bot; each act returns the update that it made."""

    def __init__(self, api: "TelegramApi", user: Fields, *, started: bool = True) -> None:
        names = {name: value for name, value in user.items() if name in ("id", "first_name", "last_name", "username")}
        super().__init__(api, {**names, "type": "private"}, forbidden="" if started else NOT_STARTED)
        self.user = checked(telegram.User, user)

    def says(self, text: str, *, reply_to: Referred | None = None, entities: list[Fields] | None = None, **fields: Any) -> telegram.Update:
        """A written message. Other `fields` go into the message as they are, e.g. `date` or `via_bot`."""
        self._start()
        return self._write(text_content(text, entities, **fields), self.user, reply_to)

    def sends(self, *, reply_to: Referred | None = None, **what: Any) -> telegram.Update:
        """Something else: `photo=True`, `voice={"duration": 60}`, `caption="…"`; see `media.KINDS`."""
        self._start()
        return self._write(_sendable(what), self.user, reply_to)

    def forwards(self, text: str, origin: "Person | str" = "某人") -> telegram.Update:
        """A message forwarded from a person, or from one known only by name because they hide their account."""
        self._start()
        return self._write(text_content(text, forward_origin=_origin(origin)), self.user)

    def edits(self, message: Referred, text: str) -> telegram.Update:
        """Rewrite one's own message, here or in a group."""
        with self.api.lock:
            chat, number = message_of(message)
            place = self if chat is None else self.api.chats[chat]
            record = place.records[number]
            assert record.message["from"]["id"] == self.id, "people edit only their own messages"
            kept = {name: value for name, value in record.message.items() if name not in ("text", "entities")}
            record.message = checked(telegram.Message, {**kept, "edit_date": int(time.time()), **text_content(text)})
            return place._emit("edited_message", record.message)

    def taps(self, message: Referred, label: str, *, data: str | None = None, inaccessible: bool = False) -> telegram.Update:
        """Press the button that says `label`. `data` forges other callback data, as a changed client can.

        With `inaccessible` the update shows the message as Telegram shows those it no longer gives out.
        """
        with self.api.lock:
            chat, number = message_of(message)
            place = self if chat is None else self.api.chats[chat]
            shown = place.records[number].message
            known = {text: action for row in buttons(shown.get("reply_markup")) for text, action in row}
            if data is None:
                assert label in known, f"no button {label!r} among {list(known)}"
                flat = (button for row in shown["reply_markup"]["inline_keyboard"] for button in row)
                button = next(button for button in flat if button["text"] == label)
                assert "callback_data" in button, f"{label!r} opens {known[label]} and tells the bot nothing"
                data = button["callback_data"]
            if inaccessible:
                shown = {"chat": place.fields, "message_id": number, "date": 0}
            query_id = str(next(_callbacks))
            query = {"id": query_id, "from": self.user, "message": shown, "chat_instance": str(place.id * 7919), "data": data}
            self.api.callback_ids.add(query_id)
            return place._emit("callback_query", query)

    def blocks(self) -> telegram.Update:
        """Block the bot: from now on sends are refused."""
        self.forbidden = BLOCKED
        return self._membership(self.user, {"status": "member"}, {"status": "kicked", "until_date": 0})

    def unblocks(self) -> telegram.Update:
        self.forbidden = ""
        return self._membership(self.user, {"status": "kicked", "until_date": 0}, {"status": "member"})

    def _start(self) -> None:
        if self.forbidden == NOT_STARTED:
            self.forbidden = ""


class Group(Chat):
    """A group, supergroup or forum. Without a sender it is an anonymous administrator who acts."""

    def says(
        self,
        text: str,
        sender: Person | None = None,
        *,
        reply_to: Referred | None = None,
        mention: bool = False,
        thread: int | None = None,
        entities: list[Fields] | None = None,
        **fields: Any,
    ) -> telegram.Update:
        """A written message; `mention` puts the bot's @username before it. The bot sees all, as one without privacy mode does."""
        text = f"@{self.api.bot_user['username']} {text}" if mention else text
        return self._by(sender, text_content(text, entities, **fields), reply_to, thread)

    def sends(
        self, sender: Person | None = None, *, reply_to: Referred | None = None, thread: int | None = None, **what: Any
    ) -> telegram.Update:
        """Something else than text; see `Person.sends`."""
        return self._by(sender, _sendable(what), reply_to, thread)

    def forwards(self, text: str, sender: Person | None = None, origin: Person | str = "某人") -> telegram.Update:
        return self._by(sender, text_content(text, forward_origin=_origin(origin)))

    def opens_topic(self, name: str, sender: Person | None = None) -> int:
        """The number of a new topic of a forum; its service message goes to the bot."""
        assert self.fields.get("is_forum"), "only forums have topics"
        with self.api.lock:
            message = self.store({"forum_topic_created": {"name": name, "icon_color": 7322096}}, sender=_user(sender))
            number = message["message_id"]
            message.update(message_thread_id=number, is_topic_message=True)
            self.topics[number] = checked(telegram.Message, message)
            self._emit("message", message)
            return number

    def adds_bot(self, by: Person) -> list[telegram.Update]:
        """The bot comes in: the change of its membership, then the service message."""
        self.forbidden = ""
        change = self._membership(by.user, {"status": "left"}, {"status": "member"})
        return [change, self._write({"new_chat_members": [self.api.bot_user]}, by.user)]

    def removes_bot(self, by: Person) -> telegram.Update:
        """The bot is sent away: from now on sends are refused."""
        basic = self.fields["type"] == "group"
        self.forbidden = f"bot was kicked from the {'group' if basic else 'supergroup'} chat"
        return self._membership(by.user, {"status": "member"}, {"status": "kicked", "until_date": 0})

    def upgrade(self, new_id: int, by: Person | None = None) -> "Group":
        """The supergroup that this group becomes; both chats get their service message, the old one refuses sends from now on."""
        assert self.fields["type"] == "group"
        with self.api.lock:
            fields = {**self.fields, "id": new_id, "type": "supergroup"}
            new = Group(self.api, fields)
            self.api.chats[new_id] = new
            self._write({"migrate_to_chat_id": new_id}, _user(by))
            self.moved_to = new_id
            new._by(None, {"migrate_from_chat_id": self.id})
            return new

    def _by(self, sender: Person | None, fields: Fields, reply_to: Referred | None = None, thread: int | None = None) -> telegram.Update:
        anonymous = {} if sender else {"sender_chat": self.fields}
        return self._write({**anonymous, **fields}, _user(sender), reply_to, thread)


def _user(sender: Person | None) -> Fields:
    return sender.user if sender else _ANONYMOUS


def _sendable(what: dict[str, Any]) -> Fields:
    assert set(what) & set(KINDS), f"one of {KINDS} is wanted, not {list(what)}"
    return content(**what)


def _origin(origin: Person | str) -> Fields:
    date = int(time.time()) - 3600
    if isinstance(origin, Person):
        return {"type": "user", "date": date, "sender_user": origin.user}
    return {"type": "hidden_user", "date": date, "sender_user_name": origin}
