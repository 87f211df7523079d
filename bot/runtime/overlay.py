"""What staff have taught beside the files of ``data``: read from the configured database, and written as one more file for Rasa."""

import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from bot import settings as bot_settings
from bot.db import DatabaseFault, DatabaseNotReady, open_database
from bot.helpdesk.learning import lessons
from bot.messages import Loader, message
from bot.nlu.catalogue import plain
from bot.settings import SettingsError

if TYPE_CHECKING:
    from bot.runtime.training import Recipe

NAME = "lessons.yml"
INDENT = "    "


def with_lessons(recipe: "Recipe") -> "Recipe":
    """The recipe with the lessons of the configured database; without any where there is no database, or one of an older schema.

    A database that cannot be reached is told on stderr: training goes on without its lessons.
    """
    try:
        database = open_database(bot_settings.load())
    except SettingsError:  # whoever needs the settings says what is wrong with them; the files can be trained on without
        return recipe
    try:
        with database.read() as session:
            taught = tuple((one.text, one.label) for one in lessons.pending(session))
    except DatabaseNotReady:
        return recipe
    except DatabaseFault as fault:
        print(message("runtime.no_lessons", why=" ".join(str(fault).split())), file=sys.stderr, flush=True)
        return recipe
    finally:
        database.dispose()
    return replace(recipe, lessons=taught)


def written(taught: Iterable[tuple[str, str]], data: Path, folder: Path) -> list[str]:
    """The files (one or none) in ``folder`` that teach the lessons. A label that ``data`` no longer knows is left out."""
    taught = list(taught)
    spelt = intents(data) if taught else {}
    by_intent: dict[str, list[str]] = {}
    for text, label in taught:
        if label in spelt:
            by_intent.setdefault(spelt[label], []).append(text)
    if not by_intent:
        return []
    lines = ['version: "3.1"', "nlu:"]
    for intent, sentences in by_intent.items():
        lines += [f"- intent: {intent}", "  examples: |", *(f"{INDENT}- {sentence}" for sentence in sentences)]
    path = folder / NAME
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return [str(path)]


def intents(data: Path) -> dict[str, str]:
    """The spelling in the files below ``data`` of each label: ``out_of_scope`` stands there as ``talk/out_of_scope``."""
    found = {}
    for path in sorted(data.rglob("*.yml")):
        try:
            held = yaml.load(path.read_text("utf-8"), Loader)
        except yaml.YAMLError:  # Rasa says what is wrong with it
            continue
        for block in (held.get("nlu") if isinstance(held, dict) else None) or ():
            if isinstance(block, dict) and "intent" in block:
                found[plain(block["intent"])] = block["intent"]
    return found
