"""The load generator, a process of its own on the same cores: ``python -m evaluation.bench.load URL SENDERS COUNT SALT``.

Each of SENDERS keeps one connection and sends its next message when the last one was answered; together they send COUNT messages,
a new conversation every few. Prints one JSON object.
"""

import asyncio
import json
import sys
import time

from evaluation.bench.client import Line, words_of
from evaluation.bench.figures import percentile
from evaluation.bench.questions import TURNS, policy_questions


async def load(url: str, senders: int, count: int, salt: str) -> dict[str, float]:
    """Messages answered a second, the p95 latency in ms, and how many were answered with nothing."""
    questions = policy_questions()
    latencies: list[float] = []
    silent = 0

    async def one(number: int) -> None:
        nonlocal silent
        line = await Line.open(url)
        for turn in range(count // senders):
            text = questions[(number + turn) % len(questions)]
            seconds, answer = await line.ask(f"{salt}-{number}-{turn // TURNS}", text)
            latencies.append(seconds)
            silent += not words_of(answer)
        await line.close()

    started = time.perf_counter()
    await asyncio.gather(*(one(number) for number in range(senders)))
    elapsed = time.perf_counter() - started
    return {"messages": len(latencies), "rate": len(latencies) / elapsed, "p95": percentile(latencies, 0.95) * 1000, "silent": silent}


if __name__ == "__main__":
    import uvloop

    uvloop.install()
    print(json.dumps(asyncio.run(load(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))))
