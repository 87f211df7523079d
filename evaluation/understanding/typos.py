"""One typo a sentence, of the kinds people make on a phone: a character of the same sound, of a like shape, or left out."""

import random
import re
from functools import lru_cache
from importlib import resources

import yaml

from bot.messages import Loader

KINDS = ("sound", "shape", "omission")
LEAST = {"sound": 2, "shape": 2, "omission": 5}  # characters: a shorter sentence would lose what it asks
_HAN = re.compile(r"[\u4e00-\u9fff]")
COMMON = 3000  # characters that an input method offers first


def with_typo(text: str, kind: str, seed: int) -> str:
    """The sentence with one typo of the kind, the same for the same seed; unchanged where it offers no place for one."""
    chance = random.Random(f"{seed} {kind} {text}")
    places = [i for i, c in enumerate(text) if _replacements(c, kind)]
    if len(text) < LEAST[kind] or not places:
        return text
    at = chance.choice(places)
    return text[:at] + chance.choice(_replacements(text[at], kind)) + text[at + 1 :]


def _replacements(character: str, kind: str) -> tuple[str, ...]:
    if not _HAN.fullmatch(character):
        return ()
    if kind == "omission":
        return ("",)
    return _alike().get(character, ()) if kind == "shape" else _sounding().get(character, ())


@lru_cache(maxsize=1)
def _alike() -> dict[str, tuple[str, ...]]:
    groups = yaml.load(resources.files("evaluation.understanding").joinpath("shapes.yml").read_text("utf-8"), Loader)
    alike: dict[str, tuple[str, ...]] = {}
    for group in groups:
        for character in group:
            alike[character] = alike.get(character, ()) + tuple(c for c in group if c != character)
    return alike


@lru_cache(maxsize=1)
def _sounding() -> dict[str, tuple[str, ...]]:
    """Common characters by what else sounds like them, tones aside; how common they are is counted by jieba's dictionary."""
    import jieba
    from pypinyin import lazy_pinyin

    jieba.setLogLevel("WARNING")
    jieba.initialize()
    frequent = jieba.dt.FREQ
    single = [word for word in frequent if _HAN.fullmatch(word)]
    common = sorted(single, key=lambda c: (-frequent[c], c))[:COMMON]
    by_sound: dict[str, list[str]] = {}
    for character in common:
        by_sound.setdefault(lazy_pinyin(character)[0], []).append(character)
    return {c: tuple(other for other in group if other != c)[:5] for group in by_sound.values() for c in group}
