"""Conversations for browser tests: in somebody's hands, and open on a page."""

from datetime import datetime

from playwright.sync_api import Page, expect
from sqlalchemy import select

from bot.helpdesk.models import Staff
from bot.helpdesk.talks import handoff
from bot.settings import load
from tests.helpdesk.chats import ask_for_human
from tests.helpdesk.console.conftest import Console


def now_of(console: Console) -> datetime:
    return load(console.env).now()


def staff_id(console: Console, login: str) -> int:
    with console.database.read() as session:
        return int(session.execute(select(Staff.id).where(Staff.login == login)).scalar_one())


def held(console: Console, sender: str, login: str = "agent", **more: object) -> int:
    """A conversation in somebody's hands."""
    ticket = ask_for_human(console.database, sender, now_of(console), **more)
    assert handoff.take(console.database, ticket, staff_id(console, login), now_of(console)).ok
    return ticket


def open_talk(page: Page, ticket: int) -> None:
    page.goto(f"/conversations/{ticket}")
    expect(page.locator(".talk[data-ticket]")).to_be_visible()
