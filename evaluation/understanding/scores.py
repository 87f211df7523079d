"""The figures of one evaluated set. All shares are of 0..1."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from evaluation.understanding.reading import Outcome

BINS = ((0.0, 0.2), (0.2, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 0.9), (0.9, 1.01))


@dataclass(frozen=True)
class Scores:
    """What a set says of an understanding.

    Of all: ``accuracy`` right at once, ``wrong`` answered with something else than asked. Of those in scope: ``top3`` the right question
    among the first three, ``asked`` asked back, ``offered`` asked back with the right question among those offered, ``loss`` rejected.
    Of those out of scope: ``recall`` rejected, or refused as well as that by a label that the case allows. ``f1``: the mean of each wanted
    label's F1.
    """

    count: int
    accuracy: float
    f1: float
    top3: float
    wrong: float
    asked: float
    offered: float
    recall: float
    loss: float


def scores(outcomes: Sequence[Outcome]) -> Scores:
    """The figures of a set. ValueError for an empty one."""
    if not outcomes:
        raise ValueError("an evaluation set without cases")
    inside = [o for o in outcomes if o.case.in_scope]
    outside = [o for o in outcomes if not o.case.in_scope]
    return Scores(
        count=len(outcomes),
        accuracy=_share(outcomes, [o.right for o in outcomes]),
        f1=_f1(outcomes),
        top3=_share(inside, [o.among_three for o in inside]),
        wrong=_share(outcomes, [o.wrong for o in outcomes]),
        asked=_share(inside, [bool(o.asked) for o in inside]),
        offered=_share(inside, [o.offered for o in inside]),
        recall=_share(outside, [o.right for o in outside]),
        loss=_share(inside, [o.rejected for o in inside]),
    )


def _share(of: Sequence[Outcome], holds: Sequence[bool]) -> float:
    return sum(holds) / len(of) if of else 1.0


def _f1(outcomes: Sequence[Outcome]) -> float:
    """Macro F1 over the labels wanted; a case with several wanted labels counts for the one given, else for its first."""
    hits: Counter[str] = Counter()
    misses: Counter[str] = Counter()
    false: Counter[str] = Counter()
    for outcome in outcomes:
        given = outcome.case.want[0] if not outcome.case.in_scope and outcome.rejected else outcome.said
        if outcome.right:
            hits[given] += 1
        else:
            misses[outcome.case.want[0]] += 1
            false[given] += 1
    labels = hits.keys() | misses.keys()
    return sum(2 * hits[x] / (2 * hits[x] + misses[x] + false[x]) for x in labels) / len(labels)


@dataclass(frozen=True)
class Bin:
    """Answers of one stretch of confidence: how many, their mean confidence, and how many of them were right."""

    low: float
    high: float
    count: int
    confidence: float
    right: float


def reliability(outcomes: Sequence[Outcome]) -> list[Bin]:
    """Confidence held against truth, of everything answered."""
    answered = [o for o in outcomes if o.answered]
    bins = []
    for low, high in BINS:
        held = [o for o in answered if low <= o.confidence < high]
        if held:
            mean, right = (sum(values) / len(held) for values in ([o.confidence for o in held], [o.right for o in held]))
            bins.append(Bin(low, min(high, 1.0), len(held), mean, right))
    return bins


def confusions(outcomes: Sequence[Outcome], most: int) -> list[tuple[str, str, list[Outcome]]]:
    """The most frequent (wanted, given) pairs that were not right, with their outcomes."""
    found: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        if not outcome.right:
            found[outcome.case.want[0], outcome.said].append(outcome)
    worst = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))[:most]
    return [(wanted, given, held) for (wanted, given), held in worst]
