"""The notice as data: it says what the source says, shows itself as answers need it, is cited by section."""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from policies.notice import Notices, load_notices

SHIPPED = Path(__file__).parents[2] / "policies" / "notices"


def bare(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("file", sorted(SHIPPED.glob("*.yml")), ids=lambda file: file.stem)
def test_the_clauses_together_are_the_whole_source_text(file: Path) -> None:
    notice = load_notices().for_year(int(file.stem))
    assert notice is not None
    lines = (SHIPPED / notice.source).read_text(encoding="utf-8").splitlines()
    headings = [line for line in lines if line.startswith("#")]
    body = "".join(line for line in lines if not line.startswith("#"))
    assert bare(headings[0].lstrip("#")) == bare(notice.title)
    assert all(re.match(r"[一二三四五六七八九十]+、", heading.lstrip("# ")) for heading in headings[1:])
    assert bare("".join(clause.text for clause in notice.clauses.values())) == bare(body)


@pytest.mark.parametrize("file", sorted(SHIPPED.glob("*.yml")), ids=lambda file: file.stem)
def test_every_value_is_said_by_its_own_clause(file: Path) -> None:
    """The same as the loader's rule, found another way: by the display form, which is what people will read."""
    notice = load_notices().for_year(int(file.stem))
    assert notice is not None
    checked = 0
    for clause in notice.clauses.values():
        for value in clause.values:
            if value.key == "document.title":
                assert value.display == notice.title
            elif value.counts is not None:
                assert value.display == str(len(notice.names(value.counts)))
            else:
                items = value.content if value.kind in ("list", "phones") else (value.display,)
                assert [item for item in items if bare(item) not in bare(clause.text)] == [], value.key
            checked += 1
    assert checked == len(notice.values())


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("hours.public", "45"),
        ("hours.professional", "90"),
        ("hours.total", "135"),
        ("title.senior.years", "4"),
        ("title.since", "2019"),
        ("deadline.submit", "12月10日"),
        ("deadline.filing", "7月中旬前"),
        ("document.issued", "2023年6月8日"),
        ("credit.village.years", "一"),
        ("credit.epidemic.years", "一"),
        ("content.parts", "两"),
        ("scope.sectors", "卫生、会计"),
        ("scope.sectors.authority", "省级行业主管部门"),
        ("phone.policy", "0971-8258157"),
        ("phone.tech", "18970996140、15979952660、15500597407"),
        ("forms.professional.count", "10"),
        ("system.personal", "继续教育个人端"),
    ],
)
def test_values_are_shown_as_answers_need_them(notices: Notices, key: str, shown: str) -> None:
    notice = notices.in_force(2023)
    assert notice.display(key) == shown
    assert notice.values()[key] == shown


def test_values_are_plain_numbers_days_and_names(notices: Notices) -> None:
    notice = notices.in_force(2023)
    assert notice.value("hours.public") == notice.number("hours.public") == 45
    assert notice.value("deadline.submit") == notice.day("deadline.submit") == date(2023, 12, 10)
    assert notice.value("deadline.filing") == (date(2023, 7, 11), date(2023, 7, 20))
    assert notice.value("scope.sectors") == notice.names("scope.sectors") == ("卫生", "会计")
    assert notice.number("credit.village.years") == 1
    assert notice.aliases("system.personal") == ("个人端", "申报端", "继续教育管理系统申报端")
    assert notice.show_day(date(2023, 1, 5)) == "1月5日"


def test_asking_a_value_for_another_kind_than_its_own_fails(notices: Notices) -> None:
    with pytest.raises(TypeError, match=r"deadline\.submit is a date, not a int"):
        notices.all[0].number("deadline.submit")


def test_an_unknown_key_or_clause_is_no_empty_text(notices: Notices) -> None:
    notice = notices.all[0]
    with pytest.raises(KeyError):
        notice.display("hours.nothing")
    with pytest.raises(KeyError):
        notice.cite(["nothing"])
    with pytest.raises(ValueError, match="at least one clause"):
        notice.cite([])


def test_a_citation_names_the_notice_and_each_section_once(notices: Notices) -> None:
    notice = notices.all[0]
    assert notice.cite(["hours"]) == "依据：《关于做好2023年专业技术人员继续教育培训工作的通知》第二部分第（二）项"
    assert notice.cite(["verification", "title", "submission"]) == f"依据：《{notice.title}》第五部分第（三）项、第六部分第（四）项"


def test_a_quotation_is_the_section_and_the_text_to_the_letter(notices: Notices) -> None:
    assert notices.all[0].quote("content") == "第二部分第（一）项：（一）培训内容包括公需科目和专业科目两部分。"


def test_the_sources_of_values_are_their_clauses_each_once(notices: Notices) -> None:
    assert notices.all[0].sources("hours.public", "hours.professional", "title.since") == ("hours", "title")


def test_several_notices_stand_side_by_side(tmp_path: Path, notice_file: Callable[..., Path]) -> None:
    for year in (2025, 2021, 2023):
        notice_file(year)
    loaded = load_notices(tmp_path)
    assert [notice.year for notice in loaded.all] == [2021, 2023, 2025]
    found = loaded.for_year(2023)
    assert found is not None
    assert found.title == "关于做好2023年专业技术人员继续教育培训工作的通知"
    assert loaded.for_year(2022) is None
    assert [loaded.in_force(year).year for year in (2019, 2021, 2022, 2023, 2024, 2025, 2030)] == [2021, 2021, 2021, 2023, 2023, 2025, 2025]
