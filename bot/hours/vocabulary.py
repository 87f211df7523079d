"""The words of the import files (``vocabulary.yml``) as look-ups. Read once, on first use."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from bot.messages import Loader
from policies.model import Kind, Level, Sector, State, Subject


@lru_cache(maxsize=1)
def words() -> dict[str, Any]:
    """The whole file as it stands."""
    with (Path(__file__).parent / "vocabulary.yml").open(encoding="utf-8") as source:
        return yaml.load(source, Loader)


def headings(kind: str) -> dict[str, str]:
    """Field name -> column heading of the people, hours or credits file."""
    return words()["headings"][kind]


@lru_cache(maxsize=1)
def subjects() -> dict[str, Subject]:
    """Word -> subject."""
    return {word: Subject(value) for value, word in words()["subject"].items()}


@lru_cache(maxsize=1)
def states() -> dict[str, State]:
    """Word -> state of verification."""
    return {word: State(value) for value, word in words()["state"].items()}


@lru_cache(maxsize=1)
def kinds() -> dict[str, Kind]:
    """Word -> kind of credit."""
    return {word: Kind(value) for value, word in words()["kind"].items()}


def kind_word(kind: Kind) -> str:
    """防疫, 驻村 or 高技能."""
    return words()["kind"][kind.value]


def sector_of(word: str) -> Sector:
    """The sectors the notice treats apart, by the file's exact word; any other word is OTHER."""
    for value, known in words()["sector"].items():
        if word == known:
            return Sector(value)
    return Sector.OTHER


def next_level(level: str) -> Level | None:
    """The level someone holding ``level`` applies for next; None where that is not plain."""
    value = words()["next_level"].get(level)
    return None if value is None else Level(value)


@lru_cache(maxsize=1)
def forms() -> frozenset[str]:
    """Every accepted 形式: the notices' forms with and without their ending, the excluded ones, and a few more."""
    from policies.notice import load_notices

    ending = words()["form_ending"]
    known = set(words()["forms_more"])
    for notice in load_notices().all:
        for form in notice.value("forms.professional"):
            bare = form.removesuffix(ending)
            known |= {bare, bare + ending}
        known |= set(notice.value("excluded.forms"))
    return frozenset(known)
