"""Credits (第六部分第（一）（二）（三）项): which are valid, and which year each serves."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from policies.clause import Notice
from policies.model import Credit, Idle, IdleCredit, Invalid, InvalidCredit, Kind, Person, Sector, UsedCredit

# Kinds that serve a year, with the number of years each may serve; of two tied to one year the first is named.
YEARS = {Kind.EPIDEMIC: "credit.epidemic.years", Kind.VILLAGE: "credit.village.years"}
GROUNDS = {**YEARS, Kind.SKILLED: "exemption.skilled.wording"}


@dataclass(frozen=True)
class Assessed:
    """A person's credits weighed one by one. ``servable``: the years each kind may serve, ascending."""

    valid: tuple[Credit, ...]
    invalid: tuple[InvalidCredit, ...]
    servable: dict[Kind, tuple[int, ...]]
    exempt: bool  # a valid 高技能 is on record


@dataclass(frozen=True)
class Choice:
    """Which credit serves which year, and which valid ones serve none."""

    used: tuple[UsedCredit, ...]
    idle: tuple[IdleCredit, ...]

    @property
    def years(self) -> frozenset[int]:
        return frozenset(used.year for used in self.used)

    def tied_to(self, year: int) -> Kind | None:
        """The kind of the tied credit that serves the year."""
        return next((used.credit.kind for used in self.used if used.tied and used.year == year), None)


def assess(notice: Notice, person: Person, credits: Sequence[Credit], window: Sequence[int], today: date) -> Assessed:
    """Weigh each credit for one day. ``window`` is the title window, ascending."""
    level_year = person.level_since.year if person.level_since else None
    servable = {
        Kind.EPIDEMIC: tuple(window),
        Kind.VILLAGE: tuple(year for year in window if level_year is not None and year >= level_year),
    }
    valid: list[Credit] = []
    invalid: list[InvalidCredit] = []
    for credit in sorted(credits, key=_order):
        reason = _fault(notice, person, credit, today) or _year_fault(credit, window, servable)
        if reason is None:
            valid.append(credit)
        else:
            invalid.append(InvalidCredit(credit, reason, notice.sources(_ground(credit, reason))))
    return Assessed(tuple(valid), tuple(invalid), servable, any(credit.kind is Kind.SKILLED for credit in valid))


def choose(notice: Notice, assessed: Assessed, met: Collection[int], this_year: int) -> Choice:
    """Let each kind serve the years it may. Tied credits come first; untied ones are placed so that the count is greatest."""
    used: dict[int, UsedCredit] = {}
    idle: list[IdleCredit] = []
    for kind in YEARS:
        _serve_tied(notice, kind, assessed, met, used, idle)
    _serve_untied(notice, assessed, met, this_year, used, idle)
    return Choice(tuple(used[year] for year in sorted(used)), tuple(sorted(idle, key=lambda one: _order(one.credit))))


def full_until(start: date, years: int) -> date:
    """The last day of so many full years from ``start``, both days included; 29 February runs to 28 February."""
    try:
        anniversary = start.replace(year=start.year + years)
    except ValueError:  # 29 February, and no such day in that year
        anniversary = date(start.year + years, 3, 1)
    return anniversary - timedelta(days=1)


def _fault(notice: Notice, person: Person, credit: Credit, today: date) -> Invalid | None:
    if credit.start > today:
        return Invalid.NOT_STARTED
    if credit.kind is Kind.EPIDEMIC and person.sector is not Sector.HEALTH:
        return Invalid.NOT_HEALTH
    if credit.kind is Kind.VILLAGE:
        last = today if credit.end is None else min(credit.end, today)
        if last < full_until(credit.start, notice.number("credit.village.minimum")):
            return Invalid.TOO_SHORT
        if person.level_since is None:
            return Invalid.NO_LEVEL_DATE
    return None


def _year_fault(credit: Credit, window: Sequence[int], servable: dict[Kind, tuple[int, ...]]) -> Invalid | None:
    if credit.kind not in YEARS:
        return None  # 高技能 serves no year, so a year on it says nothing
    if credit.year is None:
        return None if servable[credit.kind] else Invalid.NO_SERVABLE_YEAR
    if credit.year not in window:
        return Invalid.TIED_OUTSIDE_WINDOW
    return None if credit.year in servable[credit.kind] else Invalid.TIED_BEFORE_LEVEL


def _ground(credit: Credit, reason: Invalid) -> str:
    """The value whose clause stands behind the reason."""
    return "title.since" if reason is Invalid.TIED_OUTSIDE_WINDOW else GROUNDS[credit.kind]


def _serve_tied(
    notice: Notice, kind: Kind, assessed: Assessed, met: Collection[int], used: dict[int, UsedCredit], idle: list[IdleCredit]
) -> None:
    """The latest tied years not met by hours, as many as the kind may serve; two kinds tied to one year count once."""
    clauses = notice.sources(YEARS[kind])
    tied = [credit for credit in assessed.valid if credit.kind is kind and credit.year is not None]
    chosen = sorted({credit.year for credit in tied if credit.year is not None} - set(met))[-notice.number(YEARS[kind]) :]
    for credit in tied:
        assert credit.year is not None
        if credit.year in met:
            idle.append(IdleCredit(credit, Idle.YEAR_MET, clauses))
        elif credit.year not in chosen or (credit.year in used and used[credit.year].credit.kind is kind):
            idle.append(IdleCredit(credit, Idle.KIND_SPENT, clauses))
        elif credit.year in used:
            idle.append(IdleCredit(credit, Idle.YEAR_SERVED, clauses))
        else:
            used[credit.year] = UsedCredit(credit, credit.year, True, clauses)


def _serve_untied(
    notice: Notice, assessed: Assessed, met: Collection[int], this_year: int, used: dict[int, UsedCredit], idle: list[IdleCredit]
) -> None:
    """Place the kinds without a tied credit on failing years: past ones from the latest back, then this year.

    Both kinds may serve everything from some year on, so giving a year to the kind with fewer years to choose from wastes nothing
    and the count is the greatest there is.
    """
    free: dict[Kind, list[Credit]] = {}
    for kind in YEARS:
        untied = [credit for credit in assessed.valid if credit.kind is kind and credit.year is None]
        if any(credit.kind is kind and credit.year is not None for credit in assessed.valid):
            idle += [IdleCredit(credit, Idle.TIED_FIRST, notice.sources(YEARS[kind])) for credit in untied]
        elif untied:
            free[kind] = untied
    left = {kind: notice.number(YEARS[kind]) for kind in free}
    narrowest_first = sorted(free, key=lambda kind: len(assessed.servable[kind]))
    window = sorted({year for kind in free for year in assessed.servable[kind]}, reverse=True)
    for year in sorted(window, key=lambda year: year == this_year):
        if year in met or year in used:
            continue
        able = [kind for kind in narrowest_first if left[kind] and year in assessed.servable[kind]]
        if able:
            kind = able[0]
            used[year] = UsedCredit(free[kind][0], year, False, notice.sources(YEARS[kind]))
            left[kind] -= 1
    for kind, credits in free.items():
        served = left[kind] < notice.number(YEARS[kind])
        for credit in credits[1:] if served else credits:
            reason = Idle.KIND_SPENT if served else Idle.NOT_NEEDED
            idle.append(IdleCredit(credit, reason, notice.sources(YEARS[kind])))


def _order(credit: Credit) -> tuple[str, date, date, int, str]:
    return credit.kind.value, credit.start, credit.end or date.max, credit.year or 0, credit.evidence
