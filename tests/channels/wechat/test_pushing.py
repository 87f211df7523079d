"""Customer-service messages: what the platform lets the account push, and what becomes of the rest."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bot.helpdesk.talks.reaching import Way, way
from bot.inbox import reach
from bot.inbox.models import Reach
from tests.channels.conftest import ANSWER
from tests.channels.wechat.conftest import PERSON, Account, Opening, refusals, staff_says, staff_states
from tests.serving import wait_until


@pytest.fixture
def account(open_account: Opening) -> Account:
    return open_account(BOT_WECHAT_SECRET="s1")


def settled(account: Account, *expected: tuple[str, str | None]) -> bool:
    return wait_until(lambda: staff_states(account) == list(expected), 10)


def texts(account: Account) -> list[str]:
    return [pushed.text for pushed in account.api.pushed("o1")]


def let_pass(account: Account, life: timedelta) -> None:
    """What the person did lies so much longer ago."""
    with account.context.database.begin() as connection:
        row = connection.execute(select(Reach.message_at, Reach.tap_at).where(Reach.sender_id == PERSON)).one()
        earlier = {name: value - life for name, value in row._mapping.items() if value is not None}
        connection.execute(update(Reach.__table__).where(Reach.sender_id == PERSON).values(**earlier))


def way_to(account: Account) -> Way:
    """The way to the person, as the console sees it."""
    with account.context.database.read() as session:
        return way(session, PERSON, account.context.settings.now())


def test_five_may_be_pushed_after_a_message_and_the_rest_rides_on_the_next_reply(account: Account) -> None:
    person = account.peer.person("o1")
    person.says("公需要多少")
    staff_says(account, *"一二三四五六七")
    assert settled(account, *[("sent", None)] * 5, *[("waiting", "quota_used_up")] * 2)
    assert texts(account) == list("一二三四五")
    assert refusals(account) == [], "it stops by itself"
    assert person.says("公需要多少呢").reply == f"六\n\n七\n\n{ANSWER}"
    assert [state for state, _ in staff_states(account)] == ["sent"] * 7


@pytest.mark.parametrize("act", ["clicks", "subscribes", "scans"])
def test_three_may_be_pushed_within_a_minute_of_a_tap(account: Account, act: str) -> None:
    person = account.peer.person("o1")
    person.clicks("hours") if act == "clicks" else getattr(person, act)("poster")
    staff_says(account, *"一二三四")
    assert settled(account, *[("sent", None)] * 3, ("waiting", "quota_used_up"))
    assert refusals(account) == []


@pytest.mark.parametrize(("act", "life"), [("says", timedelta(hours=48)), ("clicks", timedelta(minutes=1))])
def test_a_window_closes(account: Account, act: str, life: timedelta) -> None:
    getattr(account.peer.person("o1"), act)("hours")
    let_pass(account, life)
    staff_says(account, "一")
    assert settled(account, ("waiting", "window_closed"))
    assert account.api.called("custom/send") == []


def test_what_a_closed_window_left_over_follows_the_reply_that_does_not_hold_it(account: Account) -> None:
    person = account.peer.person("o1")
    person.says("公需要多少")
    staff_says(account, "好")
    assert settled(account, ("sent", None))
    assert account.api.wait_pushed("o1", 1, 5), "the account is known to have the right"
    let_pass(account, timedelta(hours=48))
    long = ["一" * 600, "二" * 600]
    staff_says(account, *long)
    assert settled(account, ("sent", None), *[("waiting", "window_closed")] * 2)
    assert person.says("在吗").reply == long[0]
    assert settled(account, *[("sent", None)] * 3)
    assert [pushed.text for pushed in account.api.wait_pushed("o1", 3, 5)] == ["好", long[1], ANSWER]


def test_after_a_person_has_gone_nothing_is_pushed(account: Account) -> None:
    person = account.peer.person("o1")
    person.says("公需要多少")
    person.unsubscribes()
    staff_says(account, "一")
    assert settled(account, ("failed", "not_following"))
    assert account.api.called("custom/send") == []
    person.subscribes()
    staff_says(account, "二")
    assert settled(account, ("failed", "not_following"), ("sent", None))


@pytest.mark.parametrize(
    ("code", "state", "reason"),
    [
        (45015, "waiting", "window_closed"),
        (45047, "waiting", "quota_used_up"),
        (48001, "waiting", "no_service_right"),
        (43004, "failed", "not_following"),
        (40003, "failed", "unknown_person"),
        (45009, "pending", "daily_limit"),
        (40164, "pending", "ip_not_listed"),
        (-1, "pending", "errcode_-1"),
    ],
)
def test_what_the_platform_refuses_has_a_state_and_a_reason(account: Account, code: int, state: str, reason: str) -> None:
    account.peer.person("o1").says("公需要多少")
    account.api.fails("custom/send", code)
    staff_says(account, "一")
    assert settled(account, (state, reason))
    assert texts(account) == []


def test_an_account_without_the_right_tries_once(account: Account) -> None:
    account.api.service_right = False
    for name in ("o1", "o2"):
        account.peer.person(name).says("公需要多少")
    staff_says(account, "一")
    assert settled(account, ("waiting", "no_service_right"))
    staff_says(account, "二", to="wx:o2")
    assert settled(account, ("waiting", "no_service_right"), ("waiting", "no_service_right"))
    assert refusals(account) == [48001]
    assert account.peer.person("o2").says("公需要多少呢").reply == f"二\n\n{ANSWER}"


@pytest.mark.parametrize("trouble", ["cuts", "breaks"])
def test_a_platform_that_fails_is_asked_again(account: Account, trouble: str) -> None:
    account.peer.person("o1").says("公需要多少")
    getattr(account.api, trouble)("custom/send")
    staff_says(account, "一", "二")
    assert settled(account, ("sent", None), ("sent", None))
    assert texts(account) == ["一", "二"]


@pytest.mark.parametrize("ends", ["expire", "revoke"])
def test_a_token_that_ended_is_replaced_once(account: Account, ends: str) -> None:
    account.peer.person("o1").says("公需要多少")
    staff_says(account, "一")
    assert settled(account, ("sent", None))
    getattr(account.api.tokens, ends)()
    staff_says(account, "二", "三")
    assert settled(account, *[("sent", None)] * 3)
    assert texts(account) == ["一", "二", "三"]
    assert len(account.api.tokens_issued) == 2


def test_all_processes_share_one_token_and_never_ask_the_old_endpoint(open_account: Opening, account: Account) -> None:
    other = open_account(BOT_WECHAT_SECRET="s1", BOT_WECHAT_API=account.api.url, database=account.context.settings.database_url)
    account.peer.person("o1").says("公需要多少")
    for text in "一二三":
        staff_says(account, text)
    assert settled(account, *[("sent", None)] * 3)
    assert texts(account) == ["一", "二", "三"]
    assert len(account.api.tokens_issued) == 1
    assert account.api.old_token_calls == other.api.old_token_calls
    assert not account.api.old_token_calls


def test_how_many_are_left_is_known(account: Account) -> None:
    account.peer.person("o1").says("公需要多少")
    staff_says(account, "一", "二")
    assert settled(account, *[("sent", None)] * 2)
    now = account.context.settings.now()
    with account.context.database.look() as connection:
        count, until = reach.left(connection, PERSON, now)
    assert count == 3
    assert timedelta(hours=47, minutes=59) < until - now <= timedelta(hours=48)


def test_without_a_secret_what_staff_write_waits_for_the_person_and_the_console_says_so(open_account: Opening) -> None:
    account = open_account()
    person = account.peer.person("o1")
    person.says("公需要多少")
    staff_says(account, "一")
    assert settled(account, ("waiting", "no_service_right"))
    assert way_to(account).state == "waits"
    assert person.says("公需要多少呢").reply == f"一\n\n{ANSWER}"
    assert settled(account, ("sent", None))
    assert account.api.calls == []


def test_a_secret_that_is_set_is_used_at_once(open_account: Opening) -> None:
    before = open_account()
    before.peer.person("o1").says("公需要多少")
    assert wait_until(lambda: way_to(before).state == "waits", 5)
    account = open_account(BOT_WECHAT_SECRET="s1", BOT_WECHAT_API=before.api.url, database=before.context.settings.database_url)
    assert wait_until(lambda: way_to(account).state == "counted", 5)


def test_starting_anew_forgets_no_refusal(open_account: Opening, account: Account) -> None:
    account.api.service_right = False
    account.peer.person("o1").says("公需要多少")
    staff_says(account, "一")
    assert settled(account, ("waiting", "no_service_right"))
    open_account(BOT_WECHAT_SECRET="s1", BOT_WECHAT_API=account.api.url, database=account.context.settings.database_url)
    staff_says(account, "二")
    assert settled(account, *[("waiting", "no_service_right")] * 2)
    assert refusals(account) == [48001]
