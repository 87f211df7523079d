"""When staff are at work, and how long a person waits before being offered to leave a message.

Workdays are the country's, with its holidays and the weekends worked in their place. The table of holidays ends some years ahead;
beyond it Monday to Friday are workdays.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise

from bot.helpdesk.words import word
from bot.messages import message
from bot.settings import PREFIX, ZONE, Settings, SettingsError

SETTING = "OFFICE_HOURS"
DEFAULT = "09:00-12:00,14:30-18:00"
ALWAYS = "always"
OFFER_SETTING = "HANDOFF_OFFER_SECONDS"
DEFAULT_SECONDS = 180
MOST_SECONDS = 86400
_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
_DAY = 24 * 60  # minutes
_LOOK_AHEAD = 60  # days; no row of holidays is nearly so long

Spans = tuple[tuple[int, int], ...]
"""First minute and the minute after the last one of each span, counted from midnight, in order."""


@dataclass(frozen=True)
class OfficeHours:
    """Working hours in Asia/Shanghai. ``spans`` are those of a workday; None: staff are always there."""

    spans: Spans | None

    def is_open(self, now: datetime) -> bool:
        """Whether staff are at work at this moment; the last minute of a span is over when it strikes."""
        local = now.astimezone(ZONE)
        return self.spans is None or any(start <= local < end for start, end in self._on(local.date()))

    def next_open(self, now: datetime) -> datetime:
        """When staff are next at work: ``now`` itself while they are."""
        if self.is_open(now):
            return now
        local = now.astimezone(ZONE)
        days = (local.date() + timedelta(days=ahead) for ahead in range(_LOOK_AHEAD))
        return next(start for day in days for start, _ in self._on(day) if start > local)

    def seconds_within(self, start: datetime, end: datetime) -> float:
        """Seconds of work between two moments; 0 when the second is not later."""
        if self.spans is None:
            return max(0.0, (end - start).total_seconds())
        first, last = start.astimezone(ZONE), end.astimezone(ZONE)
        days = range((last.date() - first.date()).days + 1)
        spans = (span for ahead in days for span in self._on(first.date() + timedelta(days=ahead)))
        return sum(max(0.0, (min(last, until) - max(first, since)).total_seconds()) for since, until in spans)

    def _on(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        if is_workday(day):
            midnight = datetime.combine(day, time(), ZONE)
            for start, end in self.spans or ():
                yield midnight + timedelta(minutes=start), midnight + timedelta(minutes=end)


ALWAYS_THERE = OfficeHours(None)


def office_hours(settings: Settings) -> OfficeHours:
    """The hours of BOT_OFFICE_HOURS (``09:00-12:00,14:30-18:00``, or ``always``). SettingsError for a value that cannot be read."""
    return OfficeHours(_spans(settings.get(PREFIX + SETTING) or DEFAULT))


def offer_after(settings: Settings) -> timedelta:
    """How long a person waits before the offer: BOT_HANDOFF_OFFER_SECONDS. SettingsError for a value that is no such number."""
    text = settings.get(PREFIX + OFFER_SETTING) or str(DEFAULT_SECONDS)
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= MOST_SECONDS):
        raise SettingsError(message("settings.bad_seconds", name=PREFIX + OFFER_SETTING, value=text, most=MOST_SECONDS))
    return timedelta(seconds=int(text))


def check_times(settings: Settings) -> None:
    """SettingsError when one of the settings here cannot be used."""
    office_hours(settings)
    offer_after(settings)


def is_workday(day: date) -> bool:
    """Whether staff work on this day."""
    from chinese_calendar import is_workday as in_table

    try:
        return bool(in_table(day))
    except NotImplementedError:  # the table does not reach so far
        return day.weekday() < 5


def spoken(moment: datetime, now: datetime) -> str:
    """When that is, as one says it on the day of ``now``: 今天14:30, 明天（周二）09:00, 10月9日（周一）09:00."""
    local, today = moment.astimezone(ZONE), now.astimezone(ZONE).date()
    day = {0: "today", 1: "tomorrow"}.get((local.date() - today).days, "later")
    weekday = word("handoff.weekdays").split()[local.weekday()]
    return word(f"handoff.when.{day}", month=local.month, day=local.day, weekday=weekday, clock=f"{local:%H:%M}")


@lru_cache(maxsize=16)
def _spans(text: str) -> Spans | None:
    if text.strip().lower() == ALWAYS:
        return None
    found = tuple(_span(part.strip(), text) for part in text.split(","))
    if any(later[0] < earlier[1] for earlier, later in pairwise(found)):
        raise _bad(text)
    return found


def _span(part: str, whole: str) -> tuple[int, int]:
    match = _SPAN.fullmatch(part)
    if match is None:
        raise _bad(whole)
    first_hour, first_minute, last_hour, last_minute = map(int, match.groups())
    start, end = first_hour * 60 + first_minute, last_hour * 60 + last_minute
    if not start < end <= _DAY:
        raise _bad(whole)
    return start, end


def _bad(text: str) -> SettingsError:
    return SettingsError(message("settings.bad_office_hours", name=PREFIX + SETTING, value=text))
