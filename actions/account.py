"""Questions about a person's own record. Each answer is one function: fetch from the service, hand the facts to a template."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.orm import Session

from actions.desk import Desk
from bot.answers import Answer, joined
from bot.hours import service
from bot.hours.identity import BoundPerson
from bot.nlu.turn import Turn
from policies.engine import plan
from policies.model import Hours, Kind, Level, TitleStatus, YearStatus


@dataclass(frozen=True)
class Visit:
    """One bound person asking one thing."""

    desk: Desk
    session: Session
    person: BoundPerson
    turn: Turn

    def year(self, year: int | None = None) -> YearStatus:
        """The year asked for, else this year."""
        asked = year if year is not None else (self.turn.years[0] if self.turn.years else None)
        return service.year_of(self.session, self.desk.notices, self.person.id, asked, self.desk.today)

    def title(self, level: Level) -> TitleStatus:
        return service.title_of(self.session, self.desk.notices, self.person.id, level, self.desk.today)


def year(visit: Visit) -> Answer:
    """Totals, gaps, pending and uncounted hours of each year named, at most three."""
    asked = visit.turn.years or (visit.desk.today.year,)
    if _to_come(visit):
        return _not_yet(visit)
    title = visit.title(Level.SENIOR)
    untied = {used.year: used.credit.kind.value for used in title.used_credits if not used.tied}
    window = {status.year: status for status in title.years}
    statuses = [window.get(y) or visit.year(y) for y in asked[:3]]
    told = [visit.desk.report("year", s=status, subject=_subject(visit.turn), untied=untied.get(status.year)) for status in statuses]
    return joined(told)


def pending(visit: Visit) -> Answer:
    if _to_come(visit):
        return _not_yet(visit)
    return visit.desk.report("pending", s=visit.year())


def uncounted(visit: Visit) -> Answer:
    """Every record that does not count, of the year named or of all years, pending ones last."""
    status = visit.title(Level.SENIOR)
    years = [y for y in status.years if not visit.turn.years or y.year in visit.turn.years]
    if visit.turn.years and not any(u.reason.value != "pending" for y in years for u in y.uncounted):
        return year(visit)  # nothing was left out: what they miss is the year's own gap
    records = sorted((u for y in years for u in y.uncounted), key=lambda u: (u.reason.value == "pending", -u.record.year))
    clauses = tuple(dict.fromkeys(c for u in records for c in u.clauses)) or ("excluded", "submission")
    named = visit.turn.years[0] if visit.turn.years else None
    return visit.desk.report("uncounted", records=records, year=named, sector=status.sector, clauses=clauses)


def title(visit: Visit) -> Answer:
    """Eligibility for the level named, else for the one after the person's own; asks when neither is known."""
    if visit.turn.level == "junior":
        return visit.desk.answers.question(["title_junior"], visit.desk.today)
    level = Level(visit.turn.level) if visit.turn.level else service.default_level(visit.person)
    if level is None:
        return visit.desk.say("utter_which_level")
    status = visit.title(level)
    return visit.desk.report("title", s=status, served=_served(status))


def met_years(visit: Visit) -> Answer:
    status = visit.title(service.default_level(visit.person) or Level.SENIOR)
    return visit.desk.report("met_years", s=status, served=_served(status))


def why_failed(visit: Visit) -> Answer:
    return year(visit) if visit.turn.years else met_years(visit)


def credit(visit: Visit) -> Answer:
    status = visit.title(service.default_level(visit.person) or Level.SENIOR)
    clauses = tuple(kind.value for kind in _kinds(status)) or tuple(kind.value for kind in Kind)
    return visit.desk.report("credit", s=status, clauses=clauses)


def what_if(visit: Visit) -> Answer:
    """This year with extra hours; without numbers, with all pending ones passed."""
    before = visit.year(visit.desk.today.year)
    extra = _extra(visit.turn, before)
    if extra is None:
        return visit.desk.say("utter_what_if_which")
    after = service.what_if_of(visit.session, visit.desk.notices, visit.person.id, extra, before.year, visit.desk.today)
    return visit.desk.report("what_if", before=before, after=after, extra=extra)


def surplus(visit: Visit) -> Answer:
    """What a year holds above the figures: the own facts behind the rule on carrying over."""
    return _not_yet(visit) if _to_come(visit) else visit.desk.report("surplus", s=visit.year())


def weekly_plan(visit: Visit) -> Answer:
    status = visit.year(visit.desk.today.year)
    return visit.desk.report("plan", s=status, plan=plan(status, visit.desk.today))


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


def _to_come(visit: Visit) -> bool:
    return any(year > visit.desk.today.year for year in visit.turn.years)


def _not_yet(visit: Visit) -> Answer:
    return visit.desk.say("utter_year_to_come", year=max(visit.turn.years))


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
