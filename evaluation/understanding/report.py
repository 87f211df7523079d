"""Prints what was measured."""

from collections.abc import Mapping, Sequence

from evaluation.understanding.reading import Outcome
from evaluation.understanding.scores import Scores, confusions, reliability

WORST = 10
SHOWN = 4  # sentences of a confusion
COLUMNS = (
    ("right", "accuracy"), ("macro F1", "f1"), ("top 3", "top3"), ("answered wrong", "wrong"), ("asked back", "asked"),
    ("right offered", "offered"), ("OOS rejected", "recall"), ("in-scope lost", "loss"),
)  # fmt: skip


def table(rows: Mapping[str, Scores]) -> str:
    """One line a set, in per cent."""
    lines = [" | ".join(["set", "n", *(title for title, _ in COLUMNS)]), " | ".join(["---"] * (len(COLUMNS) + 2))]
    for name, held in rows.items():
        lines.append(" | ".join([name, str(held.count), *(f"{100 * getattr(held, field):.1f}" for _, field in COLUMNS)]))
    return "\n".join(f"| {line} |" for line in lines)


def trust(outcomes: Sequence[Outcome]) -> str:
    """The reliability table: is an answer of 80 % confidence right in 80 of 100 cases?"""
    lines = ["| confidence | answered | mean confidence | right |", "|---|---|---|---|"]
    for held in reliability(outcomes):
        lines.append(f"| {held.low:.1f}-{held.high:.1f} | {held.count} | {100 * held.confidence:.1f} | {100 * held.right:.1f} |")
    return "\n".join(lines)


def worst(outcomes: Sequence[Outcome]) -> str:
    """The most frequent confusions with their sentences."""
    lines = []
    for wanted, given, held in confusions(outcomes, WORST):
        lines.append(f"{len(held)}  {wanted} -> {given}: " + " · ".join(outcome.case.say for outcome in held[:SHOWN]))
    return "\n".join(lines)


def by_voice(outcomes: Sequence[Outcome]) -> str:
    """Right and wrong of each voice."""
    lines = ["| voice | n | right | answered wrong |", "|---|---|---|---|"]
    for voice in sorted({outcome.case.voice for outcome in outcomes}):
        held = [outcome for outcome in outcomes if outcome.case.voice == voice]
        right, wrong = (100 * sum(getattr(o, what) for o in held) / len(held) for what in ("right", "wrong"))
        lines.append(f"| {voice} | {len(held)} | {right:.1f} | {wrong:.1f} |")
    return "\n".join(lines)
