"""The queue of updates, and its two ways to the bot: long polling and the webhook."""

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from threading import Condition
from typing import Any

import httpx
import telegram

from tests.telegram_api.faults import Breakage, BrokenError
from tests.telegram_api.wire import checked, conflict

UNASKED = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
OTHER_POLL = "terminated by other getUpdates request; make sure that only one bot instance is running"


@dataclass(frozen=True)
class Webhook:
    """Where updates go, and the secret they bear."""

    url: str
    secret: str = ""
    max_connections: int = 40


@dataclass
class _Poll:
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    ended: str = ""


class Updates:
    """What the bot has not yet taken, oldest first. Everything but the waiting is done under the emulator's lock."""

    def __init__(self, changed: Condition, retry_seconds: float, webhook_timeout: float) -> None:
        self.changed, self.retry_seconds, self.webhook_timeout = changed, retry_seconds, webhook_timeout
        self.pending: list[tuple[int, dict[str, Any]]] = []
        self.made: dict[int, dict[str, Any]] = {}
        self.allowed: list[str] = []
        self.webhook: Webhook | None = None
        self.last_error: tuple[int, str] | None = None
        self._next = 700_000_001
        self._poll: _Poll | None = None
        self._workers: dict[int, asyncio.Task[None]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._client: httpx.AsyncClient | None = None
        self._slots = asyncio.Semaphore(40)

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._client = httpx.AsyncClient(verify=False, trust_env=False, timeout=self.webhook_timeout)

    async def stop(self) -> None:
        for worker in self._workers.values():
            worker.cancel()
        if self._client:
            await self._client.aclose()

    def add(self, kind: str, payload: dict[str, Any], chat: int) -> telegram.Update:
        """The new update; it waits for the bot unless the bot did not ask for its kind."""
        with self.changed:
            update = checked(telegram.Update, {"update_id": self._next, kind: json.loads(json.dumps(payload))})
            self.made[self._next] = update
            self._next += 1
            if kind in self.allowed or (not self.allowed and kind not in UNASKED):
                self.pending.append((chat, update))
            self.wake()
            return telegram.Update.de_json(update, None)

    def wake(self) -> None:
        """Let a waiting poll and the webhook look at what has changed."""
        if self._loop:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._look)

    def _look(self) -> None:
        if self._poll:
            self._poll.woken.set()
        with self.changed:
            chats = {chat for chat, _ in self.pending} if self.webhook else set()
        for chat in chats - set(self._workers):
            self._workers[chat] = asyncio.create_task(self._deliver_all(chat))

    def set_webhook(self, webhook: Webhook | None, *, drop: bool) -> None:
        if drop:
            self.pending.clear()
            self.changed.notify_all()
        if webhook != self.webhook:
            self.webhook, self.last_error = webhook, None
            self._slots = asyncio.Semaphore(webhook.max_connections if webhook else 40)
        if webhook and self._poll:
            self._poll.ended = "terminated by setWebhook request"
        self.wake()

    async def poll(
        self, offset: int, limit: int, seconds: float, allowed: list[str] | None, broken: Callable[[], Breakage | None]
    ) -> list[dict[str, Any]]:
        """getUpdates. `broken` tells the breakage due for a call that already waits."""
        poll = _Poll()
        with self.changed:
            if self.webhook:
                raise conflict("can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first")
            if self._poll:
                self._poll.ended = OTHER_POLL
                self._poll.woken.set()
            self._poll = poll
            self.allowed = self.allowed if allowed is None else allowed
            self._confirm(offset)
        until = time.monotonic() + seconds
        try:
            while True:
                with self.changed:
                    if poll.ended:
                        raise conflict(poll.ended)
                    breakage = broken()
                    if breakage:
                        raise BrokenError(breakage)
                    left = until - time.monotonic()
                    if self.pending or left <= 0:
                        return [update for _, update in self.pending[:limit]]
                    poll.woken.clear()
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(poll.woken.wait(), left)
        finally:
            if self._poll is poll:
                self._poll = None

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            self.pending = self.pending[offset:]
        else:
            self.pending = [entry for entry in self.pending if entry[1]["update_id"] >= offset]
        self.changed.notify_all()

    async def _deliver_all(self, chat: int) -> None:
        """Bring one chat's updates to the webhook, each after the one before it has arrived."""
        while True:
            with self.changed:
                entry = next((entry for entry in self.pending if entry[0] == chat), None)
                webhook = self.webhook
                if not entry or not webhook:
                    del self._workers[chat]
                    return
            async with self._slots:
                error = await self.deliver(webhook, entry[1])
            with self.changed:
                if webhook is self.webhook:
                    if error:
                        self.last_error = (int(time.time()), error)
                    elif entry in self.pending:
                        self.pending.remove(entry)
                    self.changed.notify_all()
            if error:
                await asyncio.sleep(self.retry_seconds)

    async def deliver(self, webhook: Webhook, update: dict[str, Any]) -> str:
        """Post one update; what went wrong, empty where the answer was any 2xx."""
        assert self._client
        headers = {"X-Telegram-Bot-Api-Secret-Token": webhook.secret} if webhook.secret else {}
        try:
            response = await self._client.post(webhook.url, json=update, headers=headers)
        except httpx.TimeoutException:
            return "Read timeout expired"
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return "Connection refused" if isinstance(error, httpx.ConnectError) else "Connection closed"
        if response.is_success:
            return ""
        try:
            phrase = f" {HTTPStatus(response.status_code).phrase}"
        except ValueError:
            phrase = ""
        return f"Wrong response from the webhook: {response.status_code}{phrase}"

    def deliver_again(self, update_id: int, times: int, seconds: float) -> list[str]:
        """Post one update `times` times at once, from another thread than the loop's; the errors, empty for each 2xx."""
        webhook, loop = self.webhook, self._loop
        assert webhook, "only a webhook is given an update again"
        assert loop

        async def all_at_once() -> list[str]:
            return await asyncio.gather(*(self.deliver(webhook, self.made[update_id]) for _ in range(times)))

        return asyncio.run_coroutine_threadsafe(all_at_once(), loop).result(seconds)
