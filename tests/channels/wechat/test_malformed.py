"""Requests under a valid signature that hold no message: whoever knows the token can break nothing either."""

import logging
import random
from collections.abc import Callable

import httpx
import pytest

from bot.db import Base
from bot.inbox import reach
from bot.inbox.models import ChannelState
from tests.channels.wechat.conftest import WEBHOOK, Account, Opening
from tests.wechat.messages import Message
from tests.wechat.peer import Peer

NEEDED = ("ToUserName", "FromUserName", "CreateTime", "MsgType", "MsgId")
BOMB = "<!DOCTYPE b [" + '<!ENTITY a0 "aaaaaaaaaa">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10)) + "]>"
WRONG_VALUES: dict[str, list[str]] = {
    "FromUserName": ["", " ", "o 1", "o1\n", "微信", "o" * 65, "o1/../o2", "o1'--"],
    "ToUserName": ["", "gh 1", "公众号", "g" * 65, "gh\t1"],
    "CreateTime": ["", "soon", "-1", "1.5", "9" * 21, "１２"],
    "MsgId": ["", "x", "-7", "1e3", "0x10", "7 "],
    "MsgType": ["", "  ", "t" * 41],
}


def rows(account: Account) -> int:
    """Of all tables, but for what is noted at the start of the server."""
    with account.context.database.read() as session:
        noted = session.query(ChannelState).filter(ChannelState.name == reach.RIGHT).count()
        return sum(session.query(table).count() for table in Base.metadata.tables.values()) - noted


def malformed(chance: random.Random, message: Message) -> bytes:
    xml = message.xml
    makers: list[Callable[[], bytes]] = [
        lambda: chance.randbytes(chance.randrange(2000)),
        lambda: xml.encode()[: chance.randrange(1, len(xml.encode()))],
        lambda: xml.replace("xml>", "xmI>", 1).encode(),
        lambda: (xml + xml).encode(),
        lambda: (BOMB + xml).encode(),
        lambda: f'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/{chance.random()}">{xml}'.encode(),
        lambda: f'<!DOCTYPE a [<!ENTITY % p SYSTEM "file:///etc/passwd">%p;]>{xml}'.encode(),
        lambda: f'<?xml version="1.0" encoding="{chance.choice(["utf-7", "gb18030", "rot13", "x"])}"?>{xml}'.encode(),
        lambda: xml.encode("utf-16")[:-1],
        lambda: xml.replace("<xml>", "<xml>&undefined;").encode(),
        lambda: xml.replace("<![CDATA[", "<![CDATA[\x00", 1).encode(),
        lambda: b"<a>" * chance.randrange(100, 3000),
        lambda: b"<xml>" + b"<a>" * 2000 + b"</a>" * 2000 + b"</xml>",
        lambda: chance.choice([b"", b"null", b"[]", b"{}", b"<xml/>", b"\xef\xbb\xbf", b"<xml><Content>1</Content></xml>"]),
        lambda: Message({k: v for k, v in message.fields.items() if k != chance.choice(NEEDED)} | _wrong(chance)).xml.encode(),
    ]
    return chance.choice(makers)()


def _wrong(chance: random.Random) -> dict[str, str]:
    name = chance.choice(list(WRONG_VALUES))
    return {name: chance.choice(WRONG_VALUES[name])}


@pytest.mark.parametrize("seed", [1, 2])
def test_three_hundred_signed_requests_without_a_message_leave_no_trace(
    account: Account, caplog: pytest.LogCaptureFixture, seed: int
) -> None:
    chance = random.Random(seed)
    with caplog.at_level(logging.DEBUG):
        for _ in range(150):
            message = account.peer.message(Content="公需要多少")
            body = malformed(chance, message)
            status = account.peer.post(message, body=body).status
            assert status in (400, 413), (status, body[:300])
    assert "Traceback" not in caplog.text
    assert not [record for record in caplog.records if record.exc_info]
    assert account.rasa.asked == []
    assert rows(account) == 0
    assert account.peer.person("o1").says("公需要多少").reply, "and it still answers"


def test_seventy_thousand_elements_within_each_other_are_refused(account: Account) -> None:
    for body in (b"<xml>" + b"<a>" * 70_000 + b"</a>" * 70_000 + b"</xml>", b"<a>" * 170_000):
        assert account.peer.post(account.peer.message(), body=body).status in (400, 413)
    assert rows(account) == 0


@pytest.mark.parametrize("name", NEEDED)
def test_every_element_that_a_message_needs_is_needed(account: Account, name: str) -> None:
    message = account.peer.message(Content="公需要多少")
    torn = Message({key: value for key, value in message.fields.items() if key != name})
    assert account.peer.post(message, body=torn.xml).status == 400
    for wrong in WRONG_VALUES[name]:
        assert account.peer.post(message, body=Message({**message.fields, name: wrong}).xml).status == 400, wrong
    assert rows(account) == 0


@pytest.mark.parametrize("mode", ["compatible", "safe"])
def test_sealed_without_a_message_inside_is_refused(open_account: Opening, mode: str) -> None:
    account = open_account(mode)
    for fields in ({"MsgType": None}, {"MsgId": "x"}, {"FromUserName": "o\u00a01"}, {"CreateTime": "soon"}):
        assert account.peer.post(account.peer.message(Content="公需", **fields)).status == 400
    assert account.rasa.asked == []


def test_parameters_that_come_twice_are_refused_though_both_are_right(account: Account) -> None:
    message = account.peer.message(Content="公需要多少")
    used = account.peer.post(message)
    with httpx.Client(base_url=account.url, trust_env=False, timeout=30) as client:
        for name in ("signature", "timestamp", "nonce"):
            twice = [*used.query.items(), (name, used.query[name])]
            assert client.post(WEBHOOK, params=twice, content=message.xml.encode()).status_code == 400
            assert client.get(WEBHOOK, params=twice).status_code == 400


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"])
def test_other_methods_are_refused(account: Account, method: str) -> None:
    with httpx.Client(base_url=account.url, trust_env=False, timeout=30) as client:
        assert client.request(method, WEBHOOK).status_code in (404, 405)


def test_a_message_of_the_largest_size_is_read_and_a_larger_one_is_not(account: Account) -> None:
    message = account.peer.message(Content="公" * 170_000)
    assert "太长" in (account.peer.post(message).text or "")
    larger = account.peer.message(Content="公" * 180_000)
    assert account.peer.post(larger, body=larger.xml).status == 413


def test_a_signature_of_another_token_or_of_the_future_is_refused(account: Account) -> None:
    other = Peer(account.url + WEBHOOK, "another", "wx1")
    assert other.post(other.message(Content="公需要多少")).status == 403
    early = Peer(account.url + WEBHOOK, account.peer.token, "wx1", now=lambda: account.peer.now() + 900)
    assert early.post(early.message(Content="公需要多少")).status == 403
    for stamp in ("", "soon", "１７００００００００", "9" * 30, "-5", "1e9"):
        assert account.peer.post(account.peer.message(Content="公需"), timestamp=stamp).status == 403
    assert rows(account) == 0
