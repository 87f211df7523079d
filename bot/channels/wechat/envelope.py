"""Signature, encryption and XML of what the platform sends, and of what it is answered.

The signature of plain mode covers no body: a signature seen once is bound to its body by the channel (``Opened.seal``).
"""

import hashlib
import hmac
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring
from wechatpy.crypto import PrpCrypto, WeChatCrypto
from wechatpy.replies import TextReply
from wechatpy.utils import WeChatSigner

from bot.channels.http import RefusedError
from bot.channels.wechat.account import Account

BODY_LIMIT = 512 * 1024  # bytes
FRESH = 300
"""Seconds by which a request's timestamp may differ from our clock."""

NOTHING = "success"
"""The body that ends a delivery without a reply."""

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what XML 1.0 cannot hold
_LONGEST = 128  # characters of a query value

Query = Mapping[str, str]


class UndecryptableError(RefusedError):
    """Signed with the account's token, and encrypted with another key or for another account."""


@dataclass(frozen=True)
class Opened:
    """A verified message: its elements, whether the reply must be encrypted, and the signature to bind to the body (plain mode only)."""

    elements: Mapping[str, str]
    encrypted: bool
    signature: str | None
    digest: str
    """Of the body."""


class Envelope:
    """Opens requests and seals replies of one account."""

    def __init__(self, account: Account, now: Callable[[], float] = time.time) -> None:
        self._account = account
        self._now = now
        self._crypto = WeChatCrypto(account.token, account.aes_key, account.app_id) if account.aes_key else None

    def verified(self, query: Query) -> str:
        """The text that proves to the platform that this address is ours. RefusedError."""
        self._check(query, "signature")
        return query.get("echostr", "")

    def open(self, query: Query, body: bytes) -> Opened:
        """The message in a POST. RefusedError: 413 too large, 403 not the platform's or stale, 400 not a message."""
        if len(body) > BODY_LIMIT:
            raise RefusedError(413, "too_large")
        encrypted = query.get("encrypt_type") == "aes"
        if not encrypted:
            self._check(query, "signature")
            return Opened(_elements(body), False, query["signature"], hashlib.sha256(body).hexdigest())
        if self._crypto is None:
            raise RefusedError(403, "encrypted")
        sealed = _elements(body).get("Encrypt")
        if not sealed:
            raise RefusedError(400, "nothing_encrypted")
        self._check(query, "msg_signature", sealed)
        try:
            plain = PrpCrypto(self._crypto.key).decrypt(sealed, self._account.app_id)
        except Exception as error:  # what cipher, padding and struct raise have no name in common
            raise UndecryptableError(403, "not_decryptable") from error
        inner = plain if isinstance(plain, bytes) else plain.encode()
        unsealed = self._signature(query["timestamp"], query["nonce"])  # which signs the same query without anything encrypted
        return Opened(_elements(inner), True, unsealed, hashlib.sha256(inner).hexdigest())

    def seal(self, opened: Opened, text: str | None) -> str:
        """The body of the response: a text reply to the message, encrypted like it; or nothing."""
        if not text:
            return NOTHING
        speakable = _FORBIDDEN.sub("", text).replace("]]>", "]] >")
        reply = TextReply(
            source=opened.elements["ToUserName"], target=opened.elements["FromUserName"], time=int(self._now()), content=speakable
        ).render()
        if not opened.encrypted or self._crypto is None:
            return str(reply)
        stamp = str(int(self._now()))
        return str(self._crypto.encrypt_message(reply, hashlib.sha256(reply.encode()).hexdigest()[:10], stamp))

    def _signature(self, *signed: str) -> str:
        signer = WeChatSigner()
        signer.add_data(self._account.token, *signed)
        return str(signer.signature)

    def _check(self, query: Query, name: str, *signed: str) -> None:
        """Refuse a signature that is not ours, and one of another time."""
        given, stamp, nonce = (query.get(key, "")[:_LONGEST] for key in (name, "timestamp", "nonce"))
        if not hmac.compare_digest(self._signature(stamp, nonce, *signed).encode(), given.encode("utf-8", "replace")):
            raise RefusedError(403, "signature")
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 20 and abs(self._now() - int(stamp)) <= FRESH):
            raise RefusedError(403, "stale")


def _elements(body: bytes) -> dict[str, str]:
    """The elements of a flat message. RefusedError where the body is not XML, or XML with declarations of its own."""
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        raise RefusedError(400, "not_xml") from None
    return {child.tag: (child.text or "") for child in root}
