"""Sounds of a message: syllables without tones, from characters and from Latin pinyin alike, so that both meet in one feature."""

import os
import re
from functools import lru_cache
from typing import Any

# Sounds that Qinghai speakers and input methods mix up are one sound to us.
_FUZZY = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ing", "in"), ("eng", "en"), ("ang", "an"), ("lv", "lu"), ("nv", "nu"))


@lru_cache(maxsize=1)
def _pypinyin() -> Any:
    """pypinyin without its phrases, which cost 50 MB and only choose between readings of a character: training and messages agree."""
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    import pypinyin

    return pypinyin


@lru_cache(maxsize=1)
def _syllables() -> frozenset[str]:
    lazy_pinyin = _pypinyin().lazy_pinyin
    from pypinyin.constants import PINYIN_DICT

    # The range of common characters holds every Mandarin syllable.
    common = [chr(code) for code in range(0x4E00, 0x9FA6) if code in PINYIN_DICT]
    return frozenset(s for s in lazy_pinyin(common) if s.isascii() and s.isalpha() and len(s) > 1) | {"a", "e", "o"}


@lru_cache(maxsize=2048)
def split_latin(word: str) -> tuple[str, ...]:
    """Pinyin syllables of a Latin word, longest first; empty when it is no pinyin.

    Only words of two letters or more are taken for pinyin.
    """
    if len(word) < 2 or not word.isascii() or not word.isalpha():
        return ()
    best: dict[int, tuple[str, ...]] = {len(word): ()}
    for start in range(len(word) - 1, -1, -1):
        for size in range(min(6, len(word) - start), 0, -1):
            rest = best.get(start + size)
            if rest is not None and word[start : start + size] in _syllables():
                candidate = (word[start : start + size], *rest)
                if start not in best or len(candidate) < len(best[start]):
                    best[start] = candidate
    return best.get(0, ())


@lru_cache(maxsize=512)
def fold(syllable: str) -> str:
    """One spelling for sounds that are commonly confused."""
    for sound, plain in _FUZZY:
        syllable = syllable.replace(sound, plain)
    return syllable


@lru_cache(maxsize=4096)
def sounds(text: str) -> tuple[str, ...]:
    """Folded syllables of a simplified text in order; runs that are neither Chinese nor pinyin stand as they are."""
    out: list[str] = []
    for run in re.findall(r"[a-z]+|[0-9.]+|[^a-z0-9.\s]+", text):
        if run[0].isascii():
            out.extend(fold(s) for s in split_latin(run)) if split_latin(run) else out.append(run)
        else:
            out.extend(sound for character in run for sound in _sound(character))
    return tuple(out)


@lru_cache(maxsize=8192)
def _sound(character: str) -> tuple[str, ...]:
    return tuple(fold(syllable) for syllable in _pypinyin().lazy_pinyin(character))
