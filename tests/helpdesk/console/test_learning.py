"""待学习 in the browser: groups decided on by keys, taken back, two reviewers, the conversation behind a sentence, trainings told."""

from datetime import timedelta

import httpx
import pytest
from playwright.sync_api import Page, expect

from bot.helpdesk.models import Lesson, Retraining, Review
from bot.hours.identity import fold_name
from bot.hours.models import AuditEntry, ChatIdentity, Person
from bot.inbox.models import Journal, Missed, Outbox
from bot.settings import load
from tests.helpdesk.console.conftest import held_request, hold_up

LEAVE = ["休完陪产假回来学时咋补救哩", "休完陪产假回来学时咋补救", "请问休完陪产假回来学时咋补救哩？"]
PATENT = "搞了个发明专利小改进抵几个"
SCRIPT = "<img src=x onerror=\"document.title='broken'\">学时咋办哩"


@pytest.fixture
def missed(console):
    """Three groups that nobody has reviewed; the first has three sentences."""
    now = load(console.env).now()
    with console.database.write() as session:
        for table in (Review, Lesson, Retraining, Missed, Outbox, Journal, AuditEntry):
            session.query(table).delete()
        for number, text in enumerate([PATENT, SCRIPT, *LEAVE]):
            session.add(Journal(sender_id=f"web:{number}", channel="web", text=text, received_at=now, state="processed"))
            told = {"text": "抱歉，我没有听懂。", "metadata": {"kind": "fallback"}}
            session.add(Outbox(sender_id=f"web:{number}", kind="fallback", payload=told, created_at=now, state="sent"))
            session.add(Missed(sender_id=f"web:{number}", text=text, reason="not_understood", at=now))
            session.flush()


def taught(console) -> dict[str, str]:
    with console.database.read() as session:
        return {one.text: one.label for one in session.query(Lesson)}


def decisions(console) -> list[str]:
    with console.database.read() as session:
        return [one.decision for one in session.query(Review) if one.undone_at is None]


def opened(page: Page) -> Page:
    page.goto("/learning")
    expect(page.locator("#left")).to_have_text("5 句 · 3 组未处理")
    return page


def group(page: Page):
    return page.locator(".group:visible")


@pytest.mark.model
def test_a_group_is_taught_by_one_key_without_the_sentence_left_out_and_u_takes_it_back(trained_model, console, missed, signed_in):
    page = opened(signed_in("agent"))
    expect(group(page).locator(".choice")).to_have_count(3)
    first = group(page).locator(".choice").first
    label, title = first.get_attribute("value"), first.locator("b").inner_text()
    page.keyboard.press(" ")  # the first sentence is left out
    page.keyboard.press("1")
    expect(page.locator("#told")).to_have_text(f"已把 2 句教成“{title}”。")
    expect(page.locator("#left")).to_have_text("3 句 · 3 组未处理")
    assert set(taught(console).values()) == {label}
    assert len(taught(console)) == 2
    page.keyboard.press("u")
    expect(page.locator("#told")).to_have_text("已撤销，2 句回到待处理。")
    expect(page.locator("#left")).to_have_text("5 句 · 3 组未处理")
    assert taught(console) == {}


def test_o_d_and_the_keys_that_move(console, missed, signed_in):
    page = opened(signed_in("agent"))
    expect(group(page).locator("h2")).to_have_text(LEAVE[2])
    page.keyboard.press("j")
    expect(group(page).locator("h2")).to_have_text(SCRIPT)
    page.keyboard.press("ArrowDown")
    expect(group(page).locator("h2")).to_have_text(PATENT)
    page.keyboard.press("k")
    page.keyboard.press("o")
    expect(page.locator("#told")).to_have_text("已把 1 句记为范围外。")
    expect(group(page).locator("h2")).to_have_text(PATENT)  # the next one took its place
    page.keyboard.press("d")
    expect(page.locator("#told")).to_have_text("已丢弃 1 句。")
    expect(page.locator("#left")).to_have_text("3 句 · 1 组未处理")
    assert decisions(console) == ["out_of_scope", "discarded"]
    assert list(taught(console).values()) == ["out_of_scope"]
    assert not set("".join(taught(console))) & set("<>")


