"""How a message is read before any feature is taken: one script, one case, one spelling for each thing."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from importlib import resources
from typing import Any

import yaml


@lru_cache(maxsize=1)
def lexicon() -> dict[str, Any]:
    """The closed sets of ``lexicon.yml``, read once."""
    return yaml.load(resources.files("bot.nlu").joinpath("lexicon.yml").read_text("utf-8"), Loader=yaml.CSafeLoader)


def either(words: Iterable[str]) -> str:
    """A regular expression for any of the words; longer ones are tried first."""
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


@lru_cache(maxsize=1)
def _traditional() -> Any:
    import opencc

    return opencc.OpenCC("t2s")


def simplify(text: str) -> str:
    """Simplified characters, half-width, lower case, single spaces."""
    folded = unicodedata.normalize("NFKC", text).lower()
    return re.sub(r"\s+", " ", _traditional().convert(folded)).strip()


@lru_cache(maxsize=1)
def _synonyms() -> tuple[re.Pattern[str], dict[str, str]]:
    spelling = {variant: word for word, variants in lexicon()["synonyms"].items() for variant in [word, *variants]}
    return re.compile(either(spelling)), spelling


@lru_cache(maxsize=4096)
def canonical(text: str) -> str:
    """The text with each known variant replaced by its standard term and all punctuation gone."""
    pattern, spelling = _synonyms()
    bare = re.sub(r"[^\w\s]+", " ", simplify(text))
    return pattern.sub(lambda match: spelling[match.group()], bare).strip()


@lru_cache(maxsize=1)
def _fillers() -> re.Pattern[str]:
    return re.compile(either(lexicon()["fillers"]))


def bare(text: str) -> str:
    """The simplified text without polite fillers, punctuation and spaces: what is left to carry meaning."""
    return re.sub(r"[\W_]+", "", _fillers().sub("", simplify(text)))


def spelt(text: str) -> str:
    """The simplified text without punctuation and spaces, fillers kept: a short reply as it stands."""
    return re.sub(r"[\W_]+", "", simplify(text))


def strip_edges(text: str, leads: list[str], tails: list[str]) -> tuple[str, bool]:
    """Cut any of ``leads`` from the front and ``tails`` from the end, repeatedly; says whether something was cut."""
    cut = False
    changed = True
    while changed and text:
        changed = False
        for lead in leads:
            if text.startswith(lead) and len(text) > len(lead):
                text, changed = text[len(lead) :], True
        for tail in tails:
            if text.endswith(tail) and len(text) > len(tail):
                text, changed = text[: -len(tail)], True
        cut = cut or changed
    return text, cut
