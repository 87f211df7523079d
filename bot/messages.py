"""The sentences of command line, importer and settings: ``message("hours.import.done", added=3)`` reads ``messages.yml``."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@lru_cache(maxsize=1)
def _blocks() -> dict[str, Any]:
    with (Path(__file__).parent / "messages.yml").open(encoding="utf-8") as source:
        return yaml.load(source, Loader)


def message(key: str, **facts: object) -> str:
    """The sentence under the dotted ``key`` with ``facts`` filled in. KeyError for an unknown key or a fact that is not given."""
    entry: Any = _blocks()
    for part in key.split("."):
        entry = entry[part]
    if not isinstance(entry, str):
        raise KeyError(key)
    return entry.format(**facts)
