"""Turns in one process: in order, and nothing left of those who went away."""

import asyncio
import gc
import sys

import pytest

from bot.runtime.locks.turns import Line, Turns


def soon(seconds: float = 5) -> float:
    return asyncio.get_running_loop().time() + seconds


async def test_turns_come_in_the_order_of_asking():
    turns, served = Turns(), []

    async def serve(number: int) -> None:
        await turns.enter("one", soon())
        await asyncio.sleep(0)
        served.append(number)
        turns.leave("one")

    await asyncio.gather(*(serve(number) for number in range(50)))
    assert served == list(range(50))
    assert len(turns) == 0


async def test_a_late_comer_does_not_pass_one_who_was_just_called():
    turns, served = Turns(), []
    await turns.enter("one", soon())

    async def serve(number: int) -> None:
        await turns.enter("one", soon())
        served.append(number)
        turns.leave("one")

    waiter = asyncio.create_task(serve(1))
    await asyncio.sleep(0)
    turns.leave("one")
    await serve(2)
    await waiter
    assert served == [1, 2]


async def test_names_do_not_wait_for_each_other():
    turns = Turns()
    await turns.enter("one", soon())
    await turns.enter("two", soon(0.01))
    assert len(turns) == 2


@pytest.mark.parametrize("settle", [True, False])
async def test_a_waiter_that_is_cancelled_stands_in_nobodys_way(settle):
    """`settle`: cancelled while it waits; else in the very moment when its turn comes."""
    turns = Turns()
    await turns.enter("one", soon())
    gone = asyncio.create_task(turns.enter("one", soon()))
    next_one = asyncio.create_task(turns.enter("one", soon()))
    await asyncio.sleep(0)
    if settle:
        gone.cancel()
        await asyncio.sleep(0)
        turns.leave("one")
    else:
        turns.leave("one")
        gone.cancel()
    await asyncio.wait_for(next_one, 1)
    assert gone.cancelled()
    turns.leave("one")
    assert len(turns) == 0


async def test_the_last_waiter_cancelled_as_its_turn_comes_leaves_nothing():
    turns = Turns()
    await turns.enter("one", soon())
    gone = asyncio.create_task(turns.enter("one", soon()))
    await asyncio.sleep(0)
    turns.leave("one")
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert len(turns) == 0


async def test_waiting_ends_in_time_and_the_turn_goes_to_the_next():
    turns = Turns()
    await turns.enter("one", soon())
    with pytest.raises(TimeoutError):
        await turns.enter("one", soon(0.02))
    turns.leave("one")
    assert len(turns) == 0


async def test_a_line_of_two_places_holds_two():
    line = Line(2)
    await line.enter(soon())
    await line.enter(soon())
    with pytest.raises(TimeoutError):
        await line.enter(soon(0.02))
    assert not line._waiting
    line.leave()
    await line.enter(soon(0.02))


async def test_a_hundred_thousand_names_leave_no_memory_behind():
    turns = Turns()

    async def visit(names: range) -> None:
        for number in names:
            await turns.enter(f"sender {number}", soon())
            turns.leave(f"sender {number}")

    await visit(range(1000))
    gc.collect()
    before = sys.getallocatedblocks()
    await visit(range(100_000))
    gc.collect()
    assert sys.getallocatedblocks() - before < 1000
