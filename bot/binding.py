"""Binding a chat to a person, and what the chat is told of it: by the dialogue's actions, and while a human holds the conversation."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from bot.answers import Answer, Answers
from bot.db import Database
from bot.helpdesk import sampling, tickets
from bot.helpdesk.tickets import GROUP_CHATS
from bot.hours import identity
from bot.inbox import retention
from bot.settings import Settings


@dataclass(frozen=True)
class Binder:
    """What a binding needs, and the words for it."""

    settings: Settings
    database: Database
    answers: Answers

    def bind(self, sender_id: str, name: str, code: str, journal_id: int | None) -> tuple[Answer, bool]:
        """Try to bind; says what was stored, or that name and code do not belong together, without saying which is wrong.

        Also whether the chat is bound now. What was said here by somebody else, whom the chat was bound to before, goes as it does when a
        binding is taken away, but for the message being answered, ``journal_id``.
        """
        now, today = self.settings.now(), self.settings.current_date()
        if sender_id.startswith(GROUP_CHATS):
            return self.answers.say("utter_private_only", today), False
        with self.database.read() as session:
            before = identity.bound_person(session, sender_id)
        result = identity.bind(self.database, self.settings.secret_key(), sender_id, name, code, now)
        if result.ok and result.person:
            person = result.person
            if before is not None and before.id != person.id:
                with self.database.write() as session:
                    forget_words(session, sender_id, journal_id)
            facts = {"name": person.name, "unit": person.unit, "id_number": person.id_number}
            return self.answers.say("utter_bound", today, **facts), True
        with self.database.read() as session:
            still = identity.bound_person(session, sender_id) is not None
        if result.reason == "locked" and result.retry_at:
            minutes = max(1, -(-int((result.retry_at - now).total_seconds()) // 60))
            return self.answers.say("utter_bind_locked", today, minutes=minutes), still
        return self.answers.say("utter_bind_failed", today), still


def forget_words(session: Session, sender_id: str, but: int | None) -> None:
    """Delete what was said in the chat, ``but`` the message being answered."""
    retention.forget(session, sender_id, but=but)
    tickets.forget(session, sender_id)
    sampling.forget(session, sender_id)
