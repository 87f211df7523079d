"""Who may speak as the platform, and in which words."""

import logging
import random
import time

import httpx
import pytest

from bot.db import Base
from bot.inbox import reach
from bot.inbox.models import ChannelState
from tests.channels.wechat.conftest import AES_KEY, APP_ID, TOKEN, WEBHOOK, Account, Opening
from tests.wechat.peer import Peer, new_aes_key

BOMB = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><xml><Content>&b;</Content></xml>'
OUTSIDE = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><xml><Content>&a;</Content></xml>'


def rows(account: Account) -> int:
    """Of all tables that this process knows."""
    with account.context.database.read() as session:
        return sum(session.query(table).count() for name, table in Base.metadata.tables.items() if name != "channel_state")


def test_the_address_is_verified_only_for_the_platform(account: Account) -> None:
    assert account.peer.verify("echo") == (200, "echo")
    assert account.peer.verify("echo", signature="0" * 40).status == 403
    assert account.peer.verify("echo", timestamp=str(int(time.time()) - 3600)).status == 403
    assert account.peer.verify("echo", drop=("signature",)).status == 403
    assert Peer(account.url + WEBHOOK, "another", APP_ID).verify("echo").status == 403


def test_a_signature_serves_one_body_and_not_for_long(account: Account) -> None:
    first, other = account.peer.message(Content="公需要多少"), account.peer.message(Content="转人工")
    used = account.peer.post(first)
    assert used.status == 200
    signed = {name: used.query[name] for name in ("signature", "timestamp", "nonce")}
    assert account.peer.post(first, **signed).status == 200, "the same message again is the platform's retry"
    assert account.peer.post(other, **signed).status == 403
    old = str(int(time.time()) - 3600)
    assert account.peer.post(other, timestamp=old).status == 403
    assert [message.text for message in account.rasa.asked] == ["公需要多少"]


@pytest.mark.parametrize("mode", ["compatible", "safe"])
def test_another_body_under_an_encrypted_signature_is_refused(open_account: Opening, mode: str) -> None:
    account = open_account(mode)
    first, other = account.peer.message(Content="公需要多少"), account.peer.message(Content="转人工")
    used = account.peer.post(first)
    assert used.status == 200
    forged = account.peer.post(
        other, msg_signature=used.query["msg_signature"], timestamp=used.query["timestamp"], nonce=used.query["nonce"]
    )
    assert forged.status == 403
    assert account.peer.post(other, timestamp=str(int(time.time()) - 3600)).status == 403
    assert [message.text for message in account.rasa.asked] == ["公需要多少"]


def test_encrypted_for_another_account_or_with_another_key_or_without_need_is_refused(open_account: Opening) -> None:
    account, plain = open_account("safe"), open_account()
    for peer in (
        Peer(account.url + WEBHOOK, TOKEN, "wx-other", AES_KEY, "safe"),
        Peer(account.url + WEBHOOK, TOKEN, APP_ID, new_aes_key(), "safe"),
        Peer(plain.url + WEBHOOK, TOKEN, APP_ID, new_aes_key(), "safe"),
    ):
        assert peer.post(peer.message(Content="公需要多少")).status == 403
    assert account.rasa.asked == plain.rasa.asked == []
    assert rows(account) == rows(plain) == 0


@pytest.mark.parametrize("body", [BOMB, OUTSIDE, "<xml>", "", "{}", "<xml><Content>1</Content></xml>"])
def test_what_is_no_message_is_refused_though_signed(account: Account, body: str) -> None:
    assert account.peer.post(account.peer.message(), body=body.encode()).status == 400
    assert rows(account) == 0


@pytest.mark.parametrize("declared", ['<!ENTITY a "公需要多少">', '<!ENTITY a SYSTEM "file:///etc/hostname">', ""])
def test_a_message_with_declarations_of_its_own_is_refused_though_all_else_is_right(account: Account, declared: str) -> None:
    message = account.peer.message(Content="公需要多少")
    body = f"<!DOCTYPE xml [{declared}]>" + message.xml.replace("<![CDATA[公需要多少]]>", "&a;" if declared else "公需要多少")
    assert account.peer.post(message, body=body.encode()).status == 400
    assert rows(account) == 0


def test_a_signed_message_larger_than_any_message_is_refused_unread(account: Account) -> None:
    assert account.peer.post(account.peer.message(Content="长" * 200_000)).status == 413
    assert rows(account) == 0


def test_five_hundred_forged_or_malformed_requests_leave_no_trace(open_account: Opening, caplog: pytest.LogCaptureFixture) -> None:
    account = open_account("safe")
    chance = random.Random(20231120)
    with httpx.Client(base_url=account.url, trust_env=False, timeout=10) as client, caplog.at_level(logging.DEBUG):
        statuses = [_forge(chance, client, account) for _ in range(500)]
    assert {status // 100 for status in statuses} == {4}, sorted(set(statuses))
    assert "Traceback" not in caplog.text
    assert not [record for record in caplog.records if record.exc_info]
    assert account.rasa.asked == []
    assert rows(account) == 0
    assert [row.name for row in account.rows(ChannelState)] == [reach.RIGHT], "noted at the start"


def _forge(chance: random.Random, client: httpx.Client, account: Account) -> int:
    message = account.peer.message(Content="公需要多少")
    kind = chance.randrange(9)
    if kind == 0:  # noise under noise
        query = {chance.choice(["signature", "timestamp", "nonce", "msg_signature", "encrypt_type", "x"]): _noise(chance) for _ in range(3)}
        return client.post(WEBHOOK, params=query, content=chance.randbytes(chance.randrange(3000))).status_code
    if kind == 1:
        return int(account.peer.post(message, msg_signature=f"{chance.getrandbits(160):040x}").status or 0)
    if kind == 2:
        return int(
            account.peer.post(message, timestamp=str(int(time.time()) + chance.choice([-1, 1]) * chance.randrange(400, 10**6))).status or 0
        )
    if kind == 3:
        return int(account.peer.post(message, drop=(chance.choice(["msg_signature", "timestamp", "nonce"]),)).status or 0)
    if kind == 4:  # twice the same name
        return client.post(WEBHOOK, params=[("signature", "a"), ("signature", "b"), ("timestamp", "1")], content=b"<xml/>").status_code
    if kind == 5:
        return client.request(chance.choice(["PUT", "DELETE", "PATCH"]), WEBHOOK).status_code
    if kind == 6:  # validly encrypted and signed, and no message
        torn = (
            account.peer.message(MsgType=None) if chance.random() < 0.5 else account.peer.message(FromUserName=_noise(chance) + "\u0007 <")
        )
        return int(account.peer.post(torn).status or 0)
    if kind == 7:
        return client.get(WEBHOOK, params={"signature": _noise(chance), "timestamp": "soon", "nonce": "\u202e", "echostr": "x"}).status_code
    return client.post(WEBHOOK, params={"encrypt_type": "aes"}, content=b"<xml>" + b"a" * 600_000).status_code


def _noise(chance: random.Random) -> str:
    return "".join(
        chr(chance.choice([chance.randrange(33, 127), chance.randrange(0x4E00, 0x9FFF)])) for _ in range(chance.randrange(1, 60))
    )
