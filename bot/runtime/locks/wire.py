"""One connection to Redis on which many commands are under way at once.

redis-py has one connection for each command under way and asks the socket before each whether it still lives. A lock needs
one short command to be had and one to be given back: here they share a connection, which a reading task watches all the time.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from redis.asyncio import ConnectionPool
from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import RedisError, ResponseError

from bot.runtime.faults import first_line
from bot.runtime.locks.held import ANSWER_SECONDS
from bot.runtime.locks.turns import until


class Wire:
    """A connection that is opened by its first command, and again by the next command after it was lost.

    `greeting` is a command sent on opening. `on_message` gets what a subscribed channel brings, `on_loss` is told of a lost connection.
    """

    def __init__(
        self,
        url: str,
        greeting: tuple[str, ...] = (),
        on_message: Callable[[bytes], None] | None = None,
        on_loss: Callable[[], None] | None = None,
    ) -> None:
        self._connection = ConnectionPool.from_url(url, socket_connect_timeout=ANSWER_SECONDS).make_connection()
        self._greeting = greeting
        self._on_message = on_message
        self._on_loss = on_loss
        self._answers: deque[asyncio.Future] = deque()
        self._opening: asyncio.Task | None = None
        self._reading: asyncio.Task | None = None

    async def call(self, *command: str | bytes | int | float) -> Any:
        """The answer to a command. RedisError: what Redis refused, or that it cannot be reached or does not answer."""
        await self.open()
        return await self._send(command)

    async def open(self) -> None:
        """Connect unless connected. RedisError."""
        if self._reading is not None and self._opening is None:
            return
        if self._opening is None:
            self._opening = asyncio.get_running_loop().create_task(self._open())
            self._opening.add_done_callback(self._opened)
        await asyncio.shield(self._opening)

    async def close(self) -> None:
        """Disconnect; commands under way end with RedisError."""
        for task in (self._opening, self._reading):
            if task is not None:
                task.cancel()
                await asyncio.wait([task])
        await self._connection.disconnect(nowait=True)

    def _opened(self, task: asyncio.Task) -> None:
        self._opening = None
        if not task.cancelled():
            task.exception()  # the callers have it; without any left it would be logged as never looked at

    async def _open(self) -> None:
        try:
            await asyncio.wait_for(self._connection.connect(), ANSWER_SECONDS)
        except (OSError, asyncio.TimeoutError) as error:
            await self._connection.disconnect(nowait=True)
            raise ConnectionLost(first_line(error)) from error
        self._reading = asyncio.get_running_loop().create_task(self._read())
        if self._greeting:
            await self._send(self._greeting)

    async def _send(self, command: tuple) -> Any:
        if self._reading is None:
            raise ConnectionLost("the connection was closed")  # redis-py would open it again, and nobody would read
        loop = asyncio.get_running_loop()
        answer = loop.create_future()
        self._answers.append(answer)
        try:
            await self._connection.send_command(*command)
            await until(answer, loop.time() + ANSWER_SECONDS)
        except TimeoutError:
            if self._reading is not None:
                self._reading.cancel()
            raise ConnectionLost("no answer in time") from None
        return answer.result()

    async def _read(self) -> None:
        lost = ConnectionLost("the connection was closed")
        try:
            while True:
                try:
                    found = await self._connection.read_response()
                except ResponseError as refusal:
                    self._answer(refusal)
                else:
                    if self._on_message is not None and found[0] == b"message":
                        self._on_message(found[2])
                    else:
                        self._answer(found)
        except (RedisError, OSError) as error:
            lost = ConnectionLost(first_line(error))
        finally:
            self._reading = None
            with suppress(RedisError, OSError):
                await self._connection.disconnect(nowait=True)
            while self._answers:
                self._answer(lost)
            if self._on_loss is not None:
                self._on_loss()

    def _answer(self, found: Any) -> None:
        future = self._answers.popleft()
        if future.done():
            return
        if isinstance(found, Exception):
            future.set_exception(found)
            future.exception()  # whoever asked may have been cancelled
        else:
            future.set_result(found)
