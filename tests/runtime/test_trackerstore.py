"""Conversations turn by turn: what is written, what is read again, who may read it, and what happens when two write at once."""

import asyncio
import itertools
import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event, text

from bot import settings
from bot.db import Database, DatabaseFault
from bot.inbox import turns
from bot.inbox.turns import TurnConflict, staging
from bot.runtime import lean, trackerstore
from bot.runtime.project import ROOT

lean.install()

from rasa.shared.core.domain import Domain  # noqa: E402
from rasa.shared.core.events import (  # noqa: E402
    ActionExecuted,
    ActionExecutionRejected,
    ActiveLoop,
    BotUttered,
    LoopInterrupted,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker  # noqa: E402

from bot.runtime.trackerstore import Conversations, MemoryConversations, TurnStore  # noqa: E402
from tests.runtime.inprocess import state_of  # noqa: E402

SENDER, KEY, CODE = "rest:somebody", "k" * 40, "AB2DEFGHJK"
LISTEN, FORM = ActionExecuted("action_listen"), ActionExecuted("bind_form")


@pytest.fixture(scope="module")
def domain() -> Domain:
    return Domain.load(ROOT / "domain.yml")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return str(request.getfixturevalue("migrated_postgres")())
    shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "bot.db")
    return f"sqlite:///{tmp_path}/bot.db"


def store_on(url: str, domain: Domain, folder: Path, key: str = KEY) -> Conversations:
    store = Conversations(domain)
    store._read_settings = settings.load({"BOT_DATABASE_URL": url, "BOT_SECRET_KEY": key}, folder)
    return store


@pytest.fixture
def store(url: str, domain: Domain, tmp_path: Path) -> Iterator[Conversations]:
    made = store_on(url, domain, tmp_path)
    yield made
    made.database.dispose()


@pytest.fixture
def memory(domain: Domain, tmp_path: Path) -> MemoryConversations:
    made = MemoryConversations(domain)
    made._read_settings = settings.load({"BOT_DATABASE_URL": f"sqlite:///{tmp_path}/bot.db", "BOT_SECRET_KEY": KEY}, tmp_path)
    return made


def said(words: str, **entities: str) -> UserUttered:
    found = [{"entity": name, "value": value} for name, value in entities.items()]
    parsed = {"text": words, "intent": {"name": "inform"}, "entities": found}
    return UserUttered(words, parsed["intent"], found, parsed, metadata={"journal_id": 1, "model_id": "m", "assistant_id": "a"})


def turn(store: TurnStore, *events: object, sender: str = SENDER) -> DialogueStateTracker:
    """One message that brings these events."""

    async def go() -> DialogueStateTracker:
        tracker = await store.get_or_create_tracker(sender)
        for one in events:
            tracker.update(one)
        await store.save(tracker)
        return tracker

    return asyncio.run(go())


def rows(database: Database) -> list[turns.StoredTurn]:
    with database.look() as connection:
        return list(turns.every(connection, SENDER))


def test_nothing_is_stored_before_the_first_message(store):
    assert asyncio.run(store.retrieve(SENDER)) is None
    tracker = asyncio.run(store.get_or_create_tracker(SENDER))
    assert tracker.latest_action_name == "action_listen"
    assert not asyncio.run(store.get_or_create_tracker(SENDER, append_action_listen=False)).events
    asyncio.run(store.save(tracker))
    assert rows(store.database) == []


def test_each_turn_is_one_row_with_its_own_events_alone(store):
    for number in range(4):
        turn(store, said(f"message {number}"), LISTEN)
    found = rows(store.database)
    assert [row.number for row in found] == [1, 2, 3, 4]
    assert [[one["event"] for one in json.loads(row.events)] for row in found][1:] == [["user", "action"]] * 3
    assert "message 2" in found[2].events
    assert not any(mark in row.events for row in found for mark in ("model_id", "assistant_id"))


