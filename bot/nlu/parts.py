"""Splits a message into the questions it may hold."""

import re

from bot.nlu.text import bare, lexicon, simplify

_SENTENCE_END = re.compile(r"[。!?;;!?…\n]+|[,,]\s*|\s{2,}")


def split(text: str) -> list[str]:
    """Candidate questions, in order: sentences, and what follows a word such as 还有 or 顺便. One-piece messages give none."""
    pieces: list[str] = []
    words = "|".join(map(re.escape, lexicon()["separators"]))
    for sentence in _SENTENCE_END.split(simplify(text)):
        pieces.extend(re.split(words, sentence))
    whole = [piece for piece in pieces if len(bare(piece)) >= 3]
    return whole if len(whole) > 1 else []
