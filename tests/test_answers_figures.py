"""A record in words says the engine's own figures and no others, and its verdict stands in the first line."""

import re
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bot.answers import hours
from bot.judging import judged
from bot.nlu.entities import Amount
from bot.nlu.turn import Turn
from policies.engine import plan, title_status, what_if, year_status
from policies.model import Hours, Level, Person, Record, Sector, State, Subject, TitleStatus, YearStatus
from tests.test_answers_records import FACTS, NOTICES, PREPARED, TODAYS, YEARS, Facts, said, served

BAR = re.compile(r"^([▓░]{10}) ([\d.]+)/([\d.]+)$", re.M)
OF_HOURS = re.compile(r"([\d.]+)学时")
often = settings(max_examples=30, deadline=None)
TENTHS = st.integers(0, 4000).map(lambda tenths: Decimal(tenths) / 10)
EXTRA = st.builds(Hours, TENTHS, TENTHS)
TODAY = date(2023, 11, 20)
NOBODY: Facts = (Person(Sector.OTHER, None), [], [])


def shown(*figures: Hours | Decimal | None) -> set[str]:
    """Every way these figures may be shown."""
    found: set[str] = set()
    for figure in figures:
        if isinstance(figure, Hours):
            found |= {hours(figure.public), hours(figure.professional), hours(figure.total)}
        elif figure is not None:
            found.add(hours(figure))
    return found


def of_year(status: YearStatus) -> set[str]:
    records = [uncounted.record.hours for uncounted in status.uncounted]
    return shown(status.verified, status.pending, status.missing, status.required, status.surplus, *records)


def first_line(text: str) -> str:
    return text.splitlines()[0]


@often
@given(FACTS, TODAYS, YEARS, st.sampled_from([None, "public", "professional"]))
def test_a_years_verdict_is_in_the_first_line(facts: Facts, today: date, year: int, subject: str | None) -> None:
    status = year_status(NOTICES, *facts, min(year, today.year), today)
    verdict = first_line(said("year", today, s=status, subject=subject))
    assert verdict.startswith(f"{status.year}年度")
    if status.credited_by:
        assert "视同完成" in verdict
    elif status.met:
        assert "完成" in verdict or "达标" in verdict
    elif subject:
        gap = getattr(status.missing, subject)
        assert (f"还差{hours(gap)}学时" if gap else "已达标") in verdict
    else:
        gaps = [gap for gap in (status.missing.public, status.missing.professional) if gap]
        assert re.findall(r"还差([\d.]+)学时", verdict) == [hours(gap) for gap in gaps]


@often
@given(FACTS, TODAYS, YEARS)
def test_a_year_shows_the_engines_figures_only_and_a_full_bar_only_for_a_subject_that_is_met(facts: Facts, today: date, year: int) -> None:
    status = year_status(NOTICES, *facts, min(year, today.year), today)
    text = said("year", today, s=status, subject=None)
    assert set(OF_HOURS.findall(text)) <= of_year(status)
    bars = BAR.findall(text)
    have = [(status.verified.public, status.required.public), (status.verified.professional, status.required.professional)]
    assert [(value, need) for _, value, need in bars] == ([] if status.credited_by else [(hours(v), hours(n)) for v, n in have])
    for (cells, _, _), (value, need) in zip(bars, have, strict=False):
        assert ("░" not in cells) == (value >= need)


@often
@given(FACTS, TODAYS, st.sampled_from(Level))
def test_a_titles_verdict_is_in_the_first_line_with_its_years(facts: Facts, today: date, level: Level) -> None:
    status = title_status(NOTICES, *facts, level, today)
    verdict = first_line(said("title", today, s=status, served=served(status), why=False))
    if status.exempt:
        assert "可不作要求" in verdict
    elif status.eligible:
        assert f"要求{status.required_years}年，您有{status.qualified_years}个合格年度" in verdict
        assert "已满足" in verdict
    else:
        assert f"还差{status.missing_years}年，要求{status.required_years}年，您有{status.qualified_years}个合格年度" in verdict


@often
@given(FACTS, TODAYS, st.sampled_from(Level))
def test_a_title_shows_each_year_with_the_engines_figures_and_what_can_still_be_reached(facts: Facts, today: date, level: Level) -> None:
    status = title_status(NOTICES, *facts, level, today)
    text = said("title", today, s=status, served=served(status), why=False)
    lines = {int(line[:4]): line for line in text.splitlines() if re.match(r"\d{4}年：", line)}
    assert list(lines) == [year.year for year in status.years]
    for year in status.years:
        line = lines[year.year]
        assert line.startswith(f"{year.year}年：公需{hours(year.verified.public)}、专业{hours(year.verified.professional)}，")
        assert set(OF_HOURS.findall(line)) <= of_year(year)
        assert ("，达标" in line) == year.met
    assert reachable(status) in text


