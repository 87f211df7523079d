"""``python -m evaluation.bench.console``: every page of the console on a province's database, while conversations go on.

Builds the database anew (minutes, a gigabyte and more), starts the console on it, follows as many event streams as there are open
conversations, lets people write into these, and asks each page in turn. ``--small`` does the same on a tenth of the people.
"""

import argparse
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Container, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import httpx
from sqlalchemy import insert, select

from bot.db import Database
from bot.helpdesk.models import Staff, Ticket
from bot.inbox.models import HELD, Journal
from bot.runtime.project import ROOT
from bot.settings import ZONE
from evaluation.bench.consoledata import FULL, PASSWORD, ROLES, SMALL, Scale, build
from evaluation.bench.consolepages import Page, pages
from evaluation.bench.processes import free_port, last_lines, started
from evaluation.bench.words import entry, word

TODAY = date(2023, 11, 20)
TURNS = 30
LIMIT = 300.0  # ms at p95
START_SECONDS = 300
PAUSE = 0.2  # seconds between two messages that people write into open conversations


@dataclass(frozen=True)
class Timing:
    """One page asked for by one role, in ms; ``first`` is not among the others."""

    name: str
    role: str
    first: float
    p50: float
    p95: float
    most: float


@dataclass
class Streams:
    """What the event streams have heard."""

    clients: int
    events: int = 0
    failed: int = 0
    listening: set[int] = field(default_factory=set)  # tickets whose streams have heard something
    ended: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def heard(self, ticket: int) -> None:
        """One more event."""
        with self._lock:
            self.events += 1
            self.listening.add(ticket)

    def lost(self) -> None:
        """One stream that ended by itself."""
        with self._lock:
            self.failed += 1


def main(arguments: Sequence[str]) -> int:
    """0 when no page is slower than ``LIMIT``."""
    parser = argparse.ArgumentParser(prog="python -m evaluation.bench.console", description=__doc__)
    parser.add_argument("--small", action="store_true", help="20,000 people and 100,000 records instead of 200,000 and 3,000,000")
    parser.add_argument("--database", type=Path, help="keep the database in this file, and use it when it stands")
    parser.add_argument("--turns", type=int, default=TURNS, help=f"how often each page is asked for (default {TURNS})")
    options = parser.parse_args(arguments)
    scale, before = SMALL if options.small else FULL, os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="xueshitong-console-") as folder:
        file = (options.database or Path(folder) / "desk.db").resolve()
        if not file.exists():
            _build(file, scale)
        timings, streams = measured(Path(folder), file, scale, options.turns)
    for one in timings:
        mark = word("console.slow", limit=int(LIMIT)) if one.p95 > LIMIT else ""
        print(word("console.line", **vars(one), mark=mark))
    print(word("console.events", clients=streams.clients, events=streams.events, failed=streams.failed))
    slow = [one for one in timings if one.p95 > LIMIT]
    print(word("console.verdict", limit=int(LIMIT), slow=len(slow), pages=len(timings), before=before, after=os.getloadavg()[0]))
    return int(bool(slow) or bool(streams.failed))


def _build(file: Path, scale: Scale) -> None:
    print(word("console.building", **vars(scale)), flush=True)
    begun = time.monotonic()
    build(f"sqlite:///{file}", scale, datetime.combine(TODAY, datetime.now(ZONE).timetz()))
    print(word("console.built", seconds=time.monotonic() - begun, size=file.stat().st_size / 1e6), flush=True)


def measured(
    folder: Path, file: Path, scale: Scale, turns: int = TURNS, only: Container[tuple[str, str]] | None = None
) -> tuple[list[Timing], Streams]:
    """Serve the database and time every page for every role that may open it, or ``only`` some pages and roles.

    RuntimeError for a page that fails.
    """
    with ExitStack() as stack:
        url = stack.enter_context(_served(folder, file))
        clients = {role: stack.enter_context(_signed_in(url, role)) for role in ROLES}
        streams = stack.enter_context(_watched(url, clients["agent"], file))
        stack.enter_context(_written_to(file))
        unit = _unit(file)
        every = [(page, role) for page in pages(scale, TODAY, unit) for role in page.roles]
        asked = [(page, role) for page, role in every if only is None or (page.name, role) in only]
        taken: dict[tuple[str, str], list[float]] = {(page.name, role): [] for page, role in asked}
        for turn in range(turns + 1):
            for page, role in asked:
                taken[page.name, role].append(_ask(clients[role], page, turn))
        return [_timing(name, role, times) for (name, role), times in taken.items()], streams


