"""A number that names a line of a list: 1, １, 一, 第一个."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from cn2an import cn2an

from bot.messages import message

MOST = 20
"""No list is longer; a larger number is an answer to something else."""


@lru_cache(maxsize=1)
def _pattern() -> re.Pattern[str]:
    words = {name: message(f"channels.wechat.numbers.{name}").split() for name in ("before", "ordinal", "numerals", "measures", "after")}
    one_of = {name: "|".join(map(re.escape, found)) for name, found in words.items()}
    digits = rf"([0-9]{{1,2}}|(?:{one_of['numerals']}){{1,3}})"
    bare, nth = rf"{digits}(?:{one_of['after']})?", rf"(?:{one_of['ordinal']})\s*{digits}\s*(?:{one_of['measures']})?"
    return re.compile(rf"(?:{one_of['before']})?\s*(?:{nth}|{bare})\s*[^\w\s]?")


def number_of(text: str) -> int | None:
    """The number that the whole message is; None for any other message."""
    found = _pattern().fullmatch(unicodedata.normalize("NFKC", text).strip())
    if found is None:
        return None
    try:
        digits = found[1] or found[2]
        number = int(digits) if digits.isdigit() else int(cn2an(digits, "normal"))
    except ValueError:
        return None
    return number if 1 <= number <= MOST else None


def line(number: int, title: str) -> str:
    """One line of a list."""
    return f"{number}. {title}"


def listed(text: str, titles: Sequence[str]) -> int:
    """How many of the first titles the text itself lists by number, from 1 on."""
    lines = {one.strip() for one in text.splitlines()}
    count = 0
    while count < len(titles) and line(count + 1, titles[count]) in lines:
        count += 1
    return count
