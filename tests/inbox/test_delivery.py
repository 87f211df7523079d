"""Pushing: order, states, pauses, several processes, processes that die."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from bot.db import Database
from bot.inbox import outbox
from bot.inbox.delivery import LEASE, OLDEST, Delivery, PartDone, TryLater, Undeliverable, Waits
from bot.inbox.models import FAILED, PENDING, SENDING, SENT, WAITING, Outbox
from bot.inbox.outbox import Outgoing
from bot.inbox.writer import Writer
from tests.inbox.asking import Clock, rows


class Platform:
    """Takes what is pushed; ``faults`` are raised first, one a try."""

    def __init__(self, *faults: Exception | None, parts: int = 1) -> None:
        self.got: list[str] = []
        self.faults = list(faults)
        self.parts = parts

    async def __call__(self, message: Outgoing, part_done: PartDone) -> None:
        for number in range(message.parts, self.parts):
            await asyncio.sleep(0.001)
            if self.faults and (fault := self.faults.pop(0)):
                raise fault
            self.got.append(message.payload["text"] + (f"/{number}" if self.parts > 1 else ""))
            await part_done()


@asynccontextmanager
async def pushing(database: Database, platform: Platform, clock: Clock, processes: int = 1) -> AsyncIterator[list[Delivery]]:
    deliveries = [Delivery(Writer(database), ["wx:"], platform, clock, interval=0.02) for _ in range(processes)]
    tasks = [asyncio.create_task(delivery.run()) for delivery in deliveries]
    try:
        yield deliveries
    finally:
        for task in tasks:
            task.cancel()
        for delivery in deliveries:
            await delivery.settle()


def write(database: Database, clock: Clock, *texts: str, sender: str = "wx:a", **more: object) -> None:
    with database.begin() as connection:
        outbox.add(connection, sender, [{"text": text} for text in texts], clock(), **more)


def states(database: Database) -> list[tuple[str, str | None]]:
    return [(row.state, row.reason) for row in rows(database, Outbox)]


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(3000):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came to hold")


async def quiet() -> None:
    await asyncio.sleep(0.15)


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def test_each_person_gets_theirs_in_order_and_others_channels_are_left_alone(database: Database, clock: Clock) -> None:
    write(database, clock, "一", "二", "三")
    write(database, clock, "甲", "乙", sender="wx:b")
    write(database, clock, "页", sender="web:a")
    platform = Platform()
    async with pushing(database, platform, clock):
        await until(lambda: len(platform.got) == 5)
        await quiet()
    assert [text for text in platform.got if text in "一二三"] == ["一", "二", "三"]
    assert [text for text in platform.got if text in "甲乙"] == ["甲", "乙"]
    assert [state for state, _ in states(database)] == [SENT] * 5 + [PENDING]


async def test_of_several_processes_one_sends_a_message(database: Database, clock: Clock) -> None:
    for number in range(12):
        write(database, clock, f"{number}甲", f"{number}乙", sender=f"wx:{number}")
    platform = Platform()
    async with pushing(database, platform, clock, processes=3):
        await until(lambda: {state for state, _ in states(database)} == {SENT})
    assert sorted(platform.got) == sorted(f"{number}{which}" for number in range(12) for which in "甲乙")
    assert all(platform.got.index(f"{number}甲") < platform.got.index(f"{number}乙") for number in range(12))


async def test_a_failure_is_tried_again_later_and_nothing_overtakes_it(database: Database, clock: Clock) -> None:
    write(database, clock, "一", "二")
    platform = Platform(ConnectionError(), TryLater("busy"))
    async with pushing(database, platform, clock):
        await until(lambda: states(database)[0] == (PENDING, "ConnectionError"))
        await quiet()
        assert platform.got == []
        clock.pass_by(2)
        await until(lambda: states(database)[0] == (PENDING, "busy"))
        clock.pass_by(1)
        await quiet()
        assert platform.got == [], "the pause grows"
        clock.pass_by(3)
        await until(lambda: platform.got == ["一", "二"])
        await until(lambda: states(database) == [(SENT, None), (SENT, None)])
    assert rows(database, Outbox)[0].attempts == 3


async def test_a_pause_for_everybody_holds_every_process(database: Database, clock: Clock) -> None:
    write(database, clock, "一")
    platform = Platform(TryLater("flood", 30, everybody=True))
    async with pushing(database, platform, clock, processes=2):
        await until(lambda: states(database)[0] == (PENDING, "flood"))
        write(database, clock, "甲", sender="wx:b")
        await quiet()
        assert platform.got == []
        clock.pass_by(31)
        await until(lambda: sorted(platform.got) == sorted(["一", "甲"]))


async def test_what_may_not_be_pushed_waits_with_all_that_follows(database: Database, clock: Clock) -> None:
    write(database, clock, "一", "二")
    platform = Platform(Waits("window_closed"))
    async with pushing(database, platform, clock):
        await until(lambda: states(database) == [(WAITING, "window_closed")] * 2)
        clock.pass_by(3600)
        await quiet()
        assert platform.got == []
        write(database, clock, "三")
        await until(lambda: platform.got == ["一", "二", "三"])


async def test_what_will_never_arrive_does_not_hold_up_the_rest(database: Database, clock: Clock) -> None:
    write(database, clock, "一", "二")
    platform = Platform(Undeliverable("refused"))
    async with pushing(database, platform, clock):
        await until(lambda: platform.got == ["二"])
        await until(lambda: states(database) == [(FAILED, "refused"), (SENT, None)])


async def test_parts_go_on_where_they_stopped(database: Database, clock: Clock) -> None:
    write(database, clock, "一")
    platform = Platform(None, ConnectionError(), parts=3)
    async with pushing(database, platform, clock):
        await until(lambda: states(database)[0][0] == PENDING and rows(database, Outbox)[0].parts == 1)
        clock.pass_by(10)
        await until(lambda: platform.got == ["一/0", "一/1", "一/2"])


async def test_a_message_that_a_dead_process_was_sending_is_sent_after_its_lease(database: Database, clock: Clock) -> None:
    write(database, clock, "一", state=SENDING, due_at=clock() + LEASE)
    platform = Platform()
    async with pushing(database, platform, clock):
        await quiet()
        assert platform.got == []
        clock.pass_by(LEASE.total_seconds() + 1)
        await until(lambda: platform.got == ["一"])


async def test_a_message_that_never_gets_through_is_given_up(database: Database, clock: Clock) -> None:
    write(database, clock, "一")
    clock.pass_by(OLDEST.total_seconds() + 1)
    async with pushing(database, Platform(ConnectionError()), clock):
        await until(lambda: states(database) == [(FAILED, "ConnectionError")])


async def test_a_message_that_a_response_may_still_carry_is_not_pushed_before_its_time(database: Database, clock: Clock) -> None:
    write(database, clock, "一", due_at=clock() + timedelta(seconds=16))
    platform = Platform()
    async with pushing(database, platform, clock) as (delivery,):
        delivery.wake()
        await quiet()
        assert platform.got == []
        clock.pass_by(17)
        await until(lambda: platform.got == ["一"])
