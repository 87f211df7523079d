"""Bind codes: who gets in, who does not, and how often one may try."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.db import Database
from bot.hours import identity
from bot.hours.identity import BindResult, bind, bound_person, issue_codes, looks_like_code, unbind
from bot.hours.models import AuditEntry, BindCode, Person
from tests.hours.conftest import NOW

SECRET = b"a secret of the tests"
MINUTE = timedelta(minutes=1)


def code_of(database: Database, name: str) -> str:
    with database.write() as session:
        person = session.execute(select(Person).where(Person.name == name)).scalar_one()
        return issue_codes(session, SECRET, [person], NOW)[0].code


def test_a_code_binds_once_and_tells_whose_it_is(filled: Database) -> None:
    code = code_of(filled, "安多")
    result = bind(filled, SECRET, "web:1", "安多", code, NOW)
    assert result.ok
    assert result.person is not None
    assert astuple(result.person)[1:] == ("安多", "甲单位", "6301**********8812", "中级", "教育", NOW)
    with filled.read() as session:
        assert bound_person(session, "web:1") == result.person
        assert bound_person(session, "web:2") is None
    assert bind(filled, SECRET, "web:2", "安多", code, NOW) == BindResult(False, reason="wrong")


@pytest.mark.parametrize("name", ["本巴·扎西", "本巴扎西", "本巴 ・ 扎西", "本巴•扎西", "本巴·扎西 "])
def test_dots_and_blanks_in_names_do_not_matter(filled: Database, name: str) -> None:
    assert bind(filled, SECRET, "web:1", name, code_of(filled, "本巴·扎西"), NOW).ok


def test_codes_are_read_in_any_case_and_width(filled: Database) -> None:
    code = code_of(filled, "安多")
    wide = "".join(chr(ord(mark) + 0xFEE0) for mark in code.lower())
    assert looks_like_code(wide)
    assert bind(filled, SECRET, "web:1", "安多", f" {wide[:5]}-{wide[5:]}", NOW).ok


def test_wrong_name_wrong_code_expired_revoked_and_foreign_secret_read_the_same(filled: Database) -> None:
    revoked, code = code_of(filled, "安多"), code_of(filled, "安多")
    late = NOW + identity.LIFE
    tries = [
        ("张三", code, NOW),
        ("", code, NOW),
        ("本巴扎西", code, NOW),
        ("安多", "ABCDEFGH23", NOW),
        ("安多", revoked, NOW),
        ("安多", code, late),
    ]
    results = {bind(filled, SECRET, f"web:{number}", *one) for number, one in enumerate(tries)}
    results.add(bind(filled, b"another secret", "web:9", "安多", code, NOW))
    assert results == {BindResult(False, reason="wrong")}
    assert bind(filled, SECRET, "web:1", "安多", code, late - MINUTE).ok


def test_codes_are_kept_as_hashes_only(filled: Database) -> None:
    code = code_of(filled, "安多")
    with filled.read() as session:
        row = dict(session.execute(select(BindCode.__table__)).mappings().one())
    assert code not in repr(row)
    assert len(row["code_hash"]) == 64


def test_a_person_may_bind_several_chats_and_a_chat_changes_hands(filled: Database) -> None:
    for chat in ("web:1", "tg:1"):
        assert bind(filled, SECRET, chat, "安多", code_of(filled, "安多"), NOW).ok
    assert bind(filled, SECRET, "web:1", "本巴扎西", code_of(filled, "本巴·扎西"), NOW).ok
    with filled.read() as session:
        people = [bound_person(session, chat) for chat in ("web:1", "tg:1")]
    assert [person.name for person in people if person] == ["本巴·扎西", "安多"]


def test_unbinding_forgets_the_chat(filled: Database) -> None:
    bind(filled, SECRET, "web:1", "安多", code_of(filled, "安多"), NOW)
    with filled.write() as session:
        assert unbind(session, "web:1")
        assert not unbind(session, "web:1")
    with filled.read() as session:
        assert bound_person(session, "web:1") is None


def test_five_wrong_tries_close_a_chat_for_fifteen_minutes(filled: Database) -> None:
    code = code_of(filled, "安多")
    results = [bind(filled, SECRET, "web:1", f"错名{number}", code, NOW + number * MINUTE) for number in range(5)]
    until = NOW + 19 * MINUTE
    assert [(result.reason, result.retry_at) for result in results] == [("wrong", None)] * 4 + [("wrong", until)]
    assert bind(filled, SECRET, "web:1", "安多", code, until - MINUTE) == BindResult(False, reason="locked", retry_at=until)
    assert bind(filled, SECRET, "web:1", "安多", code, until).ok


def test_wrong_tries_close_a_name_whoever_makes_them_and_whether_it_exists(filled: Database) -> None:
    code = code_of(filled, "安多")
    for name in ("安多", "没有的人"):
        for number in range(identity.TRIES_PER_NAME):
            assert bind(filled, SECRET, f"web:{name}{number}", name, "ABCDEFGH23", NOW).reason == "wrong"
        assert bind(filled, SECRET, "web:new", name, code, NOW).reason == "locked"
    assert bind(filled, SECRET, "web:new", "安多", code, NOW + identity.WAIT).ok


def test_a_flood_of_wrong_tries_closes_binding_for_a_minute(filled: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "TRIES_OVER_ALL", 12)
    code = code_of(filled, "安多")
    for number in range(12):
        bind(filled, SECRET, f"web:{number}", f"名{number}", code, NOW)
    assert bind(filled, SECRET, "web:new", "安多", code, NOW).reason == "locked"
    assert bind(filled, SECRET, "web:new", "安多", code, NOW + MINUTE).ok


def test_of_two_chats_redeeming_at_once_one_wins(filled: Database) -> None:
    for round_number in range(4):
        code = code_of(filled, "安多")
        chats = [f"web:{round_number}-{chat}" for chat in range(2)]
        with ThreadPoolExecutor(2) as pool:
            results = list(pool.map(lambda chat, code=code: bind(filled, SECRET, chat, "安多", code, NOW), chats))
        assert sorted(result.ok for result in results) == [False, True]


def test_every_change_of_a_binding_is_on_record(filled: Database) -> None:
    bind(filled, SECRET, "web:1", "安多", "ABCDEFGH23", NOW)
    bind(filled, SECRET, "web:1", "安多", code_of(filled, "安多"), NOW)
    with filled.write() as session:
        unbind(session, "web:1", NOW)
    with filled.read() as session:
        entries = session.execute(select(AuditEntry.actor, AuditEntry.action, AuditEntry.person_id).order_by(AuditEntry.id)).all()
    assert entries[3:] == [("web:1", "bind-wrong", None), ("cli", "codes", 1), ("web:1", "bind", 1), ("web:1", "unbind", 1)]


@pytest.mark.parametrize("text", ["K7M2Q9", "ABCDEFGH2O", "ABCDEFGH23X", "白玛措", "", "18970996140"])
def test_other_words_do_not_look_like_codes(text: str) -> None:
    assert not looks_like_code(text)


def test_new_codes_look_like_codes_and_differ() -> None:
    codes = {identity.new_code() for _ in range(200)}
    assert len(codes) == 200
    assert all(looks_like_code(code) and not set(code) & set("0O1I") for code in codes)
