"""The training sentences as the files hold them, read without Rasa: for evaluation, for checks of the data and for the console."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from bot.messages import Loader
from bot.nlu.catalogue import PREFIX, Catalogue, plain
from bot.nlu.classifier import Classifier
from bot.nlu.understand import Understanding


def read(folder: Path) -> tuple[list[tuple[str, str]], Catalogue]:
    """The (sentence, label) pairs of ``data/nlu``'s files, groups cut off the labels, and the catalogue of their questions."""
    examples: list[tuple[str, str]] = []
    responses: dict[str, Any] = {}
    for path in sorted(folder.glob("*.yml")):
        held = yaml.load(path.read_text("utf-8"), Loader)
        responses |= held.get("responses") or {}
        for block in held.get("nlu") or ():
            examples += [(sentence, plain(block["intent"])) for sentence in _sentences(block["examples"])]
    return examples, Catalogue.from_responses(responses)


def _sentences(block: str) -> Iterator[str]:
    for line in block.splitlines():
        sentence = line.strip().removeprefix("- ").strip()
        if sentence:
            yield sentence


def learn(examples: list[tuple[str, str]], catalogue: Catalogue) -> Understanding:
    """An understanding trained on the sentences, and on the questions' buttons: a button sends its label, which must mean its question."""
    buttons = [(question.label, PREFIX + question.key) for question in catalogue]
    return Understanding(Classifier.train([*examples, *buttons]), catalogue)
