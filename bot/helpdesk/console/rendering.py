"""Pages out of templates: what every page needs is added here, once."""

import hashlib
from datetime import date, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context, select_autoescape
from jinja2.runtime import Context
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from bot import settings
from bot.answers import hours
from bot.helpdesk.banners import banners
from bot.helpdesk.console.desk import Desk, at_desk
from bot.helpdesk.console.navigation import items
from bot.helpdesk.staff.sessions import Member
from bot.helpdesk.words import word
from bot.settings import ZONE

HOME = Path(__file__).parent
STATIC = HOME / "static"


def render(request: Request, template: str, member: Member | None, status: int = 200, **facts: Any) -> HTMLResponse:
    """A page, or a fragment of one for htmx. DatabaseFault when what stands switched off cannot be read."""
    desk = at_desk(request)
    given = {
        "member": member,
        "desk": desk,
        "csrf": member.csrf if member else "",
        "path": request.url.path,
        "navigation": items(member.role) if member else (),
        "banners": _banners(desk, member, request),
        "today": desk.today,
        **facts,
    }
    return HTMLResponse(_environment().get_template(template).render(given), status)


def fragment(template: str, **facts: Any) -> str:
    """A piece of a page, outside a request for one: what an event carries."""
    return _environment().get_template(template).render(facts)


def _banners(desk: Desk, member: Member | None, request: Request) -> list[str]:
    """None on a fragment: the page around it has them."""
    if member is None or request.headers.get("hx-request"):
        return []
    shown = [word("frame.today", today=desk.settings.today.isoformat())] if desk.settings.today else []
    with desk.database.read() as session:
        return shown + banners(session, desk.answers.catalogue)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    loader = FileSystemLoader(HOME / "templates")
    environment = Environment(
        loader=loader, autoescape=select_autoescape(default=True), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"hours": hours, "moment": moment, "clock": clock, "duration": duration}
    environment.globals |= {"asset": asset, "word": word, "csrf_field": _csrf_field}
    return environment


@cache
def asset(name: str) -> str:
    """The address of a static file; it changes with the file's content, so that browsers keep what has not changed."""
    content = (STATIC / name).read_bytes()
    return f"/static/{name}?v={hashlib.sha256(content).hexdigest()[:12]}"


@pass_context
def _csrf_field(context: Context) -> Markup:
    return Markup('<input type="hidden" name="csrf" value="{}">').format(context["csrf"])


def moment(value: datetime | date | None) -> str:
    """11-20 09:31; with the year when it is another one."""
    if value is None:
        return ""
    if not isinstance(value, datetime):
        return value.isoformat()
    local = value.astimezone(ZONE)
    return f"{local:%m-%d %H:%M}" if local.year == (_told_day() or datetime.now(ZONE)).year else f"{local:%Y-%m-%d %H:%M}"


@cache
def _told_day() -> date | None:
    """BOT_TODAY, which does not change while the process lives."""
    return settings.load().today


def clock(value: datetime | None) -> str:
    """09:31"""
    return "" if value is None else f"{value.astimezone(ZONE):%H:%M}"


def duration(seconds: float) -> str:
    """How long something took or has been waiting, in the largest unit that says enough."""
    whole = max(0, int(seconds))
    for name, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if whole >= size:
            return word(f"frame.duration.{name}", n=whole // size)
    return word("frame.duration.seconds", n=whole)
