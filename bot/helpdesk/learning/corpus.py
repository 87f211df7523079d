"""The sentences that are no news: those of the training files, and those that understanding is tested with."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from bot.messages import Loader
from bot.nlu.catalogue import PREFIX
from bot.nlu.examples import read
from bot.nlu.text import bare, canonical

ROOT = Path(__file__).resolve().parents[3]
TELLING = 6  # characters from which a sentence found inside another is no chance


@dataclass(frozen=True)
class Corpus:
    """``taught`` maps the ``spelling`` of a training sentence to its label; ``tested`` holds spellings of the evaluation sets."""

    taught: dict[str, str]
    tested: frozenset[str]
    bare_tested: tuple[str, ...]
    joined: str
    labels: frozenset[str]

    def label_of(self, sentence: str) -> str | None:
        """What the training files teach of this sentence, whatever its spelling."""
        return self.taught.get(spelling(sentence))

    def is_tested(self, sentence: str) -> bool:
        """Whether it is a sentence of an evaluation set, or one of them stands inside the other."""
        said = bare(sentence)
        if spelling(sentence) in self.tested or (len(said) >= TELLING and said in self.joined):
            return True
        return any(tested in said for tested in self.bare_tested)


def spelling(sentence: str) -> str:
    """What two sentences share that are one to us: script, case, variants of a term, neither punctuation nor blanks."""
    return canonical(sentence).replace(" ", "")


def corpus(root: Path = ROOT) -> Corpus:
    """What the files below ``root`` hold now; they are read again only when one of them has changed."""
    files = [*sorted((root / "data" / "nlu").glob("*.yml")), *sorted((root / "evaluation").glob("*/*.yml"))]
    stamps = tuple((path, path.stat().st_mtime_ns, path.stat().st_size) for path in files)
    return _corpus(root, stamps)


@lru_cache(maxsize=2)
def _corpus(root: Path, stamps: tuple[tuple[Path, int, int], ...]) -> Corpus:
    examples, catalogue = read(root / "data" / "nlu")
    buttons = [(question.label, PREFIX + question.key) for question in catalogue]
    taught = {spelling(sentence): label for sentence, label in [*buttons, *examples]}
    tested = list(_said(path for path, _, _ in stamps if path.is_relative_to(root / "evaluation")))
    long = tuple(sorted({said for said in map(bare, tested) if len(said) >= TELLING}))
    return Corpus(taught, frozenset(map(spelling, tested)), long, "\n".join(long), frozenset(label for _, label in [*buttons, *examples]))


def _said(paths: Iterable[Path]) -> Iterable[str]:
    """Sentences of files of cases: lists of rows with a ``say``. Other files beside them are none."""
    for path in paths:
        rows = yaml.load(path.read_text("utf-8"), Loader)
        if isinstance(rows, list):
            yield from (str(row["say"]) for row in rows if isinstance(row, dict) and "say" in row)
