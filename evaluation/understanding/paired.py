"""Two assistants on the same sentences: is the better one better by more than chance?"""

from collections.abc import Sequence
from dataclasses import dataclass

from evaluation.understanding.reading import Outcome


@dataclass(frozen=True)
class Paired:
    """Sentences that both, only one, or neither got right; ``p`` of McNemar's exact test (two-sided)."""

    both: int
    only_first: int
    only_second: int
    neither: int
    p: float

    @property
    def ahead(self) -> float:
        """By how many points of accuracy the first is ahead."""
        return 100 * (self.only_first - self.only_second) / (self.both + self.only_first + self.only_second + self.neither)


def paired(first: Sequence[Outcome], second: Sequence[Outcome]) -> Paired:
    """Compare two readings of the same cases. ValueError where they are not the same."""
    if [o.case for o in first] != [o.case for o in second]:
        raise ValueError("the two readings are not of the same cases")
    from scipy.stats import binomtest

    pairs = [(a.right, b.right) for a, b in zip(first, second, strict=True)]
    only_first, only_second = pairs.count((True, False)), pairs.count((False, True))
    differing = only_first + only_second
    p = float(binomtest(only_first, differing, 0.5).pvalue) if differing else 1.0
    return Paired(pairs.count((True, True)), only_first, only_second, pairs.count((False, False)), p)
