"""What is asked of every page of the console: each request a little different from turn to turn, as people's are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from evaluation.bench.consoledata import Scale
from evaluation.bench.words import entry

STAFF, ALL, ADMIN = ("agent", "admin"), ("agent", "admin", "unit"), ("admin",)
EVERY = 7919
"""A prime: stepping by it visits people from all over the table."""


@dataclass(frozen=True)
class Asked:
    """One request: an address, and the form of a POST."""

    path: str
    form: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Page:
    """A page as it is measured; ``ask`` makes the request of a turn."""

    name: str
    roles: tuple[str, ...]
    ask: Callable[[int], Asked]


def pages(scale: Scale, today: date, unit: str) -> list[Page]:
    """Every page of the console; ``unit`` is the one that the role unit sees."""
    searches, said = entry("console.searches"), entry("console.said")
    first_open = scale.over + 1

    def get(path: str) -> Callable[[int], Asked]:
        return lambda turn: Asked(path)

    def of(pattern: str, highest: int, lowest: int = 1) -> Callable[[int], Asked]:
        return lambda turn: Asked(pattern.format(lowest + turn * EVERY % (highest - lowest + 1)))

    def form(path: str, field: str, words: list[str], **more: str) -> Callable[[int], Asked]:
        return lambda turn: Asked(path, {field: words[turn % len(words)], **more})

    month = f"from={today - timedelta(days=29)}&to={today}"
    return [
        Page("/conversations", STAFF, get("/conversations")),
        Page("/conversations/…", STAFF, of("/conversations/{}", scale.over + scale.conversations, first_open)),
        Page("/conversations/…/panel", STAFF, of("/conversations/{}/panel", scale.over + scale.conversations, first_open)),
        Page("POST /conversations/over", STAFF, form("/conversations/over", "find", [one[:2] for one in said])),
        Page("/conversations/canned", STAFF, get("/conversations/canned")),
        Page("/ask", ALL, get("/ask")),
        Page("POST /ask/answer", ALL, form("/ask/answer", "q", said)),
        Page("/people", ALL, get("/people")),
        Page("POST /people/search", ALL, form("/people/search", "q", searches)),
        Page("/people/…", STAFF, of("/people/{}", scale.people)),
        Page("/calls", STAFF, get("/calls")),
        Page("/calls?outcome=", STAFF, get("/calls?outcome=call_back")),
        Page("/calls/back", STAFF, get("/calls/back")),
        Page("/calls/new", STAFF, get("/calls/new")),
        Page("POST /calls/people", STAFF, form("/calls/people", "text", searches)),
        Page("POST /calls/answer", STAFF, form("/calls/answer", "question", said)),
        Page("/calls/…", STAFF, of("/calls/{}", scale.calls)),
        Page("/learning", STAFF, get("/learning")),
        Page("/learning/missed/…", STAFF, of("/learning/missed/{}", scale.missed)),
        Page("/learning/lessons", STAFF, get("/learning/lessons")),
        Page("/learning/models", STAFF, get("/learning/models")),
        Page("/sample", STAFF, get("/sample")),
        Page("/dashboard", STAFF, get("/dashboard")),
        Page("/dashboard?days=90", STAFF, get("/dashboard?days=90")),
        Page("/dashboard?channel=", STAFF, get("/dashboard?channel=wx")),
        Page("/dashboard/file.csv", STAFF, get("/dashboard/file.csv")),
        Page("/dashboard/list/messages", STAFF, lambda turn: Asked(f"/dashboard/list/messages?{month}&start={turn * 500}")),
        Page("/dashboard/list/messages?question=", STAFF, lambda turn: Asked(f"/dashboard/list/messages?{month}&question=q{turn}")),
        Page("/dashboard/list/replies", STAFF, get(f"/dashboard/list/replies?{month}")),
        Page("/dashboard/list/waits", STAFF, get(f"/dashboard/list/waits?{month}")),
        Page("/dashboard/list/tickets", STAFF, get(f"/dashboard/list/tickets?{month}")),
        Page("/dashboard/list/votes", STAFF, get(f"/dashboard/list/votes?{month}")),
        Page("/report", ("admin",), get("/report")),
        Page("/report?unit=", ("admin", "unit"), get(f"/report?unit={unit}")),
        Page("/report/units", ADMIN, lambda turn: Asked(f"/report/units?unit={unit[turn % len(unit)]}")),
        Page("/data", ADMIN, get("/data")),
        Page("/switches", ADMIN, get("/switches")),
        Page("/switches/questions", ADMIN, lambda turn: Asked(f"/switches/questions?find={said[turn % len(said)][:2]}")),
        Page("/audit", ADMIN, get("/audit")),
        Page("/audit?person=", ADMIN, of("/audit?person={}", scale.people)),
        Page("POST /audit/list", ADMIN, form("/audit/list", "who", searches)),
        Page("/account", ALL, get("/account")),
    ]
