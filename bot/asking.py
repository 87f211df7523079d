"""One answer from the trained model, without Rasa: the ``ask`` command tells nobody's record, the console a caller's."""

import tarfile
import tempfile
from datetime import date
from pathlib import Path

from bot.account import ANSWERS, Whose, answered
from bot.answers import Answer, Answers, joined
from bot.nlu.turn import Context, Meaning, Turn, group_of
from bot.nlu.understand import FILES, Understanding
from policies.notice import Notices


def load_understanding(model: Path) -> Understanding:
    """The understanding inside a model archive. ValueError where the archive holds none."""
    with tempfile.TemporaryDirectory() as folder:
        for part in FILES:
            (Path(folder) / part).write_bytes(_member(model, part))
        return Understanding.load(Path(folder))


def _member(model: Path, part: str) -> bytes:
    with tarfile.open(model) as archive:
        for member in archive:
            held = archive.extractfile(member) if member.name.endswith("/" + part) else None
            if held is not None:
                return held.read()
    raise ValueError(f"{model.name} holds no {part}")


def ask(text: str, understanding: Understanding, answers: Answers, notices: Notices, today: date, whose: Whose | None = None) -> Answer:
    """What somebody is told outside any conversation; ``whose`` record is told with it, None for somebody unbound."""
    meaning = understanding.read(text, Context(today.year, bound=whose is not None))
    return answer(meaning, answers, notices, today, text, whose)


def answer(
    meaning: Meaning,
    answers: Answers,
    notices: Notices,
    today: date,
    said: str = "",
    whose: Whose | None = None,
    figures: bool = True,
) -> Answer:
    """The answer to a meaning (of what was ``said``) as the rules of the dialogue give it; ``figures`` False: anybody's own are off."""
    turns = meaning.parts or (meaning.turn,)
    if meaning.turn.intent == "ask_back":
        return answers.ask_back(meaning.choices)
    if meaning.turn.intent == "nlu_fallback":
        return answers.not_understood(said, today)
    if all(turn.intent == "faq" for turn in turns):
        return answers.question([turn.key for turn in turns if turn.key], today)
    return joined([_part(turn, answers, notices, today, whose, figures) for turn in turns])


def _part(turn: Turn, answers: Answers, notices: Notices, today: date, whose: Whose | None, figures: bool) -> Answer:
    if not figures and turn.intent in ANSWERS:
        return answers.personal_off(today)
    found = answered(turn, answers, notices, today, whose if figures else None)
    return found or answers.say(_response(turn), today)


def _response(turn: Turn) -> str:
    group = group_of(turn)
    if group == "record":
        return bind_first(turn.intent)
    return f"utter_talk/{turn.intent}" if group == "talk" else "utter_only_in_chat"


def bind_first(intent: str) -> str:
    """The response that asks an unbound person to bind, with the rule that their question is about."""
    return f"utter_record/{intent}"
