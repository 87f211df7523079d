"""What the bench must show, as lines: a figure of this run beside its limit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evaluation.bench.figures import Values, ratio
from evaluation.bench.lookups import LARGE, SMALL

MOST_START, MOST_MEMORY, MOST_POLICY, MOST_ACCOUNT = 1 / 9, 1 / 7, 1 / 5, 1 / 7
LEAST_RATE, LEAST_PERSISTED = 7.0, 4.0
MOST_LATE, MOST_GAP, MOST_LOOKUP = 1.3, 50.0, 1.5
FIRST, LAST = 10, 1000
PERSISTED = ("ours-sqlite", "ours-postgres")


@dataclass(frozen=True)
class Verdict:
    """A figure (None: not measured in this run), its limit, and which side of it is good."""

    key: str
    of: str
    figure: float | None
    limit: float
    at_most: bool = True

    @property
    def met(self) -> bool | None:
        """None when it was not measured."""
        if self.figure is None:
            return None
        return self.figure <= self.limit if self.at_most else self.figure >= self.limit


def verdicts(values: Mapping[str, Values], lookups: Values, senders: Sequence[int]) -> list[Verdict]:
    """All criteria, in the order of the issue. Messages a second count where the ratio is worst among the numbers of senders."""
    stock, memory = values.get("stock", {}), values.get("ours-memory", {})

    def against(key: str, mine: Values = memory) -> float | None:
        return ratio(mine.get(key), stock.get(key))

    def rate(mine: Values) -> float | None:
        ratios = [against(f"rate_{count}", mine) for count in senders]
        found = [one for one in ratios if one is not None]
        return min(found) if len(found) == len(ratios) else None

    lines = [
        Verdict("start", "ours-memory", against("start_seconds"), MOST_START),
        Verdict("memory", "ours-memory", against("rss_server_loaded"), MOST_MEMORY),
        Verdict("memory_all", "ours-memory", against("pss_all_loaded"), MOST_MEMORY),
        Verdict("policy", "ours-memory", against("faq_p95"), MOST_POLICY),
        Verdict("account", "ours-memory", against("account_p95"), MOST_ACCOUNT),
        Verdict("rate", "ours-memory", rate(memory), LEAST_RATE, at_most=False),
    ]
    lines += [Verdict("rate", name, rate(values.get(name, {})), LEAST_PERSISTED, at_most=False) for name in PERSISTED]
    ours = [name for name in values if name.startswith("ours")]
    lines += [Verdict("late", name, ratio(values[name].get(f"turn_{LAST}"), values[name].get(f"turn_{FIRST}")), MOST_LATE) for name in ours]
    lines += [Verdict("gap", name, values[name].get("pair_gap"), MOST_GAP) for name in ours]
    lines.append(Verdict("lookup", "sqlite", ratio(lookups.get(f"lookup_{LARGE}"), lookups.get(f"lookup_{SMALL}")), MOST_LOOKUP))
    return lines
