"""What staff read out to a caller: the answer that the chat would give, its clause apart, and whether it is one at all."""

from dataclasses import dataclass
from datetime import date

from bot import asking
from bot.account import Whose
from bot.answers import Answers
from bot.nlu.catalogue import PREFIX
from bot.nlu.turn import Context, Meaning, Turn
from bot.nlu.understand import Understanding
from policies.notice import Notices

NEAR = 3
UNREAD = ("ask_back", "nlu_fallback", "out_of_scope", "none_of_these")
"""Readings that name no matter."""


@dataclass(frozen=True)
class Near:
    """A question that may have been meant: its label, and as a button says it."""

    label: str
    title: str


@dataclass(frozen=True)
class ReadOut:
    """``label``: the matter, None where none was read; ``clause``: the citation; ``quotes``: the notice's own words behind it.

    ``good`` is False where the chat would ask back or admit that it has no answer.
    """

    label: str | None
    text: str
    clause: str
    quotes: tuple[str, ...]
    near: tuple[Near, ...]
    good: bool


def read_out(
    question: str, label: str | None, reader: Understanding, answers: Answers, notices: Notices, today: date, whose: Whose | None = None
) -> ReadOut:
    """The answer to a caller's question (masked), for somebody known with ``whose`` record; ``label`` overrules the reading."""
    meaning = reader.read(question, Context(today.year, bound=whose is not None))
    near = tuple(Near(guess.label, answers.label(guess.label)) for guess in meaning.ranking[:NEAR] if _offerable(guess.label, answers))
    if label is not None and _offerable(label, answers):
        meaning = Meaning(turn_of(label), ranking=meaning.ranking)
    answer = asking.answer(meaning, answers, notices, today, question, whose)
    good = meaning.turn.intent not in UNREAD and not answer.metadata.get("missed")
    lines, cited = _parted(answer.text, notices.in_force(today.year).schema.wording["citation"])
    return ReadOut(_matter(meaning), lines, cited, _quotes(meaning, answers, notices, today), near, good)


def turn_of(label: str) -> Turn:
    """The turn behind a classifier's label."""
    return Turn("faq", label.removeprefix(PREFIX)) if label.startswith(PREFIX) else Turn(label)


def _offerable(label: str, answers: Answers) -> bool:
    try:
        answers.label(label)
    except KeyError:
        return False
    return True


def _matter(meaning: Meaning) -> str | None:
    turn = meaning.parts[0] if meaning.parts else meaning.turn
    if turn.intent in UNREAD:
        return None
    return PREFIX + turn.key if turn.key else turn.intent


def _parted(text: str, citation: str) -> tuple[str, str]:
    """An answer without its citations, and these; ``citation`` is the notice's form of one."""
    mark = citation.partition("{")[0]
    lines = text.splitlines()
    cited = dict.fromkeys(line for line in lines if line.startswith(mark))
    return "\n".join(line for line in lines if not line.startswith(mark)).strip(), "\n".join(cited)


def _quotes(meaning: Meaning, answers: Answers, notices: Notices, today: date) -> tuple[str, ...]:
    notice = notices.in_force(today.year)
    clauses = [clause for turn in meaning.parts or (meaning.turn,) for clause in _clauses(turn, answers)]
    return tuple(notice.quote(clause) for clause in dict.fromkeys(clauses))


def _clauses(turn: Turn, answers: Answers) -> tuple[str, ...]:
    try:
        return answers.clauses_of(turn.intent, turn.key)
    except KeyError:
        return ()
