"""What a person typed, made safe: one form of each character, nothing invisible, no command slash, no number of a person."""

import re
import unicodedata
from collections.abc import Collection

MAX_TEXT = 1000  # characters after normalising; a long voice message is about 300
MOST_KEPT = 16 * MAX_TEXT  # characters of a text too long to be answered; at four bytes each they fit into MySQL's TEXT
_RAW_LIMIT = 20 * MAX_TEXT  # what comes behind is not even normalised
_LONGEST_NUMBER = 40  # characters over which an ID number or a bind code can be spread

_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
# Invisible characters that Unicode files under letters, marks and symbols: grapheme joiner, Hangul fillers, Khmer and
# Mongolian vowel separators and variation selectors, braille blank.
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180e\u180f\u2800\u3164\uffa0")

_LEADING_SLASHES = re.compile(r"^[\s/／]+")
_SPACES = re.compile(r"[^\S\n]+")
_LINES = re.compile(r"\s*\n\s*\n\s*\n+")

# 15 digits and more are nobody's question: old and new ID numbers, bank cards. Hyphens and single spaces between the groups of an
# 18-digit number are accepted only around a plausible birth date, since a list of years is digits and spaces, too.
_LONG_NUMBER = re.compile(r"(?<![0-9])[0-9]{14,}[0-9Xx](?![0-9])")
_SPACED_ID = re.compile(
    r"(?<![0-9])([1-9][0-9]{3})[ -]?[0-9]{2}[ -]?(?:19|20)[0-9]{2}[ -]?(?:0[1-9]|1[0-2])[ -]?(?:0[1-9]|[12][0-9]|3[01])"
    r"[ -]?(?:[0-9][ -]?){3}[0-9Xx](?![0-9])"
)
_MOBILE = re.compile(r"(?<![0-9])(?:\+?86[ -]?)?(1[3-9][0-9])[ -]?([0-9]{4})[ -]?([0-9]{4})(?![0-9])")

# Bind codes: ten of this alphabet, perhaps in groups; and near misses, since a mistyped code is nearly a code.
_SIGN = "[2-9A-HJ-NP-Za-hj-np-z]"
_IN_TWO = rf"{_SIGN}{{5}}[ -]?{_SIGN}{{5}}"
_IN_ANY_GROUPS = rf"(?=[A-Za-z-]{{0,18}}[0-9])(?:{_SIGN}-?){{9}}{_SIGN}"
_NEARLY = r"(?=[0-9]*[A-Za-z])(?=[A-Za-z]*[0-9])[0-9A-Za-z]{9,12}"
_CODE = re.compile(rf"(?<![0-9A-Za-z])(?:{_IN_TWO}|{_IN_ANY_GROUPS}|{_NEARLY})(?![0-9A-Za-z])")


def normalise(text: str) -> str:
    """``text`` in NFKC, without invisible characters, blanks folded, leading slashes (also full-width) off."""
    visible = unicodedata.normalize("NFKC", _visible(unicodedata.normalize("NFKC", text.replace("\r\n", "\n").replace("\r", "\n"))))
    folded = _LINES.sub("\n\n", _SPACES.sub(" ", visible))
    return _LEADING_SLASHES.sub("", folded).strip()


def _visible(text: str) -> str:
    return "".join(
        char for char in text if char in "\n\t" or (unicodedata.category(char) not in _INVISIBLE_CATEGORIES and char not in _INVISIBLE)
    )


def mask(text: str, allowed_numbers: Collection[str] = ()) -> str:
    """``text`` with ID numbers and mobile numbers masked; ``allowed_numbers`` (the notice's own) stay readable.

    Masked numbers keep the first and last characters by which a person recognises them (6301**********101X, 138****5678).
    """
    spared = {re.sub(r"[^0-9]", "", number) for number in allowed_numbers}

    def hide_id(found: re.Match[str]) -> str:
        number = re.sub(r"[ -]", "", found.group())
        return number[:4] + "*" * (len(number) - 8) + number[-4:]

    def hide_mobile(found: re.Match[str]) -> str:
        if "".join(found.groups()) in spared:
            return found.group()
        return f"{found.group(1)}****{found.group(3)}"

    return _MOBILE.sub(hide_mobile, _SPACED_ID.sub(hide_id, _LONG_NUMBER.sub(hide_id, text)))


def made_safe(text: str, allowed_numbers: Collection[str] = (), cut: str = "") -> tuple[str, str | None]:
    """The text as it may be kept and answered, and what keeps it from being answered: ``blank``, ``too_long`` or None.

    One that is too long stands whole, bind codes hidden, for a human to read; what is left out beyond MOST_KEPT is said by ``cut``.
    """
    if len(text) > _RAW_LIMIT or len(safe := normalise(text)) > MAX_TEXT:
        return _kept(text, allowed_numbers, cut), "too_long"
    return (mask(safe, allowed_numbers), None) if safe else ("", "blank")


def _kept(text: str, allowed_numbers: Collection[str], cut: str) -> str:
    whole = mask_codes(mask(normalise(text[:_RAW_LIMIT]), allowed_numbers))
    if len(text) <= _RAW_LIMIT and len(whole) <= MOST_KEPT:
        return whole
    if len(text) > _RAW_LIMIT:  # half a number at the end would look like none
        whole = whole[:-_LONGEST_NUMBER]
    return whole[:MOST_KEPT] + cut


def mask_codes(text: str) -> str:
    """``text`` with everything that could be a bind code hidden but for its first two characters: the form the journal keeps."""
    return _CODE.sub(lambda found: found.group()[:2] + "*" * 8, text)
