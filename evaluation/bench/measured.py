"""The rows of table, JSON and picture: every measure with its unit and how many of its unit a stored value holds."""

from collections.abc import Sequence
from dataclasses import dataclass

SENDERS = (1, 8, 32)
TURNS = (10, 100, 300, 1000)
MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Row:
    """A measure: its key in a variant's values, unit, what a value is divided by to be in that unit, digits shown.

    ``compared``: whether a ratio to the stock recipe says anything.
    """

    key: str
    unit: str
    divisor: float = 1.0
    digits: int = 1
    compared: bool = True

    def shown(self, value: float) -> str:
        """The value in the row's unit."""
        return f"{value / self.divisor:,.{self.digits}f}"


def rows(senders: Sequence[int] = SENDERS, turns: Sequence[int] = TURNS) -> list[Row]:
    """All rows in the order of the table."""
    loaded = [
        row
        for count in senders
        for row in (Row(f"rate_{count}", "/s", digits=0), Row(f"load_p95_{count}", "ms"), Row(f"load_cpu_{count}", "ms", digits=2))
    ]
    return [
        Row("start_seconds", "s"),
        Row("rss_server_ready", "MB", MEGABYTE, 0),
        Row("rss_server_loaded", "MB", MEGABYTE, 0),
        Row("rss_all_loaded", "MB", MEGABYTE, 0),
        Row("pss_all_loaded", "MB", MEGABYTE, 0),
        Row("pss_databases_loaded", "MB", MEGABYTE, 0, compared=False),
        Row("servers_loaded", "", digits=0, compared=False),
        *(Row(f"{kind}_{share}", "ms") for kind in ("faq", "account") for share in ("p50", "p95")),
        *loaded,
        *(Row(f"turn_{turn}", "ms") for turn in turns),
        Row("pair_gap", "ms"),
        Row("pair_last", "ms"),
        Row("training_cpu", "s", digits=0),
        Row("model_bytes", "MB", MEGABYTE, 1),
        Row("redis_commands", "", digits=1, compared=False),
        Row("faq_right", "%", 0.01, 0, compared=False),
        Row("account_right", "%", 0.01, 0, compared=False),
    ]
