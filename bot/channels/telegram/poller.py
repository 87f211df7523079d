"""Long polling: fetch updates, hand each to the webhook of the own worker, and confirm it to Telegram only when it is written down there.

The worker's 200 means that the journal has it. Chats do not wait for each other: each has a queue of its own, and the offset stays behind
the oldest update that is not yet handed over.
"""

import asyncio
import json
import logging
import warnings
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import httpx
from telegram import Bot
from telegram.error import Conflict, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError, TimedOut

from bot.channels.telegram.access import SECRET_HEADER, Access
from bot.channels.telegram.sending import seconds_of
from bot.channels.telegram.setup import ALLOWED_UPDATES, set_up
from bot.messages import message

POLL_SECONDS = 25
NETWORK_SECONDS = 10
BUSY_POLL_SECONDS = 0.3  # between two looks for updates of other chats while some are not handed over
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
CONFLICT_PAUSE = 2.0  # and growing: a check, or our own process of before, is soon gone
SLOW = 20.0  # seconds before the next try when somebody has to do something first
HAND_SECONDS = 8.0
DEAF_SECONDS = 4.25  # after which a person is told if no worker says anything; one that lives has told them before
LONGEST_HAND_PAUSE = 3.0
LOOK_SECONDS = 240.0  # between two looks at how the webhook does
_JSON = {"Content-Type": "application/json"}
MALFORMED = (400, 413, 415)

logger = logging.getLogger(__name__)
# PTB would read the updates, and give up on all that came with one that it cannot read; the worker wants them as they are.
warnings.filterwarnings("ignore", message="Please use 'Bot.getUpdates'")


class Poller:
    """The one that asks Telegram for updates. ``webhook`` is the worker's own address; ``delayed`` is said while no worker serves."""

    def __init__(self, bot: Bot, access: Access, webhook: str, delayed: str, *, poll_seconds: int = POLL_SECONDS) -> None:
        self._bot, self._access, self._webhook, self._poll_seconds = bot, access, webhook, poll_seconds
        self._delayed = delayed
        self._told: set[int] = set()  # chats that were told, until something is handed over for them
        self._offset = 0
        self._open: set[int] = set()  # updates that are not handed over yet
        self._queues: dict[int, deque[Mapping[str, Any]]] = {}
        self._hands: set[asyncio.Task[None]] = set()
        self._local = httpx.AsyncClient(trust_env=False, timeout=HAND_SECONDS, headers={SECRET_HEADER: access.secret})

    async def run(self) -> None:
        """Set the account up, then serve until cancelled: by polling, or by watching over the webhook."""
        try:
            await self._persist(self._set_up)
            while True:
                await self._persist(self._look_after_webhook if self._access.webhook_url else self._round)
        finally:
            for hand in self._hands:
                hand.cancel()
            await self._local.aclose()

    async def _persist(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do it until it succeeds, with pauses that grow."""
        pause = FIRST_PAUSE
        while True:
            try:
                return await work()
            except RetryAfter as flood:
                pause = seconds_of(flood)
                logger.warning(message("channels.telegram.log.unreachable", why="429", seconds=pause))
            except Conflict:
                pause = max(pause, CONFLICT_PAUSE)
                logger.error(message("channels.telegram.log.conflict", seconds=pause))
            except (InvalidToken, Forbidden):
                pause = SLOW
                logger.error(message("channels.telegram.log.bad_token", seconds=pause))
            except TimedOut:
                logger.info("Telegram did not answer in time")
            except NetworkError as failure:
                logger.warning(message("channels.telegram.log.unreachable", why=type(failure).__name__, seconds=pause))
            except TelegramError as failure:
                logger.error(message("channels.telegram.log.not_set_up", why=type(failure).__name__, seconds=pause))
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE, 2 * pause)

    async def _set_up(self) -> None:
        await set_up(self._bot, self._access)
        logger.info(message(f"channels.telegram.log.set_up_{'webhook' if self._access.webhook_url else 'polling'}"))

    async def _look_after_webhook(self) -> None:
        await asyncio.sleep(LOOK_SECONDS)
        info = await self._bot.get_webhook_info()
        if info.url != self._access.webhook_url:  # somebody else has taken the account meanwhile
            await self._set_up()
        elif info.last_error_message:
            logger.warning(message("channels.telegram.log.webhook_trouble", why=info.last_error_message))

    async def _round(self) -> None:
        """Fetch once what there is, and see it on its way."""
        seconds = 0 if self._open else self._poll_seconds
        asked = {"offset": self._offset, "timeout": seconds, "allowed_updates": ALLOWED_UPDATES}
        fetched: Any = await self._bot.do_api_request("getUpdates", asked, read_timeout=seconds + NETWORK_SECONDS)
        for update in fetched:
            number = update["update_id"]
            if number >= self._offset and number not in self._open:
                self._open.add(number)
                self._queue(update)
        if self._hands:
            await asyncio.wait(self._hands, timeout=BUSY_POLL_SECONDS)
        numbers = [update["update_id"] for update in fetched]
        self._offset = min(self._open, default=max([self._offset, *(number + 1 for number in numbers)]))

    def _queue(self, update: Mapping[str, Any]) -> None:
        chat = chat_of(update)
        queue = self._queues.setdefault(chat, deque())
        queue.append(update)
        if len(queue) == 1:
            task = asyncio.create_task(self._hand_all(chat, queue))
            self._hands.add(task)
            task.add_done_callback(self._hands.discard)

    async def _hand_all(self, chat: int, queue: deque[Mapping[str, Any]]) -> None:
        """Hand over what one chat has brought, each after the one before it."""
        while queue:
            pause = FIRST_PAUSE
            alarm = asyncio.create_task(self._tell(chat, queue[0]))
            while not await self._handed(queue[0], pause, alarm):
                await asyncio.sleep(pause)
                pause = min(LONGEST_HAND_PAUSE, 2 * pause)
            alarm.cancel()
            self._told.discard(chat)
            self._open.discard(queue[0]["update_id"])
            queue.popleft()
        del self._queues[chat]

    async def _tell(self, chat: int, update: Mapping[str, Any]) -> None:
        """Tell somebody who writes in private that it takes longer. In groups only a worker knows who means us."""
        await asyncio.sleep(DEAF_SECONDS)
        if chat > 0 and chat not in self._told and ("message" in update or "callback_query" in update):
            self._told.add(chat)
            with suppress(TelegramError):
                await self._bot.send_message(chat, self._delayed)

    async def _handed(self, update: Mapping[str, Any], pause: float, alarm: "asyncio.Task[None]") -> bool:
        """Whether the worker has it in its journal, or will never take it."""
        try:
            # in ASCII: half a character, which JSON can name, has no UTF-8
            response = await self._local.post(self._webhook, content=json.dumps(update), headers=_JSON)
        except (httpx.HTTPError, httpx.InvalidURL) as failure:
            why = type(failure).__name__
        else:
            alarm.cancel()
            if response.is_success:
                return True
            if response.status_code in MALFORMED:
                logger.error(message("channels.telegram.log.refused", status=response.status_code))
                return True
            why = str(response.status_code)
        logger.warning(message("channels.telegram.log.not_handed", why=why, seconds=pause))
        return False


def chat_of(update: Mapping[str, Any]) -> int:
    """The chat whose order the update belongs to; 0 for one without."""
    for body in update.values():
        if isinstance(body, dict):
            with suppress(KeyError, TypeError):
                inner = body if "chat" in body else body["message"]
                return int(inner["chat"]["id"])
    return 0
