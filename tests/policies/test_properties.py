"""What must hold for anybody: random people with odd hours and odd credits."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.engine import judge, plan, title_status, what_if, year_status
from policies.model import Credit, Hours, Kind, Level, Person, Record, Sector, State, Subject, YearStatus
from policies.notice import Notices

many = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
PUBLIC, PROFESSIONAL, NEEDED, SINCE = Decimal(45), Decimal(90), {Level.SENIOR: 4, Level.INTERMEDIATE: 3}, 2019
YEARS = st.integers(2017, 2026)
TODAYS = st.one_of(st.dates(date(2019, 1, 1), date(2025, 12, 31)), st.dates(date(2023, 11, 15), date(2024, 1, 5)))
FORMS = st.sampled_from(["网络课程", "培训进修", "学术论文", "考前辅导", " 岗前培训", "法宣在线　", "其他"])
AMOUNTS = st.one_of(
    st.sampled_from([Decimal("0.1"), Decimal("44.9"), PUBLIC, PROFESSIONAL, Decimal(400)]),
    st.integers(1, 1200).map(lambda tenths: Decimal(tenths) / 10),
)
RECORDS = st.builds(
    Record,
    record_id=st.integers(0, 10**6).map(str),
    year=YEARS,
    subject=st.sampled_from(Subject),
    form=FORMS,
    title=st.just(""),
    hours=AMOUNTS,
    state=st.sampled_from([State.VERIFIED, State.VERIFIED, State.VERIFIED, State.PENDING, State.RETURNED]),
)
STINTS = st.one_of(st.none(), st.integers(0, 900), st.sampled_from([363, 364, 365, 366]))


@st.composite
def histories(draw: st.DrawFn) -> list[Record]:
    """Single odd records, and whole years that meet the figures, so that titles come within reach."""
    full = draw(st.sets(YEARS))
    met = [
        Record(f"F{year}{subject.value}", year, subject, "网络课程", "", hours, State.VERIFIED)
        for year in full
        for subject, hours in ((Subject.PUBLIC, PUBLIC), (Subject.PROFESSIONAL, PROFESSIONAL))
    ]
    return met + draw(st.lists(RECORDS, max_size=12, unique_by=lambda record: record.record_id))


@st.composite
def credits_(draw: st.DrawFn) -> Credit:
    start = draw(st.one_of(st.dates(date(2017, 1, 1), date(2025, 12, 31)), st.sampled_from([date(2020, 2, 29), date(2019, 3, 1)])))
    days = draw(STINTS)
    end = None if days is None else start + timedelta(days=days)
    return Credit(draw(st.sampled_from(Kind)), start, end, draw(st.one_of(st.none(), YEARS)), draw(st.sampled_from(["甲", "乙"])))


CREDITS = st.lists(credits_(), max_size=6)
PEOPLE = st.builds(
    Person,
    sector=st.sampled_from([Sector.HEALTH, Sector.HEALTH, Sector.OTHER, Sector.ACCOUNTING]),
    level_since=st.one_of(st.none(), st.dates(date(2010, 1, 1), date(2025, 12, 31))),
)


def met_by_hours(records: list[Record], year: int, today: date) -> bool:
    """Written anew, without the engine."""
    sums = {Subject.PUBLIC: Decimal(0), Subject.PROFESSIONAL: Decimal(0)}
    for record in records:
        excluded = record.form.strip() in ("考前辅导", "岗前培训", "法宣在线")
        if record.year == year <= today.year and record.state is State.VERIFIED and not excluded:
            sums[record.subject] += record.hours
    return sums[Subject.PUBLIC] >= PUBLIC and sums[Subject.PROFESSIONAL] >= PROFESSIONAL


def day_of_twelfth_month(start: date) -> date:
    """The last of twelve full months, found by walking to the eve of the same day next year; 29 February walks as 1 March does."""
    first = date(start.year, 3, 1) if (start.month, start.day) == (2, 29) else start
    day = first + timedelta(days=1)
    while (day.month, day.day) != (first.month, first.day):
        day += timedelta(days=1)
    return day - timedelta(days=1)


def servable(credit: Credit, person: Person, today: date) -> list[int]:
    """The years a credit may serve taken by itself."""
    window = range(SINCE, today.year + 1)
    if credit.kind is Kind.SKILLED or credit.start > today:
        return []
    if credit.kind is Kind.EPIDEMIC:
        able = [year for year in window if person.sector is Sector.HEALTH]
    else:
        full = min(credit.end or today, today) >= day_of_twelfth_month(credit.start)
        able = [year for year in window if full and person.level_since is not None and year >= person.level_since.year]
    return [year for year in able if credit.year in (None, year)]


def brute_force(person: Person, records: list[Record], credits: list[Credit], today: date) -> int:
    """The greatest count over every way each kind can serve at most one year."""
    met = {year for year in range(SINCE, today.year + 1) if met_by_hours(records, year, today)}
    choices = []
    for kind in (Kind.EPIDEMIC, Kind.VILLAGE):
        able = [(credit, servable(credit, person, today)) for credit in credits if credit.kind is kind]
        tied = {credit.year for credit, years in able if years and credit.year is not None}
        if tied:
            choices.append([max(tied - met, default=None)])
        else:
            choices.append([None, *{year for _, years in able for year in years}])
    return max(len(met | ({first, second} - {None})) for first, second in product(*choices))


@many
@given(PEOPLE, histories(), CREDITS, st.sampled_from(Level), TODAYS)
def test_the_title_count_equals_a_search_over_every_choice_of_credits(
    notices: Notices, person: Person, records: list[Record], credits: list[Credit], level: Level, today: date
) -> None:
    status = title_status(notices, person, records, credits, level, today)
    assert status.qualified_years == brute_force(person, records, credits, today)
    assert status.met_years == tuple(year for year in range(SINCE, today.year + 1) if met_by_hours(records, year, today))
    assert status.missing_years == max(0, NEEDED[level] - status.qualified_years)
    assert status.exempt == any(credit.kind is Kind.SKILLED and credit.start <= today for credit in credits)
    assert status.eligible == (status.exempt or status.qualified_years >= NEEDED[level])


@many
@given(PEOPLE, histories(), CREDITS, TODAYS)
def test_every_credit_is_used_idle_or_invalid_and_serves_only_a_year_it_may(
    notices: Notices, person: Person, records: list[Record], credits: list[Credit], today: date
) -> None:
    status = title_status(notices, person, records, credits, Level.SENIOR, today)
    for used in status.used_credits:
        assert used.year in servable(used.credit, person, today)
        assert used.year not in status.met_years
    accounted = [*(one.credit for one in (*status.used_credits, *status.idle_credits, *status.invalid_credits))]
    expected = [credit for credit in credits if credit.kind is not Kind.SKILLED or credit.start > today]
    assert sorted(map(repr, accounted)) == sorted(map(repr, expected))
    assert {repr(one.credit) for one in status.invalid_credits} == {repr(one) for one in expected if not servable(one, person, today)}


@many
@given(PEOPLE, histories(), CREDITS, RECORDS, TODAYS)
def test_more_verified_hours_never_make_anyone_worse_off(
    notices: Notices, person: Person, records: list[Record], credits: list[Credit], extra: Record, today: date
) -> None:
    more = [*records, replace(extra, record_id="X", state=State.VERIFIED)]
    for level in Level:
        before = title_status(notices, person, records, credits, level, today)
        after = title_status(notices, person, more, credits, level, today)
        assert after.qualified_years >= before.qualified_years
        assert after.missing_years <= before.missing_years
        assert after.still_possible >= before.still_possible
        assert set(after.met_years) >= set(before.met_years)
        assert after.eligible >= before.eligible
        for old, new in zip(before.years, after.years, strict=True):
            assert new.complete >= old.complete
            assert new.missing.public <= old.missing.public
            assert new.missing.professional <= old.missing.professional


@many
@given(PEOPLE, histories(), CREDITS, TODAYS)
def test_the_verification_of_pending_hours_never_makes_anyone_worse_off(
    notices: Notices, person: Person, records: list[Record], credits: list[Credit], today: date
) -> None:
    verified = [replace(record, state=State.VERIFIED) if record.state is State.PENDING else record for record in records]
    before = title_status(notices, person, records, credits, Level.SENIOR, today)
    after = title_status(notices, person, verified, credits, Level.SENIOR, today)
    assert after.qualified_years >= before.qualified_years
    for old, new in zip(before.years, after.years, strict=True):
        assert new.verified == Hours(old.verified.public + old.pending.public, old.verified.professional + old.pending.professional)
        assert new.pending == Hours(Decimal(0), Decimal(0))


@many
@given(PEOPLE, histories(), CREDITS, YEARS, st.sampled_from(Subject), AMOUNTS, TODAYS)
def test_surplus_never_crosses_kinds_or_years(
    notices: Notices, person: Person, records: list[Record], credits: list[Credit], year: int, subject: Subject, hours: Decimal, today: date
) -> None:
    more = [*records, Record("X", year, subject, "网络课程", "", hours, State.VERIFIED)]

    def gaps(one: int, own: list[Record]) -> Hours:
        return year_status(notices, person, own, credits, one, today).missing

    for other in range(2017, 2027):
        before, after = gaps(other, records), gaps(other, more)
        if other != year or year > today.year:
            assert after == before
        elif subject is Subject.PUBLIC:
            assert after == Hours(max(Decimal(0), before.public - hours), before.professional)
        else:
            assert after == Hours(before.public, max(Decimal(0), before.professional - hours))


@many
@given(PEOPLE, histories(), CREDITS, TODAYS, st.randoms(use_true_random=False))
def test_the_order_of_records_and_credits_does_not_matter(
    notices: Notices, person: Person, records: list[Record], credits: list[Credit], today: date, chance: Random
) -> None:
    shuffled, dealt = list(records), list(credits)
    chance.shuffle(shuffled)
    chance.shuffle(dealt)
    for level in Level:
        assert title_status(notices, person, shuffled, dealt, level, today) == title_status(notices, person, records, credits, level, today)
    for year in (today.year - 1, today.year, today.year + 1):
        assert year_status(notices, person, shuffled, dealt, year, today) == year_status(notices, person, records, credits, year, today)


@many
@given(PEOPLE, histories(), CREDITS, YEARS, AMOUNTS, AMOUNTS, TODAYS)
def test_what_if_says_what_the_year_would_say_with_those_hours_on_record(
    notices: Notices,
    person: Person,
    records: list[Record],
    credits: list[Credit],
    year: int,
    public: Decimal,
    professional: Decimal,
    today: date,
) -> None:
    supposed = what_if(notices, person, records, credits, Hours(public, professional), year, today)
    extra = [
        Record("X", year, Subject.PUBLIC, "其他", "", public, State.VERIFIED),
        Record("Y", year, Subject.PROFESSIONAL, "其他", "", professional, State.VERIFIED),
    ]
    recorded = year_status(notices, person, [*records, *extra] if year <= today.year else records, credits, year, today)
    assert supposed == recorded


@many
@given(PEOPLE, histories(), CREDITS, TODAYS)
def test_a_plan_closes_the_gaps_in_the_weeks_it_names(
    notices: Notices, person: Person, records: list[Record], credits: list[Credit], today: date
) -> None:
    status = year_status(notices, person, records, credits, today.year, today)
    pace = plan(status, today)
    assert (pace.until is None) == (today.year != 2023 or today > date(2023, 12, 20))
    if pace.until is None:
        assert pace.weeks is pace.total_per_week is None
        return
    assert pace.weeks is not None
    assert pace.public_per_week is not None
    assert pace.professional_per_week is not None
    assert pace.weeks * pace.public_per_week >= pace.missing.public
    assert pace.weeks * pace.professional_per_week >= pace.missing.professional
    assert pace.weeks == 1 or pace.weeks * 7 <= (pace.until - today).days + 1
    assert pace.total_per_week == pace.public_per_week + pace.professional_per_week
    assert pace.missing == (Hours(Decimal(0), Decimal(0)) if status.complete else status.missing)


def sound(status: YearStatus) -> bool:
    """Parts of one year that must fit each other."""
    return (
        status.met == (status.missing.total == 0)
        and status.complete == (status.met or status.credited_by is not None)
        and not (status.met and status.credited_by)
        and status.verified.public - status.surplus.public + status.missing.public == status.required.public
        and status.verified.professional - status.surplus.professional + status.missing.professional == status.required.professional
    )


@many
@given(PEOPLE, histories(), CREDITS, YEARS, TODAYS)
def test_the_parts_of_a_year_fit_each_other_and_the_judgement_of_its_totals(
    notices: Notices, person: Person, records: list[Record], credits: list[Credit], year: int, today: date
) -> None:
    status = year_status(notices, person, records, credits, year, today)
    assert sound(status)
    assert status.clauses
    assert (status.deadlines is None) == (year != today.year)
    judgement = judge(notices.all[0], status.verified.public, status.verified.professional)
    assert judgement.enough == status.met
    assert (judgement.missing_public, judgement.missing_professional) == (status.missing.public, status.missing.professional)


@pytest.mark.parametrize(
    ("start", "last"),
    [("2021-05-01", "2022-04-30"), ("2020-02-29", "2021-02-28"), ("2019-03-01", "2020-02-29"), ("2019-12-31", "2020-12-30")],
)
def test_the_walk_of_twelve_months_used_above_is_right(start: str, last: str) -> None:
    assert day_of_twelfth_month(date.fromisoformat(start)) == date.fromisoformat(last)
