"""One understanding on every set: clean, and with each kind of typo."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from bot.nlu.understand import Understanding
from evaluation.understanding.cases import Case
from evaluation.understanding.reading import Outcome, read
from evaluation.understanding.typos import KINDS, with_typo

SEED = 20231120


def variants(name: str, cases: Sequence[Case]) -> dict[str, list[Case]]:
    """The set as it is, with one typo of each kind, and with one typo of mixed kinds."""
    sets = {name: list(cases)}
    for kind in KINDS:
        sets[f"{name}, {kind}"] = [replace(case, say=with_typo(case.say, kind, SEED)) for case in cases]
    mixed = [replace(case, say=with_typo(case.say, KINDS[number % len(KINDS)], SEED)) for number, case in enumerate(cases)]
    return {**sets, f"{name}, one typo": mixed}


def outcomes(understanding: Understanding, sets: Mapping[str, Iterable[Case]], today: date) -> dict[str, list[Outcome]]:
    """How every case of every set went."""
    return {name: [read(understanding, case, today) for case in cases] for name, cases in sets.items()}
