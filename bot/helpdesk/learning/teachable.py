"""What a sentence may be taught as: prepared questions, and what of one's own record or of the helpdesk a button can offer."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from bot.answers import Answers
from bot.helpdesk.questions import initials, title_or
from bot.nlu.catalogue import PREFIX
from bot.nlu.classifier import Classifier

OUT_OF_SCOPE = "out_of_scope"
OFFERED = 3
RANKED = 16  # labels among which three are looked for


@dataclass(frozen=True)
class Choice:
    """A label with how people read it; ``answer`` is the first line of what is said to it, None where that depends on the person."""

    label: str
    title: str
    answer: str | None
    initials: str
    confidence: float = 0.0


def choices(answers: Answers, labels: Iterable[str], today: date) -> dict[str, Choice]:
    """The labels that can be offered, in the catalogue's order and then by label."""
    wanted = set(labels)
    ordered = [PREFIX + question.key for question in answers.catalogue if PREFIX + question.key in wanted]
    found = {}
    for label in [*ordered, *sorted(wanted - set(ordered))]:
        title = title_or(answers, label, "")
        if title:
            found[label] = Choice(label, title, _answer(answers, label, today), initials(title))
    return found


def nearest(classifier: Classifier, sentence: str, offered: dict[str, Choice]) -> list[Choice]:
    """The likeliest three for the sentence, best first."""
    ranked = [guess for guess in classifier.rank(sentence, RANKED) if guess.label in offered][:OFFERED]
    return [Choice(**{**vars(offered[guess.label]), "confidence": guess.confidence}) for guess in ranked]


def _answer(answers: Answers, label: str, today: date) -> str | None:
    if not label.startswith(PREFIX):
        return None
    return answers.question([label.removeprefix(PREFIX)], today).text.partition("\n")[0]
