"""Whatever attempts end in, and whichever of two processes makes them: every message is answered once or its sender told, in order."""

import asyncio
import itertools
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.db import Database, DatabaseFault
from bot.inbox.intake import Intake
from bot.inbox.models import DialogueTurn, Journal, Outbox
from bot.inbox.question import Finish, Handled, Question
from bot.inbox.retry import FOREIGN_SECONDS, Retrier
from bot.inbox.turns import TurnConflict
from tests.inbox.asking import Clock, Echo, not_now, rows, said
from tests.inbox.conftest import SENTENCES

SENDERS = ("web:a", "web:b", "rest:c", "rest:d")
OUTCOMES = ("ok", "not_now", "fault", "conflict", "conflicts", "unheard")
ROUNDS = 40
Step = tuple[str, list[str]] | None
CONVERSATION = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(SENDERS), st.lists(st.sampled_from(OUTCOMES), max_size=3)),
        st.none(),  # a round of retrying
    ),
    min_size=1,
    max_size=14,
)


@dataclass
class World:
    """Processes on one database, the outcomes that attempts still have in store, and what callers over REST were given."""

    database: Database
    processes: int
    clock: Clock = field(default_factory=Clock)
    given: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.scripts: dict[str, list[str]] = {}
        self.echo = Echo(self.database)
        self.intakes = [Intake(self.database, SENTENCES, self.clock) for _ in range(self.processes)]
        self.retriers = [Retrier(intake, self.ask, alone=self.processes == 1) for intake in self.intakes]
        for retrier in self.retriers:
            retrier._begin()

    async def ask(self, question: Question, finish: Finish) -> Handled:
        script = self.scripts.get(question.text, [])
        outcome = script.pop(0) if script else "ok"
        if outcome == "not_now":
            raise not_now()
        if outcome == "fault":
            raise DatabaseFault("away")
        if outcome.startswith("conflict"):
            script[:0] = ["conflict"] * 2 if outcome == "conflicts" else []
            raise TurnConflict("turn")
        if outcome == "unheard":
            return await self.echo.answer_unheard(question, finish)
        return await self.echo.answer(question, finish)

    async def say(self, process: int, sender: str, text: str, script: list[str]) -> None:
        self.scripts[text] = list(script)
        channel, _, name = sender.partition(":")
        intake = self.intakes[process]
        handled = await intake.receive(channel=channel, sender=name, text=text, ask=self.ask, delivers_at_once=channel == "rest")
        if channel == "rest":
            self.given.update(said(handled))

    async def rounds(self) -> None:
        for retrier in self.retriers:
            await retrier.round()

    async def come_to_rest(self) -> None:
        for _ in range(ROUNDS):
            self.clock.pass_by(FOREIGN_SECONDS)
            await self.rounds()
            if {row.state for row in rows(self.database, Journal)} <= {"processed", "failed"}:
                break
        await self.rounds()
        for sender in SENDERS:
            for process in range(self.processes):
                await self.say(process, sender, f"{sender} last {process}", [])


def check(world: World) -> None:
    """What holds at the end."""
    journal, outbox = rows(world.database, Journal), rows(world.database, Outbox)
    assert {row.state for row in journal} <= {"processed", "failed"}
    answers = [row for row in outbox if row.kind != "notice"]
    assert Counter(row.journal_id for row in answers) == Counter(row.id for row in journal if row.state == "processed")
    sent_again = [row for row in outbox if row.kind == "notice" and row.payload["text"] == SENTENCES.send_again]
    assert Counter(row.journal_id for row in sent_again) == Counter(row.id for row in journal if row.state == "failed")
    for sender in SENDERS:
        order = [row.journal_id for row in answers if row.sender_id == sender]
        assert order == sorted(order)
        turns = [row.number for row in rows(world.database, DialogueTurn) if row.sender_id == sender]
        assert turns == list(range(1, len(order) + 1)), "one turn an answer"
    over_rest = [row for row in outbox if row.sender_id.startswith("rest:")]
    assert world.given == Counter(row.payload["text"] for row in over_rest), "over REST everything is given once"
    assert {row.state for row in over_rest} <= {"sent"}
    assert not any(intake.backlog.waiting or intake.backlog.in_work for intake in world.intakes)


@pytest.fixture
def fresh(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Callable[[], Database]]:
    """A function that makes one more migrated SQLite database."""
    numbers = itertools.count()
    opened: list[Database] = []

    def make() -> Database:
        path = tmp_path / f"{next(numbers)}.db"
        shutil.copy(migrated_sqlite, path)
        opened.append(Database(f"sqlite:///{path}"))
        return opened[-1]

    yield make
    for database in opened:
        database.dispose()


async def play(world: World, conversation: list[Step]) -> None:
    for number, step in enumerate(conversation):
        world.clock.pass_by(1)
        if step is None:
            await world.rounds()
        else:
            sender, script = step
            await world.say(number % world.processes, sender, f"{sender} {number}", script)
    await world.come_to_rest()


@pytest.mark.parametrize("processes", [1, 2])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(conversation=CONVERSATION)
def test_every_message_ends_once_and_in_order(fresh: Callable[[], Database], processes: int, conversation: list[Step]) -> None:
    world = World(fresh(), processes)
    asyncio.run(play(world, conversation))
    check(world)


async def test_people_who_write_at_once_get_each_answer_once(database: Database) -> None:
    world = World(database, 1)
    world.echo = Echo(database)
    scripts = [OUTCOMES[number % len(OUTCOMES)] for number in range(24)]
    await asyncio.gather(
        *(world.say(0, SENDERS[n % 4], f"{n}", [script] if script != "unheard" else []) for n, script in enumerate(scripts))
    )
    await world.come_to_rest()
    outbox, journal = rows(database, Outbox), rows(database, Journal)
    answered = Counter(row.journal_id for row in outbox if row.kind != "notice")
    assert answered == Counter(row.id for row in journal if row.state == "processed")
    assert {row.state for row in journal} <= {"processed", "failed"}
