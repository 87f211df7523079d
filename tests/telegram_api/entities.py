"""Entities in plain text, found by the rules of TDLib, in UTF-16 code units as the Bot API counts."""

import re
from typing import Any

_PATTERNS = {
    "bot_command": re.compile(r"(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/<>@])"),
    "url": re.compile(
        r"(?<![\w@.])(?:https?://[A-Za-z0-9.-]+(?::\d+)?|(?:[A-Za-z0-9-]+\.)+(?:com|cn|net|org|gov|edu))(?:/[!-~]*[\w/=&#-])?"
    ),
    "mention": re.compile(r"(?<!\w)@[A-Za-z0-9_]{4,32}(?!\w)"),
    "hashtag": re.compile(r"(?<![\w#])#(?=\w*[^\W\d])\w{1,256}"),
}


def units(text: str) -> int:
    """The length of `text` in UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def find(text: str) -> list[dict[str, Any]]:
    """Commands, addresses, mentions and hashtags, in the order of the text and without overlaps.

    As on Telegram, `你好@bot` and `/start你好` hold no entity: a letter of any script beside a mention or command spoils it.
    """
    found: list[tuple[int, int, str]] = []
    for kind, pattern in _PATTERNS.items():
        for match in pattern.finditer(text):
            if all(match.end() <= start or match.start() >= end for start, end, _ in found):
                found.append((match.start(), match.end(), kind))
    return [{"type": kind, "offset": units(text[:start]), "length": units(text[start:end])} for start, end, kind in sorted(found)]


def trimmed(text: str, entities: list[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    """What Telegram stores: the text without white space at its ends, and the entities that are left of it."""
    cut = units(text[: len(text) - len(text.lstrip())])
    text = text.strip()
    kept = []
    for entity in entities:
        start = max(entity["offset"] - cut, 0)
        end = min(entity["offset"] + entity["length"] - cut, units(text))
        if end > start:
            kept.append({**entity, "offset": start, "length": end - start})
    return text, kept
