"""Accounts: who may be added, passwords kept as argon2 alone, locking, and tries that cannot be had for nothing at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.db import Database
from bot.helpdesk import tickets
from bot.helpdesk.models import Staff, StaffSession
from bot.helpdesk.office import OfficeHours
from bot.helpdesk.staff import accounts, sessions
from bot.helpdesk.staff.accounts import REST, TRIES, AccountError
from bot.helpdesk.talks import handoff
from bot.hours.models import AuditEntry, Person
from tests.helpdesk.conftest import NOW

RIGHT = "the right password"


@pytest.fixture
def ann(database: Database) -> int:
    return int(accounts.add(database, "Ann", "安多", RIGHT, NOW, role="agent").id)


def add(database: Database, **other: object) -> Staff:
    given = {"login": "ben", "name": "本巴", "password": RIGHT, "now": NOW, "role": "agent", **other}
    return accounts.add(database, **given)  # type: ignore[arg-type]


def test_numbers_are_given_in_order_and_logins_in_small_letters(database, ann):
    assert add(database).number == 2
    assert [(one.login, one.number) for one in accounts.everyone(database)] == [("ann", 1), ("ben", 2)]


def test_of_a_password_only_its_argon2_digest_is_kept(database, ann):
    with database.read() as session:
        kept = session.execute(select(Staff.password_hash)).scalar_one()
    assert kept.startswith("$argon2id$")
    assert RIGHT not in kept


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"login": "马"}, "登录名"),
        ({"login": "a" * 41}, "登录名"),
        ({"name": " "}, "姓名"),
        ({"password": "short"}, "密码长度"),
        ({"password": "x" * 201}, "密码长度"),
        ({"password": "benbenbenb", "login": "ben"}, "密码不能"),
        ({"role": "king"}, "角色"),
        ({"role": "unit"}, "--unit"),
        ({"unit": "甲单位"}, "--unit"),
        ({"role": "unit", "unit": "没有的单位"}, "人员库里没有"),
        ({"login": "ANN"}, "已被使用"),
        ({"number": 1}, "已被使用"),
    ],
)
def test_what_is_wrong_with_an_account_is_said_and_nothing_is_added(database, ann, wrong, said):
    with pytest.raises(AccountError, match=said):
        add(database, **wrong)
    assert len(accounts.everyone(database)) == 1


def test_a_unit_administrator_belongs_to_a_unit_on_record(database):
    with database.write() as session:
        facts = {"name": "甲", "name_key": "甲", "unit": "甲单位", "region": "", "sector": "", "level": "无"}
        session.add(Person(id_number="1", **facts))
    assert add(database, role="unit", unit="甲单位").unit == "甲单位"


def test_the_right_password_opens_in_any_spelling_of_the_login(database, ann):
    assert accounts.check(database, " ANN ", RIGHT, NOW).staff_id == ann
    assert accounts.check(database, "ann", RIGHT + " ", NOW).reason == "wrong"
    assert accounts.check(database, "nobody", RIGHT, NOW).reason == "wrong"


def test_an_account_rests_after_wrong_passwords_and_opens_again_later(database, ann):
    for _ in range(TRIES):
        assert accounts.check(database, "ann", "wrong password", NOW).reason == "wrong"
    resting = accounts.check(database, "ann", RIGHT, NOW)
    assert (resting.staff_id, resting.reason, resting.until) == (None, "resting", NOW + REST)
    assert accounts.check(database, "ann", RIGHT, NOW + REST + timedelta(seconds=1)).staff_id == ann


def test_a_right_password_ends_the_row_of_wrong_ones(database, ann):
    for _ in range(3):
        for _ in range(TRIES - 1):
            accounts.check(database, "ann", "wrong password", NOW)
        assert accounts.check(database, "ann", RIGHT, NOW).staff_id == ann


def test_of_tries_at_the_same_moment_only_five_are_looked_at(database, ann):
    with ThreadPoolExecutor(8) as pool:
        tried = list(pool.map(lambda _: accounts.check(database, "ann", "wrong password", NOW).reason, range(12)))
    assert sorted(tried) == ["resting"] * 7 + ["wrong"] * 5
    assert accounts.check(database, "ann", RIGHT, NOW).reason == "resting"


def test_a_login_that_nobody_has_rests_as_those_of_staff_do(database, ann):
    nobody = f"nobody-{database.engine.name}"
    told = [[accounts.check(database, login, "wrong password", NOW).reason for _ in range(TRIES + 1)] for login in ("ann", nobody)]
    assert told[0] == told[1] == ["wrong"] * TRIES + ["resting"]
    assert accounts.check(database, nobody, RIGHT, NOW + REST + timedelta(seconds=1)).reason == "wrong"


def test_a_password_that_was_changed_while_the_old_one_was_looked_at_opens_nothing(database, ann, monkeypatch):
    fits = accounts._fits

    def slowly(hashed: str, password: str) -> bool:
        held = fits(hashed, password)
        accounts.set_password(database, "ann", "another password", NOW)
        return held

    monkeypatch.setattr(accounts, "_fits", slowly)
    assert accounts.check(database, "ann", RIGHT, NOW).reason == "wrong"


@pytest.mark.parametrize("change", ["password", "disable"])
def test_another_password_and_disabling_end_every_session(database, ann, change):
    token = sessions.begin(database, ann, NOW)
    assert sessions.find(database, token, NOW) is not None
    if change == "password":
        accounts.set_password(database, "ann", "another password", NOW)
        assert accounts.check(database, "ann", "another password", NOW).staff_id == ann
    else:
        accounts.disable(database, "ann", NOW)
        assert accounts.check(database, "ann", RIGHT, NOW).reason == "wrong"
        accounts.disable(database, "ann", NOW, disabled=False)
        assert accounts.check(database, "ann", RIGHT, NOW).staff_id == ann
    assert sessions.find(database, token, NOW) is None


def test_whom_a_disabled_account_was_talking_with_wait_again(database, ann):
    with database.write() as session:
        ticket = tickets.open_ticket(session, "web:a", None, None, NOW, OfficeHours(None)).number
    handoff.take(database, ticket, ann, NOW)
    accounts.disable(database, "ann", NOW)
    with database.read() as session:
        assert [waiting.id for waiting in tickets.queue(session)] == [ticket]


def test_an_unknown_account_cannot_be_changed(database):
    for change in (lambda: accounts.disable(database, "nobody", NOW), lambda: accounts.set_password(database, "nobody", RIGHT, NOW)):
        with pytest.raises(AccountError, match="nobody"):
            change()


def test_every_change_of_an_account_is_in_the_audit_trail_without_its_password(database, ann):
    accounts.set_password(database, "ann", "another password", NOW)
    accounts.disable(database, "ann", NOW)
    with database.read() as session:
        noted = session.execute(select(AuditEntry.action, AuditEntry.detail).order_by(AuditEntry.id)).all()
    assert [action for action, _ in noted] == ["staff-add", "staff-password", "staff-disable"]
    assert all("password" not in detail.replace("staff-password", "") for _, detail in noted)


def test_a_session_is_known_by_its_token_and_kept_as_a_digest(database, ann):
    token = sessions.begin(database, ann, NOW)
    member = sessions.find(database, token, NOW)
    assert member is not None
    assert (member.login, member.role, member.actor, member.sees_all) == ("ann", "agent", "staff:1", True)
    assert sessions.find(database, token + "x", NOW) is None
    with database.read() as session:
        assert token not in str(session.execute(select(StaffSession)).scalars().one().__dict__)


def test_a_session_ends_when_nobody_uses_it_or_after_a_working_day(database, ann):
    token = sessions.begin(database, ann, NOW)
    assert sessions.find(database, token, NOW + sessions.IDLE) is None
    at = NOW
    while at < NOW + sessions.LIFE:
        assert sessions.find(database, token, at) is not None
        at += sessions.IDLE / 2
    assert sessions.find(database, token, NOW + sessions.LIFE) is None


def test_a_page_that_looks_by_itself_keeps_no_session_alive(database, ann):
    token = sessions.begin(database, ann, NOW)
    assert sessions.find(database, token, NOW + sessions.IDLE / 2, touch=False) is not None
    assert sessions.find(database, token, NOW + sessions.IDLE) is None


def test_signing_in_again_ends_the_session_before_and_clears_what_is_over(database, ann):
    old = sessions.begin(database, ann, NOW - 2 * sessions.LIFE)
    first = sessions.begin(database, ann, NOW)
    second = sessions.begin(database, ann, NOW, instead_of=first)
    assert [sessions.find(database, token, NOW) is None for token in (old, first, second)] == [True, True, False]
    with database.read() as session:
        assert len(session.execute(select(StaffSession.token_hash)).all()) == 1
    sessions.end(database, second)
    assert sessions.find(database, second, NOW) is None
