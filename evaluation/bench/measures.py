"""What is measured of one running variant, over its REST channel. Latencies in ms, memory in bytes."""

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from bot.runtime.project import ROOT
from evaluation.bench.client import Line, WrongAnswerError, words_of
from evaluation.bench.figures import WINDOW, around, percentile
from evaluation.bench.processes import cpu_seconds, look
from evaluation.bench.questions import TURNS, account_questions, policy_questions

START_SECONDS = 240
LOAD_SECONDS = 900
WARM_UP = 20
LEAST_LOAD, MOST_LOAD = 120, 6000
UNKNOWN_MS = 50  # a latency to go by where none was measured


@dataclass(frozen=True)
class Amounts:
    """How much is asked in one round."""

    policy: int
    account: int
    load_seconds: float  # how long a level of load should last, by the latency measured before; bounded by LEAST_LOAD and MOST_LOAD
    senders: tuple[int, ...]
    turns: tuple[int, ...]
    pairs: int

    @property
    def bound_chats(self) -> int:
        """Chats that must be bound to a person."""
        return (self.account + WARM_UP) // TURNS + 1


@dataclass(frozen=True)
class Running:
    """A started variant: its address, the processes at its roots and those of its databases, and how it names bound chats."""

    url: str
    roots: Sequence[int]
    databases: Sequence[int]
    started: float  # time.monotonic() just before its first process
    chat_prefix: str = ""
    most_turns: int = 1000


class NotServingError(Exception):
    """It did not come to answer."""


async def first_answer(running: Running, alive: Callable[[], bool]) -> float:
    """Seconds from the start of the first process to the first answered question. NotServingError."""
    while time.monotonic() < running.started + START_SECONDS:
        if not alive():
            raise NotServingError("ended")
        try:
            line = await Line.open(running.url)
            _, answer = await line.ask("first", policy_questions()[0])
            await line.close()
        except (OSError, WrongAnswerError, asyncio.TimeoutError):
            answer = []
        if words_of(answer):
            return time.monotonic() - running.started
        await asyncio.sleep(0.02)
    raise NotServingError("silent")


def memory(running: Running, moment: str) -> dict[str, float]:
    """Resident memory now: of the serving processes alone, and of all processes of the variant; of its databases apart."""
    processes = look(running.roots)
    servers = [process for process in processes if process.role == "server"]
    found = {
        f"rss_server_{moment}": float(sum(process.rss for process in servers)),
        f"rss_all_{moment}": float(sum(process.rss for process in processes)),
        f"pss_all_{moment}": float(sum(process.pss for process in processes)),
        f"servers_{moment}": float(len(servers)),
    }
    if running.databases:
        found[f"pss_databases_{moment}"] = float(sum(process.pss for process in look(running.databases)))
    return found


