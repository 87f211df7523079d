"""Everything that goes to Telegram: answers from the outbox, part by part, and the little that goes directly."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions
from telegram.constants import ChatAction, ParseMode
from telegram.error import BadRequest, ChatMigrated, Forbidden, NetworkError, RetryAfter, TelegramError
from telegram.request import HTTPXRequest

from bot.channels.telegram import markup
from bot.channels.telegram.access import Access
from bot.channels.telegram.updates import Me, Place
from bot.inbox import choices, moving, reach
from bot.inbox.delivery import PartDone, TryLater, Undeliverable
from bot.inbox.outbox import Outgoing
from bot.inbox.writer import Writer
from bot.messages import message

SECONDS = 10.0  # an answer of Telegram's may take
AT_ONCE = 32
LOOPBACK = ("127.0.0.1", "::1", "localhost")
PERSONAL = ("account", "form")
"""Kinds of answers that in a group can only say where to ask."""
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)

logger = logging.getLogger(__name__)


def bot_of(access: Access, seconds: float = SECONDS) -> Bot:
    """A client of the Bot API. A proxy of the environment is for the outer world alone."""
    outside = {"trust_env": urlsplit(access.api).hostname not in LOOPBACK}
    requests = [
        HTTPXRequest(
            connection_pool_size=AT_ONCE,
            connect_timeout=seconds,
            read_timeout=seconds,
            write_timeout=seconds,
            pool_timeout=seconds,
            httpx_kwargs=outside,
        )
        for _ in range(2)
    ]
    return Bot(access.token, base_url=f"{access.api}/bot", request=requests[0], get_updates_request=requests[1])


def seconds_of(flood: RetryAfter) -> float:
    """How long Telegram wants us to wait."""
    wait = flood.retry_after
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)


class Sending:
    """The bot's mouth. ``me`` knows our username as soon as Telegram has been asked once."""

    def __init__(self, access: Access, writer: Writer) -> None:
        self.me = Me(access.bot_id, None)
        self._bot = bot_of(access)
        self._writer = writer
        self._asking = asyncio.Lock()

    async def introduce(self) -> Me:
        """Who we are. TelegramError while Telegram cannot be asked."""
        async with self._asking:
            if self.me.username is None:
                user = await self._bot.get_me()
                self.me = Me(user.id, user.username)
        return self.me

    async def close(self) -> None:
        """Close the connections."""
        await self._bot.request.shutdown()  # the bot's own shutdown() does nothing without initialize(), which needs the network

    async def push(self, outgoing: Outgoing, part_done: PartDone) -> None:
        """Send a message of the outbox from the first part on that has not arrived. Raises the failures of `bot.inbox.delivery`."""
        place = Place.of(outgoing.sender_id)
        if await asyncio.to_thread(self._lost, place):
            raise Undeliverable(reach.BLOCKED)
        texts = markup.parts(_text(outgoing.payload))
        if not texts:
            raise Undeliverable("empty")
        keyboard = await self._keyboard(place, outgoing)
        for number in range(outgoing.parts, len(texts)):
            place = await self._part(place, texts[number], keyboard if number + 1 == len(texts) else None)
            await part_done()

    async def say(self, place: Place, text: str) -> bool:
        """Send one of our own sentences directly, for when the database cannot take it; whether it went out."""
        try:
            await self._send(place, text, None)
        except TelegramError as error:
            logger.warning("a notice could not be sent: %s", type(error).__name__)
            return False
        return True

    async def typing(self, place: Place) -> None:
        """Show that an answer is on its way; whether that works matters to nobody."""
        with suppress(TelegramError):
            await self._bot.send_chat_action(place.chat, ChatAction.TYPING, message_thread_id=place.thread)

    async def answer_tap(self, query: str) -> None:
        """End the waiting of a tapped button. A tap of long ago cannot be answered, which changes nothing of what it asks for."""
        with suppress(TelegramError):
            await self._bot.answer_callback_query(query)

    async def _part(self, place: Place, text: str, keyboard: InlineKeyboardMarkup | None) -> Place:
        """Send one part; the place where it went, another than asked for when the group has moved."""
        try:
            await self._send(place, text, keyboard)
        except ChatMigrated as moved:
            new = replace(place, chat=moved.new_chat_id)
            await self._writer.write(partial(moving.move, old=place.chat_id, new=new.chat_id))
            return await self._part(new, text, keyboard)
        except RetryAfter as flood:
            raise TryLater("flood", seconds_of(flood), everybody=True) from flood
        except Forbidden as refused:
            await self._writer.write(partial(reach.lost, sender_id=place.chat_id, why=reach.BLOCKED))
            raise Undeliverable(reach.BLOCKED) from refused
        except BadRequest as refused:
            logger.warning("Telegram refused a message", extra={"fields": {"why": _reason(refused)}})
            raise Undeliverable("refused") from refused
        except NetworkError as failure:
            raise TryLater("network") from failure
        except TelegramError as failure:
            raise TryLater(type(failure).__name__) from failure
        return place

    async def _send(self, place: Place, text: str, keyboard: InlineKeyboardMarkup | None) -> None:
        send: Callable[..., Awaitable[Any]] = partial(
            self._bot.send_message,
            place.chat,
            message_thread_id=place.thread,
            reply_markup=keyboard,
            link_preview_options=_NO_PREVIEW,
        )
        try:
            await send(markup.as_html(text), parse_mode=ParseMode.HTML)
        except BadRequest as refused:
            if "parse entities" not in refused.message.lower():
                raise
            await send(text)

    async def _keyboard(self, place: Place, outgoing: Outgoing) -> InlineKeyboardMarkup | None:
        offered = [(str(one["title"]), str(one.get("payload") or one["title"])) for one in outgoing.payload.get("buttons") or ()]
        offer = partial(choices.offer, sender_id=outgoing.sender_id, outbox_id=outgoing.id, payloads=[sentence for _, sentence in offered])
        keys: Sequence[str] = await self._writer.write(offer) if offered else ()
        buttons = [InlineKeyboardButton(title, callback_data=key) for (title, _), key in zip(offered, keys, strict=True)]
        if place.group and _kind(outgoing.payload) in PERSONAL:
            with suppress(TelegramError):  # the words say it, too
                name = (await self.introduce()).username
                buttons.append(InlineKeyboardButton(message("channels.telegram.private_button"), url=f"https://t.me/{name}"))
        return InlineKeyboardMarkup(markup.rows(buttons)) if buttons else None

    def _lost(self, place: Place) -> bool:
        with self._writer.database.look() as connection:
            return reach.of(connection, place.chat_id).unreachable is not None


def _text(payload: Mapping[str, Any]) -> str:
    """What a message says; what is no text goes as its address."""
    said = [payload.get("text"), payload.get("image"), payload.get("attachment")]
    return "\n".join(one for one in said if isinstance(one, str) and one)


def _kind(payload: Mapping[str, Any]) -> object:
    metadata = payload.get("metadata")
    return metadata.get("kind") if isinstance(metadata, Mapping) else None


def _reason(refused: BadRequest) -> str:
    """Telegram's reason as an identifier, since its texts may repeat what was sent."""
    return "_".join(word for word in refused.message.lower().split()[:6] if word.isalpha())
