"""What a call is answered with: the bot's answer to the caller's words, its clause apart, and the figures of the moment."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from bot.account import Whose
from bot.helpdesk.lookup import asked, person
from bot.helpdesk.lookup.asked import Asked, Sources, UnreadableError
from bot.hours import service
from bot.hours.models import Person
from policies import engine
from policies.model import Hours, Level
from policies.notice import Notices

BAR_MARKS = ("▓", "░")
WHERE = "call"
"""What the audit trail calls a look from a call."""


@dataclass(frozen=True)
class Prepared:
    """``text`` is what to read out, ``clause`` its citation; ``good`` is False where the bot itself would have told something else."""

    asked: Asked
    label: str | None
    text: str
    clause: str
    good: bool


def prepared(session: Session, sources: Sources, question: str, label: str | None, caller: Person | None) -> Prepared:
    """The answer to a caller's question, with the record of a known caller; ``label`` is the question that staff chose instead.

    UnreadableError for words that are none, or too many.
    """
    whose = None if caller is None else Whose(session, caller)
    read = asked.ask(session, sources, question, whose)
    good = read.kind == "answer" and not read.answer.metadata.get("missed")
    if label and label not in read.labels:
        try:
            read, good = asked.choose(session, sources, question, label, whose), False
        except KeyError:
            raise UnreadableError("unknown_label") from None
    matter = read.labels[0] if read.kind == "answer" and read.labels else None
    text, clause = _parted(read.answer.text, sources)
    return Prepared(read, matter, text, clause, good)


def figures(session: Session, notices: Notices, person_id: int, today: date) -> dict[str, Any]:
    """A person's totals as they stand, ready for JSON: this year's hours, and the years counted for either title."""
    facts = service.person_facts(session, person_id)
    year = engine.year_status(notices, *facts, today.year, today)
    titles = {level.value: engine.title_status(notices, *facts, level, today) for level in Level}
    counted = ("required_years", "qualified_years", "missing_years", "eligible", "exempt", "covered")
    return {
        "as_of": today.isoformat(),
        "year": {
            "year": year.year,
            "required": _hours(year.required),
            "verified": _hours(year.verified),
            "pending": _hours(year.pending),
            "missing": _hours(year.missing),
            "complete": year.complete,
            "credited_by": None if year.credited_by is None else year.credited_by.value,
        },
        "title": {level: {name: getattr(title, name) for name in counted} for level, title in titles.items()},
    }


def look(session: Session, person_id: int, actor: str, now: datetime) -> None:
    """Note in the audit trail that somebody's figures were read for a call. The caller commits."""
    person.looked_up(session, person_id, actor, now, WHERE)


def _hours(hours: Hours) -> dict[str, float]:
    return {"public": float(hours.public), "professional": float(hours.professional)}


def _parted(text: str, sources: Sources) -> tuple[str, str]:
    """An answer without its citations and its bars, which nobody can read out; and the citations, each once."""
    mark = sources.notices.in_force(sources.today.year).schema.wording["citation"].partition("{")[0]
    lines = [line for line in text.splitlines() if not line.lstrip().startswith(BAR_MARKS)]
    cited = dict.fromkeys(line for line in lines if line.startswith(mark))
    return "\n".join(line for line in lines if not line.startswith(mark)).strip(), "\n".join(cited)
