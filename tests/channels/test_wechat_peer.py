"""The peer that the WeChat channel's tests use: WeChat's server, here against a small account."""

import asyncio
import base64
import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from sanic import HTTPResponse, Request, Sanic
from sanic.response import raw
from werobot.crypto import MessageCrypt
from werobot.parser import parse_user_msg
from werobot.replies import TextReply
from werobot.utils import check_signature

from tests.bare import listening
from tests.wechat.messages import ARTICLE, menu_links
from tests.wechat.peer import FAULT, Peer, new_aes_key

TOKEN, APP_ID, KEY = "tok3n", "wx0123456789abcdef", new_aes_key()


@dataclass
class Receiver:
    """An account that says back what it hears, unless `answers` (bodies to come), `waits` or `statuses` say otherwise."""

    encrypts: bool = False
    answers: list[str | bytes] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    heard: list[Any] = field(default_factory=list)
    url: str = ""

    def furnish(self, app: Sanic) -> None:
        app.add_route(self.serve, "/hook", methods=["GET", "POST"])

    async def serve(self, request: Request) -> HTTPResponse:
        query = {name: values[0] for name, values in request.args.items()}
        if not check_signature(TOKEN, query.get("timestamp"), query.get("nonce"), query.get("signature")):
            return raw(b"", 403)
        if request.method == "GET":
            return raw(query["echostr"].encode())
        crypt = MessageCrypt(TOKEN, KEY, APP_ID)
        document = request.body
        if "msg_signature" in query:
            encrypted = ElementTree.fromstring(document).findtext("Encrypt")
            document = crypt.decrypt_message(query["timestamp"], query["nonce"], query["msg_signature"], encrypted)
        message = parse_user_msg(document)
        self.heard.append(message)
        if self.waits:
            await asyncio.sleep(self.waits.pop(0))
        answer = self.answers.pop(0) if self.answers else TextReply(message, content=f"听到{message.type}")
        if not isinstance(answer, str | bytes):
            answer = crypt.encrypt_message(answer) if self.encrypts else answer.render()
        return raw(answer.encode() if isinstance(answer, str) else answer, self.statuses.pop(0) if self.statuses else 200)


@pytest.fixture
def account() -> Iterator[Receiver]:
    receiver = Receiver()
    with listening(receiver.furnish) as (url, _):
        receiver.url = f"{url}/hook"
        yield receiver


@pytest.fixture
def peer(account: Receiver) -> Peer:
    return Peer(account.url, TOKEN, APP_ID)


def reply_xml(peer: Peer, content: str, **changed: Any) -> str:
    return TextReply(SimpleNamespace(target=peer.to_user, source="o_1"), content=content, **changed).render()


def test_the_address_is_verified(peer: Peer) -> None:
    assert peer.verify("12345") == (200, "12345")
    assert peer.verify("12345", signature="0" * 40).status == 403
    assert peer.verify("12345", drop=["nonce"]).status == 403


@pytest.mark.parametrize(("mode", "encrypts"), [("plain", False), ("compatible", False), ("compatible", True), ("safe", True)])
def test_an_account_answers_in_every_mode(account: Receiver, mode: str, encrypts: bool) -> None:
    account.encrypts = encrypts
    said = Peer(account.url, TOKEN, APP_ID, KEY, mode).person("o_1").says("你好 ]]> <b>&amp;")
    assert (said.reply, said.fault, said.last.reply.encrypted) == ("听到text", False, encrypts)
    assert (account.heard[0].content, account.heard[0].message_id) == ("你好 ]]> <b>&amp;", said.message.id)
    assert (b"Content" in said.last.sent, b"Encrypt" in said.last.sent) == (mode != "safe", mode != "plain")


def test_the_encryption_is_that_of_the_documentation(account: Receiver) -> None:
    """Taken apart by hand: 16 random bytes, the length, the message, the AppID, filled up to blocks of 32."""
    account.encrypts = True
    sent = Peer(account.url, TOKEN, APP_ID, KEY, "safe").person("o_1").says("密").last
    encrypted = ElementTree.fromstring(sent.sent).findtext("Encrypt")
    key = base64.b64decode(KEY + "=")
    opened = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    plain = opened.update(base64.b64decode(encrypted)) + opened.finalize()
    assert len(plain) % 32 == 0
    assert plain[-plain[-1] :] == bytes([plain[-1]]) * plain[-1]
    size = int.from_bytes(plain[16:20], "big")
    assert (b"<![CDATA[\xe5\xaf\x86]]>" in plain[20 : 20 + size], plain[20 + size : -plain[-1]]) == (True, APP_ID.encode())
    signed = "".join(sorted([TOKEN, sent.query["timestamp"], sent.query["nonce"], encrypted]))
    assert sent.query["msg_signature"] == hashlib.sha1(signed.encode()).hexdigest()


