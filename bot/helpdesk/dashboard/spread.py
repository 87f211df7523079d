"""The middle and the far end of many durations, exact."""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Spread:
    """Of ``count`` durations the median and the 95th percentile by nearest rank, each one of the durations themselves; None without any."""

    count: int
    median: float | None = None
    p95: float | None = None


def spread(durations: Any) -> Spread:
    """Of a sequence or array of numbers, in their unit."""
    values = np.asarray(durations)
    count = len(values)
    if not count:
        return Spread(0)
    half, far = (-(-count * percent // 100) - 1 for percent in (50, 95))
    ranked = np.partition(values, (half, far))
    return Spread(count, float(ranked[half]), float(ranked[far]))
