"""Conversations for browser tests: in somebody's hands, open on a page, and on the person's own page."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from playwright.sync_api import Page, expect
from sqlalchemy import select

from bot.channels.context import Context, build
from bot.channels.web import WebChannel
from bot.contact import Contact
from bot.helpdesk.models import Draft, Staff
from bot.helpdesk.talks import handoff
from bot.inbox.models import Outbox
from bot.settings import load
from tests.bare import listening
from tests.channels.conftest import TELEPHONE, PretendedRasa
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


def drafts(console: Console, ticket: int) -> dict[str, str]:
    """What is kept of texts begun in a conversation, by kind."""
    with console.database.read() as session:
        return dict(session.execute(select(Draft.kind, Draft.text).where(Draft.ticket_id == ticket)).all())


def sent(console: Console, sender: str) -> list[str]:
    """What staff have written to somebody, in order."""
    with console.database.read() as session:
        rows = session.execute(select(Outbox).where(Outbox.sender_id == sender, Outbox.kind == "staff").order_by(Outbox.id)).scalars()
        return [row.payload["text"] for row in rows]


@contextmanager
def web_page(console: Console, furnish: Callable[[Context], Any] = lambda _: None) -> Iterator[str]:
    """The address of the people's page over the console's database, with a pretended Rasa; ``furnish`` is given the channel's context."""
    context = build(load(console.env, console.folder), lambda _: Contact(TELEPHONE, (TELEPHONE,)))
    furnish(context)
    try:
        with listening(lambda app: app.blueprint(WebChannel(context).blueprint(PretendedRasa()), url_prefix="/webhooks/web")) as (url, _):
            yield url
    finally:
        context.intake.writer.close()
        context.database.dispose()
