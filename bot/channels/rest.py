"""REST channel for programs: Rasa's contract at ``/webhooks/rest/webhook``, without its trust in the body.

Rasa's own class takes ``input_channel`` and the whole sender id from the body, so that anybody could speak as a person of another channel.
"""

from collections.abc import Mapping
from typing import Any

from rasa.core.channels.channel import InputChannel
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse
from sanic.response import json as json_response

from bot.channels.collector import OnNewMessage, asking
from bot.channels.context import Context, shared
from bot.channels.http import admit, json_object, refusing, string

SENDER_LIMIT = 200
_CONTRACT = ("text", "image", "buttons", "attachment", "custom")


class RestChannel(InputChannel):
    """POST ``{"sender", "message"}``, get ``[{"recipient_id", "text", "buttons", …}]``; sender ids become ``rest:<sender>``."""

    def __init__(self, context: Context) -> None:
        self._context = context

    @classmethod
    def name(cls) -> str:
        return "rest"

    @classmethod
    def from_credentials(cls, credentials: Mapping[str, Any] | None) -> "RestChannel":
        return cls(shared())

    def blueprint(self, on_new_message: OnNewMessage) -> Blueprint:
        """Routes ``/`` (health) and ``/webhook``."""
        blueprint = Blueprint("channel_rest")
        ask = asking(on_new_message)

        @blueprint.get("/")
        async def health(_: Request) -> HTTPResponse:
            return json_response({"status": "ok"})

        @blueprint.post("/webhook")
        @refusing
        async def receive(request: Request) -> HTTPResponse:
            admit(request, self._context.settings, self._context.settings.rest_token)
            body = json_object(request)
            sender, text = string(body, "sender", limit=SENDER_LIMIT), string(body, "message")
            handled = await self._context.intake.receive(channel=self.name(), sender=sender, text=text, ask=ask, delivers_at_once=True)
            return json_response([_told(sender, payload) for payload in handled.payloads], ensure_ascii=False)

        @blueprint.listener("before_server_stop")
        async def drain(_app: Any, _loop: Any) -> None:
            await self._context.intake.drain()

        return blueprint


def _told(sender: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    return {"recipient_id": sender, **{key: payload[key] for key in _CONTRACT if payload.get(key) is not None}}
