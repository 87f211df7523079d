"""Finding people: by name or part of it, pinyin initials, unit, or the last digits of the identity number."""

from pypinyin import Style, lazy_pinyin

from bot.hours.identity import fold_name

LONGEST = 64


def initials(name: str) -> str:
    """The pinyin initials of a name in small letters, without what has none: 王小明 is ``wxm``."""
    letters = lazy_pinyin(fold_name(name), style=Style.FIRST_LETTER, errors=lambda other: [mark for mark in other if mark.isalnum()])
    return "".join(letters).lower()[:LONGEST]
