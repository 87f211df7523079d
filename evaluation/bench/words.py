"""The bench's own sentences: ``word("verdict.met")`` reads ``words.yml`` beside this file."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml


@lru_cache(maxsize=1)
def _blocks() -> dict[str, Any]:
    blocks: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "words.yml").read_text("utf-8"))
    return blocks


def entry(key: str) -> Any:
    """What stands under the dotted ``key``: a sentence, a list or a block. KeyError for an unknown key."""
    found: Any = _blocks()
    for part in key.split("."):
        found = found[part]
    return found


def word(key: str, **facts: object) -> str:
    """The sentence under ``key`` with ``facts`` filled in."""
    return str(entry(key)).format(**facts)
