"""The way to the action server: one connection, patience while the server is away, and never a lost request."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bot.runtime import lean

lean.install()

from rasa.core.actions.action import ActionExecutionRejection, RemoteAction  # noqa: E402
from rasa.shared.core.domain import Domain  # noqa: E402
from rasa.shared.core.trackers import DialogueStateTracker  # noqa: E402
from rasa.utils.endpoints import ClientResponseError  # noqa: E402

from bot.inbox.question import NotNow  # noqa: E402
from bot.runtime import actionclient  # noqa: E402
from bot.runtime.actionclient import ActionEndpoint  # noqa: E402
from tests.serving import free_port  # noqa: E402


def answer(body: Any, status: str = "200 OK") -> bytes:
    text = json.dumps(body).encode()
    return f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n".encode() + text


class Wire:
    """A server in a few lines, so that it can break off wherever a test wants."""

    def __init__(self, *answers: bytes) -> None:
        """``answers`` in order, the last one again and again; an unfinished one is followed by the end of the connection."""
        self.answers = list(answers)
        self.connections = 0
        self.asked: list[Any] = []
        self.closing = False
        self.url = ""
        self.gone = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
                self.asked.append(json.loads(await reader.readexactly(length)))
                told = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                writer.write(told)
                await writer.drain()
                whole = b"\r\n\r\n" in told and int(told.lower().split(b"content-length: ")[1].split(b"\r\n")[0]) == len(
                    told.partition(b"\r\n\r\n")[2]
                )
                if self.closing or not whole:
                    break
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()
            self.gone.set()


@asynccontextmanager
async def served(wire: Wire, port: int = 0) -> AsyncIterator[Wire]:
    server = await asyncio.start_server(wire.serve, "127.0.0.1", port)
    wire.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield wire
    finally:
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def endpoint(url: str) -> AsyncIterator[ActionEndpoint]:
    made = ActionEndpoint(url)
    try:
        yield made
    finally:
        await made.close()


def ask(*answers: bytes, times: int = 1) -> tuple[Wire, list[Any]]:
    """What requests to a server with these answers give."""

    async def run() -> tuple[Wire, list[Any]]:
        async with served(Wire(*answers)) as wire, endpoint(wire.url) as client:
            return wire, [await client.request(json={"number": number}) for number in range(times)]

    return asyncio.run(run())


def test_many_requests_need_one_connection():
    wire, told = ask(answer({"events": []}), times=20)
    assert wire.connections == 1
    assert [asked["number"] for asked in wire.asked] == list(range(20))
    assert told == [{"events": []}] * 20


def test_a_path_below_the_endpoint_is_asked():
    async def run() -> Any:
        async with served(Wire(answer(1))) as wire, endpoint(wire.url) as client:
            return await client.request(subpath="/webhook", json={})

    assert asyncio.run(run()) == 1


@pytest.mark.parametrize("status", ["502 Bad Gateway", "503 Service Unavailable", "504 Gateway Timeout"])
def test_a_server_that_cannot_serve_is_not_now(status: str):
    with pytest.raises(NotNow):
        ask(answer({"error": "DatabaseFault"}, status))


@pytest.mark.parametrize(
    "cut",
    [b"", b"HTTP/1.1 200 OK\r\n", answer({"events": []})[:-3], answer({"events": [1] * 9000})[:5000]],
    ids=["nothing", "half a head", "nearly all", "much"],
)
def test_a_server_that_dies_while_it_answers_is_not_now(cut: bytes):
    with pytest.raises(NotNow):
        ask(cut)


def test_a_server_that_takes_too_long_is_not_now(monkeypatch):
    monkeypatch.setattr(actionclient, "ANSWER_SECONDS", 0.2)

    async def run() -> None:
        stuck = asyncio.Event()

        async def never(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
            await stuck.wait()

        server = await asyncio.start_server(never, "127.0.0.1", 0)
        async with server, endpoint(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}") as client:
            with pytest.raises(NotNow):
                await client.request(json={})
            stuck.set()

    asyncio.run(run())


def test_a_failing_action_is_told_as_rasa_expects_it():
    with pytest.raises(ClientResponseError) as refusal:
        ask(answer({"error": "x"}, "500 Internal Server Error"))
    assert refusal.value.status == 500
    assert json.loads(refusal.value.text) == {"error": "x"}


def test_a_refusing_action_becomes_rasas_rejection():
    async def run() -> None:
        async with (
            served(Wire(answer({"error": "no", "action_name": "action_x"}, "400 Bad Request"))) as wire,
            endpoint(wire.url) as client,
        ):
            await RemoteAction("action_x", client).run(None, None, DialogueStateTracker("someone", []), Domain.empty())

    with pytest.raises(ActionExecutionRejection, match="no"):
        asyncio.run(run())


def test_a_server_that_is_started_again_is_waited_for():
    async def run() -> tuple[int, Any]:
        port = free_port()
        async with endpoint(f"http://127.0.0.1:{port}") as client:
            asking = asyncio.create_task(client.request(json={"first": 1}))
            while not knocked:
                await asyncio.sleep(0)
            async with served(Wire(answer("there")), port) as wire:
                return len(wire.asked), await asking

    knocked: list[float] = []
    sleep = asyncio.sleep

    async def noted(seconds: float) -> None:
        if seconds:
            knocked.append(seconds)
        await sleep(min(seconds, 0.01))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(actionclient.asyncio, "sleep", noted)
        assert asyncio.run(run())[1] == "there"


def test_a_server_that_stays_away_is_not_now(monkeypatch):
    monkeypatch.setattr(actionclient, "RESTART_SECONDS", 0.3)

    async def run() -> None:
        async with endpoint(f"http://127.0.0.1:{free_port()}") as client:
            await client.request(json={})

    with pytest.raises(NotNow):
        asyncio.run(run())


def test_a_connection_that_the_server_gave_up_meanwhile_loses_no_request():
    async def run() -> tuple[Wire, list[Any]]:
        async with served(Wire(answer(1), answer(2))) as wire, endpoint(wire.url) as client:
            wire.closing = True
            first = await client.request(json={})
            await asyncio.wait_for(wire.gone.wait(), 10)
            return wire, [first, await client.request(json={})]

    wire, told = asyncio.run(run())
    assert told == [1, 2]
    assert wire.connections == 2


def test_an_unused_connection_is_given_up_before_the_server_does():
    from sanic.config import DEFAULT_CONFIG

    assert DEFAULT_CONFIG["KEEP_ALIVE_TIMEOUT"] > actionclient.IDLE_SECONDS


def test_a_closed_endpoint_serves_another_loop():
    async def run(client: ActionEndpoint) -> Any:
        async with served(Wire(answer("well"))) as wire:
            client.url = wire.url
            try:
                return await client.request(json={})
            finally:
                await client.close()

    client = ActionEndpoint("http://nowhere")
    assert [asyncio.run(run(client)) for _ in range(2)] == ["well", "well"]
