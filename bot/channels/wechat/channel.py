"""The webhook: five seconds for an answer, three deliveries of each message, and what is late lies in the database until it is fetched."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any

from rasa.core.channels.channel import InputChannel
from sanic import Blueprint, Sanic
from sanic.request import Request
from sanic.response import HTTPResponse
from sanic.response import json as json_response
from sanic.response import text as text_response

from bot.channels.collector import OnNewMessage, asking
from bot.channels.context import Context, shared
from bot.channels.http import RefusedError, refusing
from bot.channels.wechat import noticed
from bot.channels.wechat.account import Account, account_of
from bot.channels.wechat.conversation import PREFIX, Conversation, Unanswered
from bot.channels.wechat.envelope import Envelope, UndecryptableError
from bot.channels.wechat.sending import Sender
from bot.inbox.delivery import Delivery


class WeChatChannel(InputChannel):
    """Senders are ``wx:<openid>``. Without BOT_WECHAT_TOKEN the channel has no webhook."""

    def __init__(self, context: Context, account: Account | None, **times: float) -> None:
        """``times``: what `Conversation` takes."""
        self._context = context
        self._account = account
        self._times = times

    @classmethod
    def name(cls) -> str:
        return "wechat"

    @classmethod
    def from_credentials(cls, credentials: Mapping[str, Any] | None) -> "WeChatChannel":
        """SettingsError for settings that cannot be used."""
        context = shared()
        return cls(context, account_of(context.settings))

    def blueprint(self, on_new_message: OnNewMessage) -> Blueprint:
        """Routes ``/`` (health) and ``/webhook``; pushing begins with the server, and lets everything wait while there is no secret."""
        blueprint = Blueprint("channel_wechat")
        account, context = self._account, self._context

        @blueprint.get("/")
        async def health(_: Request) -> HTTPResponse:
            return json_response({"status": "ok" if account else "off"})

        if account is None:
            return blueprint
        envelope = Envelope(account)
        conversation = Conversation(context, account, asking(on_new_message), **self._times)

        @blueprint.get("/webhook")
        @refusing
        async def verify(request: Request) -> HTTPResponse:
            return text_response(envelope.verified(_query(request)))

        @blueprint.post("/webhook")
        @refusing
        async def receive(request: Request) -> HTTPResponse:
            try:
                opened = envelope.open(_query(request), request.body)
            except UndecryptableError:  # signed with our token, so the platform's own: our key is not the account's
                now = context.settings.now()
                await context.intake.writer.write(partial(noticed.note, what=noticed.AES_KEY, value=noticed.WRONG, now=now))
                raise
            try:
                reply = await conversation.answer(opened)
            except Unanswered:
                return HTTPResponse(status=503)
            return HTTPResponse(envelope.seal(opened, reply), content_type="text/plain" if reply is None else "application/xml")

        @blueprint.listener("after_server_start")
        async def begin(app: Sanic, _loop: Any) -> None:
            failed = partial(context.failed, self.name())
            push = conversation.sender.push
            app.ctx.wechat_delivery = Delivery(context.intake.writer, [PREFIX], push, context.settings.now, failed=failed)
            app.ctx.wechat_pushing = asyncio.create_task(_pushing(conversation.sender, app.ctx.wechat_delivery))

        @blueprint.listener("before_server_stop")
        async def end(app: Sanic, _loop: Any) -> None:
            await context.intake.drain()
            app.ctx.wechat_pushing.cancel()
            await app.ctx.wechat_delivery.settle()

        return blueprint


async def _pushing(sender: Sender, delivery: Delivery) -> None:
    await sender.begin()
    await delivery.run()


def _query(request: Request) -> dict[str, str]:
    """Each parameter once. RefusedError for one that comes twice: nobody could say which was signed."""
    given = request.args
    if any(len(values) != 1 for values in given.values()):
        raise RefusedError(400, "twice")
    return {name: values[0] for name, values in given.items()}
