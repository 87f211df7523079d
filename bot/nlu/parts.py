"""Splits a message into the questions it may hold."""

import re

from bot.nlu.text import bare, either, lexicon, simplify

_SENTENCE_END = re.compile(r"[。!?;!?…\n]+")
_CLAUSE_END = re.compile(r"[,,、]\s*|\s{1,}")
LEAST = 3  # characters that can carry a question


def sentences(text: str) -> list[str]:
    """Candidate questions in order: whole sentences, and what follows a word such as 还有 or 顺便. One-piece messages give none."""
    words = either(lexicon()["separators"])
    pieces = [piece for sentence in _SENTENCE_END.split(simplify(text)) for piece in re.split(words, sentence)]
    return _several(pieces)


def clauses(text: str) -> list[str]:
    """The same at commas and spaces: weaker borders, for messages that are unclear as a whole."""
    return _several([piece for sentence in _SENTENCE_END.split(simplify(text)) for piece in _CLAUSE_END.split(sentence)])


def _several(pieces: list[str]) -> list[str]:
    kept = [piece for piece in pieces if len(bare(piece)) >= LEAST]
    return kept if len(kept) > 1 else []
