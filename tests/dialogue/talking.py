"""A conversation with the served bot, and codes to bind with."""

import csv
import io
import itertools
import json
import re
from dataclasses import dataclass, field
from typing import Any

from tests.serving import Server, bot_command

POLICY_PHONE = "0971-8258157"
_numbers = itertools.count(1)


@dataclass
class Talk:
    """One person's chat over REST."""

    server: Server
    sender: str = field(default_factory=lambda: f"talk-{next(_numbers)}")
    buttons: list[str] = field(default_factory=list)

    def say(self, text: str) -> str:
        """The bot's words, with button titles kept aside in ``buttons``."""
        sent = self.server.say(text, self.sender)
        self.buttons = [button["title"] for message in sent for button in message.get("buttons") or []]
        return "\n".join(message.get("text") or "" for message in sent)

    def bind(self, id_number: str) -> str:
        """Bind as this person with a fresh code."""
        name, code = issue(self.server, id_number)
        return self.say(f"绑定 {name} {code}")


def issue(server: Server, id_number: str) -> tuple[str, str]:
    """Name and fresh bind code of a person, from the command line."""
    issued = bot_command("codes", "--id-number", id_number, env=server.env, cwd=server.folder)
    assert issued.returncode == 0, issued.stderr
    row = next(csv.DictReader(io.StringIO(issued.stdout.lstrip("\ufeff"))))
    return row["姓名"], row["绑定码"]


def status(server: Server, id_number: str) -> dict[str, Any]:
    """The engine's figures for a person."""
    told = bot_command("status", "--id-number", id_number, "--json", env=server.env, cwd=server.folder)
    assert told.returncode == 0, told.stderr
    return dict(json.loads(told.stdout))


def figure(value: float) -> str:
    """A regular expression for this number of hours standing alone."""
    return rf"(?<![\d.]){re.escape(f'{value:g}')}(?![\d.])"
