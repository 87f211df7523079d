"""A number that names a line of a list: 1, １, 一, 第一个."""

import re
import unicodedata
from collections.abc import Sequence

from cn2an import cn2an

MOST = 20
"""No list is longer; a larger number is an answer to something else."""

_DIGITS = "([0-9]{1,2}|[一二两三四五六七八九十]{1,3})"
_NUMBER = re.compile(rf"(?:选择?|回复)?\s*(?:第\s*{_DIGITS}\s*(?:个|条|项|种)?|{_DIGITS}\s*号?)\s*[.、,。!]?")


def number_of(text: str) -> int | None:
    """The number that the whole message is; None for any other message."""
    found = _NUMBER.fullmatch(unicodedata.normalize("NFKC", text).strip())
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
