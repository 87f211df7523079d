"""What a message asked for, in what conversation, and how it was read: plain values that understanding, actions and tracker share."""

from dataclasses import dataclass, field
from typing import Any

from bot.nlu import entities
from bot.nlu.classifier import Guess

ACCOUNT = "my_"
RECORD = ("judge_numbers", "several")
OWN_RULE = ("bind", "bind_direct", "inform", "cancel", "unbind", "my_binding", "human", "leave_message", "leave_message_direct")


@dataclass(frozen=True)
class Turn:
    """What one message asked for: an intent, for ``faq`` the question's key, and the closed-set values it named."""

    intent: str
    key: str | None = None
    years: tuple[int, ...] = ()
    subject: str | None = None
    level: str | None = None
    amounts: tuple[entities.Amount, ...] = ()
    why: bool = False

    @property
    def topical(self) -> bool:
        """Whether a follow-up can refer back to it."""
        return self.intent == "faq" or (self.intent.startswith(ACCOUNT) and self.intent not in OWN_RULE)


@dataclass(frozen=True)
class Context:
    """What understanding needs of the conversation so far."""

    this_year: int
    requested: str | None = None  # the form value asked for: bind_code, bind_name or message_text
    about: Turn | None = None  # the last topical turn
    choices: tuple[str, ...] = ()  # labels offered in the previous answer
    bound: bool = False
    misses: int = 0  # messages in a row, up to the previous one, that were not answered
    human_offered: bool = False  # the previous answer asked whether to call a human


@dataclass(frozen=True)
class Meaning:
    """The reading of a message: one turn or several, or choices to ask back with."""

    turn: Turn
    confidence: float = 1.0
    ranking: tuple[Guess, ...] = ()
    parts: tuple[Turn, ...] = ()
    choices: tuple[str, ...] = ()
    values: dict[str, str] = field(default_factory=dict)  # form values: bind_code, bind_name, message_text
    about: Turn | None = None  # what the next follow-up refers to
    misses: int = 0  # messages in a row, this one included, that were not answered
    chosen: bool = False  # the message only named one of what was offered: it says nothing of its own


def group_of(turn: Turn) -> str:
    """The intent that Rasa's rules know: a group, or the turn's own where a rule of its own answers it."""
    if turn.intent in OWN_RULE or turn.intent == "faq":
        return turn.intent
    return "record" if turn.intent.startswith(ACCOUNT) or turn.intent in RECORD else "talk"


def turn_to_data(turn: Turn | None) -> dict[str, Any] | None:
    """Plain data for the tracker; hours as text so that decimals stay exact."""
    if turn is None:
        return None
    return {**vars(turn), "years": list(turn.years), "amounts": [[a.subject, str(a.hours)] for a in turn.amounts]}


def turn_from_data(data: dict[str, Any] | None) -> Turn | None:
    """The inverse of ``turn_to_data``."""
    if data is None:
        return None
    amounts = tuple(entities.Amount(subject, entities.Decimal(hours)) for subject, hours in data["amounts"])
    return Turn(**{**data, "years": tuple(data["years"]), "amounts": amounts})
