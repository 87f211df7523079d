"""The worked cases: each name is a sentence about the regulation, each expectation was worked out by hand."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from policies import engine
from policies.clause import Notice
from policies.model import (
    Actor,
    Credit,
    Deadlines,
    Hours,
    Idle,
    Invalid,
    Judgement,
    Kind,
    Level,
    Person,
    Phase,
    Plan,
    Record,
    Sector,
    State,
    Subject,
    TitleStatus,
    Uncounted,
    YearStatus,
)
from policies.notice import Notices, load_notices

SECTORS = {"卫生": Sector.HEALTH, "会计": Sector.ACCOUNTING, "其他": Sector.OTHER}
SUBJECTS = {"公需": Subject.PUBLIC, "专业": Subject.PROFESSIONAL}
STATES = {"已审验": State.VERIFIED, "待审验": State.PENDING, "已退回": State.RETURNED}
KINDS = {"防疫": Kind.EPIDEMIC, "驻村": Kind.VILLAGE, "高技能": Kind.SKILLED}
LEVELS = {"高级": Level.SENIOR, "中级": Level.INTERMEDIATE}
WORDS = {
    **{kind: word for word, kind in KINDS.items()},
    **{sector: word for word, sector in SECTORS.items()},
    Uncounted.PENDING: "待审验",
    Uncounted.RETURNED: "已退回",
    Uncounted.EXCLUDED_FORM: "不计入的形式",
    Uncounted.FUTURE_YEAR: "年度未到",
    Invalid.NOT_HEALTH: "不是卫生行业",
    Invalid.NOT_STARTED: "尚未开始",
    Invalid.TOO_SHORT: "不满一年",
    Invalid.NO_LEVEL_DATE: "没有现职称取得日期",
    Invalid.TIED_OUTSIDE_WINDOW: "认定年度在窗口之外",
    Invalid.TIED_BEFORE_LEVEL: "认定年度早于现职称",
    Invalid.NO_SERVABLE_YEAR: "没有可抵的年份",
    Idle.YEAR_MET: "那年已达标",
    Idle.YEAR_SERVED: "那年已有视同",
    Idle.KIND_SPENT: "本类已用",
    Idle.TIED_FIRST: "先用有认定年度的",
    Idle.NOT_NEEDED: "用不上",
    Phase.BEFORE_SUBMIT: "提交前",
    Phase.BEFORE_VERIFY: "审验前",
    Phase.OVERDUE_OPEN: "逾期系统未关",
    Phase.CLOSED: "系统已关",
    Phase.NOT_LOADED: "未收录当年通知",
    Actor.PERSON: "本人",
    Actor.UNIT: "单位",
    Actor.NOBODY: "无",
    None: "无",
}
ALLOWED = {"案例", "今天", "行业", "现职称取得日期", "学时", "记录", "视同", "假设", "报数", "另有通知", "应当"}


def _cases() -> list[dict[str, Any]]:
    files = sorted((Path(__file__).parent / "cases").glob("*.yml"))
    return [case for file in files for case in yaml.safe_load(file.read_text(encoding="utf-8"))]


CASES = _cases()


@dataclass(frozen=True)
class Facts:
    notices: Notices
    today: date
    person: Person
    records: list[Record]
    credits: list[Credit]


def _records(case: dict[str, Any]) -> list[Record]:
    entries = [
        {"年度": year, "科目": subject, "学时": hours}
        for year, both in case.get("学时", {}).items()
        for subject, hours in zip(("公需", "专业"), both, strict=True)
    ]
    entries += [entry for entry in case.get("记录", []) for _ in range(entry.get("份数", 1))]
    return [
        Record(
            f"R{number:03}",
            entry["年度"],
            SUBJECTS[entry["科目"]],
            entry.get("形式", "网络课程"),
            entry.get("课程", ""),
            Decimal(str(entry["学时"])),
            STATES[entry.get("状态", "已审验")],
        )
        for number, entry in enumerate(entries)
    ]


def _facts(case: dict[str, Any], notices: Notices) -> Facts:
    assert set(case) <= ALLOWED, set(case) - ALLOWED
    credits = [Credit(KINDS[entry["类型"]], entry["开始"], entry.get("结束"), entry.get("认定年度")) for entry in case.get("视同", [])]
    person = Person(SECTORS[case.get("行业", "其他")], case.get("现职称取得日期"))
    return Facts(notices, case.get("今天", date(2023, 11, 20)), person, _records(case), credits)


def _sections(notice: Notice, clauses: tuple[str, ...]) -> list[str]:
    return list(dict.fromkeys(notice.clauses[clause].section for clause in clauses))


def _year(facts: Facts, status: YearStatus) -> dict[str, Any]:
    notice = facts.notices.for_year(status.notice_year)
    assert notice is not None
    deadlines = status.deadlines
    return {
        "公需已审验": status.verified.public,
        "专业已审验": status.verified.professional,
        "合计已审验": status.verified.total,
        "公需待审验": status.pending.public,
        "专业待审验": status.pending.professional,
        "公需缺": status.missing.public,
        "专业缺": status.missing.professional,
        "公需多出": status.surplus.public,
        "专业多出": status.surplus.professional,
        "达标": status.met,
        "视同": WORDS[status.credited_by],
        "完成": status.complete,
        "可补救": status.repairable,
        "本年通知": status.own_notice,
        "通知年度": status.notice_year,
        "行业": WORDS[status.sector],
        "不计": [WORDS[uncounted.reason] for uncounted in status.uncounted],
        "不计依据": _sections(notice, tuple(clause for uncounted in status.uncounted for clause in uncounted.clauses)),
        "无效视同": [WORDS[invalid.reason] for invalid in status.invalid_credits],
        "阶段": WORDS[deadlines.phase if deadlines else None],
        "下一步": WORDS[deadlines.actor if deadlines else None],
        "依据": _sections(notice, status.clauses),
    }


def _title(facts: Facts, status: TitleStatus) -> dict[str, Any]:
    return {
        "适用": status.covered,
        "免要求": status.exempt,
        "需要年数": status.required_years,
        "合格年数": status.qualified_years,
        "达标年份": list(status.met_years),
        "差几年": status.missing_years,
        "够": status.eligible,
        "视同年份": {used.year: WORDS[used.credit.kind] for used in status.used_credits},
        "无效视同": [WORDS[invalid.reason] for invalid in status.invalid_credits],
        "闲置视同": [WORDS[idle.reason] for idle in status.idle_credits],
        "最多可达": status.still_possible,
        "起算年": status.since_year,
        "窗口": [year.year for year in status.years],
        "通知年度": status.notice_year,
        "依据": _sections(facts.notices.in_force(facts.today.year), status.clauses),
    }


def _judgement(facts: Facts, judgement: Judgement) -> dict[str, Any]:
    said = {"够": judgement.enough, "公需缺": judgement.missing_public, "专业缺": judgement.missing_professional}
    known = {name: "不知" if value is None else value for name, value in said.items()}
    return {**known, "依据": _sections(facts.notices.in_force(facts.today.year), judgement.clauses)}


def _deadlines(facts: Facts, deadlines: Deadlines) -> dict[str, Any]:
    days = {"距提交": deadlines.days_to_submit, "距培训结束": deadlines.days_to_training, "距关闭": deadlines.days_to_system}
    return {
        "阶段": WORDS[deadlines.phase],
        "下一步": WORDS[deadlines.actor],
        **{name: "无" if count is None else count for name, count in days.items()},
        "依据": _sections(facts.notices.in_force(facts.today.year), deadlines.clauses),
    }


def _plan(plan: Plan) -> dict[str, Any]:
    said = {
        "截止": plan.until,
        "周数": plan.weeks,
        "公需每周": plan.public_per_week,
        "专业每周": plan.professional_per_week,
        "合计每周": plan.total_per_week,
    }
    shown = {name: "无" if value is None else value for name, value in said.items()}
    return {**shown, "公需缺": plan.missing.public, "专业缺": plan.missing.professional}


def _found(case: dict[str, Any], facts: Facts, part: str) -> dict[Any, Any]:
    """What the engine says about one part of the expectations, in the cases' own words."""
    known = (facts.notices, facts.person, facts.records, facts.credits)
    if part == "年度":
        return {year: _year(facts, engine.year_status(*known, year, facts.today)) for year in case["应当"]["年度"]}
    if part in LEVELS:
        return _title(facts, engine.title_status(*known, LEVELS[part], facts.today))
    if part == "假设":
        asked = case["假设"]
        extra = Hours(Decimal(str(asked["公需"])), Decimal(str(asked["专业"])))
        return _year(facts, engine.what_if(*known, extra, asked["年度"], facts.today))
    if part == "报数":
        public, professional = (Decimal(str(said)) if said is not None else None for said in map(case["报数"].get, ("公需", "专业")))
        return _judgement(facts, engine.judge(facts.notices.in_force(facts.today.year), public, professional))
    if part == "计划":
        return _plan(engine.plan(engine.year_status(*known, facts.today.year, facts.today), facts.today))
    assert part == "期限", part
    return _deadlines(facts, engine.deadlines(facts.notices, facts.today))


