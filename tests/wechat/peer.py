"""WeChat's server as it calls the webhook of an Official Account, on werobot's signature and crypto: independent of wechatpy."""

import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, Protocol

import httpx
from werobot.crypto import MessageCrypt
from werobot.utils import generate_token, get_signature, to_text

from tests.wechat import replies
from tests.wechat.messages import Message, elements, next_id
from tests.wechat.people import FAULT, Exchange, Person, Said

__all__ = ["FAULT", "Exchange", "Message", "Peer", "Person", "Said", "Verified", "new_aes_key"]

MODES = ("plain", "compatible", "safe")
HEADERS = {"User-Agent": "Mozilla/4.0", "Accept": "*/*", "Pragma": "no-cache", "Content-Type": "text/xml"}


class Hears(Protocol):
    """The API, which has to know who may be sent something."""

    def heard(self, openid: str, kind: str) -> None: ...


class Verified(NamedTuple):
    status: int
    text: str


def new_aes_key() -> str:
    """An EncodingAESKey: 43 letters and digits."""
    return generate_token(32) + generate_token(11)


class Peer:
    """WeChat's server for one account at one webhook.

    `timeout` and `tries` are what WeChat does by itself: cut after five seconds, deliver three times. `to_user` is the account's
    original ID. `api` learns of each act, as the person's act opens the time in which the account may send to them.
    """

    def __init__(
        self,
        url: str,
        token: str,
        app_id: str,
        aes_key: str | None = None,
        mode: str = "plain",
        to_user: str = "gh_1",
        *,
        api: Hears | None = None,
        timeout: float = 5.0,
        tries: int = 3,
        now: Callable[[], float] = time.time,
        tls: Any = True,
    ) -> None:
        if mode not in MODES or (mode != "plain" and not aes_key):
            raise ValueError(f"mode {mode!r} is unknown or lacks an aes_key")
        self.url, self.token, self.app_id, self.mode, self.to_user = url, token, app_id, mode, to_user
        self.api, self.timeout, self.tries, self.now, self.tls = api, timeout, tries, now, tls
        self._crypt = None if mode == "plain" else MessageCrypt(token, aes_key, app_id)

    def person(self, openid: str) -> Person:
        return Person(self, openid)

    def message(self, **fields: Any) -> Message:
        """A message of the given elements, with the common ones unless given (None: left out). Events have no MsgId."""
        kind = fields.setdefault("MsgType", "text")
        head = {"ToUserName": self.to_user, "FromUserName": "o_somebody", "CreateTime": int(self.now())}
        tail = {} if kind == "event" else {"MsgId": next_id()}
        complete = {**head, **fields, **{name: value for name, value in tail.items() if name not in fields}}
        return Message({name: value for name, value in complete.items() if value is not None})

    def verify(
        self,
        echostr: str = "5837397576500011341",
        *,
        signature: str | None = None,
        timestamp: str | None = None,
        nonce: str | None = None,
        drop: Collection[str] = (),
    ) -> Verified:
        """The GET by which WeChat makes sure of the address when its owner saves it: in every mode plain."""
        query = {**self._signed(signature, timestamp, nonce), "echostr": echostr}
        with self._client(self.timeout) as client:
            answer = client.get(self.url, params=_without(query, drop))
        return Verified(answer.status_code, answer.text)

    def deliver(self, message: Message, timeout: float | None = None, tries: int | None = None) -> list[Exchange]:
        """Delivers until the first 200 in time, with the same MsgId and a fresh signature each time."""
        exchanges: list[Exchange] = []
        while len(exchanges) < (self.tries if tries is None else tries):
            exchanges.append(self.post(message, timeout=timeout))
            if exchanges[-1].accepted:
                break
        return exchanges

    def in_parallel(self, message: Message, times: int) -> list[Exchange]:
        """The same message that many times at once."""
        gate = threading.Barrier(times)

        def one(_: int) -> Exchange:
            gate.wait(10)
            return self.post(message)

        self._tell(message)
        with ThreadPoolExecutor(times) as pool:
            return list(pool.map(one, range(times)))

    def post(
        self,
        message: Message,
        *,
        signature: str | None = None,
        timestamp: str | None = None,
        nonce: str | None = None,
        msg_signature: str | None = None,
        body: bytes | str | None = None,
        drop: Collection[str] = (),
        timeout: float | None = None,
        headers: dict[str, str] | None = None,
    ) -> Exchange:
        """One delivery. What is given replaces what WeChat would send, `drop` leaves parameters out; only an unforged one tells the API.

        Raises AssertionError if a 200 carries what WeChat would not accept.
        """
        query = self._signed(signature, timestamp, nonce)
        query["openid"] = message.openid
        genuine = self._body(message, query)
        if msg_signature is not None:
            query["msg_signature"] = msg_signature
        query = _without(query, drop)
        sent = genuine if body is None else body.encode() if isinstance(body, str) else body
        if not drop and all(forged is None for forged in (signature, timestamp, nonce, msg_signature, body)):
            self._tell(message)
        return self._exchange(message, query, sent, self.timeout if timeout is None else timeout, headers or {})

    def _exchange(self, message: Message, query: dict[str, str], sent: bytes, timeout: float, headers: dict[str, str]) -> Exchange:
        with self._client(timeout) as client:
            began = time.monotonic()
            try:
                answer = client.post(self.url, params=query, content=sent, headers={**HEADERS, **headers})
            except httpx.TransportError as error:
                return Exchange(None, b"", time.monotonic() - began, query, sent, error=repr(error))
        seconds = time.monotonic() - began
        if seconds > timeout:
            return Exchange(None, b"", seconds, query, sent, error=f"answered after {seconds:.2f} s")
        accepted = answer.status_code == 200
        reply = replies.read(answer.content, message, self.mode, self._crypt, self.now()) if accepted else None
        return Exchange(answer.status_code, answer.content, seconds, query, sent, reply)

    def _signed(self, signature: str | None, timestamp: str | None, nonce: str | None) -> dict[str, str]:
        timestamp = str(int(self.now())) if timestamp is None else timestamp
        nonce = generate_token(10) if nonce is None else nonce
        signature = get_signature(self.token, timestamp, nonce) if signature is None else signature
        return {"signature": signature, "timestamp": timestamp, "nonce": nonce}

    def _body(self, message: Message, query: dict[str, str]) -> bytes:
        """The body of the account's mode; its signature, if encrypted, is added to the query."""
        if self._crypt is None:
            return message.xml.encode()
        encrypted = to_text(self._crypt.prp_crypto.encrypt(message.xml, self.app_id))
        query["encrypt_type"] = "aes"
        query["msg_signature"] = get_signature(self.token, query["timestamp"], query["nonce"], encrypted)
        shown = {"ToUserName": message.account} if self.mode == "safe" else message.fields
        return f"<xml>{elements({**shown, 'Encrypt': encrypted})}</xml>".encode()

    def _tell(self, message: Message) -> None:
        """Lets the API know of the act: once, and before the account does, which may send at once."""
        if self.api is not None and message.opens and not message.told_api:
            message.told_api = True
            self.api.heard(message.openid, message.opens)

    def _client(self, timeout: float) -> httpx.Client:
        verify = self.tls if self.url.startswith("https") else False  # the certificates take a while to read
        return httpx.Client(timeout=timeout, trust_env=False, verify=verify, follow_redirects=False)


def _without(query: dict[str, str], drop: Collection[str]) -> dict[str, str]:
    return {name: value for name, value in query.items() if name not in drop}
