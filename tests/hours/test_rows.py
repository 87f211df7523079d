"""What each cell of an import file may hold."""

import pytest

from bot.hours.documents import mask
from bot.hours.rows import Parsed, parse
from bot.hours.sheet import Line
from bot.hours.vocabulary import headings
from tests.hours.conftest import ANN, CREDITS, HEADINGS, HOURS, PEOPLE


def parsed(kind: str, place: int, value: str) -> Parsed:
    """The first good row of the kind with one cell replaced."""
    row = list({"people": PEOPLE, "hours": HOURS, "credits": CREDITS}[kind][0])
    row[place] = value
    return parse(kind, Line(2, dict(zip(headings(kind), row, strict=True))))


@pytest.mark.parametrize(
    ("kind", "place", "value", "word"),
    [
        ("people", 0, "630102199003078813", "校验码"),
        ("people", 0, "630102199013078812", "出生日期"),
        ("people", 0, "63010219900307881", "18 位"),
        ("people", 0, "6301021990030788I2", "只能是数字"),
        ("people", 0, "6.30102E+17", "科学计数法"),
        ("people", 1, "", "必填"),
        ("people", 5, "高级", "正高级、副高级"),
        ("people", 5, "特级", "中级"),
        ("people", 6, "2016-13-01", "日期"),
        ("people", 6, "2016-10/1", "日期"),
        ("hours", 2, "23", "年份"),
        ("hours", 4, "看电视", "网络课程类"),
        ("hours", 6, "0", "大于 0"),
        ("hours", 6, "400.1", "不超过 400"),
        ("hours", 6, "1.25", "一位小数"),
        ("hours", 6, "0.05", "至少 0.1"),
        ("hours", 6, "-1", "大于 0"),
        ("hours", 6, "-0.5", "大于 0"),
        ("hours", 6, "1e-9", "大于 0"),
        ("hours", 6, "1E+300", "不超过 400"),
        ("hours", 6, "1" * 12, "不超过 400"),
        ("hours", 6, "1e2", "数字"),
        ("hours", 6, "--1", "数字"),
        ("hours", 6, "三", "数字"),
        ("hours", 7, "审验中", "待审验"),
        ("hours", 5, "长" * 300, "太长"),
        ("credits", 1, "支教", "驻村"),
        ("credits", 2, "", "必填"),
        ("credits", 3, "2020-05-31", "早于"),
        ("credits", 4, "去年", "年份"),
    ],
)
def test_a_wrong_cell_is_named_with_its_reason(kind: str, place: int, value: str, word: str) -> None:
    [fault] = parsed(kind, place, value).faults
    assert fault.column == HEADINGS[kind][place]
    assert word in fault.reason


@pytest.mark.parametrize(
    "number", ["军字第2001988号", "E12345678", "H0123456789", "810000199001011234", "'" + ANN, ANN[:6] + " " + ANN[6:]]
)
def test_other_documents_and_odd_spellings_are_taken(number: str) -> None:
    assert parsed("people", 0, number).faults == []


@pytest.mark.parametrize(
    "value", ["2016-10-01", "2016/10/1", "2016年10月1日", "2016 年 10 月 1 日", "2016　年10 月　1日", "２０１６－１０－０１"]
)
def test_dates_are_read_in_each_shape(value: str) -> None:
    assert parsed("people", 6, value).values["level_since"] == "2016-10-01"


@pytest.mark.parametrize("value", ["2023", "2023年", "2023 年"])
def test_years_are_read_in_each_shape(value: str) -> None:
    assert parsed("hours", 2, value).values["year"] == 2023


@pytest.mark.parametrize(
    "form", ["网络课程", "网络课程类", "学术论文", "学术论文类", "技能大赛", "考前辅导", "岗前培训", "法宣在线", "其他"]
)
def test_forms_stand_with_and_without_their_ending(form: str) -> None:
    assert parsed("hours", 4, form).values["form"] == form


@pytest.mark.parametrize(("value", "tenths"), [("400", 4000), ("0.1", 1), ("12.50", 125), ("１２．５", 125)])
def test_hours_at_the_limits_are_taken(value: str, tenths: int) -> None:
    assert parsed("hours", 6, value).values["hours"] == tenths


@pytest.mark.parametrize(
    ("number", "shown"), [("63010219900307101X", "6301**********101X"), ("E12345678", "E1*****78"), ("军12345", "军****5"), ("", "")]
)
def test_identity_numbers_are_masked(number: str, shown: str) -> None:
    assert mask(number) == shown
