"""Whatever part is killed while people write: no acknowledged message is lost, none is answered twice, and service resumes by itself."""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.db import Database
from bot.inbox.models import DialogueTurn, Journal, Outbox
from bot.runtime.chat import ask
from bot.runtime.project import StartError
from tests.postgres import PostgresServer, killable_postgres
from tests.redis import RedisServer, redis_server
from tests.serving import Server, bot_command, bot_environment, children, served, wait_until

pytestmark = [pytest.mark.model, pytest.mark.slow]

SENDERS = 8
EACH = 25
ASKED = ("公需要多少学时", "我今年还差多少学时")  # answered by Rasa itself, and by an action
NOT_TAKEN = "这条消息没能处理"
RESUME_SECONDS = 60


class Crowd:
    """People who each write one message after the other, and again when no answer came."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.acknowledged: Counter[str] = Counter()
        self._lock = threading.Lock()

    def write(self) -> None:
        """All of them at once, until each has got all answers."""
        with ThreadPoolExecutor(SENDERS) as pool:
            list(pool.map(self._person, [f"crowd-{number}" for number in range(SENDERS)]))

    def _person(self, sender: str) -> None:
        for number in range(EACH):
            until = time.monotonic() + RESUME_SECONDS
            while True:
                if self._acknowledged(sender, ASKED[number % 2]):
                    break
                assert time.monotonic() < until, "service does not resume"
                time.sleep(0.1)
            with self._lock:
                self.acknowledged[f"rest:{sender}"] += 1

    def _acknowledged(self, sender: str, said: str) -> bool:
        """Whether the bot took the message: it answered, or promised to. Not so when nobody answers, or the bot says that it could not."""
        try:
            replies = ask(self._server.url, sender, said)
        except StartError:
            return False
        return not any(NOT_TAKEN in reply["text"] for reply in replies)

    @property
    def count(self) -> int:
        return sum(self.acknowledged.values())


def bombard(server: Server, strike: Callable[[], None]) -> Crowd:
    """Let a crowd write; strike when a third of it is answered."""
    crowd = Crowd(server)
    writing = threading.Thread(target=crowd.write)
    writing.start()
    assert wait_until(lambda: crowd.count > SENDERS * EACH // 3, RESUME_SECONDS)
    strike()
    writing.join(3 * RESUME_SECONDS)
    assert not writing.is_alive()
    assert crowd.count == SENDERS * EACH
    return crowd


def nothing_lost_nothing_doubled(crowd: Crowd, url: str) -> None:
    database = Database(url)
    try:
        assert wait_until(lambda: not _open(database), RESUME_SECONDS), "a message stays unanswered"
        with database.read() as session:
            states = session.execute(select(Journal.id, Journal.sender_id, Journal.state, Journal.text)).all()
            answers = Counter(session.execute(select(Outbox.journal_id).where(Outbox.kind != "notice")).scalars())
            turns = Counter(session.execute(select(DialogueTurn.sender_id)).scalars())
            said = session.execute(select(DialogueTurn.sender_id, DialogueTurn.number).order_by("sender_id", "number")).all()
        processed = [row for row in states if row.state == "processed"]
        assert {answers[row.id] for row in processed} == {1}, "each has one answer"
        assert {row.state for row in states} == {"processed"}
        by_sender = Counter(row.sender_id for row in processed)
        assert turns == by_sender, "what was answered stands in the dialogue once"
        assert [number for _, number in said] == [n for sender in sorted(turns) for n in range(1, turns[sender] + 1)]
        assert all(by_sender[sender] >= count for sender, count in crowd.acknowledged.items()), "no acknowledged message is lost"
    finally:
        database.dispose()


def _open(database: Database) -> int:
    with database.read() as session:
        return len(session.execute(select(Journal.id).where(Journal.state == "received")).all())


@contextmanager
def a_bot(folder: Path, model: Path, url: str, *arguments: str, **more: str) -> Iterator[Server]:
    env = bot_environment(folder, BOT_DATABASE_URL=url, BOT_SECRET_KEY="a secret of the tests", **more)
    done = bot_command("init-db", env=env)
    assert done.returncode == 0, done.stderr
    with served(folder, env, "--model", str(model), *arguments) as server:
        yield server


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    with killable_postgres() as server:
        yield server


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


def kill(server: Server, part: str) -> None:
    os.kill(children(server)[part][0], signal.SIGKILL)


@pytest.mark.parametrize("part", ["worker", "actionhost"])
def test_a_killed_process(trained_model: Path, tmp_path: Path, part: str) -> None:
    url = f"sqlite:///{tmp_path / 'bot.db'}"
    with a_bot(tmp_path, trained_model, url) as server:
        crowd = bombard(server, lambda: kill(server, part))
        nothing_lost_nothing_doubled(crowd, url)


def test_a_killed_postgresql(trained_model: Path, tmp_path: Path, postgres: PostgresServer) -> None:
    def strike() -> None:
        postgres.kill()
        time.sleep(1)
        postgres.start()

    with a_bot(tmp_path, trained_model, postgres.url) as server:
        crowd = bombard(server, strike)
        nothing_lost_nothing_doubled(crowd, postgres.url)


def test_a_killed_redis_between_two_workers(trained_model: Path, tmp_path: Path, postgres: PostgresServer, redis: RedisServer) -> None:
    def strike() -> None:
        redis.kill()
        time.sleep(1)
        redis.start()

    with a_bot(tmp_path, trained_model, postgres.url, "--workers", "2", BOT_REDIS_URL=redis.url) as server:
        crowd = bombard(server, strike)
        nothing_lost_nothing_doubled(crowd, postgres.url)


def test_a_killed_worker_of_two(trained_model: Path, tmp_path: Path, postgres: PostgresServer) -> None:
    with a_bot(tmp_path, trained_model, postgres.url, "--workers", "2") as server:
        crowd = bombard(server, lambda: kill(server, "worker"))
        nothing_lost_nothing_doubled(crowd, postgres.url)
