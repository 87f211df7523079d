"""A database that cannot claim, floods, strange texts."""

import threading
import time

import pytest

from bot.channels.pace import MOST, WITHIN, Pace, PaceKeeper
from bot.inbox.question import NotNow
from tests.channels.conftest import ANSWER, TELEPHONE
from tests.channels.wechat.conftest import SHORT, SLOW, Account, Opening, locked


def test_what_cannot_be_claimed_is_brought_again_and_the_last_time_the_person_is_told(open_account: Opening) -> None:
    account = open_account(**SHORT)
    lock = locked(account, 4)
    said = account.peer.person("o1").says("公需要多少")
    lock.join()
    assert [exchange.status for exchange in said.exchanges] == [503, 503, 200]
    assert TELEPHONE in (said.reply or "")
    assert all(exchange.seconds < account.peer.timeout for exchange in said.exchanges)


def test_a_lock_that_ends_between_deliveries_costs_nothing(open_account: Opening) -> None:
    account = open_account(**SHORT)
    lock = locked(account, 0.8)
    said = account.peer.person("o1").says("公需要多少")
    lock.join()
    assert said.reply == ANSWER
    assert len(account.rasa.asked) == len(account.journal) == 1


def test_a_database_that_is_locked_after_the_claim_ends_in_the_friendly_sentence(open_account: Opening) -> None:
    account = open_account(**SLOW)
    account.rasa.seconds = 12.0
    message = account.peer.message(Content="公需要多少")
    assert [exchange.text for exchange in account.peer.deliver(message, tries=2)] == [None, None]
    third: list[str | None] = []
    asking = threading.Thread(target=lambda: third.append(account.peer.deliver(message, timeout=5, tries=1)[0].text))
    asking.start()
    time.sleep(0.5)
    lock = locked(account, 3)
    asking.join()
    lock.join()
    assert TELEPHONE in (third[0] or "")


def test_an_event_that_cannot_be_written_down_is_brought_again(open_account: Opening) -> None:
    account = open_account(**SLOW)
    lock = locked(account, 2.4)
    said = account.peer.person("o1").unsubscribes()
    lock.join()
    assert [exchange.status for exchange in said.exchanges] == [503, 200]
    assert [row.unreachable for row in account.reach] == ["unsubscribed"]


def test_with_the_real_times_a_locked_database_is_answered_before_the_platform_gives_up(account: Account) -> None:
    lock = locked(account, 6)
    (exchange,) = account.peer.deliver(account.peer.message(Content="公需要多少"), tries=1)
    lock.join()
    assert exchange.status == 503
    assert exchange.seconds < account.peer.timeout


def test_a_flood_is_told_so_once_and_costs_the_others_nothing(account: Account) -> None:
    person = account.peer.person("o1")
    replies = [person.says(f"公需要多少{number}").reply for number in range(MOST + 3)]
    assert replies[:MOST] == [ANSWER] * MOST
    assert "发得太快" in (replies[MOST] or "")
    assert TELEPHONE in (replies[MOST] or "")
    assert replies[MOST + 1 :] == [None, None]
    assert account.peer.person("o2").says("公需要多少").reply == ANSWER


def test_the_pace_forgets_after_its_time_and_counts_a_repeated_message_once() -> None:
    now = [0.0]
    pace = PaceKeeper(2, WITHIN, lambda: now[0])
    assert [pace.judge("a", key) for key in ("1", "1", "1", "2", "2")] == [Pace.GO] * 5
    assert [pace.judge("a", key) for key in ("3", "3", "4")] == [Pace.NOTICE, Pace.NOTICE, Pace.QUIET]
    assert pace.judge("b", "1") is Pace.GO
    now[0] = WITHIN + 1
    assert pace.judge("a", "5") is Pace.GO


def test_strange_characters_make_no_invalid_reply(account: Account) -> None:
    person = account.peer.person("o1")
    for text in ("]]>", "<a href='x'>标签</a>", "\u202e公需\u0085", "&amp;&lt;"):
        assert person.says(text).reply
    assert "<img" not in (person.says("标签").reply or "")


def test_a_dialogue_that_cannot_answer_now_says_so_at_once(account: Account) -> None:
    account.rasa.error = NotNow("the action server is away")
    said = account.peer.person("o1").says("公需要多少")
    assert "已经记下" in (said.reply or "") or "恢复后" in (said.reply or "")
    assert TELEPHONE in (said.reply or "")
    assert said.exchanges[0].seconds < 4.5
    account.rasa.error = None


def test_an_answer_put_off_is_given_before_the_next(account: Account) -> None:
    person = account.peer.person("o1")
    account.rasa.error = NotNow("the action server is away")
    person.says("公需要多少")
    account.rasa.error = None
    assert (person.says("电话").reply or "").startswith(ANSWER)


def test_an_exception_anywhere_in_the_channel_is_one_friendly_sentence(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    for place in ("act_of", "giving.give", "reach.of"):
        with monkeypatch.context() as breaking:
            breaking.setattr(f"bot.channels.wechat.conversation.{place}", broken)
            said = account.peer.person("o1").says(f"公需要多少{place}")
        assert TELEPHONE in (said.reply or ""), place
        assert said.exchanges[0].seconds < 4.5


def test_a_thousand_emoji_are_one_question(account: Account) -> None:
    assert account.peer.person("o1").says("😀" * 1000).reply == ANSWER
