"""The rules of the notice applied to one person. Pure: facts and a day in, frozen results out."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from policies.clause import Notice, Notices
from policies.credits import assess, choose
from policies.deadlines import deadlines, personal, plan, training_open
from policies.model import (
    Credit,
    Hours,
    Judgement,
    Level,
    Person,
    Phase,
    Record,
    Sector,
    State,
    Subject,
    TitleStatus,
    YearStatus,
)
from policies.tally import YearHours, missing, required, tally

__all__ = ["deadlines", "judge", "plan", "title_status", "what_if", "year_status"]

NEEDED_YEARS = {Level.SENIOR: "title.senior.years", Level.INTERMEDIATE: "title.intermediate.years"}


def year_status(
    notices: Notices, person: Person, records: Iterable[Record], credits: Sequence[Credit], year: int, today: date
) -> YearStatus:
    """One year of one person, as it stands on ``today``. Records of years after ``today`` are ignored."""
    return _Standing(notices, person, records, credits, today).year(year)


def title_status(
    notices: Notices, person: Person, records: Iterable[Record], credits: Sequence[Credit], level: Level, today: date
) -> TitleStatus:
    """Whether the years from the notice's since-year to the year of ``today`` suffice for a title of ``level``."""
    return _Standing(notices, person, records, credits, today).title(level)


def what_if(
    notices: Notices, person: Person, records: Iterable[Record], credits: Sequence[Credit], extra: Hours, year: int, today: date
) -> YearStatus:
    """The year's status with ``extra`` verified hours in that year; hours of a year after ``today`` add nothing."""
    more = [
        Record("", year, subject, "", "", hours, State.VERIFIED)
        for subject, hours in ((Subject.PUBLIC, extra.public), (Subject.PROFESSIONAL, extra.professional))
        if year <= today.year
    ]
    return year_status(notices, person, [*records, *more], credits, year, today)


def judge(notice: Notice, public: Decimal | None, professional: Decimal | None) -> Judgement:
    """Hold bare numbers against one year's figures; a number not given leaves its gap unknown."""
    need = required(notice)
    gap_public = None if public is None else max(Decimal(0), need.public - public)
    gap_professional = None if professional is None else max(Decimal(0), need.professional - professional)
    gaps = (gap_public, gap_professional)
    if any(gap is not None and gap > 0 for gap in gaps):
        enough: bool | None = False
    else:
        enough = None if None in gaps else True
    return Judgement(need, public, professional, gap_public, gap_professional, enough, notice.sources("hours.public", "hours.professional"))


class _Standing:
    """One person's facts weighed once for one day, so that years and title rest on the same choice of credits."""

    def __init__(self, notices: Notices, person: Person, records: Iterable[Record], credits: Sequence[Credit], today: date) -> None:
        self.notices, self.person, self.today = notices, person, today
        self.notice = notices.in_force(today.year)
        self.since = self.notice.number("title.since")
        self.window = range(self.since, today.year + 1)
        self.records = list(records)
        self.hours = {year: self._tally(year) for year in self.window}
        self.met = frozenset(year for year, hours in self.hours.items() if hours.met)
        self.assessed = assess(self.notice, person, credits, self.window, today)
        self.choice = choose(self.notice, self.assessed, self.met, today.year)
        self.deadlines = deadlines(notices, today)

    def _tally(self, year: int) -> YearHours:
        return tally(self.notices, self.records, year, self.today.year)

    def _sector_clauses(self) -> tuple[str, ...]:
        return self.notice.sources("scope.sectors") if self.person.sector is not Sector.OTHER else ()

    def year(self, year: int) -> YearStatus:
        hours = self.hours.get(year) or self._tally(year)
        credited = self.choice.tied_to(year)  # a year met by hours is never served
        served = [used for used in self.choice.used if used.tied and used.year == year]
        complete = hours.met or credited is not None
        current = year == self.today.year
        clauses = (
            *hours.notice.sources("hours.public", "hours.professional"),
            *(clause for used in served for clause in used.clauses),
            *self._sector_clauses(),
        )
        return YearStatus(
            year=year,
            required=hours.required,
            verified=hours.verified,
            pending=hours.pending,
            missing=missing(hours.required, hours.verified),
            met=hours.met,
            credited_by=credited,
            complete=complete,
            repairable=current and training_open(self.deadlines, self.today),
            own_notice=hours.notice.year == year,
            uncounted=hours.uncounted,
            invalid_credits=tuple(invalid for invalid in self.assessed.invalid if invalid.credit.year == year),
            deadlines=personal(self.deadlines, hours, complete) if current else None,
            surplus=missing(hours.verified, hours.required),
            sector=self.person.sector,
            notice_year=hours.notice.year,
            clauses=tuple(dict.fromkeys(clauses)),
        )

    def title(self, level: Level) -> TitleStatus:
        needed = self.notice.number(NEEDED_YEARS[level])
        qualified = len(self.met | self.choice.years)
        exempt = self.assessed.exempt
        clauses = (
            *self.notice.sources(NEEDED_YEARS[level]),
            *(self.notice.sources("exemption.skilled.wording") if exempt else ()),
            *(clause for used in self.choice.used for clause in used.clauses),
            *self.notice.sources("hours.public", "hours.professional"),
            *self._sector_clauses(),
        )
        return TitleStatus(
            level=level,
            covered=self.today.year >= self.notice.number("title.from"),
            exempt=exempt,
            required_years=needed,
            qualified_years=qualified,
            met_years=tuple(sorted(self.met)),
            missing_years=max(0, needed - qualified),
            eligible=exempt or qualified >= needed,
            years=tuple(self.year(year) for year in self.window),
            used_credits=self.choice.used,
            invalid_credits=self.assessed.invalid,
            still_possible=self._still_possible(),
            since_year=self.since,
            sector=self.person.sector,
            notice_year=self.notice.year,
            clauses=tuple(dict.fromkeys(clauses)),
            idle_credits=self.choice.idle,
        )

    def _still_possible(self) -> int:
        """Years that qualify if this year is met too: by hours yet to earn, or, once training is over, by hours that only wait."""
        met = self.met
        this_year = self.today.year
        waiting = self.deadlines.phase is Phase.OVERDUE_OPEN and this_year in self.hours and self.hours[this_year].met_if_verified
        if this_year in self.window and (waiting or training_open(self.deadlines, self.today)):
            met = met | {this_year}
        return len(met | choose(self.notice, self.assessed, met, this_year).years)
