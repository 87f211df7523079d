"""Medians, percentiles and ratios of measured values. A measure that a variant does not have is missing, never zero."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import median

Values = Mapping[str, float]
WINDOW = 20
"""Turns around a turn whose median stands for it."""


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` (0 to 1) of the values do not exceed. ValueError without values."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * share // 1).__int__() - 1)]


def medians(rounds: Iterable[Values]) -> dict[str, float]:
    """The median of every measure over the rounds that have it."""
    held: dict[str, list[float]] = {}
    for values in rounds:
        for name, value in values.items():
            held.setdefault(name, []).append(value)
    return {name: median(found) for name, found in held.items()}


def around(latencies: Sequence[float], turn: int) -> float | None:
    """The median latency of the ``WINDOW`` turns around ``turn`` (the first turn is 1); None when the conversation ended before it."""
    if turn > len(latencies):
        return None
    first = max(0, min(turn - WINDOW // 2, len(latencies) - WINDOW))
    return median(latencies[first : first + WINDOW])


def ratio(value: float | None, base: float | None) -> float | None:
    """``value`` in units of ``base``; None where one is missing or the base is nothing."""
    return None if value is None or not base else value / base