def test_another_question_is_found_by_initials_and_a_letter_typed_there_decides_nothing(console, missed, signed_in):
    page = opened(signed_in("agent"))
    page.keyboard.press("/")
    page.keyboard.type("jzd")
    marked = page.locator('#other-list li[aria-selected="true"]')
    expect(marked).to_have_count(1)
    title = marked.locator("b").inner_text()
    assert "结转" in title
    find = page.locator("#other-find")
    find.dispatch_event("keydown", {"key": "Enter", "isComposing": True, "bubbles": True})
    find.dispatch_event("keydown", {"key": "d", "bubbles": True})
    assert decisions(console) == []
    page.keyboard.press("Enter")
    expect(page.locator("#told")).to_have_text(f"已把 3 句教成“{title}”。")


def test_what_is_pressed_before_the_queue_has_moved_on_is_not_meant_for_the_next_group(console, missed, signed_in):
    page = signed_in("agent")
    waiting = hold_up(page, "**/learning/decide")
    group(opened(page)).get_by_role("button", name="丢弃").click()
    held = held_request(page, waiting)
    page.keyboard.press("/")
    page.locator('.group:visible [data-does="/"]').click()
    page.keyboard.press("Enter")
    page.keyboard.press("o")
    expect(page.locator("#other")).to_be_hidden()
    held.continue_()
    page.unroute("**/learning/decide")
    expect(page.locator("#told")).to_have_text("已丢弃 3 句。")
    page.keyboard.press("Enter")
    page.keyboard.press("/")
    expect(page.locator("#other")).to_be_visible()
    assert decisions(console) == ["discarded"] * 3


def test_another_question_is_taught_to_the_group_that_it_was_looked_for_and_to_no_other(console, missed, signed_in):
    page = opened(signed_in("agent"))
    page.keyboard.press("/")
    page.keyboard.type("jzd")
    expect(page.locator('#other-list li[aria-selected="true"]')).to_have_count(1)
    page.evaluate("document.querySelector('.group:not([hidden]) [data-does=d]').click()")
    expect(page.locator("#told")).to_have_text("已丢弃 3 句。")
    page.keyboard.press("Enter")
    expect(page.locator("#other")).to_be_hidden()
    assert page.evaluate("document.activeElement.dataset.group") == group(page).get_attribute("data-group")
    page.keyboard.press("d")
    expect(page.locator("#left")).to_have_text("1 句 · 1 组未处理")
    assert decisions(console) == ["discarded"] * 4


def test_of_two_reviewers_the_second_reads_who_was_first(console, missed, signed_in):
    one, two = opened(signed_in("agent")), opened(signed_in("agent2"))
    one.keyboard.press("d")
    expect(one.locator("#told")).to_have_text("已丢弃 3 句。")
    two.keyboard.press("o")
    expect(two.locator("#told")).to_have_text("3 句已由 1 号先处理。")
    expect(two.locator("#left")).to_have_text("2 句 · 2 组未处理")
    two.keyboard.press("u")
    expect(two.locator("#told")).to_have_text("没有可以撤销的处理。")
    assert decisions(console) == ["discarded"] * 3


def test_what_a_person_wrote_is_text_and_never_markup(console, missed, signed_in):
    page = opened(signed_in("agent"))
    page.keyboard.press("j")
    expect(group(page).locator("h2")).to_have_text(SCRIPT)
    assert page.locator(".review img").count() == 0
    with page.expect_popup() as popup:
        group(page).get_by_role("link", name="对话").click()
    expect(popup.value.locator(".turn.this p")).to_have_text(SCRIPT)
    assert "broken" not in page.title() + popup.value.title()


