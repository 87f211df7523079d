"""Trains on ``data/`` and says how well it understands: ``make evaluate``.

The development sets are shown with their sentences; of the sealed ones only figures are printed, so that nobody works towards them.
"""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from bot.nlu.examples import learn, read
from bot.runtime.project import DATA, ROOT
from bot.settings import load as load_settings
from evaluation.bench.stock.environment import Stock
from evaluation.bench.stock.project import EPOCHS
from evaluation.understanding import report, stock
from evaluation.understanding.cases import SETS, load
from evaluation.understanding.measured import outcomes, variants
from evaluation.understanding.paired import paired
from evaluation.understanding.reading import Outcome
from evaluation.understanding.scores import scores

PAIRED = ("dev", "dev, one typo", "far", "sealed", "sealed, one typo")
Outcomes = dict[str, list[Outcome]]
PUBLISHED = ROOT / "docs" / "evaluation.json"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the figures; with --publish also keep them in docs/evaluation.json."""
    parser = argparse.ArgumentParser(prog="python -m evaluation.understanding", description=__doc__)
    parser.add_argument("--stock", action="store_true", help="train the stock recipe on the same data and compare (hours)")
    parser.add_argument("--stock-epochs", type=int, default=EPOCHS, help=f"its epochs (default {EPOCHS}, as `rasa init` proposes)")
    parser.add_argument("--stock-share", type=float, default=1.0, help="share of each label's sentences that both are trained on for it")
    parser.add_argument("--failures", action="store_true", help="print every development sentence that was not right")
    parser.add_argument("--publish", action="store_true", help="write docs/evaluation.json")
    given = parser.parse_args(arguments)
    today = load_settings().current_date()
    examples, catalogue = read(DATA / "nlu")
    started = time.perf_counter()
    understanding = learn(examples, catalogue)
    trained = time.perf_counter() - started
    sets = {name: cases for folder in SETS for name, cases in variants(folder.name, load(folder)).items()}
    started = time.perf_counter()
    ours = outcomes(understanding, sets, today)
    spent = 1000 * (time.perf_counter() - started) / sum(map(len, sets.values()))
    labels = len(understanding.classifier.labels)
    facts = {"sentences": len(examples), "labels": labels, "train_seconds": trained, "message_milliseconds": spent}
    print(" · ".join(f"{name} {value:.5g}" for name, value in facts.items()) + "\n")
    print(report.table({name: scores(held) for name, held in ours.items()}))
    print("\nHow far confidence can be trusted (dev)\n" + report.trust(ours["dev"]))
    print("\nBy voice (dev)\n" + report.by_voice(ours["dev"]))
    print("\nThe worst confusions (dev): wanted -> given\n" + report.worst(ours["dev"]))
    if given.failures:
        print("\nEvery failure (dev)\n" + "\n".join(_failure(held) for held in ours["dev"] if not held.right))
    theirs = None
    if given.stock:
        shared = thinned(examples, given.stock_share)
        same = ours if given.stock_share == 1 else outcomes(learn(shared, catalogue), sets, today)
        theirs = _stock(shared, sets, given.stock_epochs, same)
    if given.publish:
        _publish(PUBLISHED, ours, theirs, facts)


def _failure(held: Outcome) -> str:
    offered = f" ({', '.join(held.asked)})" if held.asked else ""
    return f"{held.case.say}  [{'/'.join(held.case.want)}] -> {held.said}{offered}  {held.confidence:.2f}"


def thinned(examples: Sequence[tuple[str, str]], share: float) -> list[tuple[str, str]]:
    """The share (above 0, at most 1) of each label's sentences, evenly spaced, at least two of each."""
    by_label: dict[str, list[str]] = {}
    for sentence, label in examples:
        by_label.setdefault(label, []).append(sentence)
    kept = []
    for label, said in by_label.items():
        count = max(min(2, len(said)), round(len(said) * share))
        kept += [(said[index * len(said) // count], label) for index in range(count)]
    return kept


def _stock(examples: list[tuple[str, str]], sets: Any, epochs: int, ours: Outcomes) -> dict[str, Any]:
    """Train the stock recipe on the sentences, print both side by side, and give the figures."""
    where = Stock()
    usage = stock.train(where, examples, epochs)
    theirs = stock.read(where, sets)
    figures = {f"{who}, {name}": scores(held[name]) for name in PAIRED for who, held in (("ours", ours), ("stock", theirs))}
    print(f"\nBoth on {len(examples)} sentences; stock: {epochs} epochs, {usage.seconds:.0f} s ({usage.cpu_seconds:.0f} CPU seconds)\n")
    print(report.table(figures))
    compared = {name: paired(ours[name], theirs[name]) for name in PAIRED}
    for name, held in compared.items():
        print(f"{name}: {held.ahead:+.1f} points; only ours right {held.only_first}, only stock {held.only_second}; p = {held.p:.2g}")
    sets_compared = {name: {"points": held.ahead, **asdict(held)} for name, held in compared.items()}
    trained: dict[str, Any] = {"sentences": len(examples), "epochs": epochs, "cpu_seconds": usage.cpu_seconds}
    trained["date"] = date.today().isoformat()
    return {**trained, "sets": {name: asdict(held) for name, held in figures.items()}, "paired": sets_compared}


def _publish(path: Path, ours: Outcomes, theirs: dict[str, Any] | None, facts: dict[str, float]) -> None:
    measured = {**facts, "sets": {name: asdict(scores(held)) for name, held in ours.items()}}
    if theirs is None and path.exists():  # hours of training: what was measured then stays
        theirs = json.loads(path.read_text("utf-8"))["stock"]
    kept = {"date": date.today().isoformat(), "ours": measured, "stock": theirs}
    path.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
