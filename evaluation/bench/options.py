"""The flags of the bench, and how much is asked for each."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from evaluation.bench.measured import SENDERS, TURNS
from evaluation.bench.measures import Amounts
from evaluation.bench.stock.project import EPOCHS
from evaluation.bench.variants import VARIANTS

NORMAL = Amounts(policy=200, account=100, load_seconds=6, senders=SENDERS, turns=TURNS, pairs=10)
QUICK = Amounts(policy=60, account=40, load_seconds=2, senders=SENDERS, turns=(10, 100), pairs=4)
ROUNDS = 3


@dataclass(frozen=True)
class Options:
    """What is measured and what is done with it."""

    rounds: int
    variants: tuple[str, ...]
    quick: bool
    full: bool
    publish: bool
    stock_epochs: int
    stock_share: float
    retrain_stock: bool
    model: Path | None

    @property
    def amounts(self) -> Amounts:
        return QUICK if self.quick else NORMAL


def parse(arguments: list[str]) -> Options:
    """Read the command line; SystemExit with its usage when it is wrong."""
    parser = argparse.ArgumentParser(prog="python -m evaluation.bench", description=__doc__)
    add = parser.add_argument
    add("--rounds", type=int, default=None, help=f"rounds whose median counts (default {ROUNDS}, 1 with --quick)")
    add("--variants", default="", help="names separated by commas: " + ", ".join(variant.name for variant in VARIANTS))
    add("--quick", action="store_true", help="fewer messages, one round, conversations of 110 turns, no million records")
    add("--full", action="store_true", help="import a million records anew")
    add("--publish", action="store_true", help="write docs/bench.json and docs/bench.svg")
    add("--stock-epochs", type=int, default=EPOCHS, help="epochs of a stock training that is still to be done")
    add("--stock-share", type=float, default=1.0, help="share of the examples for a stock training that is still to be done")
    add("--retrain-stock", action="store_true", help="train the stock recipe although a model stands")
    add("--model", type=Path, default=None, help="our model file; trained anew without it")
    given = vars(parser.parse_args(arguments))
    names = tuple(name.strip() for name in given.pop("variants").split(",") if name.strip())
    unknown = set(names) - {variant.name for variant in VARIANTS}
    if unknown:
        parser.error(f"unknown variants: {', '.join(sorted(unknown))}")
    rounds = given.pop("rounds") or (1 if given["quick"] else ROUNDS)
    if rounds < 1 or not 0 < given["stock_share"] <= 1 or given["stock_epochs"] < 1:
        parser.error("--rounds and --stock-epochs must be at least 1, --stock-share above 0 and at most 1")
    return Options(rounds=rounds, variants=names, **given)
