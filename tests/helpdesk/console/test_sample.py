"""抽检 in the browser: twenty answers judged by keys, taken back, and sent on to be learnt from."""

from datetime import timedelta

import httpx
import pytest
from playwright.sync_api import expect
from sqlalchemy import insert, select, update

from bot.helpdesk import sampling
from bot.helpdesk.models import Sampled
from bot.hours.models import AuditEntry
from bot.inbox.models import Journal, Missed, Outbox
from bot.settings import load
from tests.helpdesk.console.conftest import PASSWORD, held_request, hold_up

ANSWER = "公需科目每年不少于45学时。\n依据：《通知》第二部分第（二）项"


@pytest.fixture
def answers(console):
    """Twenty-five questions answered a week ago; nothing drawn yet."""
    at = load(console.env).now() - timedelta(weeks=1)
    with console.database.write() as session:
        for table in (Sampled, Missed, Outbox, Journal):
            session.query(table).delete()
        for number in range(25):
            said = {
                "sender_id": f"web:{number}",
                "channel": "web",
                "text": f"公需要多少<b>{number}</b>",
                "received_at": at,
                "state": "processed",
            }
            journal_id = session.execute(insert(Journal.__table__), said).inserted_primary_key[0]
            keys = ["hours_public", "title_junior"]
            payload = {"text": ANSWER, "metadata": {"kind": "faq", "question": keys[0], "questions": keys}}
            told = {
                "sender_id": f"web:{number}",
                "journal_id": journal_id,
                "kind": "faq",
                "payload": payload,
                "created_at": at,
                "state": "sent",
            }
            session.execute(insert(Outbox.__table__), told)


def verdicts(console):
    with console.database.read() as session:
        return list(session.execute(select(Sampled.verdict).where(Sampled.verdict.is_not(None)).order_by(Sampled.id)).scalars())


def test_answers_are_judged_by_keys_taken_back_and_a_wrong_one_is_sent_on(console, answers, signed_in):
    page = signed_in("agent")
    page.goto("/sample")
    expect(page.get_by_role("heading", name="第 1 条")).to_be_visible()
    expect(page.locator(".drawn li")).to_have_count(20)
    expect(page.locator(".asked")).to_contain_text("公需要多少<b>")
    page.get_by_text("对照通知原文").click()
    expect(page.locator(".quote")).to_contain_text("公需科目不少于 45 学时")
    expect(page.locator(".quote")).to_contain_text("自2019年以来近4年、3年")
    page.keyboard.press("1")
    expect(page.get_by_role("heading", name="第 2 条")).to_be_visible()
    page.keyboard.press("r")
    page.keyboard.type("少了3j")
    page.get_by_label("备注").evaluate("field => field.blur()")
    page.keyboard.press("2")
    expect(page.get_by_role("heading", name="第 3 条")).to_be_visible()
    page.keyboard.press("3")
    expect(page.locator(".judged .badge")).to_have_text("错")
    page.keyboard.press("m")
    expect(page.get_by_role("heading", name="第 4 条")).to_be_visible()
    assert verdicts(console) == ["right", "partly", "wrong"]
    with console.database.read() as session:
        assert [reason for (reason,) in session.execute(select(Missed.reason))] == ["useless"]
        assert session.execute(select(Sampled.remark).where(Sampled.verdict == "partly")).scalar_one() == "少了3j"
    expect(page.locator(".summary")).to_contain_text("33%")
    expect(page.locator(".summary")).to_contain_text("6–79%")
    page.keyboard.press("u")
    expect(page.get_by_role("heading", name="第 3 条")).to_be_visible()
    with console.database.read() as session:
        assert session.execute(select(Missed.id)).all() == []
    page.keyboard.press("j")
    expect(page.get_by_role("heading", name="第 4 条")).to_be_visible()
    page.keyboard.press("k")
    expect(page.get_by_role("heading", name="第 3 条")).to_be_visible()
    assert verdicts(console) == ["right", "partly"]


def test_a_key_held_down_judges_one_answer_alone(console, answers, signed_in):
    page = signed_in("agent")
    page.goto("/sample")
    again = "key => document.dispatchEvent(new KeyboardEvent('keydown', {key, repeat: true, bubbles: true, cancelable: true}))"
    page.evaluate(again, "1")
    page.wait_for_timeout(300)
    assert verdicts(console) == []
    page.keyboard.press("1")
    expect(page.get_by_role("heading", name="第 2 条")).to_be_visible()
    assert verdicts(console) == ["right"]


