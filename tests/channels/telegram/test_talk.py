"""Private chats against the emulated Bot API, through the real client."""

from bot.inbox import choices
from tests.channels.conftest import ANSWER, TELEPHONE
from tests.channels.telegram.conftest import Bot

FORM = "公需科目一年要多少学时"


def test_a_question_is_answered_as_html_with_its_source(bot: Bot) -> None:
    bot.api.person(11).says("公需要多少学时")
    (sent,) = bot.api.wait_sent(11)
    assert sent.text == ANSWER
    assert sent.parse_mode == "HTML"
    assert "<i>依据：" in sent.raw
    assert [(row.sender_id, row.channel, row.state) for row in bot.journal] == [("tg:11", "tg", "processed")]
