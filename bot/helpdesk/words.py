"""The console's own sentences: ``word("calls.saved", name=…)`` reads ``saved`` in ``words/calls.yml``."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bot.messages import Loader

_FOLDER = Path(__file__).parent / "words"


@cache
def _area(name: str) -> dict[str, Any]:
    held: dict[str, Any] = yaml.load((_FOLDER / f"{name}.yml").read_text(encoding="utf-8"), Loader)
    return held


def word(key: str, **facts: object) -> str:
    """The sentence under the dotted key, whose first part is the file, with ``facts`` filled in. KeyError for one that is not there."""
    area, *path = key.split(".")
    entry: Any = _area(area)
    for part in path:
        entry = entry[part]
    if not isinstance(entry, str):
        raise KeyError(key)
    return entry.format(**facts)
