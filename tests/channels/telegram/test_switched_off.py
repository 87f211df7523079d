"""Telegram while it is switched off, groups included: the sentence with the telephone in place of every answer."""

import time

import pytest

from bot.inbox import switches
from bot.inbox.guard import FRESH
from tests.channels.conftest import ANSWER, TELEPHONE
from tests.channels.telegram.conftest import Bot


@pytest.mark.parametrize(("name", "private_is_off"), [("tg", True), ("tgg", False)])
def test_while_it_is_off_the_telephone_is_read_in_private_and_in_groups(bot: Bot, name: str, private_is_off: bool) -> None:
    person, group = bot.api.person(21), bot.api.supergroup(-1001)
    with bot.context.database.write() as session:
        switches.off(session, "channel", name, "核对", "staff:1", bot.context.settings.now())
    time.sleep(FRESH)
    person.says("公需要多少学时")
    group.says("公需要多少学时", person, mention=True)
    off = bot.context.intake.sentences.switched_off
    assert TELEPHONE in off
    assert bot.api.wait_sent(group.id)[0].text == off
    assert bot.api.wait_sent(person.id)[0].text == (off if private_is_off else ANSWER)
    assert len(bot.rasa.asked) == (0 if private_is_off else 1)