def test_saving_a_tracker_again_stores_nothing_twice(store):
    tracker = turn(store, said("once"))
    asyncio.run(store.save(tracker))
    tracker.update(LISTEN)
    asyncio.run(store.save(tracker))
    assert [row.number for row in rows(store.database)] == [1, 2]


def test_the_full_tracker_has_every_event_and_another_persons_none(store):
    for number in range(5):
        turn(store, said(f"message {number}"), LISTEN)
        turn(store, said("of somebody else"), LISTEN, sender="rest:else")
    full = asyncio.run(store.retrieve_full_tracker(SENDER))
    assert [one.text for one in full.events if isinstance(one, UserUttered)] == [f"message {number}" for number in range(5)]


@pytest.mark.parametrize(
    "ending",
    [(), (LoopInterrupted(True),), (ActionExecutionRejected("bind_form"),), (LoopInterrupted(True), ActionExecutionRejected("bind_form"))],
    ids=["as it is", "interrupted", "rejected", "both"],
)
def test_slots_form_and_its_marks_are_known_without_the_events_that_set_them(store, domain, ending):
    first = (said("bind"), ActiveLoop("bind_form"), FORM, SlotSet("requested_slot", "bind_name"), SlotSet("bound", True), LISTEN, *ending)
    turn(store, *first)
    turn(store, said("after"))
    resumed = asyncio.run(store.retrieve(SENDER))
    assert len([one for one in resumed.events if isinstance(one, UserUttered)]) == 1
    full = DialogueStateTracker.from_events(SENDER, [LISTEN, *first, said("after")], domain.slots)
    assert state_of(resumed) == state_of(full)
    assert state_of(resumed.copy()) == state_of(full.copy())


def test_what_filled_the_form_is_no_part_of_the_story_that_rules_see(store, domain):
    first, second = (said("bind"), ActiveLoop("bind_form"), FORM, LISTEN), (said("filling"), FORM, LISTEN)
    for events in (first, second):
        turn(store, *events)
    resumed = asyncio.run(store.retrieve(SENDER))
    full = DialogueStateTracker.from_events(SENDER, [LISTEN, *first, *second], domain.slots)
    assert resumed.latest_message.text == "filling"
    for tracker in (resumed, full):
        assert "filling" not in [one.text for one in tracker.applied_events() if isinstance(one, UserUttered)]
        assert [one.action_name for one in tracker.applied_events()[-2:]] == ["bind_form", "action_listen"]


def test_a_slot_that_was_emptied_stays_empty(store):
    turn(store, SlotSet("bind_name", "x"), LISTEN)
    turn(store, SlotSet("bind_name", None), LISTEN)
    for _ in range(2):
        assert turn(store, said("after"), LISTEN).get_slot("bind_name") is None


WRITTEN = [CODE, CODE.lower(), "AB2DE FGHJK", "AB2DE-FGHJK", "AB2D-EFGH-JK", "AB-2D-EF-GH-JK", "ab2-def-ghj-k"]


@pytest.mark.parametrize("written", WRITTEN)
def test_a_code_is_in_no_column_and_only_this_installations_key_opens_it(url, store, domain, tmp_path, written):
    for words in (written, f"我的绑定码是{written}。"):
        turn(store, said(words, bind_code=written.upper()), SlotSet("bind_code", written.upper()), LISTEN)
        turn(store, said("after"), LISTEN)
    with store.database.look() as connection:
        raw = [str(value) for row in connection.execute(text("SELECT * FROM dialogue_turn")) for value in row]
    for kept in ("".join(raw), "".join(raw).replace("-", "").replace(" ", "")):
        assert CODE[4:] not in kept.upper()
    other = store_on(url, domain, tmp_path, "o" * 40)
    for tracker in (asyncio.run(store.retrieve(SENDER)), asyncio.run(store.retrieve_full_tracker(SENDER))):
        assert (tracker.get_slot("bind_code"), tracker.copy().get_slot("bind_code")) == (written.upper(), written.upper())
    for tracker in (asyncio.run(other.retrieve(SENDER)), asyncio.run(other.retrieve_full_tracker(SENDER))):
        assert (tracker.get_slot("bind_code"), tracker.copy().get_slot("bind_code")) == (None, None)
    other.database.dispose()


