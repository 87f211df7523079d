"""The dashboard in a browser: figures, charts, lists and CSV files say the same."""

import csv
import io
import random
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page
from sqlalchemy import insert, select

from bot.helpdesk.dashboard.csvfile import as_csv
from bot.hours.models import AuditEntry, ChatIdentity, Person
from bot.hours.report import inert
from bot.inbox.models import Journal
from bot.settings import load
from tests.helpdesk.conftest import NOW
from tests.helpdesk.console.conftest import SIZE, enter
from tests.helpdesk.dashboard import test_figures

KEYS = ("days", "ends", "questions", "hours", "replies", "votes", "tickets", "calls", "judged", "learning")
"""As they follow each other on the screen."""
FORMULA = "=1+1+cmd|' /C calc'!A0"


@pytest.fixture(scope="module")
def filled(console: Any) -> Any:
    """Messages of all channels, votes, tickets, calls, samples and lessons; one sentence would be a formula in a spreadsheet."""
    assert load(console.env).current_date() == NOW.date()
    test_figures.fill(console.database, random.Random(5), 120, staff=1)
    with console.database.write() as session:
        row = {"sender_id": "web:x", "channel": "web", "text": FORMULA, "received_at": NOW - timedelta(days=2), "state": "held"}
        session.execute(insert(Journal.__table__), row)
    return console


@pytest.fixture(scope="module")
def opened(filled: Any, browser: Any) -> Iterator[tuple[Page, list[str]]]:
    """An agent's browser, and what it complained about."""
    complaints: list[str] = []
    context = browser.new_context(base_url=filled.url, locale="zh-CN", viewport=SIZE)
    yield enter(context.new_page(), "agent", complaints), complaints
    context.close()


@pytest.fixture
def page(opened: tuple[Page, list[str]]) -> Iterator[Page]:
    shown, complaints = opened
    complaints.clear()
    shown.goto("/dashboard?days=30")
    yield shown
    assert complaints == []


def cells(page: Page, table: str) -> list[list[str]]:
    """What a table on the screen says, also where it is folded up."""
    said = "table => [...table.rows].map(row => [...row.cells].map(cell => cell.textContent.trim()))"
    return page.locator(f"#table-{table}").evaluate(said)  # type: ignore[no-any-return]


def file_at(page: Page, address: str) -> list[list[str]]:
    response = page.request.get(address)
    assert response.status == 200
    assert response.headers["content-type"].startswith("text/csv")
    assert response.body().startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(response.body().decode("utf-8-sig"), newline="")))


def total(page: Page, address: str) -> int:
    text = page.request.get(address).text()
    return int(text.partition('id="total">')[2].partition("<")[0])


def test_every_number_opens_a_list_of_so_many_rows(page: Page) -> None:
    found = page.locator("table a").evaluate_all("all => all.map(a => [a.getAttribute('href'), a.textContent])")
    counted = [(href, int(text)) for href, text in found if text.isdigit()]
    assert len(counted) > 150
    few = random.Random(1).sample([one for one in counted if "question" not in one[0]], 40)
    chosen = few + [one for one in counted if one[1] > 20 or "question" in one[0]]
    assert [(href, total(page, href)) for href, _ in chosen] == chosen
    assert {urlsplit(href).path.rpartition("/")[2] for href, _ in counted} == set(test_figures.FIGURES)


def test_a_figure_at_a_glance_opens_its_list_and_a_row_of_it_the_conversation(page: Page) -> None:
    figure = page.locator(".figure", has_text="转人工")
    count = figure.locator("b").inner_text()
    figure.click()
    page.wait_for_url("**/dashboard/list/tickets**")
    assert page.locator("#total").inner_text() == count
    assert page.locator("h1").inner_text() == "转人工的会话"
    link = page.locator("#table-rows a").first
    number = link.inner_text().removeprefix("会话 ")
    assert link.get_attribute("href") == f"/conversations/{number}"


def test_lists_are_turned_page_by_page_and_none_is_on_two(page: Page) -> None:
    page.goto("/dashboard/list/messages?from=2023-10-11&to=2023-11-20")
    count, seen = int(page.locator("#total").inner_text()), 0
    while True:
        seen += page.locator("#table-rows tbody tr").count()
        following = page.get_by_role("link", name="下一页")
        if not following.count():
            break
        href = following.get_attribute("href") or ""
        following.click()
        page.wait_for_url(re.compile(re.escape(href) + "$"))  # the page before is loaded, too
    assert seen == count > 50


def test_the_csv_of_each_table_is_the_table_on_the_screen(page: Page) -> None:
    for key in KEYS:
        link = page.locator(f".card:has(#table-{key}) a.csv").get_attribute("href")
        assert file_at(page, link or "") == [[inert(cell) for cell in row] for row in cells(page, key)], key


def test_the_csv_of_the_page_is_the_whole_screen(page: Page) -> None:
    rows = file_at(page, page.get_by_role("link", name="整页 CSV").get_attribute("href") or "")
    assert rows[0] == ["学时通看板", "2023-10-22 至 2023-11-20"]
    shown = page.locator(".figure").evaluate_all("all => all.map(one => [...one.children].map(part => part.textContent))")
    assert rows[2:4] == [["概要"], ["指标", "数值", "说明"]]
    assert rows[4:12] == shown
    expected: list[list[str]] = []
    for key in KEYS:
        title = page.locator(f".card:has(#table-{key}) h2").first.inner_text()
        expected += [[], [title], *([inert(cell) for cell in row] for row in cells(page, key))]
    assert rows[12:] == expected


