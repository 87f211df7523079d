"""The areas of the console, for whom, and the key that opens each from anywhere."""

from dataclasses import dataclass
from functools import cache

from bot.helpdesk.models import ADMIN, AGENT, UNIT

_STAFF = (AGENT, ADMIN)


@dataclass(frozen=True)
class Item:
    """One entry. ``key`` is a function key, free in browsers, that works in fields, too; ``icon`` a name of templates/icons.html."""

    area: str
    path: str
    roles: tuple[str, ...]
    icon: str
    key: str | None = None


ITEMS = (
    Item("conversations", "/conversations", _STAFF, "talk", "F9"),
    Item("ask", "/ask", (*_STAFF, UNIT), "ask", "F4"),
    Item("people", "/people", (*_STAFF, UNIT), "person", "F8"),
    Item("calls", "/calls", _STAFF, "phone", "F2"),
    Item("learning", "/learning", _STAFF, "learn"),
    Item("sample", "/sample", _STAFF, "sample"),
    Item("dashboard", "/dashboard", _STAFF, "chart"),
    Item("report", "/report", (ADMIN, UNIT), "report"),
    Item("data", "/data", (ADMIN,), "data"),
    Item("switches", "/switches", (ADMIN,), "switch"),
    Item("audit", "/audit", (ADMIN,), "audit"),
)


@cache
def items(role: str) -> tuple[Item, ...]:
    """What somebody of this role sees."""
    return tuple(item for item in ITEMS if role in item.roles)


def home(role: str) -> str:
    """Where somebody of this role begins."""
    return items(role)[0].path
