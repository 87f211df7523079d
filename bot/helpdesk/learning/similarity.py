"""Sentences that mean nearly the same, put together: TF-IDF of jieba words and of the characters that the dictionary lacks.

A group has a leader, and holds what is near to it: chains of ever slightly different sentences, which single linkage makes, do not arise.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from bot.nlu.clauses import DICTIONARY
from bot.nlu.text import bare, canonical

NEAR = 0.6  # cosine from which two sentences are about the same
CHUNK = 500  # sentences held against the leaders at a time
COMMON = 0.3  # share of sentences from which a word tells none of them apart
TELLING = 2.0  # weight of a word of the dictionary beside a character
FEW = 20  # sentences up to which every word tells
_APART = "\t"  # between two characters that are no word


def grouped(sentences: Sequence[str]) -> list[list[int]]:
    """Indices of the sentences by likeness. Earlier ones lead: the first of each group is its leader, groups stand in order of leaders."""
    spellings: dict[str, list[int]] = {}
    for index, sentence in enumerate(sentences):
        spellings.setdefault(spelling(sentence), []).append(index)
    together: list[list[int]] = list(spellings.values())
    leaders = _leaders(_matrix([terms(spelt) for spelt in spellings]))
    groups: dict[int, list[int]] = {}
    for indices, leader in zip(together, leaders, strict=True):
        groups.setdefault(leader, []).extend(indices)
    return list(groups.values())


@lru_cache(maxsize=20_000)
def spelling(sentence: str) -> str:
    """What sentences have in common that differ in courtesies, punctuation, blanks and variants of a term; never empty for a sentence."""
    return bare(canonical(sentence)) or canonical(sentence) or sentence


@lru_cache(maxsize=20_000)
def terms(spelt: str) -> tuple[str, ...]:
    """Words of the domain, and where there is none the characters by ones and twos."""
    words = list(_tokenizer().cut(spelt, HMM=False))
    twos = [f"{first}{_APART}{second}" for first, second in pairwise(words) if len(first) == len(second) == 1]
    return (*words, *twos)


@lru_cache(maxsize=1)
def _tokenizer() -> Any:
    import jieba

    jieba.setLogLevel("WARNING")
    return jieba.Tokenizer(dictionary=str(DICTIONARY))


def _matrix(held: Sequence[tuple[str, ...]]) -> Any:
    """Sparse rows of unit length; a row without telling words is empty."""
    from scipy.sparse import csr_matrix

    columns: dict[str, int] = {}
    rows, at = [], []
    for row, words in enumerate(held):
        for word in dict.fromkeys(words):
            rows.append(row)
            at.append(columns.setdefault(word, len(columns)))
    spread = np.bincount(np.array(at, dtype=np.int64), minlength=len(columns))
    weights = np.log1p(len(held) / np.maximum(spread, 1)).astype(np.float32)
    weights[[len(word) > 1 and _APART not in word for word in columns]] *= TELLING
    if len(held) > FEW:
        weights[spread > COMMON * len(held)] = 0.0
    values = weights[at]
    lengths = np.sqrt(np.bincount(np.array(rows, dtype=np.int64), values.astype(np.float64) ** 2, minlength=len(held)))
    matrix = csr_matrix((values / np.maximum(lengths[rows], 1e-9), (rows, at)), shape=(len(held), len(columns)), dtype=np.float32)
    matrix.eliminate_zeros()
    return matrix


def _leaders(matrix: Any) -> list[int]:
    """For each row the row that leads it; itself where none before it is near."""
    from scipy.sparse import vstack

    led: list[int] = []
    leading: list[int] = []
    kept: Any = None
    for start in range(0, matrix.shape[0], CHUNK):
        chunk = matrix[start : start + CHUNK]
        best, near = _best(chunk @ kept.T) if kept is not None else (np.zeros(chunk.shape[0], np.int64), np.zeros(chunk.shape[0]))
        within = _near_before(chunk)
        fresh: list[int] = []
        for row in range(chunk.shape[0]):
            at, score = (leading[best[row]], near[row]) if near[row] >= NEAR else (start + row, NEAR)
            own, earlier = max(
                ((own, -earlier) for earlier, own in within.get(row, ()) if led[start + earlier] == start + earlier), default=(0, 0)
            )
            if own >= score:
                at = start - earlier
            if at == start + row:
                fresh.append(row)
            led.append(at)
        leading += [start + row for row in fresh]
        more = chunk[fresh]
        kept = more if kept is None else vstack([kept, more], format="csr")
    return led


def _near_before(chunk: Any) -> dict[int, list[tuple[int, float]]]:
    """For each row that has any: the rows before it that are near, and how near."""
    likeness = (chunk @ chunk.T).tocoo()
    chosen = (likeness.data >= NEAR) & (likeness.col < likeness.row)
    found: dict[int, list[tuple[int, float]]] = {}
    for row, earlier, own in zip(likeness.row[chosen].tolist(), likeness.col[chosen].tolist(), likeness.data[chosen].tolist(), strict=True):
        found.setdefault(row, []).append((earlier, own))
    return found


def _best(scores: Any) -> tuple[Any, Any]:
    """Of each row the column of the highest value, and that value."""
    whole = scores.toarray()  # a sparse argmax sorts first, which takes longer than the product
    best = whole.argmax(axis=1)
    return best, whole[np.arange(len(best)), best]
