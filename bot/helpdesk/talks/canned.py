"""Sentences that agents need not type: their own in ``canned.yml`` and the answers of all prepared questions, with the notice's figures."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy.orm import Session

from bot.answers import PLACEHOLDER, Answers
from bot.helpdesk.questions import initials
from bot.inbox import switches
from bot.messages import Loader
from policies.notice import Notices

_FILE = Path(__file__).parent / "canned.yml"
OURS, QUESTION = "ours", "question"


@dataclass(frozen=True)
class Canned:
    """One sentence. ``initials`` are those of its title and of the words it is also called by, by which it is found."""

    key: str
    source: str  # ours, question
    title: str
    text: str
    initials: str
    also: str = ""


def canned(session: Session, answers: Answers, notices: Notices, today: date) -> list[Canned]:
    """Everything there is to insert on this day, ours first; without questions whose answer is switched off."""
    off = switches.questions(switches.everything_off(session))
    return [one for one in _all(answers, notices, today) if one.source == OURS or one.key not in off]


@lru_cache(maxsize=4)
def _all(answers: Answers, notices: Notices, today: date) -> tuple[Canned, ...]:
    notice = notices.in_force(today.year)
    ours = [
        _one(
            row["key"], OURS, row["title"], PLACEHOLDER.sub(lambda found: notice.display(found.group(1)), row["text"]), row.get("also", "")
        )
        for row in _rows()
    ]
    questions = [
        _one(question.key, QUESTION, question.label, answers.question([question.key], today).text) for question in answers.catalogue
    ]
    return (*ours, *questions)


def _one(key: str, source: str, title: str, text: str, also: str = "") -> Canned:
    return Canned(key, source, title, text.strip(), " ".join(map(initials, (title, *also.split()))), also)


@lru_cache(maxsize=1)
def _rows() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = yaml.load(_FILE.read_text(encoding="utf-8"), Loader)
    return rows