def reachable(status: TitleStatus) -> str:
    if status.exempt or status.eligible:
        return ""
    if status.still_possible >= status.required_years:
        return f"就够{status.required_years}年"
    if status.still_possible > status.qualified_years:
        return f"今年补齐后有{status.still_possible}个合格年度，仍然不够"
    return "往年没有达标的不能再补"


@often
@given(FACTS, TODAYS, EXTRA)
def test_a_what_if_tells_the_figures_after_and_before(facts: Facts, today: date, extra: Hours) -> None:
    assume(extra.total > 0)
    before = year_status(NOTICES, *facts, today.year, today)
    after = what_if(NOTICES, *facts, extra, today.year, today)
    text = said("what_if", today, before=before, after=after, extra=extra)
    assert set(OF_HOURS.findall(text)) <= of_year(before) | of_year(after) | shown(extra)
    assert ("还不够" in first_line(text)) == (not after.complete)
    if before.credited_by:
        assert "视同完成" in first_line(text)
        assert "还差" not in text
    elif not after.complete:
        gaps = [gap for gap in (after.missing.public, after.missing.professional) if gap]
        assert re.findall(r"还差([\d.]+)学时", first_line(text)) == [hours(gap) for gap in gaps]


@often
@given(FACTS, TODAYS)
def test_a_plan_tells_the_engines_hours_a_week(facts: Facts, today: date) -> None:
    status = year_status(NOTICES, *facts, today.year, today)
    weekly = plan(status, today)
    text = said("plan", today, s=status, plan=weekly)
    per_week = shown(weekly.total_per_week, weekly.public_per_week, weekly.professional_per_week)
    assert set(OF_HOURS.findall(text)) <= of_year(status) | per_week
    if weekly.total_per_week is not None and not status.complete:
        assert f"平均每周要学{hours(weekly.total_per_week)}学时" in text


@pytest.mark.parametrize("sector", list(Sector))
@given(FACTS, TODAYS)
@settings(max_examples=25, deadline=None)
def test_only_health_and_accounting_staff_are_told_that_hours_may_lie_elsewhere(sector: Sector, facts: Facts, today: date) -> None:
    person = type(facts[0])(sector, facts[0].level_since)
    year = year_status(NOTICES, person, *facts[1:], today.year, today)
    title = title_status(NOTICES, person, *facts[1:], Level.SENIOR, today)
    texts = [
        said("year", today, s=year, subject=None),
        said("pending", today, s=year),
        said("plan", today, s=year, plan=plan(year, today)),
        said("title", today, s=title, served=served(title), why=False),
        said("met_years", today, s=title, served=served(title)),
        said("credit", today, s=title, clauses=("epidemic",)),
        said("uncounted", today, records=[], year=None, sector=sector, clauses=("excluded",)),
    ]
    word = {Sector.HEALTH: "卫生专业技术人员", Sector.ACCOUNTING: "会计专业技术人员", Sector.OTHER: None}[sector]
    for text in texts:
        assert ("可能有学时不在本库" in text) == (word is not None)
        assert word is None or word in text


@given(FACTS, TODAYS)
@often
def test_an_open_year_is_told_what_still_stands_before_each_deadline_and_after_it(facts: Facts, today: date) -> None:
    status = year_status(NOTICES, *facts, today.year, today)
    assume(not status.complete and today.year == 2023)
    text = said("year", today, s=status, subject=None)
    if today <= date(2023, 12, 10):
        days = (date(2023, 12, 10) - today).days
        expected = f"请在12月10日前向所在单位提交学时申请（还有{days}天）；学习到12月20日结束（还有{days + 10}天）"
    elif today <= date(2023, 12, 20):
        expected = f"12月10日的提交期限已过，请马上联系所在单位；学习和逐级审验到12月20日为止（还有{(date(2023, 12, 20) - today).days}天）"
    else:
        expected = f"12月20日的期限已过，系统开到12月31日24时（还有{(date(2023, 12, 31) - today).days}天）"
    assert expected in text
    assert ("怎么补上" in text) == (today <= date(2023, 12, 20))


