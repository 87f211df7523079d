"""The dialogue's record: one row a message, numbered within a sender; of two who write one number, one is told to think again."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from bot.db import Database
from bot.inbox import turns
from bot.inbox.models import DialogueTurn
from bot.inbox.turns import StoredTurn, TurnConflict
from tests.inbox.asking import BOUND, numbers, rows, turn
from tests.inbox.conftest import NOW


def store(database: Database, *stored: StoredTurn) -> None:
    with database.begin() as connection:
        for one in stored:
            turns.add(connection, one)


def test_each_sender_counts_from_one(database: Database) -> None:
    with database.look() as connection:
        assert turns.last(connection, "web:a", 2) == []
    store(database, turn("web:a", 1), turn("web:b", 1), turn("web:a", 2))
    assert numbers(database) == [("web:a", 1), ("web:a", 2), ("web:b", 1)]


def test_the_last_turns_are_the_newest_of_this_sender_oldest_first(database: Database) -> None:
    store(database, *(turn("web:a", number, events=f"[{number}]") for number in (3, 1, 12, 2)), turn("web:b", 13))
    with database.look() as connection:
        assert [(one.number, one.events) for one in turns.last(connection, "web:a", 2)] == [(3, "[3]"), (12, "[12]")]
        assert [one.number for one in turns.last(connection, "web:a", 9)] == [1, 2, 3, 12]
    with database.read() as session:
        assert [one.number for one in turns.last(session, "web:a", 1)] == [12]


def test_a_turn_comes_back_as_it_was_stored(database: Database) -> None:
    stored = StoredTurn("web:a", 1, NOW + timedelta(milliseconds=7), '[{"text":"今年还差多少？😀\\n"}]', '{"slots":{"year":2023}}')
    store(database, stored)
    with database.look() as connection:
        assert list(turns.every(connection, "web:a")) == [stored]
        (last,) = turns.last(connection, "web:a", 1)
    assert (last.events, last.state) == (stored.events, stored.state)


def test_a_dialogue_of_a_thousand_long_turns_is_read_whole_and_in_order(database: Database) -> None:
    store(database, *(turn("web:a", number, events="x" * 5000) for number in range(1, 1001)))
    with database.look() as connection:
        assert [one.number for one in turns.every(connection, "web:a")] == list(range(1, 1001))


def test_of_two_that_store_the_same_turn_one_is_told_of_the_conflict(database: Database) -> None:
    store(database, turn("web:a", 1, events='["first"]'))
    with pytest.raises(TurnConflict):
        store(database, turn("web:a", 1, events='["second"]'))
    assert [row.events for row in rows(database, DialogueTurn)] == ['["first"]']


def test_of_many_that_store_the_same_turn_at_once_one_stands(database: Database) -> None:
    together = threading.Barrier(6)

    def attempt(number: int) -> bool:
        together.wait(BOUND)
        try:
            store(database, turn("web:a", 1, events=f"[{number}]"))
        except TurnConflict:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(attempt, range(6)))
    assert sum(outcomes) == 1
    assert [row.events for row in rows(database, DialogueTurn)] == [f"[{outcomes.index(True)}]"]


def test_a_conflict_undoes_what_was_written_with_the_turn(database: Database) -> None:
    store(database, turn("web:a", 1))
    with pytest.raises(TurnConflict):
        store(database, turn("web:b", 1), turn("web:a", 1))
    assert numbers(database) == [("web:a", 1)]


def test_forgetting_a_sender_leaves_the_others(database: Database) -> None:
    store(database, turn("web:a", 1), turn("web:a", 2), turn("web:ab", 1), turn("rest:a", 1))
    with database.begin() as connection:
        assert turns.forget(connection, "web:a") == 2
        assert turns.forget(connection, "web:nobody") == 0
    assert numbers(database) == [("rest:a", 1), ("web:ab", 1)]


def test_a_turn_is_staged_only_where_somebody_gathers() -> None:
    assert not turns.stage(turn("web:a", 1))
    with turns.staging() as outer:
        assert turns.stage(turn("web:a", 1))
        with turns.staging() as inner:
            assert turns.stage(turn("web:a", 2))
        assert turns.stage(turn("web:a", 3))
    assert not turns.stage(turn("web:a", 4))
    assert ([one.number for one in outer], [one.number for one in inner]) == ([1, 3], [2])


async def test_messages_worked_out_at_once_gather_their_own_turns() -> None:
    async def work(sender_id: str) -> list[str]:
        with turns.staging() as gathered:
            for number in range(1, 4):
                await asyncio.sleep(0)
                assert turns.stage(turn(sender_id, number))
        return [one.sender_id for one in gathered]

    assert await asyncio.gather(work("web:a"), work("web:b")) == [["web:a"] * 3, ["web:b"] * 3]


def test_a_failure_while_gathering_ends_the_gathering() -> None:
    with pytest.raises(RuntimeError), turns.staging():
        raise RuntimeError
    assert not turns.stage(turn("web:a", 1))
