"""Numbers of identity documents (证件号码): one spelling, the check of 18-digit ID numbers, the masked form."""

import re
import unicodedata
from datetime import date
from functools import lru_cache

SPACES = re.compile(r"[\s'\u200b-\u200f\ufeff]+")
ID_NUMBER = re.compile(r"\d{17}[\dX]")
RESIDENCE = ("810000", "820000", "830000")  # 港澳台居住证, which carry 18 digits too
WITHIN = re.compile(r"\d{11,}[\dXx]")  # what may be an ID number inside other text
SHOWN = 40  # characters of a cell in a report
OTHER = re.compile(r"[0-9A-Z\u4e00-\u9fff()/-]{5,32}")


@lru_cache(maxsize=16384)
def normalise(text: str) -> str:
    """NFKC, upper case, without blanks and the apostrophe that spreadsheets put before digits."""
    return SPACES.sub("", unicodedata.normalize("NFKC", text)).upper()


@lru_cache(maxsize=16384)  # a person's records stand together in most files
def problem(number: str) -> str | None:
    """What is wrong with a normalised number, as the last part of a message key; None when it may stand."""
    from stdnum.cn.ric import calc_check_digit

    if re.fullmatch(r"\d(\.\d+)?E\+?\d+", number):
        return "scientific"
    if ID_NUMBER.fullmatch(number):
        if number.startswith(RESIDENCE):
            return None
        if not _is_date(number[6:14]):
            return "birth_date"
        return None if calc_check_digit(number) == number[-1] else "check_digit"
    digits = sum(mark.isdigit() for mark in number)
    if len(number) == 18 and digits >= 15:
        return "characters"
    if len(number) >= 13 and digits >= len(number) - 1 and len(number) != 18:
        return "length"  # an ID number with a digit lost or doubled, not another document
    return None if OTHER.fullmatch(number) and digits else "document"


def mask(number: str) -> str:
    """``6301**********101X``: four characters at either end, fewer for a short number."""
    shown = 4 if len(number) >= 12 else 2 if len(number) >= 7 else 1
    return number[:shown] + "*" * max(len(number) - 2 * shown, 3) + number[-shown:] if number else ""


def shown(text: str) -> str:
    """The beginning of a cell for a report, with what may be an ID number masked; masked first, since half a number tells much."""
    return WITHIN.sub(lambda found: mask(found[0]), text)[:SHOWN]


def _is_date(digits: str) -> bool:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).year >= 1900
    except ValueError:
        return False
