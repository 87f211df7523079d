"""Every engine result in words, for anybody's record."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.answers import Answers, hours
from policies.engine import plan, title_status, what_if, year_status
from policies.model import Credit, Hours, Kind, Level, Person, Record, Sector, State, Subject, TitleStatus
from policies.notice import load_notices

NOTICES = load_notices()
PREPARED = Answers.from_files(NOTICES)
CITATION = "依据：《关于做好2023年专业技术人员继续教育培训工作的通知》第"
LEFT_OPEN = re.compile(r"None|\{\{|\}\}|\{%|%\}|Kind\.|Decimal|Subject\.|State\.")

# Anybody's record on any day that matters: before each deadline, after it, and in a year without a notice.
TODAYS = st.one_of(
    st.dates(date(2023, 11, 20), date(2023, 12, 10)),
    st.dates(date(2023, 12, 11), date(2023, 12, 20)),
    st.dates(date(2023, 12, 21), date(2023, 12, 31)),
    st.dates(date(2025, 1, 1), date(2025, 12, 31)),
)
YEARS = st.integers(2018, 2026)
RECORDS = st.builds(
    Record,
    record_id=st.just("R"),
    year=YEARS,
    subject=st.sampled_from(Subject),
    form=st.sampled_from(["网络课程", "考前辅导", "岗前培训", "法宣在线", "其他"]),
    title=st.just("课"),
    hours=st.sampled_from([Decimal(h) for h in ("0.1", "44.9", "45", "90", "400")]),
    state=st.sampled_from([State.VERIFIED, State.VERIFIED, State.PENDING, State.RETURNED]),
)


@st.composite
def credits_(draw: st.DrawFn) -> Credit:
    start = draw(st.dates(date(2018, 1, 1), date(2025, 12, 31)))
    stint = draw(st.sampled_from([None, 0, 363, 366, 800]))
    end = None if stint is None else start + timedelta(days=stint)
    return Credit(draw(st.sampled_from(Kind)), start, end, draw(st.one_of(st.none(), YEARS)))


PEOPLE = st.builds(Person, st.sampled_from(Sector), st.sampled_from([None, date(2016, 10, 1), date(2022, 6, 1)]))
FACTS = st.tuples(PEOPLE, st.lists(RECORDS, max_size=14), st.lists(credits_(), max_size=4))
Facts = tuple[Person, list[Record], list[Credit]]
anybody = settings(max_examples=30, deadline=None)


def served(status: TitleStatus) -> Mapping[int, str]:
    return {used.year: used.credit.kind.value for used in status.used_credits if used.credit.kind is not Kind.SKILLED}


def said(template: str, today: date, **facts: object) -> str:
    """The words of a template, complete and with a citation."""
    text = PREPARED.report(template, today, **facts).text
    assert LEFT_OPEN.findall(text) == []
    assert CITATION in text.splitlines()[-1]
    assert "buttons" not in text
    assert "还差0学时" not in text
    return text


@anybody
@given(FACTS, TODAYS, YEARS, st.sampled_from([None, "public", "professional"]))
def test_a_year_in_words_is_complete_and_cites(facts: Facts, today: date, year: int, subject: str | None) -> None:
    status = year_status(NOTICES, *facts, min(year, today.year), today)
    text = said("year", today, s=status, subject=subject)
    if status.credited_by:
        assert "视同完成" in text
        assert "还差" not in text
        assert "不能再补" not in text
    elif not status.complete:
        assert "还差" in text
        assert ("不能再补" in text) == (status.year < today.year)
    else:
        assert "还差" not in text


@anybody
@given(FACTS, TODAYS, st.sampled_from(Level))
def test_a_title_in_words_is_complete_and_tells_no_exempt_person_of_missing_years(facts: Facts, today: date, level: Level) -> None:
    status = title_status(NOTICES, *facts, level, today)
    text = said("title", today, s=status, served=served(status), why=False)
    if status.exempt:
        assert "可不作要求" in text
        assert "还差" not in text
        assert "不能再补" not in text
    else:
        assert (f"还差{status.missing_years}年" in text) == (status.missing_years > 0)
    for year in served(status):
        line = next(line for line in text.splitlines() if line.startswith(f"{year}年："))
        assert "视同完成" in line
        assert "还差" not in line


@anybody
@given(FACTS, TODAYS, st.sampled_from(Level))
def test_the_years_met_in_words_name_each_year_of_the_window_once(facts: Facts, today: date, level: Level) -> None:
    status = title_status(NOTICES, *facts, level, today)
    lines = said("met_years", today, s=status, served=served(status)).splitlines()
    told = [line for line in lines if re.match(r"\d{4}年：", line)]
    assert [int(line[:4]) for line in told] == list(range(2019, today.year + 1))
    for line in told:
        year = int(line[:4])
        word = "视同完成" if year in served(status) else "，达标" if year in status.met_years else "未达标（"
        assert word in line
        assert ("还差" in line) == (word == "未达标（")


@anybody
@given(FACTS, TODAYS)
def test_credits_in_words_name_each_year_they_serve(facts: Facts, today: date) -> None:
    status = title_status(NOTICES, *facts, Level.SENIOR, today)
    text = said("credit", today, s=status, clauses=("epidemic", "skilled", "village"))
    assert [year for year in served(status) if f"视同完成{year}年度" not in text] == []
    assert ("可不作要求" in text) == status.exempt
    assert ("没有您的防疫" in text) == (not facts[2])


@anybody
@given(FACTS, TODAYS)
def test_pending_hours_in_words_tell_their_sum(facts: Facts, today: date) -> None:
    status = year_status(NOTICES, *facts, today.year, today)
    text = said("pending", today, s=status)
    told = f"{today.year}年度有{hours(status.pending.total)}学时待审验" if status.pending.total else f"{today.year}年度没有待审验的学时"
    assert text.startswith(told)


@anybody
@given(FACTS, TODAYS)
def test_uncounted_records_in_words_are_listed_or_counted(facts: Facts, today: date) -> None:
    status = title_status(NOTICES, *facts, Level.SENIOR, today)
    records = [u for year in status.years for u in year.uncounted]
    text = said("uncounted", today, records=records, year=None, sector=status.sector, clauses=("excluded", "submission"))
    assert text.count("· ") == min(8, len(records))
    assert (f"共{len(records)}条" in text) == (len(records) > 8)


@anybody
@given(FACTS, TODAYS)
def test_a_plan_in_words_asks_a_finished_year_for_nothing(facts: Facts, today: date) -> None:
    status = year_status(NOTICES, *facts, today.year, today)
    text = said("plan", today, s=status, plan=plan(status, today))
    assert ("不用再安排学习" in text) == status.complete
    assert ("还差" in text) != status.complete
    assert ("平均每周要学" in text) == (not status.complete and today <= date(2023, 12, 20))


@anybody
@given(FACTS, TODAYS)
def test_a_what_if_in_words_promises_a_finished_year_nothing(facts: Facts, today: date) -> None:
    extra = Hours(Decimal(30), Decimal("60.5"))
    before = year_status(NOTICES, *facts, today.year, today)
    after = what_if(NOTICES, *facts, extra, today.year, today)
    text = said("what_if", today, before=before, after=after, extra=extra)
    assert "再通过审验公需30学时、专业60.5学时" in text
    assert ("视同完成" in text) == (before.credited_by is not None)
    assert ("就达标" in text) == (after.complete and not before.complete)
    assert ("还差" in text) == (not after.complete)


@anybody
@given(FACTS, st.dates(date(2025, 1, 1), date(2025, 12, 31)))
def test_in_a_year_without_a_notice_no_date_of_the_old_one_is_promised(facts: Facts, today: date) -> None:
    status = year_status(NOTICES, *facts, today.year, today)
    for text in (said("year", today, s=status, subject=None), said("plan", today, s=status, plan=plan(status, today))):
        assert re.findall(r"12月|7月|还有\d+天", text) == []
        assert status.complete or "2025年的通知我还没有收录" in text
