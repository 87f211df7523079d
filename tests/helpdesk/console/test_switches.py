"""应急开关 in the browser: an admin finds a question, reads what people will read, switches it off and on; nobody else may."""

import time
from contextlib import closing

import httpx
import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from bot.hours.models import AuditEntry
from bot.inbox import switches
from bot.inbox.models import Switch
from tests.helpdesk.console.conftest import PASSWORD, SIZE, Both, enter
from tests.serving import texts

PHONE = "0971-8258157"


@pytest.fixture(autouse=True)
def nothing_left_off(console):
    yield
    with console.database.write() as session:
        session.query(Switch).delete()


@pytest.fixture
def client(console):
    with httpx.Client(base_url=console.url, headers={"Origin": console.url}, timeout=30) as client:
        yield client


def come_in(client, login):
    client.post("/login", data={"login": login, "password": PASSWORD})
    return client.get("/account").text.partition('name="csrf" value="')[2].partition('"')[0]


def standing(console):
    with console.database.read() as session:
        return [(one.scope, one.name, one.reason, one.by) for one in switches.standing(session)]


def test_an_admin_switches_a_question_off_and_on_and_everybody_reads_the_banner(console, signed_in):
    page = signed_in("admin")
    page.goto("/switches")
    expect(page.get_by_text("现在没有停用任何内容")).to_be_visible()
    card = page.locator("section", has=page.get_by_role("heading", name="停用一个问题的答复"))
    card.get_by_label("找问题").press_sequentially("gxkmmn", delay=20)
    card.get_by_label("公需科目每年要多少学时").check()
    card.get_by_label("原因").fill("数字与新文件不符")
    card.get_by_role("button", name="下一步").click()
    expect(page.get_by_role("heading", name="停用问题“公需科目每年要多少学时”的自动答复？")).to_be_visible()
    expect(page.locator("blockquote")).to_have_text(f"“公需科目每年要多少学时”的自动答复暂时停用，正在核对。请拨打政策咨询电话{PHONE}。")
    assert standing(console) == [], "not before it is confirmed"
    page.get_by_role("button", name="确认停用").click()
    expect(page.get_by_text("已停用：问题“公需科目每年要多少学时”的自动答复。", exact=True)).to_be_visible()
    assert standing(console) == [("question", "hours_public", "数字与新文件不符", "staff:3")]
    colleague = signed_in("agent")
    colleague.goto("/account")
    banner = colleague.locator(".banner", has_text="数字与新文件不符")
    expect(banner).to_contain_text("管理员（3 号）")
    page.get_by_role("button", name="恢复问题“公需科目每年要多少学时”的自动答复").click()
    expect(page.get_by_text("已恢复：")).to_be_visible()
    assert standing(console) == []
    colleague.reload()
    expect(banner).to_have_count(0)
    with console.database.read() as session:
        trail = session.execute(
            select(AuditEntry.actor, AuditEntry.action, AuditEntry.detail).order_by(AuditEntry.id.desc()).limit(2)
        ).all()
    assert [tuple(entry) for entry in reversed(trail)] == [
        ("staff:3", "switch-off", "question hours_public: 数字与新文件不符"),
        ("staff:3", "switch-on", "question hours_public"),
    ]


@pytest.mark.parametrize("login", ["agent", "unit"])
def test_nobody_but_an_admin_sees_or_throws_a_switch(console, client, login):
    token = come_in(client, login)
    what = {"csrf": token, "scope": "personal", "name": "*", "reason": "核对"}
    assert client.get("/switches").status_code == 403
    assert client.get("/switches/questions?find=gx").status_code == 403
    assert [client.post(f"/switches/{act}", data=what).status_code for act in ("check", "off", "on")] == [403] * 3
    assert standing(console) == []
    assert "/switches" not in client.get("/account").text


@pytest.mark.parametrize(
    "wrong",
    [
        {"reason": " "},
        {"scope": "channel", "name": "fax"},
        {"scope": "question", "name": "hours_of_sleep"},
        {"scope": "personal", "name": "hours_public"},
        {"scope": "everything"},
        {"name": ""},
    ],
)
def test_without_a_reason_or_for_what_does_not_exist_nothing_is_switched_off(console, client, wrong):
    what = {"csrf": come_in(client, "admin"), "scope": "personal", "name": "*", "reason": "核对", **wrong}
    assert [client.post(f"/switches/{act}", data=what).status_code for act in ("check", "off")] == [422, 422]
    assert standing(console) == []


def test_a_change_without_the_pages_token_is_refused(console, client):
    come_in(client, "admin")
    assert client.post("/switches/off", data={"scope": "personal", "name": "*", "reason": "核对"}).status_code == 403
    assert standing(console) == []


def test_a_second_admin_who_switches_the_same_off_reads_that_it_is_off(console, client):
    what = {"csrf": come_in(client, "admin"), "scope": "channel", "name": "wx", "reason": "第一"}
    assert "said=thrown&" in client.post("/switches/off", data=what).headers["location"]
    assert "said=thrown_already" in client.post("/switches/off", data={**what, "reason": "第二"}).headers["location"]
    assert [one[2] for one in standing(console)] == ["第一"]
    assert "此前已经停用" in client.get("/switches?said=thrown_already&scope=channel&name=wx").text
    assert "said=restored&" in client.post("/switches/on", data=what).headers["location"]
    assert "said=restored_already" in client.post("/switches/on", data=what).headers["location"]


def test_a_reason_is_shown_as_text_without_the_numbers_of_people(console, client):
    reason = "<script>alert(1)</script> 630104199001011234 有误"
    what = {"csrf": come_in(client, "admin"), "scope": "channel", "name": "rest", "reason": reason}
    assert "&lt;script&gt;" in client.post("/switches/check", data=what).text
    client.post("/switches/off", data=what)
    shown = client.get("/switches").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; 6301**********1234 有误" in shown
    assert "<script>alert" not in shown
    assert "630104199001011234" not in console.log


@pytest.mark.model
def test_what_an_admin_throws_in_the_browser_is_off_in_the_chat_within_a_second(bot_and_console: Both, browser):
    def chat() -> str:
        return "\n".join(texts(bot_and_console.bot, "公需一年要多少学时", "chatter"))

    with closing(browser.new_context(base_url=bot_and_console.console.url, locale="zh-CN", viewport=SIZE)) as context:
        page = enter(context.new_page(), "admin", [])
        assert "45" in chat()
        page.goto("/switches")
        card = page.locator("section", has=page.get_by_role("heading", name="停用一个渠道"))
        card.get_by_label("REST 接口").check()
        card.get_by_label("原因").fill("演练")
        card.get_by_role("button", name="下一步").click()
        page.get_by_role("button", name="确认停用").click()
        expect(page.get_by_text("已停用：REST 接口的自动答复。", exact=True)).to_be_visible()
        time.sleep(1)
        assert chat() == f"这里的自动答复暂时停用，您的消息已经记下，但现在不能在这里回答。请拨打政策咨询电话 {PHONE}。"
        page.get_by_role("button", name="恢复REST 接口的自动答复").click()
        expect(page.get_by_text("已恢复：")).to_be_visible()
        time.sleep(1)
        assert "45" in chat()