def test_a_long_dialogue_costs_what_a_short_one_costs(store):
    def cost() -> tuple[int, int]:
        statements: list[str] = []
        listener = lambda *given: statements.append(given[2])  # noqa: E731
        event.listen(store.database.engine, "before_cursor_execute", listener)
        tracker = asyncio.run(store.retrieve(SENDER))
        event.remove(store.database.engine, "before_cursor_execute", listener)
        return len(statements), len(tracker.events)

    def until(number: int) -> tuple[int, int]:
        pattern = rows(store.database)[-1]
        with store.database.begin() as connection:
            for missing in range(pattern.number + 1, number + 1):
                turns.add(connection, turns.StoredTurn(SENDER, missing, pattern.at, pattern.events, pattern.state))
        return cost()

    turn(store, said("one"), LISTEN)
    turn(store, said("two"), LISTEN)
    assert until(5) == until(200)
    assert len(asyncio.run(store._last(SENDER, 2))) == 2


def test_turns_are_gathered_where_somebody_gathers_them(store):
    with staging() as gathered:
        turn(store, said("one"), LISTEN)
    assert [one.number for one in gathered] == [1]
    assert rows(store.database) == []
    turn(store, said("again"), LISTEN)
    assert [row.number for row in rows(store.database)] == [1]


def test_who_comes_second_is_told_and_stores_nothing(store):
    async def both() -> None:
        one, two = await store.get_or_create_tracker(SENDER), await store.get_or_create_tracker(SENDER)
        one.update(said("first"))
        two.update(said("second"))
        await store.save(one)
        with pytest.raises(TurnConflict):
            await store.save(two)

    asyncio.run(both())
    (only,) = rows(store.database)
    assert "first" in only.events