async def conversation(running: Running, amounts: Amounts, expected: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """Policy and account questions, one at a time, at most ``TURNS`` a conversation."""
    line = await Line.open(running.url)
    policy = await _ask(line, policy_questions(), amounts.policy, "faq-{}", {})
    prefixed = {running.chat_prefix + chat: figures for chat, figures in expected.items()}
    account = await _ask(line, account_questions(), amounts.account, running.chat_prefix + "bound-{}", prefixed)
    await line.close()
    return {**summary("faq", policy), **summary("account", account)}


async def _ask(
    line: Line, questions: Sequence[str], count: int, name: str, expected: Mapping[str, Sequence[str]]
) -> list[tuple[float, bool]]:
    """Seconds of each answer after the warm-up, and whether it says something and holds what is expected of its sender."""
    asked = []
    for number in range(WARM_UP + count):
        sender = name.format(number // TURNS)
        seconds, answer = await line.ask(sender, questions[number % len(questions)])
        said = words_of(answer)
        asked.append((seconds, bool(said) and all(holds(said, figure) for figure in expected.get(sender, ()))))
    return asked[WARM_UP:]


def holds(text: str, figure: str) -> bool:
    """Whether the figure stands in the text as a number of its own."""
    return re.search(rf"(?<![\d.]){re.escape(figure)}(?![\d.])", text) is not None


def summary(kind: str, asked: Sequence[tuple[float, bool]]) -> dict[str, float]:
    """The share of right answers, and the latencies of these: a wrong one may have been spared the work. None of few right ones."""
    right = [seconds * 1000 for seconds, is_right in asked if is_right]
    found = {f"{kind}_right": len(right) / len(asked)}
    if len(right) < len(asked) / 4:
        return found
    return {**found, f"{kind}_p50": median(right), f"{kind}_p95": percentile(right, 0.95)}


def under_load(running: Running, amounts: Amounts, latency_ms: float) -> dict[str, float]:
    """Messages a second, p95 and CPU a message at each number of concurrent senders."""
    found: dict[str, float] = {}
    for senders in amounts.senders:
        count = round(min(MOST_LOAD, max(LEAST_LOAD, amounts.load_seconds * 1000 / latency_ms)) / senders) * senders
        before = cpu_seconds(running.roots)
        command = [sys.executable, "-m", "evaluation.bench.load", running.url, str(senders), str(count), f"load-{senders}"]
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=LOAD_SECONDS, check=False)
        if done.returncode:
            raise NotServingError(f"load {senders}: {done.stderr.strip()[-300:]}")
        told: dict[str, Any] = json.loads(done.stdout)
        found |= {f"rate_{senders}": told["rate"], f"load_p95_{senders}": told["p95"], f"load_silent_{senders}": told["silent"]}
        found[f"load_cpu_{senders}"] = (cpu_seconds(running.roots) - before) * 1000 / told["messages"]
        found["messages"] = found.get("messages", 0) + told["messages"]
    return found


async def long_conversation(running: Running, amounts: Amounts) -> dict[str, float]:
    """The latency of a policy question late in one conversation."""
    line = await Line.open(running.url)
    latencies, questions = [], policy_questions()
    for number in range(_turns(running, amounts)):
        latencies.append((await line.ask("long", questions[number % len(questions)]))[0] * 1000)
    await line.close()
    found = {f"turn_{turn}": around(latencies, turn) for turn in amounts.turns}
    return {name: value for name, value in found.items() if value is not None}


def _turns(running: Running, amounts: Amounts) -> int:
    return max(turn for turn in amounts.turns if turn <= running.most_turns) + WINDOW // 2


async def simultaneous(running: Running, pairs: int) -> dict[str, float]:
    """Two messages of one sender at once, each on its own connection: ms between the two answers, and until the last.

    The first runs an action: while it waits for the action server, the second finds the conversation locked.
    """
    lines = [await Line.open(running.url), await Line.open(running.url)]
    gaps, lasts = [], []
    for number in range(pairs):
        sender = f"pair-{number}"
        await lines[0].ask(sender, policy_questions()[0])
        texts = (account_questions()[0], policy_questions()[1])
        first, second = await asyncio.gather(*(line.ask(sender, text) for line, text in zip(lines, texts, strict=True)))
        gaps.append(abs(first[0] - second[0]) * 1000)
        lasts.append(max(first[0], second[0]) * 1000)
    for line in lines:
        await line.close()
    return {"pair_gap": median(gaps), "pair_last": median(lasts)}


async def measure(running: Running, amounts: Amounts, expected: Mapping[str, Sequence[str]], alive: Callable[[], bool]) -> dict[str, float]:
    """Everything, in one fixed order, so that each variant is as warm as the others at each measure."""
    found = {"start_seconds": await first_answer(running, alive)}
    found |= memory(running, "ready")
    found |= await conversation(running, amounts, expected)
    found |= under_load(running, amounts, found.get("faq_p50", UNKNOWN_MS))
    found |= memory(running, "loaded")
    found |= await simultaneous(running, amounts.pairs)
    found |= await long_conversation(running, amounts)
    found["messages"] += 2 * WARM_UP + amounts.policy + amounts.account + 3 * amounts.pairs + _turns(running, amounts)
    return found
