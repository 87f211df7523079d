"""The platform's API when it misbehaves: hanging, cutting, refusing tokens; and what exactly it is sent."""

import time

import pytest

from bot.inbox import outbox
from tests.channels.conftest import ANSWER
from tests.channels.wechat.conftest import Account, Opening, staff_says
from tests.serving import wait_until


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.inbox.delivery.FIRST_PAUSE", 2)


@pytest.fixture
def account(open_account: Opening) -> Account:
    return open_account(BOT_WECHAT_SECRET="s1")


def becomes(account: Account, *expected: tuple[str, str | None]) -> bool:
    return wait_until(lambda: [(row.state, row.reason) for row in account.outbox if row.kind == "staff"] == list(expected), 30)


def texts(account: Account) -> list[str]:
    return [pushed.text for pushed in account.api.pushed("o1")]


def test_a_platform_that_hangs_holds_up_no_reply_and_the_message_goes_out_later(
    open_account: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.channels.wechat.client.TIMEOUT", 3)
    account = open_account(BOT_WECHAT_SECRET="s1")
    account.peer.person("o1").says("公需要多少")
    account.api.hangs("custom/send", 6.0)
    staff_says(account, "一")
    assert becomes(account, ("sending", None))
    other = account.peer.person("o2").says("公需要多少")
    assert other.reply == ANSWER
    assert other.last.seconds < 2  # who waited for the platform would have it after three
    assert becomes(account, ("pending", "ReadTimeout"))
    assert becomes(account, ("sent", None))


def test_an_account_whose_secret_is_wrong_keeps_the_messages_with_the_reason(open_account: Opening) -> None:
    account = open_account(BOT_WECHAT_SECRET="another")
    account.peer.person("o1").says("公需要多少")
    staff_says(account, "一")
    assert becomes(account, ("pending", "errcode_40125"))
    assert account.api.called("custom/send") == []


def test_a_secret_that_is_refused_like_a_token_is_no_crash(account: Account) -> None:
    account.peer.person("o1").says("公需要多少")
    account.api.fails("stable_token", 40001)
    staff_says(account, "一")
    assert becomes(account, ("pending", "errcode_40001"))
    assert becomes(account, ("sent", None))
    assert texts(account) == ["一"]


@pytest.mark.parametrize("trouble", ["cuts", "breaks"])
def test_a_token_that_cannot_be_fetched_is_fetched_later(account: Account, trouble: str) -> None:
    account.peer.person("o1").says("公需要多少")
    getattr(account.api, trouble)("stable_token")
    staff_says(account, "一")
    assert becomes(account, ("sent", None))
    assert len(account.api.tokens_issued) == 1


def test_a_connection_cut_after_the_message_arrived_ends_in_sent(account: Account) -> None:
    account.peer.person("o1").says("公需要多少")
    account.api.cuts("custom/send", after=True)
    staff_says(account, "一", "二")
    assert becomes(account, ("sent", None), ("sent", None))
    assert texts(account)[-1] == "二"
    assert set(texts(account)) == {"一", "二"}


def test_many_people_and_a_token_that_ends_cost_one_new_token(account: Account) -> None:
    for number in range(12):
        account.peer.person(f"p{number}").says("公需要多少")
    staff = [f"wx:p{number}" for number in range(12)]

    def say(text: str) -> None:
        with account.context.database.begin() as connection:
            for sender in staff:
                outbox.add(connection, sender, [{"text": text}], account.context.settings.now(), kind="staff")

    say("一")
    assert becomes(account, *[("sent", None)] * 12)
    account.api.tokens.revoke()
    say("二")
    assert becomes(account, *[("sent", None)] * 24)
    assert len(account.api.tokens_issued) == 2
    assert all([one.text for one in account.api.pushed(f"p{number}")] == ["一", "二"] for number in range(12))


def test_a_daily_limit_stops_everybody_and_replies_go_on(account: Account) -> None:
    person = account.peer.person("o1")
    person.says("公需要多少")
    account.peer.person("o2").says("公需要多少")
    account.api.fails("custom/send", 45009)
    staff_says(account, "一", "二")
    assert becomes(account, ("pending", "daily_limit"), ("pending", None))
    with account.context.database.begin() as connection:
        outbox.add(connection, "wx:o2", [{"text": "三"}], account.context.settings.now(), kind="other")
    time.sleep(3)  # longer than the pause after a failure
    assert len(account.api.called("custom/send")) == 1
    assert person.says("公需要多少呢").reply == f"一\n\n二\n\n{ANSWER}"


def test_chinese_and_emoji_are_sent_as_they_are(account: Account) -> None:
    account.peer.person("o1").says("公需要多少")
    staff_says(account, '学时“45”\\n<b>&amp; 😀 "\\u5b66"')
    assert becomes(account, ("sent", None))
    (call,) = account.api.called("custom/send")
    assert "学时“45”".encode() in call.body
    assert "😀".encode() in call.body
    assert texts(account) == ['学时“45”\\n＜b＞&amp; 😀 "\\u5b66"']


def test_what_waits_for_an_account_without_the_right_is_in_front_of_the_next_answer(account: Account) -> None:
    account.api.service_right = False
    person = account.peer.person("o1")
    person.says("公需要多少")
    staff_says(account, "一", "二")
    assert becomes(account, *[("waiting", "no_service_right")] * 2)
    staff_says(account, "三")
    assert becomes(account, *[("waiting", "no_service_right")] * 3)
    assert person.says("公需要多少呢").reply == f"一\n\n二\n\n三\n\n{ANSWER}"
    assert len(account.api.called("custom/send")) == 1


def test_an_account_without_a_secret_asks_the_platform_nothing_and_gives_with_the_next_reply(open_account: Opening) -> None:
    account = open_account()
    person = account.peer.person("o1")
    person.says("公需要多少")
    staff_says(account, "一")
    time.sleep(0.8)
    assert account.api.calls == []
    assert person.says("公需要多少呢").reply == f"一\n\n{ANSWER}"


def test_no_log_and_no_table_holds_the_secret_or_a_token_in_a_message(account: Account, caplog: pytest.LogCaptureFixture) -> None:
    account.peer.person("o1").says("公需要多少")
    account.api.fails("custom/send", -1)
    account.api.fails("custom/send", 40001)
    staff_says(account, "一")
    assert becomes(account, ("sent", None))
    assert account.api.tokens_issued[0] not in caplog.text
    assert all(token not in str([row.__dict__ for row in account.outbox]) for token in account.api.tokens_issued)
