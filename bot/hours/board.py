"""The ``status`` command's page for one person: totals with progress bars, what is not counted, the title applications."""

from datetime import date
from decimal import Decimal
from typing import Any

from rich import box
from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from bot.hours import documents, vocabulary
from bot.hours.models import Person
from bot.messages import message
from policies.model import Sector, TitleStatus, YearStatus

BAR = 24  # columns


def words(key: str, **facts: object) -> str:
    """A sentence of the status page."""
    return message(f"hours.status.{key}", **facts)


def page(person: Person, year: YearStatus, titles: list[TitleStatus], today: date) -> Group:
    """Everything about ``person`` as it stands on ``today``; the identity number is masked."""
    since = person.level_since or words("no_date")
    parts: list[Any] = [
        Text(words("person", name=person.name, id_number=documents.mask(person.id_number), unit=person.unit), style="bold"),
        Text(words("facts", sector=person.sector, level=person.level, since=since, today=today)),
        _year(year),
        Text(_verdict(year), style="green" if year.complete else "yellow"),
    ]
    for entry in year.uncounted:
        reason = words(f"reason.{entry.reason.value}")
        parts.append(Text(words("uncounted", title=entry.record.title, hours=number(entry.record.hours), reason=reason), style="dim"))
    parts.append(_titles(titles))
    if year.sector is not Sector.OTHER:
        parts.append(Text(words("own_rules"), style="cyan"))
    return Group(*parts)


def number(hours: Decimal) -> str:
    """12.5, 45: no trailing zero."""
    return f"{hours.normalize():f}" if hours else "0"


def _year(year: YearStatus) -> Table:
    table = Table(title=words("year", year=year.year), box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column(words("subject"))
    credited = year.credited_by is not None  # its arithmetic gap is none for the person
    for heading in ("verified", "pending", "required") if credited else ("verified", "pending", "required", "missing"):
        table.add_column(words(heading), justify="right")
    if not credited:
        table.add_column(words("progress"), width=BAR)
    for subject in ("public", "professional", "total"):
        have, need = getattr(year.verified, subject), getattr(year.required, subject)
        row: list[Any] = [words(subject), *map(number, (have, getattr(year.pending, subject), need))]
        if not credited:
            row.append(number(getattr(year.missing, subject)))
            row.append(ProgressBar(total=float(need), completed=min(float(have), float(need)), width=BAR, complete_style="green"))
        table.add_row(*row)
    return table


def _verdict(year: YearStatus) -> str:
    if year.credited_by is not None:
        return words("credited", kind=vocabulary.kind_word(year.credited_by))
    return words("complete" if year.complete else "incomplete")


def _titles(titles: list[TitleStatus]) -> Table:
    table = Table(title=words("title"), box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column(words("level"))
    for heading in ("needed", "qualified"):
        table.add_column(words(heading), justify="right")
    for heading in ("met_years", "verdict"):
        table.add_column(words(heading))
    for title in titles:
        verdict = "exempt" if title.exempt else "eligible" if title.eligible else "short" if title.covered else "not_covered"
        met = " ".join(map(str, title.met_years))
        counts = str(title.required_years), str(title.qualified_years)
        table.add_row(words(title.level.value), *counts, met, words(verdict, years=title.missing_years))
    return table
