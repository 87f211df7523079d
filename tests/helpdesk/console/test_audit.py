"""审计 in the browser: admins alone read who looked at whose record, found by staff, action, person and day."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from bot.helpdesk.lookup import person
from bot.settings import load
from tests.helpdesk.console.conftest import Console

SignedIn = Callable[[str], Page]


@pytest.fixture(scope="module")
def looked(console: Console) -> None:
    """Sixty looks of the first agent at one person, the newest the day after the others, and one number shown by the second."""
    now = load(console.env).now()
    with console.database.write() as session:
        for _ in range(59):
            person.looked_up(session, 2, "staff:1", now, "people")
        person.looked_up(session, 2, "staff:1", now + timedelta(days=1), "ask")
        person.reveal(session, 3, None, "staff:2", "paperwork", now)


def test_an_admin_reads_who_did_what_to_whom_and_why(looked: None, signed_in: SignedIn) -> None:
    page = signed_in("admin")
    page.goto("/audit")
    newest = page.locator("#entries tr").first
    expect(newest).to_contain_text("2 号 坐席乙")
    expect(newest).to_contain_text("显示证件号码")
    expect(newest).to_contain_text("李文静")
    expect(newest).to_contain_text("办理申报、审验材料")


def test_entries_are_found_by_staff_action_person_and_day(console: Console, looked: None, signed_in: SignedIn) -> None:
    page = signed_in("admin")
    page.goto("/audit")
    rows = page.locator("#entries tr[data-action]")
    page.get_by_label("坐席").select_option(label="2 号 坐席乙")
    expect(rows).to_have_count(1)
    page.get_by_label("坐席").select_option("")
    page.get_by_label("动作").select_option(label="显示证件号码")
    expect(rows).to_have_count(1)
    page.get_by_label("动作").select_option("console-lookup")
    page.get_by_label("对谁").fill("lwj")
    expect(rows).to_have_count(0)
    expect(page.get_by_text("没有符合的记录")).to_be_visible()
    page.get_by_label("对谁").fill("crcm")
    expect(rows).to_have_count(50)
    page.get_by_role("button", name="更早的记录").click()
    expect(rows).to_have_count(60)
    expect(page.get_by_role("button", name="更早的记录")).to_have_count(0)
    page.get_by_label("哪一天").fill((load(console.env).now() + timedelta(days=1)).date().isoformat())
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("问答页")


def test_a_persons_page_leads_to_their_entries(looked: None, signed_in: SignedIn) -> None:
    page = signed_in("admin")
    page.goto("/people/3")
    page.get_by_role("link", name="审计", exact=True).last.click()
    expect(page.locator("#entries tr[data-action]")).to_have_count(2)
    page.get_by_label("只看").select_option("")
    expect(page.locator("#entries tr[data-action]")).to_have_count(50)


@pytest.mark.parametrize("login", ["agent", "unit"])
def test_nobody_else_reads_the_trail(signed_in: SignedIn, login: str) -> None:
    page = signed_in(login)
    response = page.goto("/audit")
    assert response is not None
    assert response.status == 403
    assert page.locator("nav a", has_text="审计").count() == 0