def test_writers_without_a_lock_lose_nothing_when_each_tries_again(url, domain, tmp_path):
    writers, each, tries = 4, 5, 200
    failed: list[BaseException] = []

    def write(name: int) -> None:
        store = store_on(url, domain, tmp_path)
        try:
            for number in range(each):
                for attempt in itertools.count(1):
                    try:
                        turn(store, BotUttered(f"<{name} {number}>"), LISTEN)
                        break
                    except TurnConflict:
                        assert attempt < tries
        except BaseException as error:
            failed.append(error)
        finally:
            store.database.dispose()

    threads = [threading.Thread(target=write, args=(name,)) for name in range(writers)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert not failed
    database = Database(url)
    found = rows(database)
    database.dispose()
    assert [row.number for row in found] == list(range(1, writers * each + 1))
    assert turn_texts(found) == {f"<{name} {number}>" for name in range(writers) for number in range(each)}


def turn_texts(found: list[turns.StoredTurn]) -> set[str]:
    return {one["text"] for row in found for one in json.loads(row.events) if one["event"] == "bot"}


def test_a_failing_database_is_a_fault_and_no_empty_memory(migrated_sqlite, domain, tmp_path):
    shutil.copy(migrated_sqlite, tmp_path / "bot.db")
    store = store_on(f"sqlite:///{tmp_path}/bot.db", domain, tmp_path)
    tracker = turn(store, said("one"), LISTEN)
    (tmp_path / "bot.db").rename(tmp_path / "elsewhere.db")
    tracker.update(said("two"))
    for attempt in (store.retrieve(SENDER), store.get_or_create_tracker(SENDER), store.retrieve_full_tracker(SENDER), store.save(tracker)):
        with pytest.raises(DatabaseFault):
            asyncio.run(attempt)
    store.database.dispose()


def test_the_memory_keeps_few_turns_of_a_conversation(memory):
    for number in range(10):
        turn(memory, said(f"message {number}"), SlotSet("bind_name", "x") if number == 0 else LISTEN)
    kept = asyncio.run(memory._last(SENDER, None))
    assert [one.number for one in kept] == [9, 10]
    assert asyncio.run(memory.retrieve(SENDER)).get_slot("bind_name") == "x"


def test_the_memory_lets_go_of_who_wrote_least_recently(memory, monkeypatch):
    monkeypatch.setattr(trackerstore, "MOST_CONVERSATIONS", 3)
    for name in ("a", "b", "c", "a", "d"):
        turn(memory, said("x"), sender=name)
    assert list(asyncio.run(memory.keys())) == ["c", "a", "d"]
    assert asyncio.run(memory.retrieve("b")) is None


def test_the_memory_refuses_a_turn_that_it_has(memory):
    async def both() -> None:
        one, two = await memory.get_or_create_tracker(SENDER), await memory.get_or_create_tracker(SENDER)
        await memory.save(one)
        for tracker in (one, two):
            tracker.update(said("x"))
        await memory.save(one)
        with pytest.raises(TurnConflict):
            await memory.save(two)

    asyncio.run(both())


def interrupt(store) -> None:
    with store.database.begin() as connection:
        turns.interrupt(connection, SENDER, store.settings.now())


IN_THE_FORM = (
    *(said("bind"), ActiveLoop("bind_form"), FORM, SlotSet("requested_slot", "bind_name"), SlotSet("bind_name", "x")),
    *(SlotSet("bind_code", CODE), SlotSet("bound", True), LISTEN),
)


def begun_anew(tracker: DialogueStateTracker) -> bool:
    slots = {name: slot.value for name, slot in tracker.slots.items() if slot.value is not None}
    assert slots.pop("bound") is True, "who the person is outlives it"
    quiet = tracker.active_loop_name is None and tracker.latest_action_name == "action_listen"
    return quiet and not any(slots.get(name) for name in ("requested_slot", "bind_name", "bind_code"))


def test_after_somebody_else_spoke_the_dialogue_begins_anew_and_only_the_binding_is_known(store):
    turn(store, *IN_THE_FORM)
    interrupt(store)
    for _ in range(2):
        resumed = asyncio.run(store.retrieve(SENDER))
        assert begun_anew(resumed)
        assert begun_anew(resumed.copy())
        assert resumed.latest_message is None or not resumed.latest_message.text, "nothing to refer back to"
        interrupt(store)  # twice is once
    assert [row.number for row in rows(store.database)] == [1, 2]
    for number in (3, 4, 5):
        assert begun_anew(turn(store, said(f"message {number}"), LISTEN))
    assert [row.number for row in rows(store.database)] == [1, 2, 3, 4, 5]
    for tracker in (asyncio.run(store.retrieve(SENDER)), asyncio.run(store.retrieve_full_tracker(SENDER))):
        assert begun_anew(tracker)
    assert [one.text for one in tracker.events if isinstance(one, UserUttered)] == ["message 3", "message 4", "message 5"]


def test_the_interruption_is_known_without_the_turns_before_it(store):
    turn(store, *IN_THE_FORM)
    interrupt(store)
    with store.database.begin() as connection:  # as a purge by age leaves it
        connection.execute(text("DELETE FROM dialogue_turn WHERE number < 2"))
    assert begun_anew(asyncio.run(store.retrieve(SENDER)))


def test_a_dialogue_that_has_not_begun_is_not_interrupted(store):
    interrupt(store)
    assert rows(store.database) == []


def test_a_code_in_a_message_that_is_left_is_not_stored_readably(store):
    turn(store, said(f"留言：{CODE}", message_text=CODE), SlotSet("message_text", CODE), SlotSet("message_text", None), LISTEN)
    assert CODE not in "".join(row.events + row.state for row in rows(store.database))
