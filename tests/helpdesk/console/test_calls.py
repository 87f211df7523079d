"""A call by keyboard alone: who is on the line, the bot's answer with its clause, how it ended, and who is called back."""

import re
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from bot.helpdesk.models import CallRecord
from bot.hours.models import AuditEntry, Person
from bot.inbox.models import Missed
from tests.helpdesk.console.conftest import PASSWORD, Console

pytestmark = [pytest.mark.model, pytest.mark.usefixtures("trained_model")]
NAME, LETTERS = "马占海", "mzh"


@pytest.fixture(autouse=True)
def no_calls(console: Console) -> None:
    """Each test begins with an empty list."""
    with console.database.write() as session:
        for table in (CallRecord, Missed, AuditEntry):
            session.query(table).delete()


@pytest.fixture
def agent(signed_in) -> Page:
    page = signed_in("agent")
    page.goto("/account")
    return page


def begin(page: Page, question: str, who: str = "") -> None:
    """The key of calls from wherever one is, then who and what, typed."""
    page.keyboard.press("F2")
    page.wait_for_url("**/calls/new")
    expect(page.locator("#who")).to_be_focused()
    page.keyboard.type(who)
    page.keyboard.press("Enter")
    if who:
        expect(page.locator(".picked")).to_be_visible()
    expect(page.locator("#question")).to_be_focused()
    page.keyboard.type(question)
    page.keyboard.press("Enter")
    expect(page.locator(".reading")).to_be_visible()


def save(page: Page) -> None:
    page.wait_for_load_state()  # a record that came back with a fault is seen before its scripts run
    page.keyboard.press("Control+Enter")
    page.wait_for_url(re.compile(r"/calls/\d+\?saved=1"))


def last(console: Console) -> dict:
    with console.database.read() as session:
        return dict(session.execute(select(CallRecord.__table__).order_by(CallRecord.id.desc()).limit(1)).mappings().one())


def test_a_call_of_somebody_known_by_keyboard_alone(agent, console):
    begin(agent, "我今年还差多少学时", LETTERS)
    expect(agent.locator(".picked")).to_contain_text(NAME)
    save(agent)
    expect(agent.locator(".record")).to_contain_text("2023年度学时已全部完成")
    row = last(console)
    assert (row["label"], row["outcome"], row["phone"]) == ("my_year", "answered", None)
    assert row["clause"] == "依据：《关于做好2023年专业技术人员继续教育培训工作的通知》第二部分第（二）项"
    assert "▓" not in row["answer"]
    assert "依据" not in row["answer"]
    assert row["figures"]["year"]["verified"] == {"public": 48.0, "professional": 96.0}
    assert row["figures"]["title"]["senior"]["qualified_years"] == 5
    with console.database.read() as session:
        person_id = session.execute(select(Person.id).where(Person.name == NAME)).scalar_one()
        looks = session.execute(select(AuditEntry.actor, AuditEntry.action, AuditEntry.person_id, AuditEntry.detail)).all()
    assert row["person_id"] == person_id
    assert set(looks) == {("staff:1", "console-lookup", person_id, "call")}
    agent.reload()  # the record shows the figures again
    with console.database.read() as session:
        again = session.execute(select(AuditEntry.actor, AuditEntry.action, AuditEntry.person_id, AuditEntry.detail)).all()
    assert again == [*looks, ("staff:1", "console-lookup", person_id, "call")]


def test_an_unrecognised_caller_is_told_the_rule_and_no_figures(agent, console):
    begin(agent, "一年要多少学时")
    expect(agent.locator("#answer")).to_have_value(re.compile("公需科目不少于45|45"))
    agent.locator("#answer").fill("公需四十五、专业九十，合计一百三十五。")
    save(agent)
    row = last(console)
    assert (row["person_id"], row["figures"], row["answer"]) == (None, None, "公需四十五、专业九十，合计一百三十五。")
    expect(agent.locator(".record")).to_contain_text("未识别")


