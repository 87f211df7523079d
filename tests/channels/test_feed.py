"""The feed below the web channel: what open pages are given, and when."""

import asyncio
import threading
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from bot.channels.web.feed import Feed
from bot.db import Database
from bot.inbox import outbox
from bot.inbox.outbox import Outgoing
from tests.helpdesk.conftest import NOW

CHAT = "web:a"


def _write(database: Database, *texts: str) -> list[int]:
    with database.write() as session:
        return [one.id for one in outbox.add(session, CHAT, [{"text": text} for text in texts], NOW)]


async def _read(coming: AsyncGenerator[Outgoing | None, None], count: int) -> list[str]:
    return [one.payload["text"] for one in [await asyncio.wait_for(anext(coming), 20) for _ in range(count)] if one]


async def test_a_page_that_comes_back_during_a_look_gets_all_that_it_missed(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    feed = Feed(database, interval=30, heartbeat=30)
    first, _ = _write(database, "一", "二")
    begun, go_on = threading.Event(), threading.Event()
    true_read = feed._read

    def held_open(cursors: dict[str, int]) -> list[Outgoing]:
        begun.set()
        assert go_on.wait(5)
        return true_read(cursors)

    async with aclosing(feed.follow(CHAT, first)) as here:
        assert await _read(here, 1) == ["二"]
        monkeypatch.setattr(feed, "_read", held_open)
        feed.wake()
        await asyncio.to_thread(begun.wait, 5)
        async with aclosing(feed.follow(CHAT, 0)) as back:
            coming = asyncio.create_task(_read(back, 3))
            while feed.followers < 2:
                await asyncio.sleep(0.01)
            _write(database, "三")
            go_on.set()
            assert await coming == ["一", "二", "三"]
        assert await _read(here, 1) == ["三"]
