"""Turns within one process: whoever asks first is served first, and who stops waiting is forgotten."""

import asyncio
from collections import deque
from contextlib import suppress


async def until(future: asyncio.Future, deadline: float) -> None:
    """Wait for the future, at most until this time of the loop's clock: TimeoutError. A result is not lost when both come at once."""
    timer = asyncio.get_running_loop().call_at(deadline, _give_up, future)
    try:
        await future
    finally:
        timer.cancel()


def _give_up(future: asyncio.Future) -> None:
    if not future.done():
        future.set_exception(TimeoutError())


class Line:
    """A number of places and a queue before them."""

    __slots__ = ("_free", "_places", "_waiting")

    def __init__(self, places: int = 1) -> None:
        self._free = self._places = places
        self._waiting: deque[asyncio.Future] = deque()

    async def enter(self, deadline: float) -> None:
        """Take a place. TimeoutError when none became free by this time of the loop's clock."""
        if self._free:
            self._free -= 1
            return
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        try:
            await until(future, deadline)
        except BaseException:
            if future.done() and not future.cancelled() and future.exception() is None:
                self.leave()  # the place came in the moment of cancelling
            else:
                with suppress(ValueError):
                    self._waiting.remove(future)
            raise

    def leave(self) -> None:
        """Give a place to the first who still waits."""
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_result(None)
                return
        self._free += 1

    @property
    def unused(self) -> bool:
        """Whether nobody has a place."""
        return self._free == self._places


class Turns:
    """One place for each name; nothing is kept of names that nobody uses."""

    def __init__(self) -> None:
        self._lines: dict[str, Line] = {}

    def __len__(self) -> int:
        return len(self._lines)

    async def enter(self, name: str, deadline: float) -> None:
        """Wait for the turn of this name. TimeoutError at this time of the loop's clock."""
        line = self._lines.setdefault(name, Line())
        try:
            await line.enter(deadline)
        except BaseException:
            self._forget(name, line)
            raise

    def leave(self, name: str) -> None:
        """End the turn: the next who waits has it."""
        line = self._lines[name]
        line.leave()
        self._forget(name, line)

    def _forget(self, name: str, line: Line) -> None:
        if line.unused and self._lines.get(name) is line:
            del self._lines[name]
