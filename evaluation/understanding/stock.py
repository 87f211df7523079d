"""The stock recipe (DIET) on the same data and the same sets, in the environment of its own that the bench builds.

Each label is an intent of its own here: DIET then sees all of them at once, which serves it better than a ResponseSelector behind it.
"""

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from bot.runtime.project import ROOT
from evaluation.bench.stock.environment import CACHE, KINDLY, Stock, build
from evaluation.bench.stock.project import recipe
from evaluation.bench.usage import Usage, used
from evaluation.understanding.cases import OUT_OF_SCOPE, Case
from evaluation.understanding.reading import ASKED, Outcome

HOME = CACHE / "stock-diet"
READER = Path(__file__).with_name("stockreader.py")
FALLBACK = "nlu_fallback"
Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def pipeline(epochs: int) -> list[dict[str, Any]]:
    """The pipeline of Rasa's default configuration, without the part that chooses answers."""
    parts: list[dict[str, Any]] = recipe(epochs)["pipeline"]
    return [part for part in parts if part["name"] != "ResponseSelector"]


def train(stock: Stock, examples: Iterable[tuple[str, str]], epochs: int) -> Usage:
    """Train DIET on the (sentence, label) pairs and say what it took. CommandFailedError."""
    if not stock.python.exists():
        build(stock)
    shutil.rmtree(HOME, ignore_errors=True)
    by_label: dict[str, list[str]] = {}
    for sentence, label in examples:
        by_label.setdefault(_intent(label), []).append("- " + sentence)
    nlu = [{"intent": intent, "examples": "\n".join(lines) + "\n"} for intent, lines in by_label.items()]
    _dump(HOME / "config.yml", {"recipe": "default.v1", "assistant_id": "diet", "language": "zh", "pipeline": pipeline(epochs)})
    _dump(HOME / "data" / "nlu.yml", {"version": "3.1", "nlu": nlu})
    _dump(HOME / "domain.yml", {"version": "3.1", "intents": list(by_label)})
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("BOT_", "RASA_"))} | dict(stock.variables)
    command = [*KINDLY, str(stock.python), "-m", "rasa", "train", "nlu", "--fixed-model-name", "diet", "--out", str(HOME / "models")]
    return used(command, clean, HOME, HOME / "training.log")


def read(stock: Stock, sets: Mapping[str, Iterable[Case]]) -> dict[str, list[Outcome]]:
    """What the trained DIET makes of the sets: answered, asked never, rejected by its FallbackClassifier or as out of scope."""
    held = {name: list(cases) for name, cases in sets.items()}
    asked, told = HOME / "sentences.json", HOME / "readings.json"
    asked.write_text(json.dumps([case.say for cases in held.values() for case in cases], ensure_ascii=False), "utf-8")
    command = [*KINDLY, str(stock.python), str(READER), str(HOME / "models" / "diet.tar.gz"), str(asked), str(told)]
    used(command, {**os.environ, **stock.variables, "PYTHONPATH": ""}, ROOT, HOME / "reading.log")
    readings = iter(json.loads(told.read_text("utf-8")))
    return {name: [_outcome(case, next(readings)) for case in cases] for name, cases in held.items()}


def _outcome(case: Case, ranking: list[list[Any]]) -> Outcome:
    labels = tuple(_label(intent) for intent, _ in ranking)
    rejected = labels[0] in (FALLBACK, OUT_OF_SCOPE)
    return Outcome(case, () if rejected else labels[:1], (), tuple(x for x in labels if x not in (FALLBACK, ASKED)), float(ranking[0][1]))


def _intent(label: str) -> str:
    return label.replace("/", "__")


def _label(intent: str) -> str:
    return intent.replace("__", "/")


def _dump(path: Path, data: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.dump(data, Dumper=Dumper, allow_unicode=True, sort_keys=False, width=10_000), "utf-8")
