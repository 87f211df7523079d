"""WeChat while it is switched off: every reply is the sentence with the telephone, and what was answered before still arrives."""

import time

from bot.inbox import switches
from bot.inbox.guard import FRESH
from tests.channels.conftest import ANSWER, TELEPHONE, staff_write
from tests.channels.wechat.conftest import LOOKING, PERSON, Account, Opening


def throw(account: Account, name: str = "wx") -> None:
    with account.context.database.write() as session:
        assert switches.off(session, "channel", name, "迁移", "staff:1", account.context.settings.now())
    time.sleep(FRESH)


def test_whatever_is_written_tapped_or_sent_is_answered_with_the_telephone(open_account: Opening) -> None:
    account = open_account()
    throw(account)
    person = account.peer.person("o1")
    off = account.context.intake.sentences.switched_off
    assert TELEPHONE in off
    for said in (person.subscribes(), person.says("公需要多少"), person.sends_image(), person.says("1"), person.says("")):
        assert said.reply == off
    assert account.rasa.asked == []
    assert {row.state for row in account.journal} == {"processed"}


def test_an_answer_that_was_promised_before_is_still_fetched(open_account: Opening) -> None:
    account = open_account(in_time=0.5, given_up=0.9, timeout=0.7)
    account.rasa.seconds = 2.4
    person = account.peer.person("o1")
    assert person.says("公需要多少").reply == LOOKING
    throw(account)
    time.sleep(1)
    assert person.says("好").reply == f"{ANSWER}\n\n{account.context.intake.sentences.switched_off}"


def test_what_a_human_wrote_is_still_delivered(open_account: Opening) -> None:
    account = open_account()
    account.peer.person("o1").says("你好")
    throw(account)
    staff_write(account.context, PERSON, "我是坐席")
    reply = account.peer.person("o1").says("在吗").reply
    assert account.context.intake.sentences.switched_off in reply
    assert any("我是坐席" in told for told in (reply, *(pushed.text for pushed in account.api.pushed("o1"))))
