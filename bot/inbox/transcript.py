"""A dialogue as people read it, out of its stored turns."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from bot.inbox import turns

PERSON, BOT = "person", "bot"


@dataclass(frozen=True)
class Said:
    """One thing said, by the person or the bot; ``buttons`` are what the bot offered."""

    at: datetime
    who: str
    text: str
    buttons: tuple[str, ...] = ()


def transcript(session: Session | Connection, sender_id: str) -> Iterator[Said]:
    """Everything said with the sender that is still kept, oldest first."""
    for turn in turns.every(session, sender_id):
        for event in json.loads(turn.events):
            if event["event"] == "user" and event.get("text"):
                yield Said(turn.at, PERSON, event["text"])
            elif event["event"] == "bot":
                buttons = tuple(button["title"] for button in (event.get("data") or {}).get("buttons") or ())
                yield Said(turn.at, BOT, event.get("text") or "", buttons)
