"""What the page reads of a message: plain JSON, text only."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.inbox.history import PERSON, Line
from bot.inbox.outbox import Outgoing, wants_feedback

BOT, STAFF, SYSTEM = "bot", "staff", "system"


def of_outgoing(outgoing: Outgoing) -> dict[str, Any]:
    """An outgoing message as the page shows it."""
    return _bot_side(outgoing.id, outgoing.kind, outgoing.payload, outgoing.created_at, vote=None)


def of_line(line: Line) -> dict[str, Any]:
    """A message of the history as the page shows it."""
    if line.kind == PERSON:
        return {"from": PERSON, "text": line.payload["text"], "at": line.at.isoformat(timespec="seconds")}
    return _bot_side(line.outbox_id, line.kind, line.payload, line.at, line.vote)


def of_sentence(text: str, at: datetime) -> dict[str, Any]:
    """A sentence that could not be written down and so has no id."""
    return _bot_side(None, BOT, {"text": text}, at, vote=None)


def event(outgoing: Outgoing) -> str:
    """The message as one server-sent event, with its id."""
    return f"id: {outgoing.id}\nevent: message\ndata: {json.dumps(of_outgoing(outgoing), ensure_ascii=False)}\n\n"


def _bot_side(outbox_id: int | None, kind: str, payload: Mapping[str, Any], at: datetime, vote: str | None) -> dict[str, Any]:
    return {
        "from": kind if kind in (STAFF, SYSTEM) else BOT,
        "id": outbox_id,
        "text": str(payload.get("text") or ""),
        "buttons": payload.get("buttons") or [],
        "at": at.isoformat(timespec="seconds"),
        "feedback": wants_feedback(payload),
        "vote": vote,
    }
