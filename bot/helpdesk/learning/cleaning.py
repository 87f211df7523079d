"""From what somebody said to a sentence that may be taught: no number, name or code of a person, none of Rasa's markup, one line."""

import re
import unicodedata
from collections.abc import Collection
from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.helpdesk.learning import private
from bot.helpdesk.words import word
from bot.hours.identity import SEPARATORS, bound_person, fold_name
from bot.hours.models import Person
from bot.inbox.text import mask, mask_codes
from bot.nlu.text import either, lexicon, spelt

LONGEST, SHORTEST = 60, 2  # characters of a lesson; of the shortest without punctuation
LOOKED_UP = 500  # parts of a sentence that could be a name are looked up so many at a time

EMPTY, TOO_LONG = "empty", "too_long"
"""Why a sentence cannot be taught (words/learning.yml)."""

_HAN = r"[\u3400-\u9fff]"
_NAME_SIGN = r"[\u3400-\u9fff\u00b7\u2022\u30fb\u2027\u22c5]"
_HIDDEN = re.compile(r"[0-9A-Za-z]*\*{2,}[0-9A-Za-z*]*")
_ANNOTATED = re.compile(r"\[([^\[\]]*)\](?:\([^()]*\)|\{[^{}]*\})")
_MARKUP = re.compile(r"[\[\](){}|<>\\*]+")
_LEADING = " -/#*·、,。.:;!?~\"'`"


class Unfit(Exception):  # noqa: N818 (the sentence is at fault, not the program)
    """The sentence cannot become a lesson; ``reason`` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def cleaned(text: str, names: Collection[str] = ()) -> str:
    """The sentence without what is personal or markup; ``names`` of people may stand in it. Unfit where too little or much is left."""
    said, before = _once(text, names), None
    while said != before:  # what is taken out may leave something behind that joins into what has to go
        said, before = _once(said, names), said
    if len(spelt(said)) < SHORTEST:
        raise Unfit(EMPTY)
    if len(said) > LONGEST:
        raise Unfit(TOO_LONG)
    return said


def _once(text: str, names: Collection[str]) -> str:
    said = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in unicodedata.normalize("NFKC", text))
    said = private.without(mask_codes(mask(said)))
    for pattern in _introductions():
        said = pattern.sub(" ", said)
    for name in sorted(names, key=len, reverse=True):
        said = _spelt_anyhow(name).sub(" ", said)
    for pattern in _named():
        said = pattern.sub(" ", said)
    said = _MARKUP.sub(" ", _ANNOTATED.sub(r"\1", _HIDDEN.sub(" ", said)))
    return re.sub(r"\s+", " ", said).strip(" ").lstrip(_LEADING).rstrip(" ,、")


def names_in(session: Session, text: str, sender_id: str) -> set[str]:
    """Names of people that stand in the text: the bound person's own, and any of the database that is no common word.

    Names of two characters count only behind a surname that begins few words, as given names common here, or where a name
    stands (查平安的学时); longer ones always.
    """
    bound = bound_person(session, sender_id)
    own = {bound.name} if bound and len(fold_name(bound.name)) > 1 else set()
    possible = sorted(_possible_names(SEPARATORS.sub("", text)))
    known: set[str] = set()
    for start in range(0, len(possible), LOOKED_UP):
        some = possible[start : start + LOOKED_UP]
        known |= set(session.execute(select(Person.name).where(Person.name_key.in_(some))).scalars())
    return own | known


def _possible_names(text: str) -> Collection[str]:
    short, given = _short_name(), {*_given(), *word("learning.given_beside").split()}
    runs = re.findall(rf"{_HAN}{{2,}}", text)
    parts = {run[at : at + size] for run in runs for size in range(2, 9) for at in range(len(run) - size + 1)}
    surrounded = {found[1] for found in _surrounded().finditer(text)}
    return {part for part in parts if len(part) > 2 or part in given or part in surrounded or short.fullmatch(part)}


def _given() -> Collection[str]:
    """Given names that no other word of ours holds."""
    beside = word("learning.given_beside").split()
    return [name for name in (*lexicon()["names"]["given"], *word("learning.given").split()) if name not in beside]


@lru_cache(maxsize=1)
def _surrounded() -> re.Pattern[str]:
    """Two characters where a name stands: at a beginning or behind 查, before an end or 今年. Found wherever they overlap, too."""
    begins, ends, _ = _beside()
    return re.compile(rf"{begins}(?=({_HAN}{{2}}){ends})")


@lru_cache(maxsize=1)
def _named() -> tuple[re.Pattern[str], ...]:
    """Given names common here, wherever they stand; those that other words hold (变更登记) and surnames only where a name stands."""
    begins, ends, record = _beside()
    sure, beside = either(_given()), either(word("learning.given_beside").split())
    more = rf"(?:(?!{record}){_HAN}{{1,2}}?{ends})?"
    other = rf"(?!{either(word('learning.no_name').split())})"
    names = lexicon()["names"]
    surname = rf"[{names['surnames']}](?![{names['not_second']}]){_HAN}{{1,2}}?"
    return (
        re.compile(rf"{other}(?:{beside})*(?:{sure})(?:{sure}|{beside})*{more}"),
        re.compile(rf"{begins}(?:{beside})+{more}{ends}"),
        re.compile(rf"{begins}{other}{surname}(?={record})"),
    )


def _beside() -> tuple[str, str, str]:
    """What stands before a name, what behind it, and of that the words of somebody's record: expressions that take no character."""
    names = lexicon()["names"]
    begins = "|".join((rf"(?<!{_HAN})", *(f"(?<={before})" for before in names["before"])))
    record = either(names["after"])
    return f"(?:{begins})", rf"(?={record}|(?!{_HAN}))", record


@lru_cache(maxsize=1)
def _short_name() -> re.Pattern[str]:
    names = lexicon()["names"]
    return re.compile(rf"[{names['surnames']}](?![{names['not_second']}]){_HAN}")


@lru_cache(maxsize=1)
def _introductions() -> tuple[re.Pattern[str], ...]:
    """I am called so-and-so; a bind command with its name. Behind 我是 only what begins as a name does and ends where one ends."""
    names = lexicon()["names"]
    call, be, bind = (either(word(f"learning.introduced.{how}").split()) for how in ("called", "am", "bind"))
    end = rf"(?=[\s,。!?;:、~]|$|{either(word('learning.introduced.goes_on').split())})"
    surname = rf"[{names['surnames']}](?![{names['not_second']}]){_HAN}{{1,2}}?"
    given = rf"(?:{either(names['given'])}){_NAME_SIGN}{{0,4}}?"
    return (
        re.compile(rf"(?:{call})\s*(?:{surname}|{given}|{_NAME_SIGN}{{2,12}}?){end}"),
        re.compile(rf"(?:{be})\s*(?:{surname}|{given}){end}"),
        re.compile(rf"(?:{bind})[\s:,]*{_NAME_SIGN}{{2,12}}(?=[\s:,]*[0-9A-Za-z]{{2}}\*{{2,}})"),
    )


def _spelt_anyhow(name: str) -> re.Pattern[str]:
    """The name however its parts are set apart."""
    return re.compile(r"[\s\u00b7\u2022\u30fb\u2027\u22c5.]*".join(map(re.escape, SEPARATORS.sub("", name))), re.IGNORECASE)
