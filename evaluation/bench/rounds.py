"""The run: rounds in which every variant is started, measured and ended in turn, so that none has the quiet hours for itself."""

import asyncio
import os
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import nan
from typing import Any

from evaluation.bench.figures import medians
from evaluation.bench.measures import Amounts, NotServingError, measure
from evaluation.bench.processes import last_lines
from evaluation.bench.variants import Setup, Variant, served

Figures = dict[str, float]


@dataclass(frozen=True)
class Failure:
    """A variant that could not be started or measured in a round: why, and the ends of its logs."""

    round: int
    why: str
    logs: Mapping[str, Sequence[str]]


@dataclass
class Results:
    """What the rounds brought: each variant's values a round, and what failed."""

    rounds: dict[str, list[Figures]] = field(default_factory=dict)
    failures: dict[str, list[Failure]] = field(default_factory=dict)
    loads: list[dict[str, Any]] = field(default_factory=list)
    once: dict[str, Figures] = field(default_factory=dict)
    """Values of a variant that are measured once a run."""

    def values(self) -> dict[str, Figures]:
        """The median of each measure of each variant that was measured at all."""
        return {name: {**medians(found), **self.once.get(name, {})} for name, found in self.rounds.items()}

    def as_data(self) -> dict[str, Any]:
        """For JSON."""
        failures = {name: [asdict(failure) for failure in found] for name, found in self.failures.items()}
        return {"values": self.values(), "rounds": self.rounds, "failures": failures, "loads": self.loads}


def load_now() -> dict[str, Any]:
    """The machine's load averages over 1, 5 and 15 minutes, and its cores."""
    return {"load": [round(value, 2) for value in os.getloadavg()], "cores": os.cpu_count()}


def play(
    variants: Sequence[Variant],
    setup: Setup,
    amounts: Amounts,
    expected: Mapping[str, Sequence[str]],
    rounds: int,
    say: Callable[..., None],
) -> Results:
    """Carry the rounds out. A variant that fails in one is tried again in the next, and reported."""
    results = Results()
    for number in range(1, rounds + 1):
        results.loads.append(load_now())
        say("run.round", number=number, of=rounds, load=results.loads[-1]["load"], cores=os.cpu_count())
        for variant in variants:
            found = one(variant, setup, amounts, expected, number)
            if isinstance(found, Failure):
                results.failures.setdefault(variant.name, []).append(found)
                say("run.failed", name=variant.name, why=found.why)
            else:
                results.rounds.setdefault(variant.name, []).append(found)
                rate = found[f"rate_{amounts.senders[-1]}"]
                say("run.measured", name=variant.name, start=found["start_seconds"], faq=found.get("faq_p50", nan), rate=rate)
    return results


def one(variant: Variant, setup: Setup, amounts: Amounts, expected: Mapping[str, Sequence[str]], number: int) -> Figures | Failure:
    """One variant in one round."""
    logs: Sequence[Any] = ()
    try:
        with served(variant, setup, f"{variant.name}-{number}") as now:
            logs = now.logs
            commands = now.redis.commands() if now.redis else 0
            values = asyncio.run(measure(now.running, amounts, expected, now.alive))
            if now.redis:
                values["redis_commands"] = (now.redis.commands() - commands) / values["messages"]
            return values
    except NotServingError as error:
        return Failure(number, str(error), {log.name: last_lines(log) for log in logs})
    except Exception as error:
        why = "".join(traceback.format_exception_only(type(error), error)).strip()
        return Failure(number, why, {log.name: last_lines(log) for log in logs})
