"""A person's own record in words: the sample people on 2023-11-20, each figure worked out by hand from the sample files."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from bot.nlu.entities import Amount
from bot.nlu.turn import Turn
from tests.actions.conftest import DONE, EPIDEMIC, EXEMPT, GAPS, HIGH, LEFT_OUT, VILLAGE, WAITING, Reply

AskAs = Callable[..., Reply]
TO_COME = "2024年还没有到，查不到学时。您可以问今年或往年的学时。"


def amounts(**named: str) -> tuple[Amount, ...]:
    return tuple(Amount(None if subject == "bare" else subject, Decimal(hours)) for subject, hours in named.items())


def test_this_year_tells_both_gaps_pending_hours_and_the_day_to_submit(ask_as: AskAs) -> None:
    reply = ask_as(GAPS, Turn("my_year"))
    assert reply.text.startswith("2023年度还没有完成：公需科目还差12.5学时，专业科目还差32学时。")
    assert "已审验32.5学时，还差12.5学时（要求45），另有待审验9学时" in reply.text
    assert "合计：已审验90.5学时（要求135），待审验21学时" in reply.text
    assert "12月10日前向所在单位提交学时申请（还有20天）" in reply.text
    assert "第二部分第（二）项" in reply.text
    assert reply.slots == {"bound": True}


def test_a_finished_year_tells_no_gap_and_that_the_surplus_is_lost(ask_as: AskAs) -> None:
    text = ask_as(DONE, Turn("my_year")).text
    assert text.startswith("2023年度学时已全部完成")
    assert "还差" not in text
    assert "超出的学时（公需3、专业6）不能结转到下一年" in text


@pytest.mark.parametrize(
    ("subject", "told"), [("public", "公需科目已审验32.5学时，还差12.5学时"), ("professional", "专业科目已审验58学时，还差32学时")]
)
def test_the_subject_named_comes_first(ask_as: AskAs, subject: str, told: str) -> None:
    assert ask_as(GAPS, Turn("my_year", subject=subject)).text.startswith(f"2023年度{told}。")


def test_a_past_year_that_failed_cannot_be_made_good_and_names_the_notice_it_was_held_against(ask_as: AskAs) -> None:
    text = ask_as(GAPS, Turn("my_year", years=(2021,))).text
    assert text.startswith("2021年度未达标：专业科目还差25.5学时。")
    assert "这一年已经不能再补" in text
    assert "2021年没有单独收录通知，按2023年通知的公需45、专业90核对" in text
    assert "12月10日" not in text


def test_several_years_are_told_one_after_the_other_and_at_most_three(ask_as: AskAs) -> None:
    text = ask_as(GAPS, Turn("my_year", years=(2019, 2020, 2021, 2022))).text
    assert [year for year in (2019, 2020, 2021, 2022) if f"{year}年度" in text] == [2019, 2020, 2021]


def test_a_year_served_by_a_credit_has_no_gap(ask_as: AskAs) -> None:
    text = ask_as(EPIDEMIC, Turn("my_year", years=(2021,))).text
    assert text.startswith("2021年度按防疫经历视同完成继续教育，没有缺口。")
    assert "还差" not in text
    assert "第六部分第（一）项" in text


@pytest.mark.parametrize("intent", ["my_year", "my_pending", "my_uncounted", "my_why_failed"])
def test_a_year_to_come_has_no_figures(ask_as: AskAs, intent: str) -> None:
    assert ask_as(GAPS, Turn(intent, years=(2024,))).text == TO_COME


def test_pending_hours_are_told_record_by_record(ask_as: AskAs) -> None:
    text = ask_as(GAPS, Turn("my_pending")).text
    assert text.startswith("2023年度有21学时待审验：公需科目9学时，专业科目12学时。")
    assert "《民族团结进步》网络课程 9学时：待审验" in text
    assert "《校本教研讲座》专题授课 12学时：待审验" in text


def test_a_returned_record_is_told_beside_the_pending_ones(ask_as: AskAs) -> None:
    text = ask_as(HIGH, Turn("my_pending")).text
    assert text.startswith("2023年度没有待审验的学时")
    assert "《监测方法改进》创新成果 40学时：已被退回，请补正后重新提交" in text


def test_uncounted_records_come_with_their_reason_and_its_clause(ask_as: AskAs) -> None:
    text = ask_as(LEFT_OUT, Turn("my_uncounted")).text
    assert "《职称考试冲刺班》考前辅导 24学时：属于不作学时登记的培训" in text
    assert "《新进人员培训》岗前培训 16学时：属于不作学时登记的培训" in text
    assert "第六部分第（五）项" in text


def test_each_uncounted_record_keeps_its_own_reason(ask_as: AskAs) -> None:
    text = ask_as(HIGH, Turn("my_uncounted", years=(2023,))).text
    assert "《法治学习》法宣在线 20学时：属于不作学时登记的培训" in text
    assert "《监测方法改进》创新成果 40学时：已被退回" in text


def test_nothing_uncounted_is_said_plainly(ask_as: AskAs) -> None:
    assert ask_as(DONE, Turn("my_uncounted")).text.startswith("您在库里的记录都已经计入，没有被排除的学时。")


def test_a_year_without_anything_left_out_is_answered_by_its_gap(ask_as: AskAs) -> None:
    assert ask_as(GAPS, Turn("my_uncounted", years=(2021,))).text.startswith("2021年度未达标：专业科目还差25.5学时。")


def test_a_senior_title_that_is_short_names_the_missing_years_and_the_way_out(ask_as: AskAs) -> None:
    text = ask_as(GAPS, Turn("my_title", level="senior")).text
    assert text.startswith("高级：还差1年，要求4年，您有3个合格年度。")
    assert "2021年：公需45、专业64.5，未达标（专业科目还差25.5学时）" in text
    assert "今年的学时按时补齐并通过审验，就够4年。" in text
    assert "第六部分第（四）项" in text


def test_an_intermediate_title_needs_three_years_of_the_same_record(ask_as: AskAs) -> None:
    assert ask_as(GAPS, Turn("my_title", level="intermediate")).text.startswith("中级：继续教育学时年限已满足，要求3年，您有3个合格年度。")


@pytest.mark.parametrize(("name", "level"), [(GAPS, "高级"), (LEFT_OUT, "中级")])
def test_without_a_level_the_one_after_the_persons_own_is_meant(ask_as: AskAs, name: str, level: str) -> None:
    assert ask_as(name, Turn("my_title")).text.startswith(f"{level}：")


def test_who_holds_a_senior_title_is_asked_which_level(ask_as: AskAs) -> None:
    reply = ask_as(HIGH, Turn("my_title"))
    assert reply.text == "您要报哪一级职称？请回答高级（含正高、副高）或中级。"
    assert reply.buttons == ["报高级", "报中级"]


def test_a_junior_title_gets_the_prepared_answer_and_no_verdict(ask_as: AskAs) -> None:
    text = ask_as(GAPS, Turn("my_title", level="junior")).text
    assert text.startswith("申报初级职称（助理级、员级）要提交几年学时，通知没有规定")
    assert "合格年度" not in text


def test_a_village_credit_fills_one_year_of_a_senior_title(ask_as: AskAs) -> None:
    text = ask_as(VILLAGE, Turn("my_title", level="senior")).text
    assert text.startswith("高级：继续教育学时年限已满足，要求4年，您有4个合格年度。")
    assert "其中驻村视同完成2022年度（没有指定认定年度，按对您最有利的一年计算）。" in text
    assert "2022年：公需20、专业0，按驻村视同完成" in text


@pytest.mark.parametrize("level", ["senior", "intermediate"])
def test_an_exempt_person_is_told_the_exemption_and_no_missing_year(ask_as: AskAs, level: str) -> None:
    text = ask_as(EXEMPT, Turn("my_title", level=level)).text
    assert "可不作要求，最终以评审部门认定为准" in text
    assert "还差" not in text
    assert "第六部分第（二）项" in text


def test_the_years_met_are_listed_with_the_gap_of_the_others(ask_as: AskAs) -> None:
    text = ask_as(GAPS, Turn("my_met_years")).text
    assert text.startswith("按学时达标的年度：2019年、2020年、2022年，共3个。")
    assert "2021年：公需45、专业64.5，未达标（专业科目还差25.5学时）\n" in text


def test_why_a_year_failed_is_that_years_gap(ask_as: AskAs) -> None:
    assert ask_as(GAPS, Turn("my_why_failed", years=(2021,))).text.startswith("2021年度未达标：专业科目还差25.5学时。")


def test_credits_are_told_with_the_year_they_serve_and_their_own_clause(ask_as: AskAs) -> None:
    text = ask_as(EPIDEMIC, Turn("my_credit")).text
    assert text.startswith("防疫视同完成2021年度，已算进合格年度。按学时达标的有3个年度，加上视同完成一共4个合格年度。")
    assert "第六部分第（一）项" in text
    assert "第六部分第（三）项" not in text


def test_who_has_no_credit_is_told_so(ask_as: AskAs) -> None:
    assert ask_as(GAPS, Turn("my_credit")).text.startswith("库里没有您的防疫、驻村或高技能登记")


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ({"public": "12.5", "professional": "32"}, "如果2023年再通过审验公需12.5学时、专业32学时，今年的学时就达标：公需45、专业90。"),
        ({"public": "12.4", "professional": "32"}, "如果2023年再通过审验公需12.4学时、专业32学时，还不够：公需科目还差0.1学时。"),
        ({"professional": "10"}, "如果2023年再通过审验专业10学时，还不够：公需科目还差12.5学时，专业科目还差22学时。"),
    ],
)
def test_what_if_adds_the_hours_named(ask_as: AskAs, named: dict[str, str], told: str) -> None:
    assert ask_as(GAPS, Turn("my_what_if", amounts=amounts(**named))).text.startswith(told + "\n")


def test_what_if_takes_the_subject_of_the_sentence_for_a_bare_number(ask_as: AskAs) -> None:
    text = ask_as(GAPS, Turn("my_what_if", subject="public", amounts=amounts(bare="12.5"))).text
    assert text.startswith("如果2023年再通过审验公需12.5学时，还不够：专业科目还差32学时。")


@pytest.mark.parametrize("subject", ["bare", "total"])
def test_what_if_with_a_number_of_neither_subject_asks_which(ask_as: AskAs, subject: str) -> None:
    assert ask_as(GAPS, Turn("my_what_if", amounts=amounts(**{subject: "20"}))).text.startswith("请说明再学多少公需、多少专业")


def test_what_if_without_numbers_lets_all_pending_hours_pass(ask_as: AskAs) -> None:
    assert ask_as(WAITING, Turn("my_what_if")).text.startswith("如果2023年再通过审验专业60学时，今年的学时就达标：公需45、专业90。")


def test_what_if_without_numbers_or_pending_hours_asks_which(ask_as: AskAs) -> None:
    assert ask_as(LEFT_OUT, Turn("my_what_if")).text.startswith("请说明再学多少公需、多少专业")


def test_what_if_of_a_finished_year_says_that_it_is_finished_already(ask_as: AskAs) -> None:
    text = ask_as(DONE, Turn("my_what_if", amounts=amounts(public="20"))).text
    assert text.startswith("2023年度已经完成")
    assert "就达标" not in text
    assert "多出的学时不能结转到下一年" in text


def test_the_plan_divides_the_gaps_by_the_weeks_left(ask_as: AskAs) -> None:
    text = ask_as(GAPS, Turn("my_plan")).text
    assert text.startswith("到12月10日还有约3周。公需科目还差12.5学时，专业科目还差32学时，平均每周要学14.9学时（公需4.2、专业10.7）。")
    assert "另有待审验21学时，通过后可以少学" in text
    assert "第五部分第（三）项" in text


def test_the_plan_of_a_finished_year_asks_for_nothing(ask_as: AskAs) -> None:
    assert ask_as(DONE, Turn("my_plan")).text.startswith("2023年度已经完成，不用再安排学习。")


@pytest.mark.parametrize(("name", "sector"), [(EPIDEMIC, "卫生"), (WAITING, "会计")])
@pytest.mark.parametrize("intent", ["my_year", "my_title", "my_pending", "my_uncounted", "my_met_years", "my_credit", "my_plan"])
def test_health_and_accounting_people_are_told_that_their_sector_keeps_its_own_records(
    ask_as: AskAs, name: str, sector: str, intent: str
) -> None:
    assert f"您登记的行业是{sector}" in ask_as(name, Turn(intent)).text
