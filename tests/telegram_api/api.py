"""The emulator itself: its state, what a test asks of it, and what a test sees of the bot."""

import asyncio
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Condition, RLock
from typing import Any

import telegram

from tests.bare import listening
from tests.telegram_api.chats import Chat, Fields, Sent
from tests.telegram_api.faults import Breakage, Faults, Flood
from tests.telegram_api.people import Group, Person
from tests.telegram_api.server import Server
from tests.telegram_api.updates import Updates
from tests.telegram_api.wire import Params

TOKEN = "7000000001:AAEhBOweik9ai-2Q5vYy0ZXjk1mTTTTTTTT"
USERNAME = "xueshitong_bot"


@dataclass
class Call:
    """A call of the bot; `status` is that of the answer, None while there is none."""

    method: str
    params: Fields
    at: float
    status: int | None = None


@dataclass(frozen=True)
class Action:
    """A chat action the bot showed."""

    action: str
    thread: int | None
    at: float


@dataclass(frozen=True)
class CallbackAnswer:
    """How the bot answered a tapped button."""

    query_id: str
    text: str
    alert: bool
    at: float


class TelegramApi:
    """A Bot API of one bot on 127.0.0.1, from `with TelegramApi() as api:` to its end; `api.url` is its address.

    PTB reaches it with `Bot(api.token, base_url=api.base_url)`. All methods may be called from any thread.
    """

    def __init__(self, token: str = TOKEN, *, retry_seconds: float = 0.3, webhook_timeout: float = 60.0) -> None:
        self.token, self.url = token, ""
        self.lock = RLock()
        self.changed = Condition(self.lock)
        self.bot_user: Fields = {"id": int(token.split(":")[0]), "is_bot": True, "first_name": "学时通", "username": USERNAME}
        rights = {"can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": False}
        self.me: Fields = {**self.bot_user, **rights, "can_connect_to_business": False, "has_main_web_app": False}
        self.faults = Faults()
        self.updates = Updates(self.changed, retry_seconds, webhook_timeout)
        self.chats: dict[int, Chat] = {}
        self.commands: dict[tuple[str, str], list[Fields]] = {}
        self.descriptions: dict[tuple[str, str], str] = {}
        self.callback_ids: set[str] = set()
        self.failures: list[BaseException] = []
        self._calls: list[Call] = []
        self._actions: dict[int, list[Action]] = {}
        self._callback_answers: list[CallbackAnswer] = []
        self._running = ExitStack()

    def __enter__(self) -> "TelegramApi":
        self.url, _ = self._running.enter_context(listening(Server(self).furnish))
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()
        assert not self.failures, f"the emulator itself failed: {self.failures}"

    @property
    def base_url(self) -> str:
        """What PTB's Bot takes as `base_url`."""
        return f"{self.url}/bot"

    def person(
        self,
        number: int,
        first_name: str = "小马",
        *,
        last_name: str = "",
        username: str = "",
        language_code: str = "zh-hans",
        started: bool = True,
    ) -> Person:
        """A user; with `started=False` one whom the bot may not write to before they have written."""
        optional = {"last_name": last_name, "username": username, "language_code": language_code}
        user = {"id": number, "is_bot": False, "first_name": first_name, **{name: value for name, value in optional.items() if value}}
        return self._keep(Person(self, user, started=started))

    def group(self, number: int, title: str = "学时交流群", *, member: bool = True) -> Group:
        """A basic group; with `member=False` the bot is not yet in it."""
        return self._keep(Group(self, {"id": number, "type": "group", "title": title}, forbidden=_outside("group", member)))

    def supergroup(self, number: int, title: str = "学时交流群", *, forum: bool = False, username: str = "", member: bool = True) -> Group:
        """A supergroup; a forum has topics, see `Group.opens_topic`."""
        fields: Fields = {"id": number, "type": "supergroup", "title": title, **({"username": username} if username else {})}
        return self._keep(Group(self, {**fields, **({"is_forum": True} if forum else {})}, forbidden=_outside("supergroup", member)))

    def _keep(self, chat: Any) -> Any:
        with self.lock:
            assert chat.id not in self.chats, f"chat {chat.id} exists"
            self.chats[chat.id] = chat
            return chat

    def flood(self, retry_after: int, times: int = 1, chat_id: int | None = None) -> None:
        """From the next sendMessage on, all are refused with 429 for `retry_after` seconds; `times` such periods, to one chat or all."""
        with self.lock:
            self.faults.floods.append(Flood(retry_after, times, None if chat_id is None else str(chat_id)))

    def break_next(self, method: str, times: int = 1, how: str = "cut", *, seconds: float = 1.0, done: bool = False) -> None:
        """Break the next calls of a method, or the getUpdates that is waiting now.

        "cut" closes the connection without an answer; "500" and "502" answer so; "hang" waits `seconds` and goes on.
        With `done` the method does its work first and only its answer is broken.
        """
        with self.lock:
            self.faults.plan(method, times, Breakage(how, seconds, done))
            self.updates.wake()

    def refuse_entities_once(self) -> None:
        """Refuse the markup of the next formatted message, however right it is."""
        with self.lock:
            self.faults.entity_refusals += 1

    def deliver_again(self, update: telegram.Update, times: int = 2, seconds: float = 30.0) -> list[str]:
        """Post an update to the webhook `times` times at once and wait; the errors, empty for each that was taken."""
        return self.updates.deliver_again(update.update_id, times, seconds)

    def sent(self, chat_id: int) -> list[Sent]:
        """The bot's messages in a chat, oldest first."""
        with self.lock:
            return [record.sent() for record in self.chats[chat_id].records.values() if record.params is not None]

    def actions(self, chat_id: int) -> list[Action]:
        with self.lock:
            return list(self._actions.get(chat_id, []))

    @property
    def callback_answers(self) -> list[CallbackAnswer]:
        with self.lock:
            return list(self._callback_answers)

    @property
    def calls(self) -> list[Call]:
        """All calls with the right token, refused ones too, oldest first."""
        with self.lock:
            return list(self._calls)

    def called(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method.lower() == method.lower()]

    def wait(self, condition: Callable[[], Any], seconds: float = 30.0, what: str = "the condition") -> Any:
        """The first true value of `condition`, looked at whenever something has changed; an AssertionError after `seconds`."""
        until = time.monotonic() + seconds
        with self.changed:
            while not (value := condition()):
                left = until - time.monotonic()
                assert left > 0, f"{what}: not within {seconds} s"
                self.changed.wait(min(left, 0.1))
            return value

    def wait_sent(self, chat_id: int, count: int = 1, seconds: float = 30.0) -> list[Sent]:
        """What the bot sent to a chat, as soon as it is `count` messages. It blocks its thread: see `until_sent`."""
        try:
            self.wait(lambda: len(self.sent(chat_id)) >= count, seconds)
        except AssertionError:
            texts = [sent.text for sent in self.sent(chat_id)]
            raise AssertionError(f"{len(texts)} of {count} messages in {chat_id} after {seconds} s: {texts}") from None
        return self.sent(chat_id)

    async def until_sent(self, chat_id: int, count: int = 1, seconds: float = 30.0) -> list[Sent]:
        """`wait_sent` for a test in whose own loop the bot runs."""
        return await asyncio.to_thread(self.wait_sent, chat_id, count, seconds)

    def wait_taken(self, seconds: float = 30.0) -> None:
        """Wait until the bot has confirmed every update: by a later offset, or by its webhook's 2xx."""
        self.wait(lambda: not self.updates.pending, seconds, "every update taken")

    def keep_call(self, method: str, params: Fields) -> Call:
        call = Call(method, params, time.time())
        self._calls.append(call)
        return call

    def keep_action(self, chat_id: int, action: str, thread: int | None) -> None:
        self._actions.setdefault(chat_id, []).append(Action(action, thread, time.time()))

    def keep_callback_answer(self, params: Params) -> None:
        answer = CallbackAnswer(params.text("callback_query_id"), params.text("text"), params.flag("show_alert"), time.time())
        self._callback_answers.append(answer)


def _outside(kind: str, member: bool) -> str:
    return "" if member else f"bot is not a member of the {kind} chat"
