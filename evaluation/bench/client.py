"""A plain keep-alive HTTP client for the REST channel: so little code that the servers are measured, not the client."""

import asyncio
import json
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

WEBHOOK = "/webhooks/rest/webhook"
PATIENCE_SECONDS = 60


class WrongAnswerError(Exception):
    """A status other than 200."""


class Line:
    """One connection, one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
        self._reader, self._writer, self._host = reader, writer, host

    @classmethod
    async def open(cls, url: str) -> "Line":
        """Connect. OSError when nobody listens."""
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        return cls(reader, writer, parts.netloc)

    async def ask(self, sender: str, text: str) -> tuple[float, list[dict[str, Any]]]:
        """Send one message: seconds until its answer was read, and the answer. WrongAnswerError, OSError, TimeoutError."""
        body = json.dumps({"sender": sender, "message": text}).encode()
        head = f"POST {WEBHOOK} HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        started = time.perf_counter()
        self._writer.write(head.encode() + body)
        status, answer = await asyncio.wait_for(self._read(), PATIENCE_SECONDS)
        seconds = time.perf_counter() - started
        if status != 200:
            raise WrongAnswerError(f"{status} {answer[:200]!r}")
        return seconds, json.loads(answer)

    async def _read(self) -> tuple[int, bytes]:
        try:
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        except asyncio.IncompleteReadError as error:
            raise ConnectionResetError("closed before an answer") from error
        status = int(head[0].split()[1])
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        return status, await self._reader.readexactly(int(fields["content-length"]))

    async def close(self) -> None:
        """Hang up."""
        self._writer.close()


def words_of(answer: Sequence[dict[str, Any]]) -> str:
    """The texts of an answer."""
    return "\n".join(str(message.get("text") or "") for message in answer)