def test_the_same_matter_within_a_week_is_marked_while_writing_and_in_the_list(agent):
    begin(agent, "我今年还差多少学时", LETTERS)
    expect(agent.locator("#again")).to_be_empty()
    save(agent)
    first = agent.url.partition("?")[0]
    begin(agent, "今年学时还缺多少", LETTERS)
    again = agent.locator("#again a")
    expect(again).to_be_visible()
    assert first.endswith(again.get_attribute("href"))
    save(agent)
    agent.goto("/calls")
    marks = agent.get_by_role("link", name="7 天内重复")
    expect(marks).to_have_count(1)
    marks.click()
    agent.wait_for_url(first)


def test_somebody_who_cannot_be_answered_is_called_back_once_and_the_number_is_forgotten(agent, signed_in, console):
    begin(agent, "一年要多少学时")
    agent.keyboard.press("Alt+2")
    agent.keyboard.press("Control+Enter")
    expect(agent.locator("#phone-fault")).to_contain_text("请填写回拨号码")
    expect(agent.locator("#phone")).to_be_focused()
    expect(agent.locator("#question")).to_have_value("一年要多少学时")
    agent.keyboard.type("139 1234 5678")
    agent.keyboard.press("Tab")
    agent.keyboard.type("下午告诉他怎么补")
    save(agent)
    expect(agent.locator(".record")).to_contain_text("13912345678")
    other = signed_in("agent2")
    for page in (agent, other):
        page.goto("/calls/back")
        expect(page.locator("tbody tr")).to_contain_text("13912345678")
    other.get_by_role("button", name="已回拨").click()
    expect(other.locator("tbody tr")).to_contain_text("回拨号码已删除")
    expect(other.locator("#to-call-back")).to_have_text("0")
    agent.get_by_role("button", name="已回拨").click()
    expect(agent.locator("tbody tr")).to_contain_text("已经有人回拨过了")
    row = last(console)
    assert (row["phone"], row["called_back_by"]) == (None, 2)
    agent.goto(f"/calls/{row['id']}")
    expect(agent.locator(".record")).not_to_contain_text("13912345678")
    expect(agent.locator(".record")).to_contain_text("由 坐席乙 回拨")


def test_an_id_number_in_the_question_is_masked(agent, console):
    begin(agent, "630102199003078812 这个人一年要多少学时")
    save(agent)
    assert "6301**********8812" in last(console)["question"]


def test_questions_without_a_good_answer_and_wrong_answers_are_kept_to_learn_from(agent, console):
    begin(agent, "青海湖门票多少钱")
    expect(agent.locator(".reading")).to_contain_text("机器人没有好的回答")
    agent.locator("#answer").fill("这不归我们管。")
    save(agent)
    begin(agent, "一年要多少学时")
    save(agent)
    begin(agent, "专业科目要多少学时")
    agent.get_by_label("机器人答得不对").check()
    save(agent)
    with console.database.read() as session:
        kept = session.execute(select(Missed.text, Missed.reason).order_by(Missed.id)).all()
    assert kept == [("青海湖门票多少钱", "call"), ("专业科目要多少学时", "call")]


def test_another_question_may_be_chosen_and_the_caller_changed_without_losing_what_was_edited(agent):
    begin(agent, "一年要多少学时", LETTERS)
    near = agent.locator(".near button").first
    title = near.inner_text()
    near.click()
    expect(agent.locator(".reading .soft")).to_have_text(title)
    agent.locator("#answer").fill("改过的答复")
    agent.get_by_role("button", name="改为未识别").click()
    expect(agent.locator("#caller")).to_contain_text("未识别")
    expect(agent.locator("#answer")).to_have_value("改过的答复")


def test_enter_that_ends_a_composition_asks_nothing(agent):
    agent.goto("/calls/new")
    agent.locator("#question").fill("一年要多少学时")
    compose = "element.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true, cancelable: true}))"
    with_control = compose.replace("isComposing", "ctrlKey: true, isComposing")
    for act in (compose, with_control):
        agent.locator("#question").evaluate(f"element => {act}")
    agent.wait_for_timeout(300)
    expect(agent.locator(".reading")).to_have_count(0)
    assert agent.url.endswith("/calls/new")


