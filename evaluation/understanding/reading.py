"""What the assistant makes of a case: answered, asked back or rejected, and whether that was right."""

from dataclasses import dataclass
from datetime import date

from bot.nlu.turn import Context, Meaning, Turn
from bot.nlu.understand import Understanding
from evaluation.understanding.cases import OUT_OF_SCOPE, Case

ASKED, REJECTED = "asked back", "rejected"
REFUSING = (OUT_OF_SCOPE, "nlu_fallback")


@dataclass(frozen=True)
class Outcome:
    """How one case went. ``answered`` holds the labels answered, none where it was asked back or rejected."""

    case: Case
    answered: tuple[str, ...]
    asked: tuple[str, ...]
    ranking: tuple[str, ...]
    confidence: float

    @property
    def rejected(self) -> bool:
        return not self.answered and not self.asked

    @property
    def right(self) -> bool:
        """Answered as wanted, or rejected where nothing is there to answer."""
        return bool(set(self.answered) & set(self.case.want)) or (self.rejected and not self.case.in_scope)

    @property
    def wrong(self) -> bool:
        """A confident wrong answer: something else was answered than what was asked."""
        return bool(self.answered) and not self.right

    @property
    def offered(self) -> bool:
        """Asked back, and the right question is among those offered."""
        return bool(set(self.asked) & set(self.case.want))

    @property
    def among_three(self) -> bool:
        return bool(set(self.ranking[:3]) & set(self.case.want))

    @property
    def said(self) -> str:
        """What it was taken for, in one word: a label, asked back or rejected."""
        if self.answered:
            return next((label for label in self.answered if label in self.case.want), self.answered[0])
        return ASKED if self.asked else REJECTED


def read(understanding: Understanding, case: Case, today: date) -> Outcome:
    """Let the understanding read a case outside any conversation."""
    meaning = understanding.read(case.say, Context(today.year, bound=case.bound))
    turns = meaning.parts or (meaning.turn,)
    answered = tuple(dict.fromkeys(label_of(turn) for turn in turns))
    if meaning.turn.intent in ("ask_back", *REFUSING):
        answered = ()
    return Outcome(case, answered, meaning.choices, _ranked(meaning), meaning.confidence)


def label_of(turn: Turn) -> str:
    """The label that a turn answers."""
    return f"faq/{turn.key}" if turn.key else turn.intent


def _ranked(meaning: Meaning) -> tuple[str, ...]:
    first = tuple(label_of(turn) for turn in (meaning.parts or (meaning.turn,)) if turn.intent not in ("ask_back", *REFUSING))
    return tuple(dict.fromkeys([*first, *(guess.label for guess in meaning.ranking)]))