def test_a_person_does_everything(account: Receiver, peer: Peer) -> None:
    person = peer.person("o_1")
    for said in (person.speaks("学时"), person.speaks(""), person.speaks(None), person.sends_image(), person.sends_kind("file")):
        assert said.reply
    assert [getattr(one, "Recognition", "absent") for one in account.heard[:3]] == ["学时", None, "absent"]
    person.sends_location(), person.sends_link(), person.sends_video(), person.sends_shortvideo(), person.sends_sticker()
    person.subscribes(), person.subscribes(12), person.unsubscribes(), person.clicks("HOURS"), person.views("http://a/?b&c")
    person.scans("12"), person.reports_location(), person.template_finished(), person.scans_from_menu("K", "内容")
    kinds = "location link video shortvideo text subscribe subscribe unsubscribe click view scan location templatesendjobfinish"
    assert [one.type.removesuffix("_event") for one in account.heard[5:]] == [*kinds.split(), "scancode_waitmsg"]
    assert (account.heard[11].key, bool(account.heard[11].ticket), account.heard[10].ticket) == ("qrscene_12", True, None)
    assert account.heard[-1].ScanCodeInfo["ScanResult"] == "内容"
    assert "MsgId" not in person.subscribes().message.fields
    assert person.says("文中", **ARTICLE).message.xml.endswith("<Idx>1</Idx><MsgId>" + str(account.heard[-1].message_id) + "</MsgId></xml>")


def test_a_menu_link_is_tapped(account: Receiver, peer: Peer) -> None:
    shown = '选：<a href="weixin://bizmsgmenu?msgmenucontent=%E5%85%AC%E9%9C%80&msgmenuid=7">1. 公需</a>'
    assert menu_links(shown) == [("7", "公需", "1. 公需")]
    peer.person("o_1").taps(shown, "1. 公需")
    assert (account.heard[0].content, account.heard[0].bizmsgmenuid) == ("公需", "7")


def test_what_is_not_answered_in_time_or_with_200_comes_again(account: Receiver, peer: Peer) -> None:
    account.waits, account.statuses, peer.timeout = [1.5, 0.0], [500, 200], 1.0
    began = time.monotonic()
    said = peer.person("o_1").says("慢")
    assert ([one.status for one in said.exchanges], said.reply) == ([None, 500, 200], "听到text")
    assert (len({one.query["nonce"] for one in said.exchanges}), len({one.message_id for one in account.heard})) == (3, 1)
    assert time.monotonic() - began < 2.5


def test_a_person_sees_the_platforms_own_words_when_all_fails(account: Receiver, peer: Peer) -> None:
    account.statuses = [500] * 3
    said = peer.person("o_1").says("坏")
    assert (said.reply, said.fault, len(said.exchanges)) == (FAULT, True, 3)
    gone = Peer("http://127.0.0.1:9/hook", TOKEN, APP_ID).person("o_1").says("无")
    assert (gone.fault, gone.last.status, "refused" in gone.last.error) == (True, None, True)


@pytest.mark.parametrize("nothing", ["", "success"])
def test_an_empty_answer_ends_the_deliveries(account: Receiver, peer: Peer, nothing: str) -> None:
    account.answers = [nothing]
    said = peer.person("o_1").says("好")
    assert (said.reply, said.fault, len(said.exchanges), said.last.silent) == (None, False, 1, True)


def test_replies_that_wechat_would_not_accept(account: Receiver, peer: Peer) -> None:
    wrong = {
        "not XML": '{"text": "a"}',
        "over 2048": reply_xml(peer, "学" * 683),
        "no content": reply_xml(peer, ""),
        "addressed to": reply_xml(peer, "a", target="o_2"),
        "comes from": reply_xml(peer, "a", source="gh_2"),
        "seconds off": reply_xml(peer, "a", time=1),
        "no number": reply_xml(peer, "a", time="now"),
        "mode is plain": MessageCrypt(TOKEN, KEY, APP_ID).encrypt_message("<xml/>"),
        "MsgType": "<xml><ToUserName>o_1</ToUserName></xml>",
        "not UTF-8": b"\xff<xml/>",
        "repeats": "<xml><Content>a</Content><Content>b</Content></xml>",
    }
    for problem, body in wrong.items():
        account.answers = [body]
        with pytest.raises(AssertionError, match=problem):
            peer.person("o_1").says("好")
    account.answers = [reply_xml(peer, "学" * 682)]
    assert peer.person("o_1").says("好").reply == "学" * 682


def test_safe_mode_accepts_only_what_is_encrypted_and_signed(account: Receiver) -> None:
    peer = Peer(account.url, TOKEN, APP_ID, KEY, "safe")
    plain = reply_xml(peer, "a")
    wrong = {
        "not encrypted": plain,
        "MsgSignature is wrong": MessageCrypt("other", KEY, APP_ID).encrypt_message(plain),
        "another AppID": MessageCrypt(TOKEN, KEY, "wx2").encrypt_message(plain),
        "cannot be decrypted|another AppID": MessageCrypt(TOKEN, new_aes_key(), APP_ID).encrypt_message(plain),
    }
    for problem, body in wrong.items():
        account.answers = [body]
        with pytest.raises(AssertionError, match=problem):
            peer.person("o_1").says("好")
    account.answers = ["success"]
    assert peer.person("o_1").says("好").last.silent


def test_anything_can_be_forged_and_sent_at_once(account: Receiver, peer: Peer) -> None:
    message = peer.message(FromUserName="o_1", Content="同")
    assert peer.post(message, signature="0" * 40).status == 403
    assert peer.post(message, drop=["signature"]).status == 403
    assert [one.text for one in peer.in_parallel(message, 4)] == ["听到text"] * 4
    assert {one.message_id for one in account.heard} == {message.id}
