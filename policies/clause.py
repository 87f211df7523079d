"""A notice once it is loaded: its clauses, their values and display forms, its citations."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from policies.values import Schema, Value, day_form


@dataclass(frozen=True)
class Clause:
    """One clause: ``section`` as one cites it, ``text`` verbatim but for lay-out, ``defects`` the source's own slips."""

    id: str
    section: str
    about: str
    text: str
    values: tuple[Value, ...]
    defects: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Notice:
    """One year's notice. Unknown keys and clause ids raise KeyError: they are mistakes of the caller."""

    year: int
    title: str
    issuer: str
    issued: date
    document_number: str | None
    source: str
    clauses: Mapping[str, Clause]
    schema: Schema

    @cached_property
    def _by_key(self) -> dict[str, Value]:
        return {value.key: value for clause in self.clauses.values() for value in clause.values}

    def value(self, key: str) -> Any:
        """The value itself: int, date, str, tuple of str, or (first, last) for a range."""
        return self._by_key[key].content

    def number(self, key: str) -> int:
        return self._typed(key, int)

    def day(self, key: str) -> date:
        return self._typed(key, date)

    def names(self, key: str) -> tuple[str, ...]:
        return self._typed(key, tuple)

    def display(self, key: str) -> str:
        """The value as an answer shows it: 45, 12月10日, 甲、乙, 7月中旬前."""
        return self._by_key[key].display

    def values(self) -> dict[str, str]:
        """Every key with its display form: what an answer's placeholders may name."""
        return {key: value.display for key, value in self._by_key.items()}

    def aliases(self, key: str) -> tuple[str, ...]:
        """Other names the notice itself uses for the same thing (个人端, 申报端)."""
        return self._by_key[key].aliases

    def sources(self, *keys: str) -> tuple[str, ...]:
        """Ids of the clauses the values stand in, in the order asked, each once."""
        return tuple(dict.fromkeys(self._by_key[key].clause for key in keys))

    def cite(self, clause_ids: Iterable[str]) -> str:
        """The citation under an answer; clauses of one section are named once, in the order given."""
        sections = dict.fromkeys(self.clauses[clause_id].section for clause_id in clause_ids)
        if not sections:
            raise ValueError("a citation needs at least one clause")
        wording = self.schema.wording
        return wording["citation"].format(title=self.title, sections=wording["separator"].join(sections))

    def quote(self, clause_id: str) -> str:
        """Section and verbatim text of one clause."""
        clause = self.clauses[clause_id]
        return self.schema.wording["quote"].format(section=clause.section, text=clause.text)

    def show_day(self, day: date) -> str:
        """Any day in the notice's own form (12月10日), for days that are computed rather than quoted."""
        return day_form(self.schema, day)

    def _typed(self, key: str, kind: type) -> Any:
        content = self._by_key[key].content
        if not isinstance(content, kind):
            raise TypeError(f"{key} is a {type(content).__name__}, not a {kind.__name__}")
        return content


class Notices:
    """The loaded notices side by side, oldest first; at least one."""

    def __init__(self, notices: Iterable[Notice]) -> None:
        self.all = tuple(sorted(notices, key=lambda notice: notice.year))
        if not self.all:
            raise ValueError("at least one notice is needed")

    def for_year(self, year: int) -> Notice | None:
        """The notice of exactly that year, if it is loaded."""
        return next((notice for notice in self.all if notice.year == year), None)

    def in_force(self, year: int) -> Notice:
        """The newest notice of that year or before; the oldest one when all are newer."""
        earlier = [notice for notice in self.all if notice.year <= year]
        return earlier[-1] if earlier else self.all[0]
