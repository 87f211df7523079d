"""The clause of the notice nearest to a message that no prepared question fits: BM25 over jieba words.

jieba cuts with the project's own dictionary (``data/jieba``) alone: its general one costs tens of megabytes, and a word that no clause
holds finds none.
"""

import math
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import Any

from bot.nlu.text import bare, canonical
from policies.notice import Notice

DICTIONARY = Path(__file__).resolve().parents[2] / "data" / "jieba" / "domain.txt"
SATURATION, LENGTH = 1.5, 0.75  # BM25's k1 and b, as usual
COMMON = 0.25  # share of clauses from which a word tells none of them
TELLING = 2  # different telling words that must be shared
COVERED = 0.45  # share of the message's characters that those and the common words must make up


class ClauseSearch:
    """Finds clauses of one notice."""

    def __init__(self, notice: Notice):
        held = {clause_id: Counter(_words(clause.text)) for clause_id, clause in notice.clauses.items()}
        self._held = held
        self._mean = sum(c.total() for c in held.values()) / len(held)
        spread = Counter(word for counts in held.values() for word in counts)
        self._idf = {word: math.log(1 + (len(held) - n + 0.5) / (n + 0.5)) for word, n in spread.items()}
        self._telling = {word for word, n in spread.items() if n <= COMMON * len(held)}

    def nearest(self, text: str) -> str | None:
        """The id of the clause that the message is about; None where none is near."""
        asked = set(_words(text)) & self._idf.keys()
        said = bare(canonical(text))
        covered = {at for word in asked for at in _places(said, word)}
        if not said or len(covered) < COVERED * len(said):
            return None
        best = max(self._held, key=lambda clause_id: self._score(asked, self._held[clause_id]))
        shared = [word for word in asked & self._telling if word in self._held[best]]
        apart = [word for word in shared if not any(word != other and word in other for other in shared)]
        return best if len(apart) >= TELLING else None

    def _score(self, asked: set[str], counts: Counter[str]) -> float:
        norm = SATURATION * (1 - LENGTH + LENGTH * counts.total() / self._mean)
        return sum(self._idf[word] * counts[word] * (SATURATION + 1) / (counts[word] + norm) for word in asked)


def _words(text: str) -> list[str]:
    return [word for word in _tokenizer().cut_for_search(canonical(text), HMM=False) if len(word) > 1]


def _places(said: str, word: str) -> range:
    at = said.find(word)
    return range(at, at + len(word)) if at >= 0 else range(0)


@lru_cache(maxsize=1)
def _tokenizer() -> Any:
    import jieba

    jieba.setLogLevel("WARNING")
    return jieba.Tokenizer(dictionary=str(DICTIONARY))