def _timing(name: str, role: str, times: list[float]) -> Timing:
    """By nearest rank."""
    ranked = sorted(times[1:])
    half, far = (ranked[-(-len(ranked) * percent // 100) - 1] for percent in (50, 95))
    return Timing(name, role, times[0], half, far, ranked[-1])


def _ask(client: httpx.Client, page: Page, turn: int) -> float:
    asked = page.ask(turn)
    begun = time.perf_counter()
    answer = client.get(asked.path) if asked.form is None else client.post(asked.path, data=dict(asked.form))
    taken = (time.perf_counter() - begun) * 1000
    if answer.status_code != 200:
        raise RuntimeError(f"{page.name}: {answer.status_code}")
    return taken


@contextmanager
def _served(folder: Path, file: Path) -> Iterator[str]:
    """The console's own process over the database; its address."""
    port, log = free_port(), folder / "console.log"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BOT_")}
    env = {**clean, "BOT_DATABASE_URL": f"sqlite:///{file}", "BOT_TODAY": TODAY.isoformat(), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "bot", "console", "--port", str(port)]
    with started(command, env, folder, log) as process:
        until = time.monotonic() + START_SECONDS
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError("\n".join(last_lines(log)))
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"


def _answers(port: int) -> bool:
    with suppress(httpx.HTTPError):
        return httpx.get(f"http://127.0.0.1:{port}/login", timeout=2).status_code == 200
    return False


@contextmanager
def _signed_in(url: str, login: str) -> Iterator[httpx.Client]:
    """Somebody's client; it sends the session's token with every change."""
    with httpx.Client(base_url=url, headers={"Origin": url}, timeout=60) as client:
        if client.post("/login", data={"login": login, "password": PASSWORD}).status_code != 303:
            raise RuntimeError(login)
        shown = client.get("/account").text
        client.headers["X-CSRF-Token"] = shown.partition('"X-CSRF-Token": "')[2].partition('"')[0]
        yield client


@contextmanager
def _watched(url: str, agent: httpx.Client, file: Path) -> Iterator[Streams]:
    """An event stream for each open conversation, as agents' pages have them: all are there before anything is timed. RuntimeError."""
    watched = _open_tickets(file)
    streams = Streams(len(watched))
    cookies = dict(agent.cookies)
    threads = [threading.Thread(target=_follow, args=(url, cookies, number, streams), daemon=True) for number, _ in watched]
    for thread in threads:
        thread.start()
    try:
        until = time.monotonic() + START_SECONDS
        while len(streams.listening) + streams.failed < streams.clients:  # what is timed before is timed without them
            if time.monotonic() > until:
                raise RuntimeError(f"{len(streams.listening)} of {streams.clients} event streams")
            time.sleep(0.1)
        yield streams
    finally:
        streams.ended.set()


def _follow(url: str, cookies: dict[str, str], ticket: int, streams: Streams) -> None:
    address = f"{url}/conversations/events?watch={ticket}"
    with suppress(httpx.HTTPError), httpx.stream("GET", address, cookies=cookies, timeout=60) as answer:
        for line in answer.iter_lines():
            if line.startswith("event:"):
                streams.heard(ticket)
            if streams.ended.is_set():
                return
    if not streams.ended.is_set():
        streams.lost()


@contextmanager
def _written_to(file: Path) -> Iterator[None]:
    """People write into the open conversations that a human holds, one after the other."""
    ended, senders = threading.Event(), [sender for _, sender in _open_tickets(file)]
    writing = threading.Thread(target=_write, args=(file, senders, ended))
    writing.start()
    try:
        yield
    finally:
        ended.set()
        writing.join()


def _write(file: Path, senders: list[str], ended: threading.Event) -> None:
    database, chance, said = Database(f"sqlite:///{file}"), random.Random(1), entry("console.said")
    while not ended.wait(PAUSE):
        now = datetime.combine(TODAY, datetime.now(ZONE).timetz())
        row = {"sender_id": chance.choice(senders), "channel": "web", "text": chance.choice(said), "received_at": now, "state": HELD}
        with database.begin() as connection:
            connection.execute(insert(Journal.__table__), row)
    database.dispose()


def _open_tickets(file: Path) -> list[tuple[int, str]]:
    """Number and sender of each conversation that is not over."""
    database = Database(f"sqlite:///{file}")
    with database.read() as session:
        found = session.execute(select(Ticket.id, Ticket.sender_id).where(Ticket.state != "closed")).all()
    database.dispose()
    return [tuple(row) for row in found]


def _unit(file: Path) -> str:
    database = Database(f"sqlite:///{file}")
    with database.read() as session:
        unit = str(session.execute(select(Staff.unit).where(Staff.login == "unit")).scalar_one())
    database.dispose()
    return unit


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
