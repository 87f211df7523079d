"""The Telegram channel inside a worker: takes updates at its webhook, pushes the outbox. Off, without a route, until a token is set."""

import asyncio
import hmac
import logging
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from rasa.core.channels.channel import InputChannel
from sanic import Blueprint, Sanic
from sanic.request import Request
from sanic.response import HTTPResponse
from sanic.response import json as json_response
from telegram.error import TelegramError

from bot.channels.collector import OnNewMessage, asking
from bot.channels.context import Context, shared
from bot.channels.http import RefusedError, json_object, refusing
from bot.channels.telegram.access import SECRET_HEADER, Access, access
from bot.channels.telegram.conversations import LATE, Conversations
from bot.channels.telegram.fields import MalformedError
from bot.channels.telegram.sending import Sending
from bot.channels.telegram.updates import Heard, Membership, Moved, NamelessError, Said, Tapped, read
from bot.inbox import moving, reach
from bot.inbox.delivery import Delivery
from bot.inbox.question import Ask
from bot.messages import message

BODY_LIMIT = 1024 * 1024  # bytes; an update repeats the message that was replied to, and marks every word of it
PREFIXES = ("tg:", "tgg:")
_INTRODUCTION = 3.0  # seconds to wait for our own name when a message turns on it
_PAUSE, _LONGEST_PAUSE = 1.0, 60.0

logger = logging.getLogger(__name__)


class TelegramChannel(InputChannel):
    """Senders are ``tg:<chat>`` in private, ``tgg:<chat>`` in groups and ``tgg:<chat>/<topic>`` in forums."""

    def __init__(self, context: Context, account: Access | None = None, *, late: float = LATE) -> None:
        self._context = context
        self._access = account or access(context.settings)
        self._late = late

    @classmethod
    def name(cls) -> str:
        return "telegram"

    @classmethod
    def from_credentials(cls, credentials: Mapping[str, Any] | None) -> "TelegramChannel":
        return cls(shared())

    def blueprint(self, on_new_message: OnNewMessage) -> Blueprint:
        """Health at ``/``; with a token also ``/webhook``, and the pushing while the server runs."""
        blueprint = Blueprint("channel_telegram")

        @blueprint.get("/")
        async def health(_: Request) -> HTTPResponse:
            return json_response({"status": "ok" if self._access is not None else "off"})

        if (account := self._access) is None:
            return blueprint
        ask = asking(on_new_message)

        @blueprint.listener("before_server_start")
        async def begin(app: Sanic, _loop: Any) -> None:
            app.ctx.telegram = _Desk(self._context, account, ask, self._late)
            app.ctx.telegram.begin()

        @blueprint.listener("before_server_stop")
        async def end(app: Sanic, _loop: Any) -> None:
            await app.ctx.telegram.end()

        @blueprint.post("/webhook")
        @refusing
        async def webhook(request: Request) -> HTTPResponse:
            desk: _Desk = request.app.ctx.telegram
            return await desk.receive(request)

        return blueprint


class _Desk:
    """What stands while the server runs."""

    def __init__(self, context: Context, account: Access, ask: Ask, late: float) -> None:
        self._context, self._secret = context, account.secret.encode()
        writer = context.intake.writer
        self._sending = Sending(account, writer)
        failed = partial(context.failed, TelegramChannel.name())
        self._delivery = Delivery(writer, PREFIXES, self._sending.push, context.settings.now, failed=failed)
        too_fast = message("channels.too_fast", phone=context.phone)
        self._conversations = Conversations(context, ask, self._sending, self._delivery, too_fast, late)
        self._running: list[asyncio.Task[Any]] = []

    def begin(self) -> None:
        """Push from now on, and find out how we are called."""
        self._running = [asyncio.create_task(self._delivery.run()), asyncio.create_task(self._introduce())]

    async def end(self) -> None:
        """Finish what is in work; what is not sent stays in the outbox."""
        await self._conversations.drain()
        await self._context.intake.drain()
        for task in self._running:
            task.cancel()
        await self._delivery.settle()
        await self._sending.close()

    async def receive(self, request: Request) -> HTTPResponse:
        """One update: 200 once it is written down or needs no work, 4xx for what is no update of Telegram's, 503 to have it again."""
        given = request.headers.get(SECRET_HEADER, "").encode("utf-8", "surrogatepass")
        if not hmac.compare_digest(given, self._secret):
            raise RefusedError(403, "secret")
        body = json_object(request, BODY_LIMIT)
        try:
            said = await self._read(body)
        except MalformedError as wrong:
            raise RefusedError(400, f"malformed_{wrong}") from None
        if not await self._take(said):
            raise RefusedError(503, "not_now")
        return json_response({"status": "ok"})

    async def _read(self, body: Mapping[str, Any]) -> Said | None:
        try:
            return read(body, self._sending.me)
        except NamelessError:
            try:
                return read(body, await asyncio.wait_for(self._sending.introduce(), _INTRODUCTION))
            except (NamelessError, TelegramError, asyncio.TimeoutError):
                raise RefusedError(503, "nameless") from None

    async def _take(self, said: Said | None) -> bool:
        writer = self._context.intake.writer
        if isinstance(said, Heard | Tapped):
            return await self._conversations.take(said)
        if isinstance(said, Membership):
            change = reach.back if said.reachable else partial(reach.lost, why=reach.BLOCKED)
            await writer.write(partial(change, sender_id=said.place.chat_id))
        elif isinstance(said, Moved):
            await writer.write(partial(moving.move, old=said.old.chat_id, new=said.new.chat_id))
        return True

    async def _introduce(self) -> None:
        pause = _PAUSE
        while True:
            with suppress(TelegramError):
                await self._sending.introduce()
                return
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
