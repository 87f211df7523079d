"""How Rasa reaches the action server: one connection kept open, and patience while the server is started again."""

import asyncio
import time
from typing import Any

import aiohttp
from rasa.utils.endpoints import ClientResponseError, EndpointConfig

from bot.inbox.question import NotNow

ANSWER_SECONDS = 20
"""How long an action may take. Rasa waits 300 s (rasa/utils/endpoints.py:111); nobody in a chat does."""
RESTART_SECONDS = 4.0
"""How long to knock at a server that is being started again."""
KNOCK_SECONDS = 0.1
IDLE_SECONDS = 3
"""How long an unused connection is kept: less than the server keeps it, or a request would meet its closing."""
MOST_CONNECTIONS = 50
NOT_NOW = frozenset({502, 503, 504})


class ActionEndpoint(EndpointConfig):
    """As `EndpointConfig` (rasa/utils/endpoints.py:173), which opens a session and a connection for each action.

    A server that cannot be reached, or says that it cannot serve, is NotNow: the message may be tried again, and an action that had run
    already runs once more. Actions therefore have to bear that.
    """

    _session: aiohttp.ClientSession | None = None

    async def request(
        self, method: str = "post", subpath: str | None = None, content_type: str | None = None, compress: bool = False, **kwargs: Any
    ) -> Any:
        """The JSON answer. NotNow; ClientResponseError for a refusal by the action itself."""
        until = time.monotonic() + RESTART_SECONDS
        while True:
            try:
                async with self._open().request(method, f"{self.url}{subpath or ''}", json=kwargs.get("json")) as response:
                    if response.status in NOT_NOW:
                        raise NotNow(f"action server answers {response.status}")
                    if response.status >= 400:
                        raise ClientResponseError(response.status, response.reason, await response.text())
                    return await response.json()
            except aiohttp.ClientConnectorError as error:  # nothing was sent yet
                if time.monotonic() > until:
                    raise NotNow("action server is not there") from error
                await asyncio.sleep(KNOCK_SECONDS)
            except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, asyncio.TimeoutError) as error:
                raise NotNow("action server went away") from error

    async def close(self) -> None:
        """Give the connections back."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=MOST_CONNECTIONS, keepalive_timeout=IDLE_SECONDS),
                timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS),
            )
        return self._session
