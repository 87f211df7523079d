"""Drafts are kept for each agent, conversation and kind."""

import pytest

from bot.db import Database
from bot.helpdesk.talks import drafts
from tests.helpdesk.chats import ask_for_human
from tests.helpdesk.conftest import NOW, add_staff


def test_each_agent_conversation_and_kind_has_its_own_draft(database: Database) -> None:
    one, two = add_staff(database, "one", 3), add_staff(database, "two", 4)
    first, second = ask_for_human(database, "web:a", NOW), ask_for_human(database, "web:b", NOW)
    with database.write() as session:
        drafts.save(session, one, first, "reply", "您", NOW)
        drafts.save(session, one, first, "reply", "您好", NOW)
        drafts.save(session, one, first, "note", "记一下", NOW)
        drafts.save(session, one, second, "reply", "另一个", NOW)
        drafts.save(session, two, first, "reply", "同事的", NOW)
    with database.read() as session:
        assert drafts.of(session, one, first) == {"reply": "您好", "note": "记一下"}
        assert drafts.of(session, two, first) == {"reply": "同事的"}
    with database.write() as session:
        drafts.save(session, one, first, "reply", " \n", NOW)
    with database.read() as session:
        assert drafts.of(session, one, first) == {"note": "记一下"}


@pytest.mark.parametrize(("kind", "text"), [("letter", "x"), ("reply", "长" * (drafts.LONGEST + 1))])
def test_what_is_no_draft_is_refused(database: Database, kind: str, text: str) -> None:
    staff, ticket = add_staff(database, "one", 3), ask_for_human(database, "web:a", NOW)
    with database.write() as session, pytest.raises(ValueError, match=kind):
        drafts.save(session, staff, ticket, kind, text, NOW)
