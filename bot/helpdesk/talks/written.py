"""What staff write, to the person or to each other: which texts are fit to be kept."""

import unicodedata

LONGEST = 2000  # characters of a reply or a note
EMPTY, TOO_LONG = "empty", "too_long"
"""Text without a word, or of more than LONGEST characters."""
_KEPT = "\n\t\u200d"  # the last one joins signs of emoji


def cleaned(text: str) -> str:
    """The text without invisible characters (but for line ends and what joins emoji) and without blanks around it."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(sign for sign in lines if sign in _KEPT or unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Co", "Cn")).strip()


def unfit(text: str) -> str:
    """Why a cleaned text cannot be kept: EMPTY or TOO_LONG; nothing for one that can."""
    if not text:
        return EMPTY
    return TOO_LONG if len(text) > LONGEST else ""
