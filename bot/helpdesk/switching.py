"""Switching off and on from the console: what may be thrown, what people read meanwhile, and who did it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.answers import Answers
from bot.contact import contact
from bot.helpdesk.actors import actor_of, number_in
from bot.helpdesk.models import Staff
from bot.helpdesk.words import word
from bot.hours import audit
from bot.inbox import switches
from bot.inbox.switches import CHANNEL, CHANNELS, EVERYTHING, PERSONAL, QUESTION, Standing
from bot.inbox.text import mask
from bot.messages import message
from bot.nlu.catalogue import Catalogue

OFF, ON = "switch-off", "switch-on"
"""Actions of the audit trail."""
REASON_LENGTH = 200


@dataclass(frozen=True)
class Target:
    """One thing that can be switched. ``title`` names it; ``read`` is what people read in its place while it is off."""

    scope: str
    name: str
    title: str
    read: str


@dataclass(frozen=True)
class Shown:
    """Something that is off, in words."""

    scope: str
    name: str
    title: str
    reason: str
    who: str
    since: datetime


def target(scope: str, name: str, answers: Answers, today: date) -> Target | None:
    """What scope and name mean; None for what cannot be switched."""
    if scope == CHANNEL and name in CHANNELS:
        return Target(scope, name, title(scope, name, answers.catalogue), message("inbox.switched_off", phone=contact(today).policy_phone))
    if scope == QUESTION and name in answers.catalogue:
        return Target(scope, name, title(scope, name, answers.catalogue), answers.without([name]).question([name], today).text)
    if scope == PERSONAL and name == EVERYTHING:
        return Target(scope, name, title(scope, name, answers.catalogue), answers.personal_off(today).text)
    return None


def title(scope: str, name: str, catalogue: Catalogue) -> str:
    """What it is called; a question that is no longer there by its key."""
    if scope == QUESTION:
        return word("switches.question", label=catalogue.get(name).label if name in catalogue else name)
    return word("switches.personal") if scope == PERSONAL else word(f"switches.channels.{name}")


def switch_off(session: Session, what: Target, reason: str, actor: str, now: datetime) -> bool:
    """Switch off and note it in the audit trail; False when it is off already. ValueError without a reason. The caller commits."""
    safe = mask(" ".join(reason.split()))[:REASON_LENGTH]
    if not switches.off(session, what.scope, what.name, safe, actor, now):
        return False
    audit.note(session, now, actor, OFF, detail=f"{what.scope} {what.name}: {safe}")
    return True


def switch_on(session: Session, scope: str, name: str, actor: str, now: datetime) -> bool:
    """Switch on again and note it in the audit trail; False when it was on. The caller commits."""
    if not switches.on(session, scope, name):
        return False
    audit.note(session, now, actor, ON, detail=f"{scope} {name}")
    return True


def shown(session: Session, catalogue: Catalogue) -> list[Shown]:
    """Everything that is off, in words, what has been off for longest first."""
    standing = switches.standing(session)
    names = _names(session, standing) if standing else {}
    return [
        Shown(one.scope, one.name, title(one.scope, one.name, catalogue), one.reason, names.get(one.by, one.by), one.since)
        for one in standing
    ]


def _names(session: Session, standing: Iterable[Standing]) -> Mapping[str, str]:
    """Actors of the audit trail in words."""
    numbers = [number for one in standing if (number := number_in(one.by)) is not None]
    rows = session.execute(select(Staff.number, Staff.name).where(Staff.number.in_(numbers)))
    return {actor_of(row.number): word("switches.who", name=row.name, number=row.number) for row in rows}
