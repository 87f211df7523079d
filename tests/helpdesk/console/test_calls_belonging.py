"""来电记录: what is saved belongs together: this person, this question, and the answer that was made for both."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import delete, func, select

from bot.helpdesk.models import CallRecord, StaffSession
from bot.hours.models import Person
from tests.helpdesk.console.conftest import PASSWORD, SIZE, Console, enter, held_request, hold_up
from tests.helpdesk.console.test_calls import begin, last, save

pytestmark = [pytest.mark.model, pytest.mark.usefixtures("trained_model")]
OWN, RULE, OTHER_RULE = "我今年还差多少学时", "一年要多少学时", "职称申报看几年"
FIRST, SECOND = ("mzh", "马占海"), ("zxl", "赵晓岚")


@pytest.fixture(autouse=True)
def no_calls(console: Console) -> Iterator[None]:
    yield
    with console.database.write() as session:
        session.execute(delete(CallRecord))


@pytest.fixture
def agent(signed_in) -> Page:
    page = signed_in("agent")
    page.goto("/calls/new")
    return page


def saved(console: Console) -> int:
    with console.database.read() as session:
        return session.execute(select(func.count()).select_from(CallRecord)).scalar_one()


def choose(page: Page, letters: str) -> None:
    page.locator("#who").fill(letters)
    page.locator("#who").press("Enter")


def test_nothing_is_saved_while_the_answer_for_another_person_is_on_its_way(agent: Page, console: Console) -> None:
    begin(agent, OWN, FIRST[0])
    expect(agent.locator("#answer")).to_have_value(re.compile("已全部完成"))
    waiting = hold_up(agent, "**/calls/answer")
    choose(agent, SECOND[0])
    expect(agent.locator(".picked")).to_contain_text(SECOND[1])
    held = held_request(agent, waiting)
    agent.keyboard.press("Control+Enter")
    expect(agent.locator(".toast")).to_contain_text("答复还没到")
    assert saved(console) == 0
    held.continue_()
    agent.unroute("**/calls/answer")
    expect(agent.locator("#answer")).to_have_value(re.compile("还差|还没有完成"))
    save(agent)
    row = last(console)
    assert "已全部完成" not in row["answer"]
    expect(agent.locator(".record")).to_contain_text(SECOND[1])


@pytest.fixture
def unlucky(browser: Browser, console: Console) -> Iterator[Page]:
    """A page whose requests fail, so that the browser may complain."""
    context = browser.new_context(base_url=console.url, locale="zh-CN", viewport=SIZE)
    page = enter(context.new_page(), "agent", [])
    page.goto("/calls/new")
    yield page
    context.close()


def test_nothing_is_saved_while_a_person_is_being_fetched_and_card_and_person_change_together(unlucky: Page, console: Console) -> None:
    agent = unlucky
    begin(agent, OWN, FIRST[0])
    waiting = hold_up(agent, "**/calls/person")
    choose(agent, SECOND[0])
    held = held_request(agent, waiting)
    agent.keyboard.press("Control+Enter")
    expect(agent.locator(".toast")).to_contain_text("答复还没到")
    held.abort()
    agent.unroute("**/calls/person")
    expect(agent.locator(".htmx-request")).to_have_count(0)
    expect(agent.locator(".picked")).to_contain_text(FIRST[1])
    save(agent)
    with console.database.read() as session:
        name = session.execute(select(Person.name).where(Person.id == last(console)["person_id"])).scalar_one()
    assert name == FIRST[1]


def test_an_answer_edited_for_one_person_is_saved_for_another_only_when_staff_say_so_again(agent: Page, console: Console) -> None:
    begin(agent, OWN, FIRST[0])
    expect(agent.locator("#answer")).to_have_value(re.compile("已全部完成"))
    agent.locator("#answer").press("End")
    agent.keyboard.type("另外说明。")
    choose(agent, SECOND[0])
    expect(agent.locator(".picked")).to_contain_text(SECOND[1])
    agent.keyboard.press("Control+Enter")
    expect(agent.locator("#answer-fault")).to_contain_text("为另一位来电人写的")
    expect(agent.locator("#answer")).to_have_value(re.compile("已全部完成"))
    assert saved(console) == 0
    agent.locator("#answer").fill("按赵晓岚的情况说明了。")
    save(agent)
    assert last(console)["answer"] == "按赵晓岚的情况说明了。"


def test_a_question_written_over_is_asked_before_it_is_saved(agent: Page, console: Console) -> None:
    begin(agent, RULE)
    before = agent.locator("#answer").input_value()
    agent.locator("#question").fill(OTHER_RULE)
    agent.keyboard.press("Control+Enter")
    expect(agent.locator("#answer")).not_to_have_value(before)
    expect(agent.locator(".toast")).to_contain_text("重新查")
    assert saved(console) == 0
    save(agent)
    row = last(console)
    assert (row["question"], row["answer"] == before, row["label"] == "faq/hours_total") == (OTHER_RULE, False, False)


def test_an_answer_edited_for_one_question_is_saved_with_another_only_when_staff_say_so_again(agent: Page, console: Console) -> None:
    begin(agent, RULE)
    agent.locator("#answer").fill("改过的答复")
    agent.locator("#question").fill(OTHER_RULE)
    agent.keyboard.press("Control+Enter")
    expect(agent.locator("#answer-fault")).to_contain_text("问题改过了")
    assert saved(console) == 0
    save(agent)
    assert (last(console)["question"], last(console)["answer"]) == (OTHER_RULE, "改过的答复")


def test_ctrl_enter_right_after_enter_does_not_save_what_was_asked_before(agent: Page, console: Console) -> None:
    begin(agent, RULE)
    waiting = hold_up(agent, "**/calls/answer")
    agent.locator("#question").fill(OTHER_RULE)
    agent.keyboard.press("Enter")
    held = held_request(agent, waiting)
    agent.keyboard.press("Control+Enter")
    expect(agent.locator(".toast")).to_contain_text("答复还没到")
    assert saved(console) == 0
    held.continue_()


def test_a_person_named_by_enter_is_waited_for_and_given_up_by_escape(agent: Page, console: Console) -> None:
    agent.locator("#question").fill(RULE)
    agent.locator("#answer").fill("一百三十五学时。")
    waiting = hold_up(agent, "**/calls/people")
    choose(agent, SECOND[0])
    held = held_request(agent, waiting)
    agent.keyboard.press("Control+Enter")
    expect(agent.locator(".toast")).to_contain_text("答复还没到")
    assert saved(console) == 0
    agent.locator("#who").press("Escape")
    held.continue_()
    agent.unroute("**/calls/people")
    expect(agent.locator("#found li[data-id]")).to_have_count(1)
    expect(agent.locator(".picked")).to_have_count(0)
    save(agent)
    assert last(console)["person_id"] is None


def test_the_same_letters_name_the_same_person_again(agent: Page) -> None:
    choose(agent, SECOND[0])
    expect(agent.locator(".picked")).to_contain_text(SECOND[1])
    agent.get_by_role("button", name="改为未识别").click()
    expect(agent.locator(".picked")).to_have_count(0)
    choose(agent, SECOND[0])
    expect(agent.locator(".picked")).to_contain_text(SECOND[1])


def test_words_written_while_the_answer_is_on_its_way_stay(agent: Page) -> None:
    waiting = hold_up(agent, "**/calls/answer")
    agent.locator("#question").fill(RULE)
    agent.locator("#question").press("Enter")
    held = held_request(agent, waiting)
    agent.locator("#answer").fill("我自己写的")
    with agent.expect_response("**/calls/answer"):
        held.continue_()
    agent.unroute("**/calls/answer")
    expect(agent.locator("#answering.htmx-request, #question.htmx-request")).to_have_count(0)
    expect(agent.locator("#answer")).to_have_value("我自己写的")


def test_words_written_by_hand_stay_when_the_record_came_back_with_a_fault(agent: Page) -> None:
    agent.locator("#question").fill(RULE)
    agent.locator("#answer").fill("我自己写的")
    agent.keyboard.press("Alt+2")
    agent.keyboard.press("Control+Enter")
    expect(agent.locator("#phone-fault")).to_be_visible()
    agent.wait_for_load_state()
    choose(agent, SECOND[0])
    expect(agent.locator(".picked")).to_contain_text(SECOND[1])
    expect(agent.locator("#question")).to_be_focused()
    expect(agent.locator(".htmx-request")).to_have_count(0)
    expect(agent.locator("#answer")).to_have_value("我自己写的")


def test_an_answer_to_a_near_question_that_comes_late_replaces_no_newer_one(unlucky: Page) -> None:
    agent = unlucky
    begin(agent, RULE)
    waiting = hold_up(agent, "**/calls/answer")
    agent.locator(".near button").last.click()
    held_request(agent, waiting)
    waiting.clear()
    agent.locator("#question").fill(OTHER_RULE)
    agent.locator("#question").press("Enter")
    held_request(agent, waiting).continue_()
    expect(agent.locator(".reading .soft")).not_to_have_text("")
    agent.unroute("**/calls/answer")
    expect(agent.locator(".htmx-request")).to_have_count(0)
    expect(agent.locator('[name="told_question"]')).to_have_value(OTHER_RULE)


def test_the_question_chosen_instead_stays_chosen_when_the_person_is_found_afterwards(agent: Page) -> None:
    begin(agent, RULE)
    near = agent.locator(".near button").first
    title = near.inner_text()
    near.click()
    expect(agent.locator(".reading .soft")).to_have_text(title)
    with agent.expect_response("**/calls/answer"):
        choose(agent, SECOND[0])
    expect(agent.locator(".htmx-request")).to_have_count(0)
    expect(agent.locator(".reading .soft")).to_have_text(title)
    agent.locator("#question").press("Enter")
    expect(agent.locator(".reading .soft")).not_to_have_text(title)


def test_a_function_key_pressed_while_the_record_is_being_saved_loses_nothing(agent: Page) -> None:
    begin(agent, RULE)
    agent.keyboard.press("Alt+2")
    waiting = hold_up(agent, "**/calls")
    agent.keyboard.press("Control+Enter")
    held = held_request(agent, waiting)
    agent.keyboard.press("F2")
    held.continue_()
    agent.unroute("**/calls")
    expect(agent.locator("#phone-fault")).to_be_visible()
    expect(agent.locator("#question")).to_have_value(RULE)


def test_a_function_key_over_a_record_half_written_asks_to_be_pressed_again(agent: Page) -> None:
    agent.locator("#question").fill(RULE)
    agent.keyboard.press("F2")
    expect(agent.locator(".toast")).to_contain_text("还没有保存")
    expect(agent.locator("#question")).to_have_value(RULE)
    agent.keyboard.press("F2")
    expect(agent.locator("#question")).to_have_value("")


def test_who_is_signed_out_meanwhile_keeps_the_record_and_saves_it_when_signed_in_again(agent: Page, console: Console) -> None:
    begin(agent, RULE)
    with console.database.write() as session:
        session.execute(delete(StaffSession))
    agent.keyboard.press("Control+Enter")
    expect(agent.locator(".toast")).to_contain_text("重新登录")
    expect(agent.locator("#question")).to_have_value(RULE)
    tab = agent.context.new_page()
    tab.goto("/login")
    tab.get_by_label("登录名").fill("agent")
    tab.get_by_label("密码").fill(PASSWORD)
    tab.get_by_role("button", name="登录").click()
    tab.wait_for_url("**/conversations")
    save(agent)
    assert last(console)["question"] == RULE


def test_a_record_that_cannot_be_sent_stays(agent: Page, console: Console) -> None:
    begin(agent, RULE)
    agent.context.set_offline(True)
    agent.keyboard.press("Control+Enter")
    expect(agent.locator(".toast")).to_contain_text("连接不上服务器")
    agent.context.set_offline(False)
    expect(agent.locator("#question")).to_have_value(RULE)
    save(agent)
    assert saved(console) == 1
