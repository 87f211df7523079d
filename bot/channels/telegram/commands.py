"""The bot's commands and the sentence that each stands for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from bot.messages import Loader

START, HELP, BIND = "start", "help", "bind"

_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,64})(?:@([A-Za-z0-9_]{1,64}))?(?=\s|$)\s*(.*)", re.DOTALL)
_CODE = re.compile(r"[0-9A-Za-z]{8,12}")  # a bind code or a mistyped one; the form says which


@dataclass(frozen=True)
class Command:
    """One line of the menu. ``more``: what follows the command belongs to the sentence."""

    name: str
    description: str
    says: str
    more: bool = False
    private: bool = False


@dataclass(frozen=True)
class Given:
    """A command as somebody wrote it; ``bot`` is the username it was addressed to, if any."""

    name: str
    bot: str | None
    rest: str


@lru_cache(maxsize=1)
def commands() -> Mapping[str, Command]:
    """All commands by name, in the order of the menu."""
    listed = yaml.load((Path(__file__).parent / "commands.yml").read_text("utf-8"), Loader)
    return {name: Command(name, **entry) for name, entry in listed.items()}


def given(text: str) -> Given | None:
    """The command that the text begins with; None when it is none."""
    found = _COMMAND.match(text.strip())
    return Given(found[1].lower(), found[2], found[3].strip()) if found else None


def sentence(written: Given) -> str:
    """What the command stands for; for an unknown one what brings the menu. A link with a bind code begins to bind."""
    if written.name == START and _CODE.fullmatch(written.rest):
        return f"{commands()[BIND].says} {written.rest}"
    command = commands().get(written.name)
    if command is None:
        return menu()
    return f"{command.says} {written.rest}".strip() if command.more else command.says


def is_private(written: Given) -> bool:
    """Whether the command is about the person who gives it."""
    command = commands().get(written.name)
    return (command is not None and command.private) or (written.name == START and bool(_CODE.fullmatch(written.rest)))


def menu() -> str:
    """The sentence that brings the menu."""
    return commands()[HELP].says