def test_the_conversation_behind_a_sentence_is_a_look_that_leaves_a_trace(console, missed, signed_in):
    with console.database.write() as session:
        row = session.query(Missed).filter_by(text=PATENT).one()
        person = session.query(Person).first()
        session.add(ChatIdentity(sender_id=row.sender_id, person_id=person.id, bound_at=row.at))
    try:
        page = signed_in("agent")
        page.goto(f"/learning/missed/{row.id}")
        expect(page.locator(".turn")).to_have_count(2)
        expect(page.locator(".turn.bot p")).to_have_text("抱歉，我没有听懂。")
        expect(page.get_by_role("link", name=person.name)).to_be_visible()
        with console.database.read() as session:
            traces = [(one.actor, one.action, one.person_id, one.detail) for one in session.query(AuditEntry)]
        assert traces == [("staff:1", "console-lookup", person.id, f"learning {row.id}")]
        with console.database.write() as session:
            session.query(ChatIdentity).one().bound_at = row.at + timedelta(minutes=1)
        page.reload()
        expect(page.locator(".turn")).to_have_count(2)
        expect(page.get_by_role("link", name=person.name)).to_have_count(0)
        with console.database.read() as session:
            newest = session.query(AuditEntry).order_by(AuditEntry.id.desc()).first()
        assert (newest.action, newest.person_id) == ("console-lookup", None), "it may be somebody else's sentence"
    finally:
        with console.database.write() as session:
            session.query(ChatIdentity).delete()


def test_a_name_of_the_database_is_not_taught(console, missed, signed_in):
    with console.database.write() as session:
        name = session.query(Person).first().name
        session.query(Missed).delete()
        session.add(Missed(sender_id="web:9", text=f"{name}那个发明改进抵几个哩", reason="useless", at=load(console.env).now()))
    page = signed_in("agent")
    page.goto("/learning")
    page.keyboard.press("o")
    expect(page.locator("#told")).to_have_text("已把 1 句记为范围外。")
    (text,) = taught(console)
    assert fold_name(name) not in text
    assert text.endswith("那个发明改进抵几个哩")


def test_a_callers_question_leads_to_its_call(console, missed, signed_in):
    with console.database.write() as session:
        row = Missed(sender_id="call:7", text="电话里问的一件事", reason="call", at=load(console.env).now())
        session.add(row)
        session.flush()
        number = row.id
    page = signed_in("agent")
    page.goto(f"/learning/missed/{number}")
    assert page.url.endswith("/calls/7")


def test_a_training_that_was_worse_says_what_got_worse_and_a_silent_one_that_it_is_dead(console, missed, signed_in):
    now = load(console.env).now()
    scores = {"count": 100, "asked": 0.1}
    figures = {
        "candidate": {**scores, "right": 91, "wrong": 5, "accuracy": 0.91},
        "current": {**scores, "right": 93, "wrong": 4, "accuracy": 0.93},
        "lost": [{"say": "备案几号完", "want": ["faq/filing_deadline"], "before": "faq/filing_deadline", "now": "asked back"}],
        "lost_count": 1, "gained": [], "gained_count": 0, "worse": [], "worse_count": 0, "forgotten": [], "forgotten_count": 0,
    }  # fmt: skip
    common = {"staff_id": 3, "started_at": now, "lessons": 2, "progress": 0.5}
    with console.database.write() as session:
        session.add(Retraining(**common, ended_at=now, state="worse", step="done", model="b", before="a", figures=figures))
        session.flush()
        session.add(Retraining(**common, beat_at=now.replace(year=now.year - 1), state="running", step="training"))
    page = signed_in("admin")
    page.goto("/learning/models")
    dead, worse = page.locator(".run").all()
    expect(dead).to_contain_text("训练进程没有回应")
    expect(worse).to_contain_text("答对少了 2 句。答错多了 1 句。")
    worse.get_by_text("原来答对、现在不对的 1 句").click()
    expect(worse.get_by_role("cell", name="备案几号完")).to_be_visible()
    expect(worse.get_by_role("cell", name="反问")).to_be_visible()
    expect(page.get_by_role("button", name="回退到之前的模型")).to_have_count(0)