@pytest.mark.parametrize(("key", "opens"), [("u", 3), ("j", 5)])
def test_what_is_pressed_before_the_next_page_has_come_judges_and_takes_back_nothing(console, answers, signed_in, key, opens):
    page = signed_in("agent")
    page.goto("/sample")
    for number in (2, 3, 4):
        page.keyboard.press("1")
        expect(page.get_by_role("heading", name=f"第 {number} 条")).to_be_visible()
    asked_for = hold_up(page, "**/sample**")
    page.keyboard.press(key)
    held = held_request(page, asked_for)
    for another in ("u", "2", "k", "j"):
        page.keyboard.press(another)
    assert asked_for == [held]
    held.continue_()
    page.unroute("**/sample**")
    expect(page.get_by_role("heading", name=f"第 {opens} 条")).to_be_visible()
    assert verdicts(console) == ["right"] * (2 if key == "u" else 3)


def test_a_second_click_on_its_way_is_nothing_and_who_comes_back_to_the_page_judges_again(console, answers, signed_in):
    page = signed_in("agent")
    page.goto("/sample")
    asked_for = hold_up(page, "**/judge")
    button = page.get_by_role("button", name="部分对").bounding_box()
    at = button["x"] + 9, button["y"] + 9
    page.mouse.click(*at)
    held = held_request(page, asked_for)
    page.mouse.click(*at)
    page.wait_for_timeout(300)
    assert asked_for == [held]
    held.fulfill(status=204)
    page.unroute("**/judge")
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    page.keyboard.press("1")
    expect(page.get_by_role("heading", name="第 2 条")).to_be_visible()
    assert verdicts(console) == ["right"]


def test_what_was_said_around_an_answer_is_read_and_the_look_leaves_a_trace(console, answers, signed_in):
    page = signed_in("agent")
    page.goto("/sample")
    with console.database.write() as session:
        one = session.execute(select(Sampled).order_by(Sampled.id)).scalars().first()
        for text, minutes in (("学习的事", -5), ("谢谢", 5)):
            said = {"sender_id": one.sender_id, "channel": "web", "text": text, "state": "processed"}
            session.execute(insert(Journal.__table__), {**said, "received_at": one.asked_at + timedelta(minutes=minutes)})
        number, asked = one.id, one.question
    page.keyboard.press("c")
    page.wait_for_url(f"**/sample/{number}/said")
    assert page.locator(".turn p").all_inner_texts() == ["学习的事", asked, ANSWER, "谢谢"]
    assert page.locator(".turn.this p").all_inner_texts() == [asked]
    with console.database.read() as session:
        last = session.execute(select(AuditEntry).order_by(AuditEntry.id.desc())).scalars().first()
    assert (last.actor, last.action, last.detail) == ("staff:1", "console-lookup", f"sample {number}")
    page.get_by_role("link", name="回到抽检").click()
    expect(page.get_by_role("heading", name="第 1 条")).to_be_visible()
    with console.database.write() as session:
        sampling.forget(session, one.sender_id)
        judged = session.execute(select(Sampled.id).order_by(Sampled.id)).scalars().first()
        sampling.judge(session, judged, "right", "", 1, load(console.env).now())
        session.execute(update(Sampled).where(Sampled.id == judged).values(question="", answer="", sender_id=""))
    for gone in (number, judged):
        assert page.request.get(f"/sample/{gone}/said").status == 404
    page.goto(f"/sample?at={judged}")
    expect(page.get_by_role("link", name="前后的对话")).to_have_count(0)


def test_a_second_agent_sees_what_the_first_has_judged_and_cannot_take_it_back(console, answers, signed_in):
    first, second = signed_in("agent"), signed_in("admin")
    first.goto("/sample")
    second.goto("/sample")
    first.keyboard.press("1")
    expect(first.get_by_role("heading", name="第 2 条")).to_be_visible()
    second.keyboard.press("3")
    expect(second.locator(".judged .badge")).to_have_text("对")
    expect(second.get_by_role("button", name="撤销")).to_have_count(0)
    assert verdicts(console) == ["right"]


def test_who_sees_one_unit_alone_judges_nothing(console, answers):
    with httpx.Client(base_url=console.url, headers={"Origin": console.url}, timeout=30) as client:
        client.post("/login", data={"login": "unit", "password": PASSWORD})
        assert client.get("/sample").status_code == 403
    with console.database.read() as session:
        assert session.execute(select(Sampled.id)).all() == []


def test_a_week_without_answers_says_so(console, signed_in):
    with console.database.write() as session:
        for table in (Sampled, Outbox, Journal):
            session.query(table).delete()
    page = signed_in("agent")
    page.goto("/sample")
    expect(page.get_by_text("上一周没有可以抽检的答复")).to_be_visible()
