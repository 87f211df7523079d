"""How the dashboard says numbers: shares, durations, moments, names of channels."""

from datetime import datetime

from bot.helpdesk.words import word
from bot.settings import ZONE

NOTHING = "dashboard.summary.nothing"


def share(part: float, whole: float) -> str:
    """A part in per cent with one decimal; a dash where there is nothing to take a part of."""
    return f"{part / whole:.1%}" if whole else word(NOTHING)


def duration(seconds: float | None) -> str:
    """Two places below ten seconds unless they are whole, seconds below an hour, then minutes; a dash for none."""
    if seconds is None:
        return word(NOTHING)
    if seconds < 10 and seconds != int(seconds):
        return word("dashboard.seconds", n=f"{seconds:.2f}")
    whole = round(seconds)
    if whole < 60:
        return word("dashboard.seconds", n=whole)
    if whole < 3600:
        return word("dashboard.minutes", n=whole // 60, s=whole % 60)
    return word("dashboard.hours", n=whole // 3600, m=whole % 3600 // 60)


def at(moment: datetime) -> str:
    """2023-11-20 09:31, in Asia/Shanghai."""
    return f"{moment.astimezone(ZONE):%Y-%m-%d %H:%M}"


def channel(name: str) -> str:
    """The channel as staff call it."""
    return word_or_itself("channels", name)


def word_or_itself(group: str, name: str) -> str:
    """The word for a name of the database; the name itself where there is none yet."""
    try:
        return word(f"dashboard.{group}.{name}")
    except KeyError:
        return name
