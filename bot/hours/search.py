"""Finding people: by name or part of it, pinyin initials, unit, or the last digits of the identity number."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, product

from pypinyin import Style, lazy_pinyin
from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session
from sqlalchemy.sql import ColumnElement, Select

from bot.hours import documents, vocabulary
from bot.hours.identity import fold_name
from bot.hours.models import Person

LONGEST = 64
MOST_READINGS = 8
MOST = 20
MOST_WORDS = 6
LETTERS = re.compile(r"[a-z]+")
LAST_DIGITS = re.compile(r"[0-9]{3}[0-9Xx]")
"""Just what a masked number shows: with more, the hidden digits could be found out one by one. Fewer would find half the people."""
WHOLE_NUMBER = re.compile(r"[0-9]{17}[0-9Xx]")
"""Nothing that is passed on the way while a longer one is typed: fifteen digits, as numbers once had, are imported for nobody."""

_person = Person.__table__.c


@dataclass(frozen=True)
class Found:
    """One person of a list, told apart from others of the same name; ``id_number`` is masked."""

    id: int
    name: str
    unit: str
    level: str
    sector: str
    id_number: str


@dataclass(frozen=True)
class Page:
    """The first people found; ``more`` says that there are others, so that another word is needed."""

    people: tuple[Found, ...]
    more: bool


def initials(name: str) -> str:
    """The pinyin initials of a name in small letters: 王小明 is ``wxm``; 单立文, read in two ways, ``slw dlw``, the likelier first."""
    marks = fold_name(name)
    double = vocabulary.words()["surnames"].get(marks[:2]) if len(marks) > 2 else None
    surname = list(zip(double, map(_plain, marks[:2]), strict=True)) if double else [_letters(mark, "surnames") for mark in marks[:1]]
    given = [_letters(mark, "given_names") for mark in marks[len(surname) :]]
    readings: list[str] = []
    for letters in islice(product(*surname, *given), MOST_READINGS):
        reading = "".join(letters)
        if reading and reading not in readings and len(" ".join([*readings, reading])) <= LONGEST:
            readings.append(reading)
    return " ".join(readings)


@lru_cache(maxsize=16384)
def _letters(mark: str, place: str) -> tuple[str, ...]:
    """The letters that the reading of a character may begin with at that place of a name."""
    return tuple(dict.fromkeys(filter(None, [vocabulary.words()[place].get(mark), _plain(mark)]))) or ("",)


@lru_cache(maxsize=16384)
def _plain(mark: str) -> str:
    letters = lazy_pinyin(mark, style=Style.FIRST_LETTER, errors=lambda other: other if other.isascii() and other.isalnum() else "")
    return "".join(letters).lower()[:1]


def find(session: Session, text: str, only_unit: str | None = None, most: int = MOST) -> Page:
    """People who meet every word of ``text``, those whose name is a word of it first; nobody for a text without words.

    ``only_unit`` keeps out everybody of another unit.
    """
    words = _words(text)
    if not words:
        return Page((), False)
    query = select(_person.id, _person.name, _person.unit, _person.level, _person.sector, _person.id_number)
    query = query.where(*(_meets(word) for word in words))
    if only_unit is not None:
        query = query.where(_person.unit == only_unit)
    rows = session.execute(_ordered(query, words).limit(most + 1)).all()
    people = (Found(row.id, row.name, row.unit, row.level, row.sector, documents.mask(row.id_number)) for row in rows[:most])
    return Page(tuple(people), len(rows) > most)


def whole_number(text: str) -> str | None:
    """The whole identity number among the words by which `find` looks, as it is kept; None without one. Of two nobody has both."""
    return next((word.upper() for word in _words(text) if WHOLE_NUMBER.fullmatch(word)), None)


def _words(text: str) -> list[str]:
    return [word for word in unicodedata.normalize("NFKC", text).split() if fold_name(word)][:MOST_WORDS]


def _ordered(query: Select, words: list[str]) -> Select:
    names = [fold_name(word) for word in words]
    begins = or_(*(_person.name_key.startswith(name, autoescape=True) for name in names))
    closeness = case((_person.name_key.in_(names), 0), (begins, 1), else_=2)
    return query.order_by(closeness, _person.name_key, _person.unit, _person.id)


def _meets(word: str) -> ColumnElement[bool]:
    small = word.lower()
    ways = [
        func.lower(_person.unit).contains(small, autoescape=True),
        _person.name_key.contains(fold_name(word), autoescape=True),
    ]
    if LETTERS.fullmatch(small):
        ways += [_person.initials.startswith(small), _person.initials.contains(f" {small}")]
    if LAST_DIGITS.fullmatch(word):
        ways.append(_person.id_number.endswith(word.upper()))
    if WHOLE_NUMBER.fullmatch(word):
        ways.append(_person.id_number == word.upper())
    return or_(*ways)
