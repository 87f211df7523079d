"""Questions about a person's own record. Each answer is one function: fetch from the service, hand the facts to a template.

Imports no Rasa, so that the console tells a caller what the chat tells them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from sqlalchemy.orm import Session

from bot.answers import Answer, Answers, joined
from bot.hours import service
from bot.judging import judged
from bot.nlu.turn import Turn
from policies.engine import plan
from policies.model import Hours, Kind, Level, TitleStatus, YearStatus
from policies.notice import Notices


class Asker(service.Levelled, Protocol):
    """Whose record is told: the person a chat is bound to, or the one that staff have on the telephone."""

    @property
    def id(self) -> int: ...


@dataclass(frozen=True)
class Whose:
    """Somebody known, and the session to read their record in."""

    session: Session
    person: Asker


@dataclass(frozen=True)
class Visit:
    """One known person asking one thing."""

    notices: Notices
    answers: Answers
    today: date
    session: Session
    person: Asker
    turn: Turn

    def say(self, response: str, /, **facts: Any) -> Answer:
        """A response of the domain, filled."""
        return self.answers.say(response, self.today, **facts)

    def report(self, template: str, /, **facts: Any) -> Answer:
        """An engine result in words."""
        return self.answers.report(template, self.today, **facts)

    def year(self, year: int | None = None) -> YearStatus:
        """The year asked for, else this year."""
        asked = year if year is not None else (self.turn.years[0] if self.turn.years else None)
        return service.year_of(self.session, self.notices, self.person.id, asked, self.today)

    def title(self, level: Level) -> TitleStatus:
        return service.title_of(self.session, self.notices, self.person.id, level, self.today)


def year(visit: Visit) -> Answer:
    """Totals, gaps, pending and uncounted hours of each year named, at most three."""
    asked = visit.turn.years or (visit.today.year,)
    if _to_come(visit):
        return _not_yet(visit)
    title = visit.title(Level.SENIOR)
    untied = {used.year: used.credit.kind.value for used in title.used_credits if not used.tied}
    window = {status.year: status for status in title.years}
    statuses = [window.get(y) or visit.year(y) for y in asked[:3]]
    told = [visit.report("year", s=status, subject=_subject(visit.turn), untied=untied.get(status.year)) for status in statuses]
    return joined(told)


def pending(visit: Visit) -> Answer:
    if _to_come(visit):
        return _not_yet(visit)
    return visit.report("pending", s=visit.year())


def uncounted(visit: Visit) -> Answer:
    """Every record that does not count, of the year named or of all years, pending ones last."""
    status = visit.title(Level.SENIOR)
    years = [y for y in status.years if not visit.turn.years or y.year in visit.turn.years]
    if visit.turn.years and not any(u.reason.value != "pending" for y in years for u in y.uncounted):
        return year(visit)  # nothing was left out: what they miss is the year's own gap
    records = sorted((u for y in years for u in y.uncounted), key=lambda u: (u.reason.value == "pending", -u.record.year))
    clauses = tuple(dict.fromkeys(c for u in records for c in u.clauses)) or ("excluded", "submission")
    named = visit.turn.years[0] if visit.turn.years else None
    return visit.report("uncounted", records=records, year=named, sector=status.sector, clauses=clauses)


def title(visit: Visit) -> Answer:
    """Eligibility for the level named, else for the one after the person's own; asks when neither is known."""
    if visit.turn.level == "junior":
        return visit.answers.question(["title_junior"], visit.today)
    level = Level(visit.turn.level) if visit.turn.level else service.default_level(visit.person)
    if level is None:
        return visit.say("utter_which_level")
    status = visit.title(level)
    return visit.report("title", s=status, served=_served(status))


def met_years(visit: Visit) -> Answer:
    status = visit.title(service.default_level(visit.person) or Level.SENIOR)
    return visit.report("met_years", s=status, served=_served(status))


def why_failed(visit: Visit) -> Answer:
    return year(visit) if visit.turn.years else met_years(visit)


def credit(visit: Visit) -> Answer:
    status = visit.title(service.default_level(visit.person) or Level.SENIOR)
    clauses = tuple(kind.value for kind in _kinds(status)) or tuple(kind.value for kind in Kind)
    return visit.report("credit", s=status, clauses=clauses)


def what_if(visit: Visit) -> Answer:
    """This year with extra hours; without numbers, with all pending ones passed."""
    before = visit.year(visit.today.year)
    extra = _extra(visit.turn, before)
    if extra is None:
        return visit.say("utter_what_if_which")
    after = service.what_if_of(visit.session, visit.notices, visit.person.id, extra, before.year, visit.today)
    return visit.report("what_if", before=before, after=after, extra=extra)


def surplus(visit: Visit) -> Answer:
    """What a year holds above the figures: the own facts behind the rule on carrying over."""
    return _not_yet(visit) if _to_come(visit) else visit.report("surplus", s=visit.year())


def weekly_plan(visit: Visit) -> Answer:
    status = visit.year(visit.today.year)
    return visit.report("plan", s=status, plan=plan(status, visit.today))


ANSWERS: dict[str, Callable[[Visit], Answer]] = {
    "my_year": year,
    "my_pending": pending,
    "my_uncounted": uncounted,
    "my_title": title,
    "my_met_years": met_years,
    "my_why_failed": why_failed,
    "my_credit": credit,
    "my_what_if": what_if,
    "my_plan": weekly_plan,
    "my_surplus": surplus,
}


def answered(turn: Turn, answers: Answers, notices: Notices, today: date, whose: Whose | None) -> Answer | None:
    """The answer to one turn: a prepared question, numbers held against the notice, or ``whose`` own record.

    None for what only the dialogue can answer, and for a record while nobody is known.
    """
    if turn.intent == "faq" and turn.key:
        return answers.question([turn.key], today)
    if turn.intent == "judge_numbers":
        own = year(_visit(answers, notices, today, whose, Turn("my_year"))) if whose else None
        return judged(answers, notices, today, turn, own)
    if whose is not None and turn.intent in ANSWERS:
        return ANSWERS[turn.intent](_visit(answers, notices, today, whose, turn))
    return None


def _visit(answers: Answers, notices: Notices, today: date, whose: Whose, turn: Turn) -> Visit:
    return Visit(notices, answers, today, whose.session, whose.person, turn)


def _to_come(visit: Visit) -> bool:
    return any(year > visit.today.year for year in visit.turn.years)


def _not_yet(visit: Visit) -> Answer:
    return visit.say("utter_year_to_come", year=max(visit.turn.years))


def _served(status: TitleStatus) -> dict[int, str]:
    return {used.year: used.credit.kind.value for used in status.used_credits if used.credit.kind is not Kind.SKILLED}


def _kinds(status: TitleStatus) -> list[Kind]:
    """Kinds of the credits on record; a kind's name is its clause's id too."""
    credits = [used.credit for used in status.used_credits] + [invalid.credit for invalid in status.invalid_credits]
    held = [credit.kind for credit in credits + [idle.credit for idle in status.idle_credits]]
    return list(dict.fromkeys([*held, *([Kind.SKILLED] if status.exempt else [])]))


def _subject(turn: Turn) -> str | None:
    return turn.subject if turn.subject in ("public", "professional") else None


def _extra(turn: Turn, status: YearStatus) -> Hours | None:
    if not turn.amounts:
        return Hours(status.pending.public, status.pending.professional) if status.pending.total else None
    named = {amount.subject or turn.subject: amount.hours for amount in turn.amounts}
    if not named.keys() <= {"public", "professional"}:
        return None
    return Hours(named.get("public", Decimal(0)), named.get("professional", Decimal(0)))
