"""Misspelt copies of training sentences, so that a typo in a message is nothing new: a character of the same sound, or one left out."""

import random
from collections.abc import Mapping, Sequence

from bot.nlu.pinyin import sounds

SHARE = 0.25  # of the sentences get a misspelt copy
LEAST = 3  # characters that a sentence must have


def misspelt(texts: Sequence[str]) -> list[tuple[int, str]]:
    """(index of the sentence, its misspelt copy) for a share of the sentences; the same for the same sentences.

    Only characters that the sentences hold stand in for one another: what an input method offers first is what people write here.
    """
    alike = _alike(texts)
    copies = []
    for at, text in enumerate(texts):
        chance = random.Random(text)
        if len(text) < LEAST or chance.random() >= SHARE:
            continue
        copy = _one(text, alike, chance)
        if copy != text:
            copies.append((at, copy))
    return copies


def _one(text: str, alike: Mapping[str, Sequence[str]], chance: random.Random) -> str:
    place = chance.randrange(len(text))
    others = alike.get(text[place], ())
    instead = chance.choice(others) if others and chance.random() < 0.6 else ""
    return text[:place] + instead + text[place + 1 :]


def _alike(texts: Sequence[str]) -> dict[str, list[str]]:
    by_sound: dict[str, list[str]] = {}
    for character in sorted({c for text in texts for c in text if not c.isascii() and c.isalpha()}):
        by_sound.setdefault("".join(sounds(character)), []).append(character)
    return {c: [other for other in group if other != c] for group in by_sound.values() for c in group}
