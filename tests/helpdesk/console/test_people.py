"""人员 in the browser: finding somebody, their page against `status --json`, codes, the number that hides itself, units kept apart."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone

import httpx
import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import delete, select

from bot.hours.models import AuditEntry, BindCode, Person
from bot.hours.upsert import keys_of
from tests.helpdesk.console.conftest import PASSWORD, SIZE, Both, Console, enter
from tests.serving import bot_command

SignedIn = Callable[[str], Page]
NAMES = ["马占海", "才让·措毛", "李文静", "扎西多杰", "赵晓岚", "王铁军", "韩雪莲", "祁海龙"]
NAMESAKE = "630104197001010018"


@pytest.fixture
def people(console: Console) -> dict[str, int]:
    """Name -> id of the sample people."""
    with console.database.read() as session:
        return {row.name: row.id for row in session.execute(select(Person.name, Person.id).where(Person.name.in_(NAMES)))}


@pytest.fixture
def client(console: Console) -> Iterator[Callable[[str], httpx.Client]]:
    """Somebody signed in, without a browser; changes carry the token."""
    opened = []

    def come_in(login: str) -> httpx.Client:
        made = httpx.Client(base_url=console.url, headers={"Origin": console.url}, timeout=30)
        opened.append(made)
        made.post("/login", data={"login": login, "password": PASSWORD})
        made.headers["X-CSRF-Token"] = made.get("/account").text.partition('name="csrf" value="')[2].partition('"')[0]
        return made

    yield come_in
    for made in opened:
        made.close()


@pytest.fixture
def another(console: Console) -> Iterator[Callable[[str, str], int]]:
    """A function that adds one more person of this name and unit."""
    added = []

    def add(name: str, unit: str) -> int:
        with console.database.write() as session:
            row = Person(id_number=NAMESAKE, name=name, unit=unit, region="西宁市", sector="工程", level="初级", **keys_of(name))
            session.add(row)
            session.flush()
            added.append(row.id)
            return int(row.id)

    yield add
    with console.database.write() as session:
        session.execute(delete(BindCode).where(BindCode.person_id.in_(added)))
        session.execute(delete(Person).where(Person.id.in_(added)))


def trace(console: Console, action: str) -> list[tuple[str, int | None, str]]:
    with console.database.read() as session:
        query = select(AuditEntry.actor, AuditEntry.person_id, AuditEntry.detail).where(AuditEntry.action == action)
        return [tuple(row) for row in session.execute(query.order_by(AuditEntry.id))]


def numbers(console: Console) -> list[str]:
    with console.database.read() as session:
        return list(session.execute(select(Person.id_number)).scalars())


def test_somebody_is_found_by_initials_and_opened_by_keys(console: Console, signed_in: SignedIn, people: dict[str, int]) -> None:
    page = signed_in("agent")
    page.goto("/people")
    page.keyboard.type("crc")
    expect(page.locator("#found .pick")).to_have_text(["才让·措毛"])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("才让·措毛")
    assert page.url.endswith(f"/people/{people['才让·措毛']}")
    assert trace(console, "console-lookup")[-1] == ("staff:1", people["才让·措毛"], "people")


def test_who_goes_back_finds_the_list_again(signed_in: SignedIn) -> None:
    page = signed_in("agent")
    page.goto("/people")
    page.keyboard.type("zxdj")
    expect(page.locator("#found .pick")).to_have_text(["扎西多杰"])
    page.locator("#found .pick").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("扎西多杰")
    page.go_back()
    expect(page.locator("#found .pick")).to_have_text(["扎西多杰"])


def test_what_somebody_looked_for_is_gone_when_they_sign_out_and_is_no_one_elses_in_another_tab(signed_in: SignedIn) -> None:
    page = signed_in("agent")
    for tab in (page, other := page.context.new_page()):
        tab.goto("/people")
        tab.keyboard.type("zxdj")
        expect(tab.locator("#found .pick")).to_have_text(["扎西多杰"])
        tab.locator("#found .pick").click()
    page.get_by_role("button", name="退出登录").click()
    page.wait_for_url("**/login*")
    assert page.evaluate("sessionStorage.length") == 0
    page.get_by_label("登录名").fill("agent2")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url("**/conversations")
    other.go_back()
    expect(other.get_by_role("heading", level=1)).to_have_text("人员")
    expect(other.locator("#q")).to_have_value("")


def test_people_of_one_name_are_told_apart(signed_in: SignedIn, another: Callable[[str, str], int]) -> None:
    another("马占海", "湟源县水利队")
    page = signed_in("agent")
    page.goto("/people")
    page.keyboard.type("mzh")
    rows = page.locator("#found tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_have_text(re.compile(r"马占海\s*湟源县水利队\s*初级\s*工程\s*6301\*{10}0018"))
    expect(rows.nth(1)).to_have_text(re.compile(r"马占海\s*青海天河水利设计院\s*中级\s*工程\s*6301\*{10}0314"))
    page.locator("#q").fill("mzh 天河")
    expect(rows).to_have_count(1)


def number(text: str) -> float:
    return float(text)


def test_each_figure_of_a_page_is_that_of_status_json(console: Console, signed_in: SignedIn, people: dict[str, int]) -> None:
    told = bot_command("status", "--all", "--jsonl", env=console.env)
    documents = {document["id_number"]: document for document in map(json.loads, told.stdout.splitlines())}
    page = signed_in("agent")
    assert len(people) == len(NAMES)
    for ident in people.values():
        with console.database.read() as session:
            document = documents[session.get(Person, ident).id_number]
        page.goto(f"/people/{ident}")
        given = page.locator("#year").evaluate("shown => ({...shown.dataset})")
        year = document["year"]
        assert int(given["year"]) == year["year"]
        assert given["complete"] == str(year["complete"]).lower()
        assert (given["creditedBy"] or None) == year["credited_by"]
        for kind in ("public", "professional", "total"):
            assert number(given[f"verified{kind.title()}"]) == year["verified"][kind]
            assert number(given[f"pending{kind.title()}"]) == year["pending"][kind]
            assert kind == "total" or number(given[f"missing{kind.title()}"]) == year["missing"][kind]
        for row, kind in enumerate(("public", "professional")):
            cells = page.locator("table.hours tbody tr").nth(row).locator("td.num").all_inner_texts()
            missing = [] if year["credited_by"] else [year["missing"][kind]]
            assert [number(cell) for cell in (cells[0], *cells[2:])] == [year["verified"][kind], year["pending"][kind], *missing]
        for level, title in document["title"].items():
            shown = page.locator(f'[data-level="{level}"]')
            given = shown.evaluate("shown => ({...shown.dataset})")
            for name in ("covered", "exempt", "eligible"):
                assert given[name] == str(title[name]).lower()
            for name in ("required_years", "qualified_years", "missing_years"):
                assert int(given[re.sub("_y", "Y", name)]) == title[name]
            assert [int(year) for year in given["metYears"].split()] == title["met_years"]
            assert ("还差" in shown.inner_text()) == (not title["eligible"])
        met = page.locator('table.years tbody tr[data-met="true"]').evaluate_all("rows => rows.map((row) => Number(row.dataset.year))")
        assert sorted(met) == document["title"]["senior"]["met_years"]


def test_an_exempt_person_is_nowhere_told_of_missing_years(signed_in: SignedIn, people: dict[str, int]) -> None:
    page = signed_in("agent")
    page.goto(f"/people/{people['王铁军']}")
    expect(page.locator('[data-level="senior"]')).to_contain_text("可不作要求")
    assert "还差" not in page.locator('[data-level="senior"]').inner_text()
    assert "还差" not in " ".join(page.locator('[id^="say-"]:not(#say-year)').all_text_contents())
    expect(page.locator("table.years tbody tr").nth(1)).to_contain_text("未计")


def test_uncounted_and_pending_records_stand_with_their_reason(signed_in: SignedIn, people: dict[str, int]) -> None:
    page = signed_in("agent")
    page.goto(f"/people/{people['祁海龙']}")
    expect(page.get_by_role("row", name=re.compile("法治学习"))).to_contain_text("属于不作学时登记的培训")
    expect(page.get_by_role("row", name=re.compile("监测方法改进"))).to_contain_text("已被退回")
    page.goto(f"/people/{people['韩雪莲']}")
    expect(page.locator("section", has=page.get_by_role("heading", name="待审验的记录"))).to_contain_text("预算绩效")
    expect(page.locator(".note")).to_contain_text("会计专业技术人员")


def test_what_to_read_out_is_copied_by_one_button(signed_in: SignedIn, people: dict[str, int]) -> None:
    page = signed_in("agent")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"/people/{people['才让·措毛']}")
    page.get_by_role("button", name="复制").first.click()
    expect(page.locator(".toast")).to_have_text("已复制")
    assert page.evaluate("navigator.clipboard.readText()").startswith("2023年度还没有完成：公需科目还差12.5学时，专业科目还差32学时。")


def test_a_number_is_shown_for_a_minute_and_logged_with_its_reason(console: Console, signed_in: SignedIn, people: dict[str, int]) -> None:
    page = signed_in("agent2")
    now = datetime(2023, 11, 20, 9, tzinfo=timezone.utc)
    page.clock.set_fixed_time(now)  # the browser's seconds pass here alone
    page.goto(f"/people/{people['才让·措毛']}")
    shown = page.locator("#number")
    expect(shown).to_have_text("6322**********0420")
    page.get_by_role("button", name="显示").click()
    expect(shown).to_have_text("6322**********0420")  # no reason was given
    page.get_by_label("显示证件号码的理由").select_option(label="核对来电人身份")
    page.get_by_role("button", name="显示").click()
    expect(shown).to_contain_text("632221199006240420")
    page.clock.set_fixed_time(now + timedelta(seconds=58))
    expect(shown.locator("[data-seconds]")).to_have_text("2")
    expect(shown).to_contain_text("632221199006240420")
    page.clock.set_fixed_time(now + timedelta(seconds=61))
    expect(shown).to_have_text("6322**********0420")
    assert trace(console, "console-reveal") == [("staff:2", people["才让·措毛"], "caller")]


def test_no_page_but_the_revealed_number_holds_a_whole_one(console: Console, client: Callable[[str], httpx.Client]) -> None:
    held = numbers(console)
    admin = client("admin")
    pages = [admin.get(f"/people/{ident}") for ident in range(1, len(NAMES) + 1)]
    pages += [admin.post("/people/search", data={"q": word}) for word in ("县", "0420", *held[:2])]
    pages += [admin.get("/people"), admin.get("/audit"), admin.post("/people/1/code"), admin.get("/ask?person=1")]
    for page in pages:
        assert page.status_code == 200
        assert [one for one in held if one in page.text] == []
    assert held[0] in admin.post("/people/1/number", data={"why": "record"}).text
    assert admin.post("/people/1/number", data={"why": "curious"}).status_code == 422
    assert [one for one in held if one in console.log] == []


def test_whole_numbers_are_tried_under_the_eyes_of_the_trail_and_not_for_ever(
    console: Console, client: Callable[[str], httpx.Client], people: dict[str, int]
) -> None:
    agent = client("agent2")
    with console.database.read() as session:
        number = session.get(Person, people["王铁军"]).id_number
    assert "王铁军" in agent.post("/calls/people", data={"text": number}).text
    guesses = [f"63010419850317{last:04d}" for last in range(29)]
    assert {agent.post("/people/search", data={"q": one}).status_code for one in guesses} == {200}
    noted = [(who, whom) for who, whom, _ in trace(console, "console-number") if who == "staff:2"]
    assert noted == [("staff:2", people["王铁军"]), *[("staff:2", None)] * 29]
    for path, name in (("/people/search", "q"), ("/calls/people", "text")):
        refused = agent.post(path, data={name: "630104198503179999"})
        assert (refused.status_code, "查的次数太多" in refused.text) == (429, True)
    assert agent.post("/people/search", data={"q": "王铁军"}).status_code == 200


def test_the_unit_role_sees_nobody_else_by_search_address_or_form(console: Console, client: Callable[[str], httpx.Client]) -> None:
    unit = client("unit")
    with console.database.read() as session:
        people = {row.id: row.unit for row in session.execute(select(Person.id, Person.unit))}
    own, other = 1, next(ident for ident in people if people[ident] != people[1])
    assert unit.get(f"/people/{own}").status_code == 200
    assert "最近来电" not in unit.get(f"/people/{own}").text
    for word in ("才让", "crc", "0420", "县", "医院"):
        assert "data-person" not in unit.post("/people/search", data={"q": word, "target": "ask"}).text
        assert "/people/" not in unit.post("/people/search", data={"q": word}).text
    for ident in (other, 999_999):
        answers = [
            unit.get(f"/people/{ident}"),
            unit.post(f"/people/{ident}/number", data={"why": "caller"}),
            unit.post(f"/people/{ident}/code"),
            unit.post("/ask/person", data={"person": ident}),
            unit.post("/ask/answer", data={"q": "我今年还差多少", "person": ident}),
        ]
        assert [answer.status_code for answer in answers] == [404] * 5
        assert len({answer.text for answer in answers}) == 1
        assert "没有这个人" in unit.get(f"/ask?person={ident}").text
    assert unit.get(f"/ask?person={other}").text == unit.get("/ask?person=999999").text
    with console.database.read() as session:
        assert session.execute(select(AuditEntry).where(AuditEntry.actor == "staff:4", AuditEntry.person_id == other)).first() is None
        assert session.execute(select(BindCode).where(BindCode.person_id == other)).first() is None


def test_a_name_is_text_whatever_it_holds(signed_in: SignedIn, another: Callable[[str, str], int]) -> None:
    name = "<img src=x onerror=alert(1)>\"'"
    page = signed_in("agent")
    page.goto(f"/people/{another(name, '<b>单位</b>')}")
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="发绑定码").click()
    expect(page.locator(".slip")).to_contain_text(name)
    assert page.locator("main img, main b:has-text('单位')").count() == 0


@pytest.mark.model
def test_a_code_issued_here_binds_a_chat_once(bot_and_console: Both, browser) -> None:
    both = bot_and_console
    complaints: list[str] = []
    context = browser.new_context(base_url=both.console.url, locale="zh-CN", viewport=SIZE)
    page = enter(context.new_page(), "agent", complaints)
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/people/2")
    expect(page.get_by_text("还没有绑定聊天")).to_be_visible()
    page.get_by_role("button", name="发绑定码").click()
    first = page.locator("#bind-words").inner_text()
    page.get_by_role("button", name="发绑定码").click()
    expect(page.locator("#bind-words")).not_to_have_text(first)
    sentence = page.locator("#bind-words").inner_text()
    assert page.locator(".slip .code").inner_text() in sentence
    assert "没有绑定" in both.bot.say(first, "caller")[0]["text"]
    assert both.bot.say(sentence, "caller")[0]["text"].startswith("已绑定：才让·措毛")
    assert "没有绑定" in both.bot.say(sentence, "another")[0]["text"]
    assert "还差12.5学时" in both.bot.say("我今年还差多少", "caller")[0]["text"]
    page.reload()
    expect(page.locator("section", has=page.get_by_role("heading", name="聊天绑定"))).to_contain_text("接口")
    expect(page.locator(".slip")).to_have_count(0)
    assert sentence.rsplit(" ", 1)[1] not in both.console.log
    assert complaints == []
    context.close()