def test_a_subject_that_is_met_in_an_open_year_is_told_so_first() -> None:
    met = Record("R", 2023, Subject.PUBLIC, "网络课程", "课", Decimal(45), State.VERIFIED)
    status = year_status(NOTICES, NOBODY[0], [met], [], 2023, TODAY)
    assert first_line(said("year", TODAY, s=status, subject="public")) == "2023年度公需科目已审验45学时，已达标。"
    assert first_line(said("year", TODAY, s=status, subject="professional")) == "2023年度专业科目已审验0学时，还差90学时。"


def test_pending_hours_are_told_apart_by_subject_beside_the_verified_ones() -> None:
    rows = [
        (Subject.PUBLIC, "9", State.PENDING),
        (Subject.PROFESSIONAL, "12.5", State.PENDING),
        (Subject.PROFESSIONAL, "70", State.VERIFIED),
    ]
    records = [Record("R", 2023, subject, "网络课程", "课", Decimal(value), state) for subject, value, state in rows]
    text = said("pending", TODAY, s=year_status(NOTICES, NOBODY[0], records, [], 2023, TODAY))
    assert first_line(text) == (
        "2023年度有21.5学时待审验：公需科目9学时，专业科目12.5学时。审验通过后才计入，现在已审验的是公需0、专业70学时。"
    )


def test_the_years_met_are_listed_with_their_verified_hours() -> None:
    rows = [(2021, Subject.PUBLIC, "45"), (2021, Subject.PROFESSIONAL, "90.5"), (2022, Subject.PUBLIC, "50")]
    records = [Record("R", year, subject, "网络课程", "课", Decimal(value), State.VERIFIED) for year, subject, value in rows]
    status = title_status(NOTICES, NOBODY[0], records, [], Level.INTERMEDIATE, TODAY)
    lines = said("met_years", TODAY, s=status, served={}).splitlines()
    assert lines[0] == "按学时达标的年度：2021年，共1个。"
    assert "2021年：公需45、专业90.5，达标" in lines
    assert "2022年：公需50、专业0，未达标（专业科目还差90学时）" in lines
    assert "2023年：公需0、专业0，未达标（公需科目还差45学时，专业科目还差90学时），今年还能补" in lines


def test_the_last_hour_of_the_last_day_is_still_open() -> None:
    status = year_status(NOTICES, *NOBODY, 2023, date(2023, 12, 31))
    assert "系统开到12月31日24时（还有0天）" in said("year", date(2023, 12, 31), s=status, subject=None)


@pytest.mark.parametrize(
    ("amounts", "subject", "said_first"),
    [
        ([("public", "45"), ("professional", "90")], None, "够了：公需45、专业90"),
        ([("public", "44.9"), ("professional", "90")], None, "不够"),
        ([("public", "60"), ("professional", "75")], None, "不够"),
        ([("public", "44.9")], None, "不够"),
        ([("public", "45")], None, "公需45学时，已达标（要求45）。"),
        ([(None, "60")], "professional", "不够"),
        ([(None, "135")], None, "合计135学时还不能判断"),
        ([("total", "100")], None, "不够：合计100学时，一年合计不少于135学时，还差35学时；"),
    ],
)
def test_numbers_are_judged_in_the_first_line(amounts: list[tuple[str | None, str]], subject: str | None, said_first: str) -> None:
    turn = Turn("judge_numbers", subject=subject, amounts=tuple(Amount(of, Decimal(value)) for of, value in amounts))
    assert first_line(judged(PREPARED, NOTICES, TODAY, turn).text).startswith(said_first)


@often
@given(st.none() | TENTHS, st.none() | TENTHS)
def test_judged_numbers_show_each_gap_exactly(public: Decimal | None, professional: Decimal | None) -> None:
    named = [Amount(of, value) for of, value in (("public", public), ("professional", professional)) if value is not None]
    assume(named)
    text = judged(PREPARED, NOTICES, TODAY, Turn("judge_numbers", amounts=tuple(named))).text
    assert ("不够" in first_line(text)) == any(value < need for need, value in ((45, public), (90, professional)) if value is not None)
    gaps = [need - value for need, value in ((45, public), (90, professional)) if value is not None and value < need]
    assert re.findall(r"还差([\d.]+)学时", text) == [hours(gap) for gap in gaps]
    assert text.startswith("够了") == (len(named) == 2 and not gaps)
    assert text.splitlines()[-1].startswith("依据：")
