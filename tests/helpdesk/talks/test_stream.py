"""What pages are told: everything once, also past a cut, and nothing of conversations that they do not show."""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.db import Database
from bot.helpdesk.talks import handoff, presence
from bot.helpdesk.talks.conversation import Cursor, Entry, history
from bot.helpdesk.talks.reaching import Way
from bot.helpdesk.talks.stream import Change, Look, Page, Stream, Watched
from tests.helpdesk.chats import ask_for_human, say, set_state
from tests.helpdesk.conftest import NOW, add_staff

WATCHED = Watched(1, "web:a")
FAST = {"interval": 0.03, "heartbeat": 0.2}


def _look(entries: list[Entry]) -> Look:
    return Look((), (), {WATCHED: entries}, {WATCHED: {}}, {WATCHED: Way("web", "free", "")})


def _told(page: Page) -> list[str]:
    found = []
    while not page.waiting.empty():
        change = page.waiting.get_nowait()
        found += [entry.id for entry in change.entries] if change else []
    return found


@given(
    st.lists(st.tuples(st.integers(1, 12), st.integers(0, 9)), min_size=1, max_size=12, unique_by=lambda row: row[0]),
    st.lists(st.integers(0, 30), max_size=4),
)
def test_whatever_the_order_in_which_ids_become_visible_a_page_gets_each_entry_once_and_none_is_lost_in_a_cut(
    rows: list[tuple[int, int]], cuts: list[int]
) -> None:
    """Each row: its id, and how many seconds after its turn it becomes visible (at most 9: less than settling takes)."""
    visible_at = {number: number + delay for number, delay in rows}
    entries = {number: Entry(f"o{number}", "bot", NOW, "") for number in visible_at}
    got: list[str] = []
    page, of_this_page = Page(1, WATCHED, Cursor(), 10.0), []
    for moment in range(40):
        standing = [entries[number] for number in sorted(entries) if visible_at[number] <= moment and number > page.cursor.outbox]
        page.tell(_look(standing), float(moment))
        of_this_page += _told(page)
        if moment in cuts:
            assert len(set(of_this_page)) == len(of_this_page), "one page is told once"
            got += of_this_page
            page, of_this_page = Page(1, WATCHED, page.cursor, 10.0), []
    assert len(set(of_this_page)) == len(of_this_page)
    assert set(got) | set(of_this_page) == {entry.id for entry in entries.values()}


async def _gather(changes: AsyncGenerator[Change, None], until: Callable[[list[Change]], bool], seconds: float = 20) -> list[Change]:
    found: list[Change] = []

    async def gather() -> None:
        async for change in changes:
            found.append(change)
            if until(found):
                return

    await asyncio.wait_for(gather(), seconds)
    return found


def _texts(changes: list[Change]) -> list[str]:
    return [entry.text for change in changes for entry in change.entries if entry.kind in ("person", "staff")]


def _stream(database: Database, **more: Any) -> Stream:
    return Stream(database, lambda: NOW + timedelta(minutes=1), **{**FAST, **more})


async def test_a_page_hears_of_what_is_said_of_deliveries_and_of_the_lists(database: Database) -> None:
    staff = add_staff(database, "one", 3)
    ticket = ask_for_human(database, "tg:a", NOW)
    handoff.take(database, ticket, staff, NOW)
    stream = _stream(database)
    async with aclosing(stream.follow(staff, Watched(ticket, "tg:a"), Cursor(10**6, 10**6, 10**6))) as changes:
        first = await _gather(changes, lambda found: any(one.items for one in found))
        assert [item.ticket_id for item in first[-1].items or ()] == [ticket]
    async with aclosing(stream.follow(staff, Watched(ticket, "tg:a"), Cursor())) as changes:
        await _gather(changes, lambda found: "转人工" in _texts(found))
        say(database, "tg:a", "在吗", NOW)
        say(database, "tg:b", "不相干", NOW)
        found = await _gather(changes, lambda found: "在吗" in _texts(found))
        assert _texts(found) == ["在吗"]
        sent = handoff.reply(database, ticket, staff, "在的", "client-0001", NOW).outgoing
        assert sent is not None
        await _gather(changes, lambda found: "在的" in _texts(found))
        set_state(database, sent.id, "failed", "blocked")
        found = await _gather(changes, lambda found: any(one.state == "failed" for c in found for _, one in c.deliveries))
        assert [(key, one.state) for c in found for key, one in c.deliveries][-1] == (f"o{sent.id}", "failed")
        handoff.close(database, ticket, staff, NOW)
        await _gather(changes, lambda found: any(one.items == () for one in found))
    assert stream.followers == 0


