"""Chats that ask for a human: what people and the bot said, written as the intake writes it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from bot.db import Database
from bot.helpdesk.models import Ticket
from bot.helpdesk.tickets import note_event
from bot.inbox import journal, outbox
from bot.inbox.models import Outbox


def say(database: Database, sender_id: str, text: str, now: datetime) -> int:
    """The person writes; the journal's id."""
    with database.write() as session:
        return journal.write(session, channel=sender_id.partition(":")[0], sender_id=sender_id, external_id=None, text=text, now=now).id


def answer(database: Database, sender_id: str, text: str, now: datetime, **more: Any) -> int:
    """The bot answers; the outbox id."""
    with database.write() as session:
        return outbox.add(session, sender_id, [{"text": text, **more}], now, kind="faq", state="sent")[0].id


def ask_for_human(
    database: Database, sender_id: str, now: datetime, *, said: Sequence[str] = ("一年要多少学时",), topic: str | None = None
) -> int:
    """A chat in which these things were said, answered by the bot, and a human was asked for; the ticket's id."""
    at = now - timedelta(seconds=30 * len(said) + 15)
    for text in said:
        say(database, sender_id, text, at)
        answer(database, sender_id, f"关于“{text[:20]}”的回答。", at + timedelta(seconds=1))
        at += timedelta(seconds=30)
    say(database, sender_id, "转人工", now)
    with database.write() as session:
        ticket = Ticket(sender_id=sender_id, topic=topic, last_question=said[-1] if said else None, state="open", opened_at=now)
        session.add(ticket)
        session.flush()
        note_event(session, ticket.id, "opened", now)
        return int(ticket.id)


def set_state(database: Database, outbox_id: int, state: str, reason: str | None = None) -> None:
    """What a channel writes when it has tried to deliver a message."""
    with database.write() as session:
        session.execute(update(Outbox).where(Outbox.id == outbox_id).values(state=state, reason=reason))


def newest_of_staff(session: Session, sender_id: str) -> Outbox:
    """The newest reply in a chat."""
    return session.query(Outbox).filter(Outbox.sender_id == sender_id, Outbox.kind == "staff").order_by(Outbox.id.desc()).first()
