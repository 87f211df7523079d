"""A Sanic application on a port of its own in a thread of its own, without Rasa."""

import asyncio
import itertools
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sanic import Sanic

_numbers = itertools.count()


@contextmanager
def listening(furnish: Callable[[Sanic], Any]) -> Iterator[tuple[str, Sanic]]:
    """The address of an application that `furnish` has given its routes, and the application."""
    ready: list[tuple[Sanic, int, asyncio.AbstractEventLoop, asyncio.Event]] = []
    started = threading.Event()

    async def serve() -> None:
        Sanic.test_mode = True  # Sanic rewrites its own methods at start and can do so twice only in this mode
        app = Sanic(f"bare{next(_numbers)}", configure_logging=False)
        furnish(app)
        bound = socket.create_server(("127.0.0.1", 0))
        server = await app.create_server(sock=bound, return_asyncio_server=True, access_log=False)
        assert server is not None
        await server.startup()
        await server.before_start()
        await server.after_start()
        stop = asyncio.Event()
        ready.append((app, bound.getsockname()[1], asyncio.get_running_loop(), stop))
        started.set()
        await stop.wait()
        await server.before_stop()
        await server.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert started.wait(60)
    app, port, loop, stop = ready[0]
    try:
        yield f"http://127.0.0.1:{port}", app
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(5)
