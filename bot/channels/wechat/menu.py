"""The account's menu: what is published, and what a tap says."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from bot.messages import Loader


@lru_cache(maxsize=1)
def entries() -> list[dict[str, Any]]:
    """The menu as ``menu.yml`` has it."""
    with (Path(__file__).parent / "menu.yml").open(encoding="utf-8") as source:
        menu: list[dict[str, Any]] = yaml.load(source, Loader)
        return menu


def said_by(key: str) -> str | None:
    """The sentence of the entry with this key; None for an entry that the menu no longer has."""
    return next((str(entry["say"]) for entry in _leaves(entries()) if entry.get("key") == key), None)


def published() -> dict[str, Any]:
    """The menu as the platform takes it."""
    return {"button": [_button(entry) for entry in entries()]}


def _leaves(menu: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [leaf for entry in menu for leaf in entry.get("entries", [entry])]


def _button(entry: dict[str, Any]) -> dict[str, Any]:
    if "entries" in entry:
        return {"name": entry["name"], "sub_button": [_button(one) for one in entry["entries"]]}
    if "view" in entry:
        return {"type": "view", "name": entry["name"], "url": entry["view"]}
    return {"type": "click", "name": entry["name"], "key": entry["key"]}