def test_a_training_under_way_is_followed_and_keeps_another_from_beginning(console, missed, signed_in):
    now = load(console.env).now()
    with console.database.write() as session:
        row = Retraining(staff_id=3, started_at=now, beat_at=now, lessons=2, progress=0.25, state="running", step="training")
        session.add(row)
        session.flush()
    page = signed_in("admin")
    page.goto("/learning/models")
    expect(page.get_by_text("正在训练候选模型，25%")).to_be_visible()
    page.get_by_role("button", name="重新训练").click()
    expect(page.locator("p.said").first).to_have_text("正在训练，不能同时再训练一次。")
    with console.database.write() as session:
        held = session.get(Retraining, row.id)
        held.progress, held.step, held.beat_at = 0.9, "evaluating", load(console.env).now()
    expect(page.get_by_text("正在开发集上与现用模型比较，90%")).to_be_visible()
    with console.database.write() as session:
        held = session.get(Retraining, row.id)
        held.state, held.detail = "failed", "训练没有成功：磁盘满了"
    expect(page.get_by_text("训练没有成功：磁盘满了")).to_be_visible()
    expect(page.locator(".runs[hx-trigger]")).to_have_count(0)


def post(page: Page, path: str, **fields: str) -> int:
    token = page.evaluate("JSON.parse(document.body.getAttribute('hx-headers'))['X-CSRF-Token']")
    cookies = {one["name"]: one["value"] for one in page.context.cookies()}
    origin = page.evaluate("location.origin")
    headers = {"Origin": origin, "X-CSRF-Token": token}
    return httpx.post(origin + path, data=fields, cookies=cookies, headers=headers, timeout=30).status_code


def test_only_who_may_decides_trains_and_goes_back(console, missed, signed_in):
    agent = opened(signed_in("agent"))
    assert post(agent, "/learning/models/train") == 403
    assert post(agent, "/learning/models/1/back") == 403
    agent.goto("/learning/models")
    expect(agent.get_by_role("button", name="重新训练")).to_have_count(0)
    unit = signed_in("unit")
    assert unit.goto("/learning").status == 403
    unit.goto("/account")
    assert post(unit, "/learning/decide", ids="1", **{"as": "discarded"}) == 403
    assert decisions(console) == []


def test_a_mistaught_sentence_is_taken_back_by_its_author_or_an_admin_long_after(console, missed, signed_in):
    agent = opened(signed_in("agent"))
    agent.keyboard.press("o")
    expect(agent.locator("#told")).to_have_text("已把 3 句记为范围外。")
    agent.keyboard.press("o")
    expect(agent.locator("#told")).to_have_text("已把 1 句记为范围外。")
    count = len(taught(console))
    assert count == 4
    colleague = signed_in("agent2")
    colleague.goto("/learning/lessons")
    expect(colleague.locator("tbody tr").filter(has_text="1 号")).to_have_count(count)
    expect(colleague.get_by_role("button", name="撤销")).to_have_count(0)
    with console.database.read() as session:
        lesson = session.query(Lesson.id).first().id
    assert post(colleague, f"/learning/lessons/{lesson}/back") == 303
    assert len(taught(console)) == count
    for page, left in ((signed_in("admin"), count - 1), (agent, count - 2)):
        page.goto("/learning/lessons")
        page.get_by_role("button", name="撤销").last.click()
        expect(page.get_by_role("status").filter(has_text="回到待处理")).to_be_visible()
        expect(page.locator("tbody tr")).to_have_count(left)
    agent.goto("/learning")
    expect(agent.locator("#left")).to_contain_text("3 句")  # one that nobody had decided on, two that are back


def test_a_label_that_nobody_knows_and_a_decision_on_nothing_change_nothing(console, missed, signed_in):
    page = opened(signed_in("agent"))
    with console.database.read() as session:
        number = session.query(Missed).first().id
    assert post(page, "/learning/decide", ids=str(number), **{"as": "faq/invented"}) == 422
    assert post(page, "/learning/decide", ids=str(number), **{"as": "my_year; drop"}) == 422
    assert post(page, "/learning/decide", **{"as": "discarded"}) == 200
    assert (decisions(console), taught(console)) == ([], {})
