"""What a caller's words are read as, and what to read out: the bot's own answer with its clause, and the questions that lie near."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy.orm import Session

from bot import asking
from bot.account import ANSWERS, Whose
from bot.answers import Answer, Answers
from bot.contact import contact_of
from bot.inbox import switches
from bot.inbox.text import made_safe
from bot.nlu.catalogue import PREFIX
from bot.nlu.turn import ACCOUNT, Context, Meaning, Turn
from bot.nlu.understand import ANSWER_AT, SURE_AT, Understanding
from policies.notice import Notices

NEAR, NEAR_AT = 3, 0.02
UNREAD = ("nlu_fallback", "out_of_scope", "offer_human", "none_of_these")


class UnreadableError(ValueError):
    """Words that are none, or too many; the text is ``blank`` or ``too_long``."""


@dataclass(frozen=True)
class Sources:
    """What answers are made from."""

    reader: Callable[[], Understanding]
    answers: Answers
    notices: Notices
    today: date


@dataclass(frozen=True)
class Quoted:
    """A clause: where it stands and its words."""

    section: str
    text: str


@dataclass(frozen=True)
class Near:
    """Another question that may have been meant; ``confidence`` 0..1."""

    label: str
    title: str
    confidence: float


@dataclass(frozen=True)
class Asked:
    """One reading. ``kind``: answer, ask_back or unread; ``certainty``: sure, likely, unsure, or foreign for what is about something else.

    ``labels`` are what it was read as, ``titles`` these in words (empty for small talk); ``off`` holds the reasons for which the answer,
    or part of it, is switched off: what is told then is what the bot says instead.
    """

    question: str
    kind: str
    answer: Answer
    labels: tuple[str, ...]
    titles: tuple[str, ...]
    confidence: float
    certainty: str
    clauses: tuple[Quoted, ...]
    near: tuple[Near, ...]
    own: bool  # figures of the person are in it
    off: tuple[str, ...]


def ask(session: Session, sources: Sources, text: str, whose: Whose | None = None) -> Asked:
    """The reading of a caller's words, numbers of people in them masked. UnreadableError."""
    question, fault = _safe(sources, text)
    if fault:
        raise UnreadableError(fault)
    reader = sources.reader()
    meaning = reader.read(question, Context(sources.today.year, bound=whose is not None))
    return _told(session, sources, question, meaning, whose)


def choose(session: Session, sources: Sources, text: str, label: str, whose: Whose | None = None) -> Asked:
    """The answer to the question of this label, which was meant by ``text``. KeyError for a label that is none."""
    question = _safe(sources, text)[0]
    reader = sources.reader()
    if label not in reader.classifier.labels or not _offered(label):
        raise KeyError(label)
    meaning = reader.read("1", Context(sources.today.year, choices=(label,), bound=whose is not None))
    return replace(_told(session, sources, question, meaning, whose), near=())


def _safe(sources: Sources, text: str) -> tuple[str, str | None]:
    """As the intake of the chats makes it; the notice's own telephone numbers stay readable."""
    return made_safe(text, contact_of(sources.notices.in_force(sources.today.year)).numbers)


def _told(session: Session, sources: Sources, question: str, meaning: Meaning, whose: Whose | None) -> Asked:
    standing = switches.standing(session)
    off = frozenset((one.scope, one.name) for one in standing)
    answers = sources.answers.without(switches.questions(off))
    figures = not switches.personal(off)
    answer = asking.answer(meaning, answers, sources.notices, sources.today, question, whose, figures)
    turns = () if meaning.turn.intent == "ask_back" else meaning.parts or (meaning.turn,)
    labels = tuple(_label(turn) for turn in turns)
    notice = sources.notices.in_force(sources.today.year)
    personal = any(turn.intent in ANSWERS for turn in turns)
    return Asked(
        question=question,
        kind="ask_back" if meaning.turn.intent == "ask_back" else "unread" if meaning.turn.intent in UNREAD else "answer",
        answer=answer,
        labels=labels,
        titles=tuple(answers.label(label) for label in labels if _titled(label)),
        confidence=_confidence(meaning),
        certainty=_certainty(meaning),
        clauses=tuple(Quoted(notice.clauses[clause].section, notice.clauses[clause].text) for clause in answer.clauses),
        near=_near(meaning, labels, answers),
        own=whose is not None and figures and any(turn.intent in ANSWERS or turn.intent == "judge_numbers" for turn in turns),
        off=tuple(one.reason for one in standing if _concerns(one, labels, personal)),
    )


def _concerns(one: switches.Standing, labels: tuple[str, ...], personal: bool) -> bool:
    return (one.scope == switches.QUESTION and PREFIX + one.name in labels) or (one.scope == switches.PERSONAL and personal)


def _label(turn: Turn) -> str:
    return f"{PREFIX}{turn.key}" if turn.intent == "faq" else turn.intent


def _offered(label: str) -> bool:
    return label.startswith((PREFIX, ACCOUNT))


def _titled(label: str) -> bool:
    return (_offered(label) and label != "my_surplus") or label == "judge_numbers"


def _certainty(meaning: Meaning) -> str:
    if meaning.turn.intent == "out_of_scope":
        return "foreign"
    if meaning.turn.intent in ("ask_back", *UNREAD) or meaning.confidence < ANSWER_AT:
        return "unsure"
    return "sure" if meaning.confidence >= SURE_AT else "likely"


def _confidence(meaning: Meaning) -> float:
    """Of what was read; of words that no answer was given to, the likeliest question's."""
    if meaning.turn.intent == "ask_back" or (meaning.turn.intent in UNREAD and meaning.turn.intent != "out_of_scope"):
        return max((guess.confidence for guess in meaning.ranking if _offered(guess.label)), default=0.0)
    return meaning.confidence


def _near(meaning: Meaning, labels: tuple[str, ...], answers: Answers) -> tuple[Near, ...]:
    """What was offered when the bot asks back, else the next likely ones."""
    likely = {guess.label: guess.confidence for guess in meaning.ranking}
    order = dict.fromkeys([*meaning.choices, *likely])
    others = [label for label in order if _titled(label) and _offered(label) and label not in labels]
    if meaning.turn.intent in UNREAD:  # of words about something else the next likely question is no nearer than any
        others = [label for label in others if likely[label] >= NEAR_AT]
    return tuple(Near(label, answers.label(label), likely.get(label, 0.0)) for label in others[:NEAR])
