"""The platform brings things again, late and in between; what it counts, counts once."""

import threading
import time

import pytest

from bot.channels.pace import MOST
from tests.channels.conftest import ANSWER, TELEPHONE
from tests.channels.wechat.conftest import (
    APP_ID,
    SHORT,
    SLOW,
    TOKEN,
    WEBHOOK,
    Account,
    Opening,
    locked,
    refusals,
    staff_says,
    staff_states,
)
from tests.serving import wait_until
from tests.wechat.peer import Peer


def test_a_delivery_that_the_database_gave_up_counts_once(open_account: Opening, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.db.BUSY_SECONDS", 1.8)
    account = open_account(**SLOW)
    lock = locked(account, 3.75)
    said = account.peer.person("o1").says("公需要多少")
    lock.join()
    assert [exchange.status for exchange in said.exchanges] == [503, 503, 200]
    assert said.reply == ANSWER
    assert len(account.rasa.asked) == len(account.journal) == 1


def test_a_claimed_message_whose_last_delivery_cannot_be_counted_is_told_all_the_same(open_account: Opening) -> None:
    account = open_account(**SHORT)
    account.rasa.seconds = 8.0
    message = account.peer.message(Content="公需要多少")
    assert [exchange.status for exchange in account.peer.deliver(message, tries=2)] == [None, None]
    lock = locked(account, 3)
    (last,) = account.peer.deliver(message, tries=1)
    lock.join()
    assert TELEPHONE in (last.text or "")


def test_a_repeated_message_allows_no_more_to_be_pushed(open_account: Opening) -> None:
    account = open_account(BOT_WECHAT_SECRET="s1")
    message = account.peer.message(FromUserName="o1", Content="公需要多少")
    account.peer.post(message)
    staff_says(account, *"一二三四五六七")
    assert wait_until(lambda: staff_states(account) == [("sent", None)] * 5 + [("waiting", "quota_used_up")] * 2, 10)
    account.peer.post(message)
    staff_says(account, "八")
    assert wait_until(lambda: len(staff_states(account)) == 8 and staff_states(account)[-1][0] == "waiting", 10)
    assert refusals(account) == []


def test_a_repeated_message_of_somebody_who_has_left_brings_nobody_back(open_account: Opening) -> None:
    account = open_account(BOT_WECHAT_SECRET="s1")
    message = account.peer.message(FromUserName="o1", Content="公需要多少")
    account.peer.post(message)
    account.peer.person("o1").unsubscribes()
    account.peer.post(message)
    staff_says(account, "一")
    assert wait_until(lambda: staff_states(account) == [("failed", "not_following")], 10)
    assert account.api.called("custom/send") == []


def test_a_tap_on_a_line_of_a_list_allows_what_a_tap_allows(open_account: Opening) -> None:
    account = open_account(BOT_WECHAT_SECRET="s1", BOT_WECHAT_LINKS="1")
    account.peer.person("o1").taps_menu_link("1", "公需要多少学时")
    staff_says(account, *"一二三四")
    assert wait_until(lambda: staff_states(account) == [("sent", None)] * 3 + [("waiting", "quota_used_up")], 10)
    assert refusals(account) == []


def test_what_happens_without_the_person_is_no_haste_of_theirs(account: Account) -> None:
    person = account.peer.person("o1")
    for number in range(MOST + 2):
        assert person.reports_location(CreateTime=1_700_000_000 + number).reply is None
    assert person.says("公需要多少").reply == ANSWER


def test_somebody_who_leaves_in_haste_has_left(account: Account) -> None:
    person = account.peer.person("o1")
    for number in range(MOST + 1):
        person.says(f"公需要多少{number}")
    person.unsubscribes()
    assert [row.unreachable for row in account.reach] == ["unsubscribed"]


def test_the_signature_beside_an_encrypted_message_serves_no_other_body(open_account: Opening) -> None:
    account = open_account("safe")
    used = account.peer.post(account.peer.message(Content="公需要多少"))
    assert used.status == 200
    plain = Peer(account.url + WEBHOOK, TOKEN, APP_ID)
    signed = {name: used.query[name] for name in ("signature", "timestamp", "nonce")}
    assert plain.post(plain.message(Content="转人工"), **signed).status == 403
    assert [message.text for message in account.rasa.asked] == ["公需要多少"]


def test_the_same_message_sealed_anew_under_the_same_query_is_a_retry(open_account: Opening) -> None:
    account = open_account("safe")
    message, at = account.peer.message(Content="公需要多少"), str(int(time.time()))
    first, second = (account.peer.post(message, timestamp=at, nonce="7") for _ in range(2))
    assert first.text == second.text == ANSWER
    assert first.sent != second.sent
    assert len(account.rasa.asked) == 1


def test_deliveries_to_two_processes_at_once_yield_one_answer(open_account: Opening) -> None:
    account = open_account()
    other = open_account(database=account.context.settings.database_url)
    account.rasa.seconds = other.rasa.seconds = 0.4
    message = account.peer.message(Content="公需要多少")
    texts: list[str | None] = []
    peers = [account.peer, other.peer] * 5
    threads = [threading.Thread(target=lambda peer=peer: texts.append(peer.post(message).text)) for peer in peers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert texts == [ANSWER] * 10
    assert len(account.rasa.asked + other.rasa.asked) == len(account.outbox) == len(account.journal) == 1