def _plain(expected: Any) -> Any:
    return Decimal(str(expected)) if isinstance(expected, float) else expected


@pytest.mark.parametrize("case", CASES, ids=[case["案例"] for case in CASES])
def test_worked_case(case: dict[str, Any], notices: Notices, tmp_path: Path, notice_file: Callable[..., Path]) -> None:
    if case.get("另有通知"):
        for other in case["另有通知"]:
            notice_file(other["年度"], other["替换"])
        notices = Notices([*notices.all, *load_notices(tmp_path).all])
    facts = _facts(case, notices)
    assert case["应当"]
    for part, expected in case["应当"].items():
        assert expected
        found = _found(case, facts, part)
        for name, value in expected.items():
            if part == "年度":
                assert value
                assert {key: found[name][key] for key in value} == {key: _plain(one) for key, one in value.items()}
            else:
                assert found[name] == _plain(value), (part, name)


def test_there_are_at_least_sixty_cases_and_each_has_its_own_name() -> None:
    names = [case["案例"] for case in CASES]
    assert len(names) >= 60
    assert len(set(names)) == len(names)


def test_the_cases_show_every_reason_and_every_phase_a_notice_can_lead_to() -> None:
    expected = yaml.safe_dump([case["应当"] for case in CASES], allow_unicode=True)
    reasons = [*Uncounted, *Invalid, *Idle, *(phase for phase in Phase if phase is not Phase.CLOSED)]
    assert [WORDS[reason] for reason in reasons if WORDS[reason] not in expected] == []
