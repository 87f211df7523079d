"""Who is at the console, and how it is with them."""

from datetime import timedelta

import pytest

from bot.db import Database
from bot.helpdesk.models import Staff
from bot.helpdesk.talks import handoff, presence
from tests.helpdesk.chats import ask_for_human
from tests.helpdesk.conftest import NOW, add_staff


def _seen(database: Database, after: timedelta = timedelta()) -> dict[int, tuple[str, int]]:
    with database.read() as session:
        return {one.writer.number: (one.presence, one.held) for one in presence.colleagues(session, NOW + after)}


def test_whoever_opens_a_page_is_free_until_they_say_otherwise_or_the_page_is_gone(database: Database) -> None:
    one = add_staff(database, "one", 3)
    assert _seen(database) == {3: ("away", 0)}
    with database.write() as session:
        presence.arrive(session, one, NOW)
    assert _seen(database) == {3: ("free", 0)}
    with database.write() as session:
        presence.choose(session, one, "busy", NOW)
        presence.arrive(session, one, NOW + timedelta(minutes=30))
    assert _seen(database, timedelta(minutes=30)) == {3: ("busy", 0)}, "a reload changes nothing"
    assert _seen(database, timedelta(minutes=32)) == {3: ("away", 0)}, "no page is open any more"
    with database.write() as session:
        presence.beat(session, [one], NOW + timedelta(minutes=32))
    assert _seen(database, timedelta(minutes=32)) == {3: ("busy", 0)}
    with database.write() as session:
        presence.arrive(session, one, NOW + timedelta(hours=20))
    assert _seen(database, timedelta(hours=20)) == {3: ("free", 0)}, "another day"


def test_colleagues_are_those_who_take_conversations_with_how_many_they_have(database: Database) -> None:
    one, gone = add_staff(database, "one", 3), add_staff(database, "gone", 4)
    add_staff(database, "head", 5, role="admin")
    add_staff(database, "unit", 6, role="unit", unit="甲单位")
    with database.write() as session:
        session.get(Staff, gone).disabled_at = NOW
    for sender in ("web:a", "web:b"):
        handoff.take(database, ask_for_human(database, sender, NOW), one, NOW)
    assert {number: held for number, (_, held) in _seen(database).items()} == {3: 2, 5: 0}


def test_an_unknown_word_is_no_presence(database: Database) -> None:
    with database.write() as session, pytest.raises(ValueError, match="asleep"):
        presence.choose(session, 1, "asleep", NOW)
