"""Buttons whose data the platform keeps short: a key stands for the sentence, in the database, so that a restart loses none."""

import secrets
from collections.abc import Sequence

from sqlalchemy import delete, or_, select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from bot.inbox.models import Choice

_table = Choice.__table__
_KEY_BYTES = 12


def offer(session: Session | Connection, sender_id: str, outbox_id: int, payloads: Sequence[str]) -> list[str]:
    """Keys for the sentences of a message's buttons, in order; the same ones when the message is sent again."""
    held = {row.payload: row.key for row in session.execute(select(_table).where(_table.c.outbox_id == outbox_id))}
    new = [payload for payload in dict.fromkeys(payloads) if payload not in held]
    keys = held | {payload: secrets.token_urlsafe(_KEY_BYTES) for payload in new}
    for payload in new:
        session.execute(_table.insert(), {"key": keys[payload], "sender_id": sender_id, "outbox_id": outbox_id, "payload": payload})
    return [keys[payload] for payload in payloads]


def chosen(session: Session | Connection, sender_id: str, key: str) -> str | None:
    """The sentence behind a key that was offered in this very chat; None for any other."""
    mine = select(_table.c.payload).where(_table.c.key == key, _table.c.sender_id == sender_id)
    found: str | None = session.execute(mine).scalar_one_or_none()
    return found


def forget(session: Session | Connection, sender_id: str) -> None:
    """Let no key that was offered in this conversation speak any more."""
    session.execute(delete(_table).where(_table.c.sender_id == sender_id))


def of_chat(session: Session | Connection, chat: str, key: str) -> tuple[str, str] | None:
    """Conversation and sentence behind a key that was offered in this chat or in one of its topics (``chat/…``)."""
    here = or_(_table.c.sender_id == chat, _table.c.sender_id.startswith(chat + "/", autoescape=True))
    found = session.execute(select(_table.c.sender_id, _table.c.payload).where(_table.c.key == key, here)).first()
    return None if found is None else (found.sender_id, found.payload)
