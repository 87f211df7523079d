"""Seven questions in four topics, and an understanding whose classifier says what it is told to."""

from collections.abc import Callable, Iterable

import pytest

from bot.nlu.catalogue import Catalogue, Question
from bot.nlu.classifier import Classifier, Guess
from bot.nlu.understand import Understanding

QUESTIONS = (
    Question("public", "公需多少学时", "rule", "hours", {"subject": "public"}),
    Question("professional", "专业多少学时", "rule", "hours", {"subject": "professional"}),
    Question("senior", "高级要几年", "rule", "title", {"level": "senior"}),
    Question("intermediate", "中级要几年", "rule", "title", {"level": "intermediate"}),
    Question("submit", "几号前提交", "rule", "dates", {"date": "submit"}, follow={"aspect.missed": "late"}),
    Question("verify", "几号审验完", "rule", "dates", {"date": "verify"}),
    Question("late", "没赶上怎么办", "rule", "lateness", {"aspect": "missed"}),
)
OTHERS = 20  # further labels, among which the probability that is not told of is shared out


class Told(Classifier):
    """Ranks every message as told, or by the pieces told of; knows every word unless told otherwise."""

    def __init__(self, ranking: Iterable[tuple[str, float]], familiar: float, pieces: dict[str, str]) -> None:
        told = [Guess(label, confidence) for label, confidence in ranking]
        rest = (1 - sum(guess.confidence for guess in told)) / OTHERS
        self._ranking = told + [Guess(f"small talk {number}", rest) for number in range(OTHERS)]
        self._familiar = familiar
        self._pieces = pieces

    def rank(self, text: str, most: int | None = None) -> list[Guess]:
        label = self._pieces.get(text)
        return self._ranking if label is None else [Guess(label, 1.0), *(Guess(g.label, 0.0) for g in self._ranking if g.label != label)]

    def familiarity(self, text: str) -> float:
        return self._familiar


Telling = Callable[..., Understanding]


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return Catalogue(QUESTIONS)


@pytest.fixture
def told(catalogue: Catalogue) -> Telling:
    """An understanding whose classifier gives these (label, probability) pairs, and certainty for ``pieces``: text to label."""

    def build(*ranking: tuple[str, float], familiar: float = 1.0, pieces: dict[str, str] | None = None) -> Understanding:
        return Understanding(Told(ranking, familiar, pieces or {}), catalogue)

    return build
