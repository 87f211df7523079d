"""Working hours: holidays, weekends worked in their place, and the moments between."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.helpdesk.office import DEFAULT, OfficeHours, is_workday, offer_after, office_hours, spoken
from bot.settings import ZONE, SettingsError, load


def hours(text: str | None = None) -> OfficeHours:
    return office_hours(load({} if text is None else {"BOT_OFFICE_HOURS": text}))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


MOMENTS = st.datetimes(datetime(2023, 9, 1), datetime(2024, 3, 1)).map(lambda moment: moment.replace(tzinfo=ZONE))
OFFICES = st.sampled_from([hours(), hours("always"), hours("00:00-24:00"), hours("08:30-12:00"), hours("09:00-12:00,12:00-18:00")])


@pytest.mark.parametrize(
    ("moment", "is_open", "opens"),
    [
        ("2023-11-20 08:59:59", False, "2023-11-20 09:00"),
        ("2023-11-20 09:00", True, None),
        ("2023-11-20 11:59:59", True, None),
        ("2023-11-20 12:00", False, "2023-11-20 14:30"),
        ("2023-11-20 17:59:59", True, None),
        ("2023-11-20 18:00", False, "2023-11-21 09:00"),
        ("2023-11-17 20:00", False, "2023-11-20 09:00"),  # a Friday evening
        ("2023-10-07 10:00", True, None),  # a Saturday worked for the holiday
        ("2023-10-02 10:00", False, "2023-10-07 09:00"),  # National Day
        ("2024-02-09 19:00", False, "2024-02-18 09:00"),  # the Spring Festival, to a Sunday that is worked
    ],
)
def test_staff_are_there_in_the_hours_of_workdays(moment: str, is_open: bool, opens: str | None) -> None:
    now = at(moment)
    assert hours().is_open(now) is is_open
    assert hours().next_open(now) == (now if opens is None else at(opens))


def test_beyond_the_table_of_holidays_weekdays_decide() -> None:
    assert [is_workday(date(2035, 10, 1) + timedelta(days=ahead)) for ahead in range(7)] == [True] * 5 + [False] * 2


def test_always_is_always() -> None:
    night = at("2023-10-01 03:00")
    assert hours("Always").is_open(night)
    assert hours("always").next_open(night) == night
    assert hours("always").seconds_within(night, night + timedelta(days=2)) == 2 * 86400


@pytest.mark.parametrize(
    ("start", "end", "seconds"),
    [
        ("2023-11-20 09:00", "2023-11-20 09:05", 300),
        ("2023-11-20 11:59", "2023-11-20 14:31", 120),
        ("2023-11-17 17:59", "2023-11-20 09:01", 120),  # over a weekend
        ("2023-11-20 00:00", "2023-11-21 00:00", 6.5 * 3600),
        ("2023-11-18 00:00", "2023-11-20 00:00", 0),
        ("2023-11-20 10:00", "2023-11-20 09:00", 0),
    ],
)
def test_only_seconds_of_work_count(start: str, end: str, seconds: float) -> None:
    assert hours().seconds_within(at(start), at(end)) == seconds


@settings(deadline=None)
@given(OFFICES, MOMENTS, MOMENTS, MOMENTS)
def test_seconds_of_work_add_up_and_are_never_more_than_seconds(office: OfficeHours, one: datetime, two: datetime, three: datetime) -> None:
    first, second, third = sorted((one, two, three))
    parts = office.seconds_within(first, second) + office.seconds_within(second, third)
    assert parts == pytest.approx(office.seconds_within(first, third), abs=0.001)
    assert 0 <= parts <= (third - first).total_seconds() + 0.001


@settings(deadline=None)
@given(OFFICES, MOMENTS)
def test_nobody_works_before_the_next_opening_and_somebody_from_then_on(office: OfficeHours, now: datetime) -> None:
    opening = office.next_open(now)
    assert office.is_open(opening)
    assert office.is_open(now) == (opening == now)
    assert office.seconds_within(now, opening) == 0


@pytest.mark.parametrize(
    "value",
    [
        "9:00-12:00",
        "09:00",
        "12:00-09:00",
        "09:00-09:00",
        "09:00-24:01",
        "14:00-18:00,09:00-12:00",
        "09:00-12:00,11:00-13:00",
        "nie",
        "25:00-26:00",
        ",",
    ],
)
def test_hours_that_cannot_be_read_are_named(value: str) -> None:
    with pytest.raises(SettingsError) as error:
        hours(value)
    assert "BOT_OFFICE_HOURS" in str(error.value)
    assert value in str(error.value)


def test_the_default_is_that_of_an_office() -> None:
    assert hours() == hours(DEFAULT) == hours(" 09:00-12:00 , 14:30-18:00 ")


@pytest.mark.parametrize(
    ("now", "then", "said"),
    [
        ("2023-11-20 12:10", "2023-11-20 14:30", "今天14:30"),
        ("2023-11-20 18:10", "2023-11-21 09:00", "明天（周二）09:00"),
        ("2023-11-17 18:10", "2023-11-20 09:00", "11月20日（周一）09:00"),
        ("2024-02-09 18:10", "2024-02-18 09:00", "2月18日（周日）09:00"),
    ],
)
def test_a_moment_is_said_as_one_says_it(now: str, then: str, said: str) -> None:
    assert spoken(at(then), at(now)) == said


@pytest.mark.parametrize(("value", "seconds"), [(None, 180), ("5", 5), ("86400", 86400)])
def test_the_offer_comes_after_three_minutes_or_as_set(value: str | None, seconds: int) -> None:
    env = {} if value is None else {"BOT_HANDOFF_OFFER_SECONDS": value}
    assert offer_after(load(env)) == timedelta(seconds=seconds)


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "three", "86401", "３"])
def test_an_offer_time_that_is_no_number_of_seconds_is_named(value: str) -> None:
    with pytest.raises(SettingsError) as error:
        offer_after(load({"BOT_HANDOFF_OFFER_SECONDS": value}))
    assert "BOT_HANDOFF_OFFER_SECONDS" in str(error.value)
