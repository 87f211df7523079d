"""A text as Telegram takes it: cut into parts that fit, each as HTML in which nothing the bot says can be taken for markup.

Parts are cut from the plain text and marked up afterwards, so that no cut falls into a tag or an entity. Telegram counts what is left after
the markup, in UTF-16.
"""

import html
from collections.abc import Sequence
from functools import lru_cache
from typing import TypeVar

import regex

from bot.messages import message

Button = TypeVar("Button")

LIMIT = 4096
LEAST = 2  # a part is at least so much of the limit (1/2) unless nothing but a mark of lower rank is there to cut at

# Where a text may be cut, best first; each match ends where the cut falls.
_CUTS = (
    regex.compile(r"\n[^\S\n]*\n\s*"),
    regex.compile(r"\n\s*"),
    regex.compile(r"(?:[。！？；!?;…]+|\.(?=\s))[”’」』）)\"']*\s*"),
    regex.compile(r"[，、：,:]\s*|\s+"),
)
_GRAPHEME = regex.compile(r"\X")
_UNSENDABLE = regex.compile(r"[\p{Cs}\p{Cc}--[\n\t]]", regex.V1)


def units(text: str) -> int:
    """The length that Telegram counts."""
    return len(text) + sum(char > "\uffff" for char in text)


def parts(text: str, limit: int = LIMIT) -> list[str]:
    """The text in parts of at most ``limit`` units, the same for the same text; no blank ones. Only blanks around cuts are lost."""
    rest, found = _UNSENDABLE.sub("", text).strip(), []
    while units(rest) > limit:
        at = _cut(rest, limit)
        found.append(rest[:at].rstrip())
        rest = rest[at:].lstrip()
    return [part for part in (*found, rest) if part]


def as_html(part: str) -> str:
    """One part, escaped; its lines of sources in italics."""
    return "\n".join(_line(line) for line in part.split("\n"))


def rows(buttons: Sequence[Button], width: int = 2) -> list[Sequence[Button]]:
    """The buttons, two in a row."""
    return [buttons[start : start + width] for start in range(0, len(buttons), width)]


def _line(line: str) -> str:
    escaped = html.escape(line, quote=False)
    return f"<i>{escaped}</i>" if line.startswith(_source()) else escaped


@lru_cache(maxsize=1)
def _source() -> str:
    return message("channels.telegram.source")


def _cut(text: str, limit: int) -> int:
    """Where to cut so that what is before fits."""
    last = _fitting(text, limit)
    for cuts in _CUTS:
        # a little more is looked at, so that blanks behind the last fitting sign do not hide its end
        ends = [min(found.end(), last) for found in cuts.finditer(text, 0, last + 1) if len(found.group().rstrip()) + found.start() <= last]
        if ends and ends[-1] * LEAST >= last:
            return ends[-1]
    ends = [found.end() for found in _GRAPHEME.finditer(text, 0, min(len(text), last + 64)) if found.end() <= last]
    return ends[-1] if ends else max(last, 1)  # one sign alone, with marks without end, is longer than a message


def _fitting(text: str, limit: int) -> int:
    """How many characters from the start fit."""
    used = 0
    for number, char in enumerate(text):
        used += 2 if char > "\uffff" else 1
        if used > limit:
            return number
    return len(text)
