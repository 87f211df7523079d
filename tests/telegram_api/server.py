"""The HTTP side of the emulator: addresses, parameters, answers and broken answers."""

import asyncio
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from sanic import HTTPResponse, Request, Sanic
from sanic.response import html as html_response
from sanic.response import json as json_response

from tests.telegram_api.faults import Breakage, BrokenError
from tests.telegram_api.methods import Methods
from tests.telegram_api.wire import ApiError, Params

if TYPE_CHECKING:
    from tests.telegram_api.api import Call, TelegramApi

_NGINX_502 = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body><center>nginx</center></body>\r\n</html>\r\n"


class Server:
    """The routes of `/bot<token>/<method>` for one emulator."""

    def __init__(self, api: "TelegramApi") -> None:
        self.api = api
        self._methods = Methods(api)

    def furnish(self, app: Sanic) -> None:
        app.add_route(self._serve, "/<bot:str>/<method:str>", methods=["GET", "POST"])

        @app.after_server_start
        async def start(_: Sanic, __: Any) -> None:
            await self.api.updates.start()

        @app.before_server_stop
        async def stop(_: Sanic, __: Any) -> None:
            await self.api.updates.stop()

    async def _serve(self, request: Request, bot: str, method: str) -> HTTPResponse:
        token = unquote(bot).removeprefix("bot")
        if not bot.startswith("bot") or not re.fullmatch(r"\d+:[\w-]{30,}", token):
            return _answer(ApiError(404, "Not Found"))
        if token != self.api.token:
            return _answer(ApiError(401, "Unauthorized"))
        with self.api.changed:
            call = self.api.keep_call(method, _params(request))
            breakage = self.api.faults.take(method)
            self.api.changed.notify_all()
        response = await self._perform(request, call, breakage)
        with self.api.changed:
            call.status = response.status
            self.api.changed.notify_all()
        return response

    async def _perform(self, request: Request, call: "Call", breakage: Breakage | None) -> HTTPResponse:
        if breakage and not breakage.done:
            broken = await _break(request, breakage)
            if broken:
                return broken
        try:
            response = _answer(await self._result(call))
        except ApiError as refusal:
            response = _answer(refusal)
        except BrokenError as interruption:
            return await _break(request, interruption.breakage) or _answer([])
        except AssertionError as failure:
            self.api.failures.append(failure)
            raise
        if breakage and breakage.done:
            return await _break(request, breakage) or response
        return response

    async def _result(self, call: "Call") -> Any:
        params = Params(call.params)
        if call.method.lower() == "getupdates":
            allowed = (params.parsed("allowed_updates", "allowed updates") or []) if "allowed_updates" in params else None
            limit = min(max(params.integer("limit", 100) or 100, 1), 100)
            seconds = min(max(params.integer("timeout", 0) or 0, 0), 50)
            return await self.api.updates.poll(
                params.integer("offset", 0) or 0, limit, seconds, allowed, lambda: self.api.faults.take("getUpdates")
            )
        method = self._methods.find(call.method)
        if not method:
            raise ApiError(404, "Not Found")
        with self.api.lock:
            return method(params)


async def _break(request: Request, breakage: Breakage) -> HTTPResponse | None:
    """The broken answer; None where the call, late, goes on. A cut ends by the cancellation that the closing brings."""
    if breakage.how == "500":
        return _answer(ApiError(500, "Internal Server Error"))
    if breakage.how == "502":
        return html_response(_NGINX_502, status=502)
    if breakage.how == "cut":
        transport: Any = request.transport
        transport.abort()
    await asyncio.sleep(breakage.seconds if breakage.how == "hang" else 60)
    return None


def _answer(result: Any) -> HTTPResponse:
    if isinstance(result, ApiError):
        return json_response(result.answer, status=result.code)
    return json_response({"ok": True, "result": result})


def _params(request: Request) -> Params:
    """The parameters, however they were sent; a file counts as its name."""
    params = Params({name: values[0] for name, values in request.args.items()})
    kind = request.headers.get("content-type", "")
    if kind.startswith("application/json"):
        params.update(request.json or {})
    elif request.body and request.form is not None:
        params.update({name: values[0] for name, values in request.form.items()})
        params.update({name: files[0].name for name, files in (request.files or {}).items()})
    return params