def test_another_page_may_hand_over_question_person_and_label(agent, console):
    with console.database.read() as session:
        person_id = session.execute(select(Person.id).where(Person.name == NAME)).scalar_one()
    agent.goto("/calls")
    agent.evaluate(
        """(fields) => {
            const form = document.createElement("form");
            form.method = "post";
            form.action = "/calls/new";
            fields.csrf = window.xst.token();
            for (const [name, value] of Object.entries(fields)) {
                const field = document.createElement("input");
                [field.name, field.value] = [name, value];
                form.append(field);
            }
            document.body.append(form);
            form.submit();
        }""",
        {"question": "学时的事", "person": str(person_id), "label": "my_title"},
    )
    expect(agent.locator(".picked")).to_contain_text(NAME)
    expect(agent.locator(".reading .soft")).to_have_text("我报职称学时够不够")
    save(agent)
    assert last(console)["label"] == "my_title"


def test_what_was_said_is_shown_as_text(agent, console):
    begin(agent, "<img src=x onerror=alert(1)>一年要多少学时")
    agent.locator("#answer").fill("<script>alert(2)</script>")
    save(agent)
    expect(agent.locator(".record")).to_contain_text("<script>alert(2)</script>")
    agent.goto("/calls")
    expect(agent.locator("tbody")).to_contain_text("<img src=x onerror=alert(1)>")
    assert agent.locator("main img").count() == 0


def test_the_list_is_narrowed_by_day_and_outcome(agent, console):
    begin(agent, "一年要多少学时")
    save(agent)
    agent.goto("/calls?day=2023-11-20&outcome=answered")
    expect(agent.locator("tbody tr")).to_have_count(1)
    agent.goto("/calls?day=2023-11-19")
    expect(agent.locator(".empty")).to_contain_text("没有符合条件的来电")
    agent.goto("/calls?day=nonsense&staff=x&outcome=y&page=-3")
    expect(agent.locator("tbody tr")).to_have_count(1)


def test_a_person_who_has_gone_meanwhile_keeps_what_was_typed(agent, console):
    begin(agent, "一年要多少学时", LETTERS)
    agent.locator("#person").evaluate("element => { element.value = '999999' }")
    agent.keyboard.press("Control+Enter")
    expect(agent.get_by_text("已不在人员库里")).to_be_visible()
    expect(agent.locator("#question")).to_have_value("一年要多少学时")


def test_the_record_prints_without_the_frame(agent):
    begin(agent, "一年要多少学时")
    save(agent)
    agent.emulate_media(media="print")
    expect(agent.locator(".side")).to_be_hidden()
    expect(agent.locator("#print")).to_be_hidden()
    expect(agent.locator(".record")).to_be_visible()


def test_a_unit_administrator_has_no_calls(console):
    with httpx.Client(base_url=console.url, headers={"Origin": console.url}, timeout=30) as client:
        client.post("/login", data={"login": "unit", "password": PASSWORD})
        assert {client.get(path).status_code for path in ("/calls", "/calls/new", "/calls/back", "/calls/1")} == {403}


def test_no_page_has_a_serious_fault_for_those_who_do_not_see_or_point(agent, console):
    begin(agent, "我今年还差多少学时", LETTERS)
    found = {"/calls/new": Axe().run(agent)}
    agent.keyboard.press("Alt+2")
    agent.keyboard.type("13912345678")
    save(agent)
    found[agent.url] = Axe().run(agent)
    with console.database.write() as session:
        session.execute(update(CallRecord).values(detail="告诉他怎么补"))
    for path in ("/calls", "/calls/back"):
        agent.goto(path)
        found[path] = Axe().run(agent)
    serious = {path: [v["id"] for v in one.response["violations"] if v["impact"] in ("serious", "critical")] for path, one in found.items()}
    assert not any(serious.values()), serious


def test_no_name_and_no_question_reach_the_log(agent, console: Console):
    begin(agent, "我今年还差多少学时", LETTERS)
    save(agent)
    log = Path(console.folder / "console.log").read_text(encoding="utf-8")
    assert NAME not in log
    assert "还差多少" not in log