async def test_a_page_that_comes_back_gets_what_came_meanwhile(database: Database) -> None:
    staff = add_staff(database, "one", 3)
    ticket = ask_for_human(database, "web:a", NOW)
    watched = Watched(ticket, "web:a")
    async with aclosing(_stream(database).follow(staff, watched, Cursor())) as changes:
        before = await _gather(changes, lambda found: "转人工" in _texts(found))
    handoff.take(database, ticket, staff, NOW)
    say(database, "web:a", "断线时说的", NOW)
    async with aclosing(_stream(database).follow(staff, watched, before[-1].cursor)) as changes:  # another process by now
        after = await _gather(changes, lambda found: "断线时说的" in _texts(found))
    ids = [entry.id for change in (*before, *after) for entry in change.entries]
    with database.read() as session:
        assert set(ids) == {entry.id for entry in history(session, "web:a", NOW)}
    if database.file:
        assert len(ids) == len(set(ids)), "where ids become visible in order nothing is told twice"


async def test_silence_is_broken_by_heartbeats_and_an_orderly_stop_ends_all(database: Database) -> None:
    staff = add_staff(database, "one", 3)
    stream = _stream(database)
    changes = stream.follow(staff, None, Cursor())
    beats = await _gather(changes, lambda found: found[-1] == Change(Cursor()))
    assert beats
    stream.stop()
    assert [change async for change in changes if change != Change(Cursor())] == []
    assert stream.followers == 0


async def test_own_writes_are_heard_at_once(database: Database) -> None:
    staff = add_staff(database, "one", 3)
    ticket = ask_for_human(database, "web:a", NOW)
    stream = _stream(database, interval=30.0, heartbeat=30.0)
    async with aclosing(stream.follow(staff, Watched(ticket, "web:a"), Cursor())) as changes:
        await _gather(changes, lambda found: "转人工" in _texts(found))
        await asyncio.to_thread(handoff.take, database, ticket, staff, NOW)
        began = time.monotonic()
        await asyncio.to_thread(stream.wake)
        await _gather(changes, lambda found: any(item.section(staff) == "mine" for one in found for item in one.items or ()))
        assert time.monotonic() - began < 1


async def test_a_page_that_is_open_keeps_its_agent_present(database: Database) -> None:
    staff = add_staff(database, "one", 3)
    with database.write() as session:
        presence.arrive(session, staff, NOW)
    async with aclosing(_stream(database).follow(staff, None, Cursor())) as changes:
        found = await _gather(changes, lambda found: any(c.colleagues and c.colleagues[0].presence == "free" for c in found))
    assert found


async def test_a_database_that_fails_for_a_while_costs_nothing(database: Database, monkeypatch: Any) -> None:
    monkeypatch.setattr("bot.helpdesk.talks.stream._AFTER_FAILURE", 0.05)
    staff = add_staff(database, "one", 3)
    ticket = ask_for_human(database, "web:a", NOW)
    stream = _stream(database)
    async with aclosing(stream.follow(staff, Watched(ticket, "web:a"), Cursor())) as changes:
        await _gather(changes, lambda found: "转人工" in _texts(found))
        failures: list[int] = []

        def fail(*_: object) -> None:
            failures.append(1)
            raise ZeroDivisionError

        with monkeypatch.context() as broken:
            broken.setattr("bot.helpdesk.talks.stream.look", fail)
            say(database, "web:a", "坏的时候说的", NOW)
            while len(failures) < 2:
                await asyncio.sleep(0.01)
        await _gather(changes, lambda found: "坏的时候说的" in _texts(found))


async def test_a_page_that_comes_back_during_a_look_gets_all_that_it_missed(database: Database, monkeypatch: Any) -> None:
    staff = add_staff(database, "one", 3)
    ticket = ask_for_human(database, "web:a", NOW)
    watched = Watched(ticket, "web:a")
    with database.read() as session:
        all_of_it = Cursor().past(history(session, "web:a", NOW))
    stream = _stream(database, interval=30.0, heartbeat=30.0)
    begun, go_on = threading.Event(), threading.Event()
    true_read = stream._read

    def held_open(cursors: dict[Watched, Cursor]) -> Look:
        begun.set()
        assert go_on.wait(20)
        return true_read(cursors)

    async with aclosing(stream.follow(staff, watched, all_of_it)) as here:
        await _gather(here, lambda found: any(one.items for one in found))
        monkeypatch.setattr(stream, "_read", held_open)
        stream.wake()
        assert await asyncio.to_thread(begun.wait, 20)
        async with aclosing(stream.follow(staff, watched, Cursor())) as back:
            coming = asyncio.create_task(_gather(back, lambda found: bool(_texts(found))))
            while stream.followers < 2:
                await asyncio.sleep(0.01)
            say(database, "web:a", "还在吗", NOW)
            go_on.set()
            assert _texts(await coming) == ["一年要多少学时", "转人工", "还在吗"]
