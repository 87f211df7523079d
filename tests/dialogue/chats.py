"""People in the middle of a conversation: everything they read on a channel, in order, whether it answers them or comes by itself."""

import itertools
import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import httpx

from tests.serving import Server, wait_until
from tests.telegram_api import TelegramApi
from tests.wechat.peer import Peer

READ_SECONDS = 20.0


@dataclass(frozen=True)
class Read:
    """One message of the bot's side, and when the person had it (``time.time()``)."""

    text: str
    at: float


class Chat(Protocol):
    """One person on one channel."""

    @property
    def sender_id(self) -> str: ...

    def says(self, text: str) -> None:
        """Write something; what answers it, if anything does, is in ``read`` soon afterwards."""

    def read(self) -> list[Read]:
        """Everything read so far."""


def wait_read(chat: Chat, count: int, seconds: float = READ_SECONDS) -> list[Read]:
    """What the person has read, as soon as it is ``count`` messages."""
    assert wait_until(lambda: len(chat.read()) >= count, seconds), [one.text for one in chat.read()]
    return chat.read()


class WebChat:
    """The page: answers come in responses and as events, known as the same by their ids."""

    def __init__(self, server: Server, find_sender: Callable[[], str]) -> None:
        self._client = httpx.Client(base_url=server.url, headers={"Origin": server.url}, trust_env=False, timeout=READ_SECONDS)
        self._client.get("/")
        self._numbers = itertools.count()
        self._by_id: dict[int, Read] = {}
        self.says("你好")
        self.sender_id = find_sender()
        self._following = threading.Thread(target=self._follow, daemon=True)
        self._following.start()

    def says(self, text: str) -> None:
        sent = self._client.post("/webhooks/web/messages", json={"text": text, "id": f"m{next(self._numbers)}"}).json()
        for message in sent["messages"]:
            self._note(message)

    def read(self) -> list[Read]:
        return [self._by_id[number] for number in sorted(self._by_id)]

    def close(self) -> None:
        self._client.close()

    def _follow(self) -> None:
        with suppress(httpx.HTTPError), self._client.stream("GET", "/webhooks/web/events", timeout=60) as response:
            for line in response.iter_lines():
                if line.startswith("data: "):
                    self._note(json.loads(line.removeprefix("data: ")))

    def _note(self, message: dict) -> None:
        self._by_id.setdefault(message["id"], Read(message["text"], time.time()))


class WeChatChat:
    """A follower: passive replies and pushed messages in the order of their arrival."""

    def __init__(self, peer: Peer, openid: str) -> None:
        self._person, self._api, self.sender_id = peer.person(openid), peer.api, f"wx:{openid}"
        self._replies: list[Read] = []

    def says(self, text: str) -> None:
        said = self._person.says(text)
        assert not said.fault
        if said.reply:
            self._replies.append(Read(said.reply, time.time()))

    def read(self) -> list[Read]:
        pushed = [Read(one.text, one.at) for one in self._api.pushed(self._person.openid)]
        return sorted([*self._replies, *pushed], key=lambda one: one.at)


class TelegramChat:
    def __init__(self, api: TelegramApi, number: int) -> None:
        self._api, self.person, self.sender_id = api, api.person(number), f"tg:{number}"

    def says(self, text: str) -> None:
        self.person.says(text)

    def read(self) -> list[Read]:
        return [Read(one.text, one.at) for one in self._api.sent(self.person.id)]

    def taps_last(self, label: str) -> None:
        """Press a button of the newest message."""
        self.person.taps(self._api.sent(self.person.id)[-1], label)