def test_the_csv_of_a_list_is_the_list_and_holds_no_formula(page: Page) -> None:
    page.goto("/dashboard/list/messages?part=unanswered&from=2023-11-18&to=2023-11-18")
    shown = cells(page, "rows")
    assert FORMULA in {row[2] for row in shown}
    rows = file_at(page, page.get_by_role("link", name="CSV").get_attribute("href") or "")
    assert rows == [[inert(cell) for cell in row] for row in shown]
    assert "'" + FORMULA in {row[2] for row in rows}


def test_charts_draw_what_the_tables_say_and_a_bar_leads_to_its_list(page: Page) -> None:
    drawn = "canvas => Chart.getChart(canvas).data.datasets.map(one => [one.label, ...one.data])"
    columns = [list(column) for column in zip(*cells(page, "days"), strict=True)]
    assert page.locator("canvas[data-chart=days]").evaluate(drawn) == [[head, *map(int, rest[::-1])] for head, *rest in columns[1:-1]]
    hours = cells(page, "hours")[1:]
    assert page.locator("canvas[data-chart=hours]").evaluate(drawn) == [["消息", *(int(row[1]) for row in hours)]]
    busiest = max(range(24), key=lambda hour: int(hours[hour][1]))
    grown = """at => {
        const chart = Chart.getChart(document.querySelector("canvas[data-chart=hours]")), bar = chart.getDatasetMeta(0).data[at];
        return !Chart.animator.running(chart) && bar.y < bar.base;
    }"""
    page.wait_for_function(grown, arg=busiest)
    where = "(canvas, at) => { const bar = Chart.getChart(canvas).getDatasetMeta(0).data[at]; return [bar.x, (bar.y + bar.base) / 2]; }"
    x, y = page.locator("canvas[data-chart=hours]").evaluate(where, busiest)
    page.locator("canvas[data-chart=hours]").click(position={"x": x, "y": y})
    page.wait_for_url(f"**/dashboard/list/messages**hour={busiest}")
    assert page.locator("#total").inner_text() == hours[busiest][1]


def test_a_period_and_a_channel_are_chosen_and_kept(page: Page) -> None:
    page.get_by_label("从", exact=True).fill("2023-11-13")
    page.get_by_label("到", exact=True).fill("2023-11-19")
    page.get_by_label("渠道").select_option("wx")
    page.get_by_role("button", name="查看").click()
    page.wait_for_url("**channel=wx**")
    days = cells(page, "days")
    assert days[0] == ["日期", "微信", "合计"]
    assert [row[0] for row in days[1:]] == [f"2023-11-{day}" for day in range(19, 12, -1)]
    page.get_by_role("link", name="近 7 天").click()
    page.wait_for_url("**days=7**")
    assert page.get_by_label("渠道").input_value() == "wx"
    assert page.locator(".spans a[aria-current]").inner_text() == "近 7 天"


@pytest.mark.parametrize("dates", ["from=2023-11-20&to=2023-11-01", "from=2020-01-01&to=2023-11-20", "from=gestern", "to=0001-01-01"])
def test_dates_that_are_no_period_are_said_so(page: Page, dates: str) -> None:
    page.goto(f"/dashboard?{dates}")
    assert "日期不对" in page.get_by_role("alert").inner_text()
    assert page.get_by_label("从", exact=True).input_value() == "2023-10-22"


@pytest.mark.parametrize(
    "path", ["list/nothing", "list/votes?part=nothing", "table/nothing.csv", "list/lessons?part=right", "list/columns", "list/said"]
)
def test_a_figure_that_there_is_not_is_not_found(page: Page, path: str) -> None:
    assert page.request.get(f"/dashboard/{path}").status == 404


def test_markup_in_a_message_is_text(page: Page, filled: Any) -> None:
    said = "<img src=x onerror=alert(1)>"
    with filled.database.write() as session:
        row = {"sender_id": "web:y", "channel": "web", "text": said, "received_at": NOW - timedelta(days=35), "state": "held"}
        session.execute(insert(Journal.__table__), row)
    page.goto("/dashboard/list/messages?from=2023-10-16&to=2023-10-16&part=unanswered")
    assert said in {row[2] for row in cells(page, "rows")}
    assert page.locator("#table-rows img").count() == 0


def test_a_message_opens_what_was_said_around_it_and_the_look_leaves_a_trace(page: Page, filled: Any) -> None:
    page.goto("/dashboard/list/messages?part=unanswered&from=2023-11-18&to=2023-11-18")
    page.locator("#table-rows tr", has_text=FORMULA).get_by_role("link", name="对话").click()
    page.wait_for_url("**/dashboard/said/*")
    assert page.locator(".turn.this p").inner_text() == FORMULA
    with filled.database.read() as session:
        last = session.execute(select(AuditEntry).order_by(AuditEntry.id.desc())).scalars().first()
    assert (last.actor, last.action, last.detail) == ("staff:1", "console-lookup", f"dashboard {page.url.rpartition('/')[2]}")
    with filled.database.write() as session:
        said = session.execute(select(Journal).where(Journal.id == int(page.url.rpartition("/")[2]))).scalar_one()
        person = session.execute(select(Person).order_by(Person.id)).scalars().first()
        session.add(ChatIdentity(sender_id=said.sender_id, person_id=person.id, bound_at=said.received_at + timedelta(minutes=1)))
        name = person.name
    page.reload()
    assert name not in page.locator("main").inner_text(), "who was bound later need not have said it"
    assert page.request.get("/dashboard/said/999999").status == 404


def test_no_cell_begins_as_a_formula() -> None:
    armed = ["=1", "+1", "-1", "@a", "\tx", "\rx"]
    lines = as_csv([armed, ["1", "a=b", ""]]).decode("utf-8-sig")
    assert next(csv.reader(io.StringIO(lines, newline=""))) == ["'" + cell for cell in armed]
