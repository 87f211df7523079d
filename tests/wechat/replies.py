"""The answers of an account as WeChat reads them, with werobot's parser and crypto; what WeChat would not accept is an AssertionError."""

from dataclasses import dataclass
from xml.etree import ElementTree

from werobot.crypto import MessageCrypt
from werobot.crypto.exceptions import AppIdValidationError, InvalidSignature
from werobot.parser import parse_user_msg

from tests.wechat.messages import Message

MOST_BYTES = 2048
CLOCKS_DIFFER = 600
KINDS = {"text", "image", "voice", "video", "music", "news", "transfer_customer_service"}
ENVELOPE = ("Encrypt", "MsgSignature", "TimeStamp", "Nonce")


@dataclass(frozen=True)
class Reply:
    """A passive reply that WeChat accepts. `text` is the content of a text exactly, None for another kind."""

    kind: str
    text: str | None
    to: str
    sender: str
    created: int
    encrypted: bool
    xml: str


def _elements(document: str) -> dict[str, str]:
    """Elements right below the root ``xml``, each at most once."""
    try:
        root = ElementTree.fromstring(document.strip())
    except ElementTree.ParseError as error:
        raise AssertionError(f"the reply is not XML ({error}): {document[:300]!r}") from error
    assert root.tag == "xml", f"the reply's root is <{root.tag}>, not <xml>"
    names = [child.tag for child in root]
    assert len(names) == len(set(names)), f"the reply repeats an element: {names}"
    return {child.tag: child.text or "" for child in root}


def decrypted(envelope: dict[str, str], crypt: MessageCrypt) -> str:
    """The XML within an encrypted reply whose signature and AppID hold."""
    missing = [name for name in ENVELOPE if not envelope.get(name)]
    assert not missing, f"the encrypted reply has no {missing}"
    assert envelope["TimeStamp"].isdigit(), f"the encrypted reply's TimeStamp is no number: {envelope['TimeStamp']!r}"
    try:
        inner = crypt.decrypt_message(envelope["TimeStamp"], envelope["Nonce"], envelope["MsgSignature"], envelope["Encrypt"])
        return inner.decode("utf-8")
    except InvalidSignature as error:
        raise AssertionError("the encrypted reply's MsgSignature is wrong") from error
    except AppIdValidationError as error:
        raise AssertionError("the encrypted reply ends with another AppID") from error
    except Exception as error:
        raise AssertionError(f"the encrypted reply cannot be decrypted: {error!r}") from error


def read(body: bytes, message: Message, mode: str, crypt: MessageCrypt | None, now: float) -> Reply | None:
    """The reply in the body of a 200; None if the body says that there is none (empty or ``success``)."""
    if body in (b"", b"success"):
        return None
    try:
        document = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise AssertionError(f"the reply is not UTF-8: {body[:200]!r}") from error
    found = _elements(document)
    encrypted = "Encrypt" in found
    assert encrypted or mode != "safe", "the reply is not encrypted, which safe mode demands"
    if encrypted:
        assert crypt is not None, "the reply is encrypted, but the account's mode is plain"
        document = decrypted(found, crypt)
        found = _elements(document)
    return _checked(document, found, message, encrypted, now)


def _checked(document: str, found: dict[str, str], message: Message, encrypted: bool, now: float) -> Reply:
    kind = found.get("MsgType", "")
    assert kind in KINDS, f"the reply's MsgType is {kind!r}"
    parsed = parse_user_msg(document.strip())
    assert parsed.target == message.openid, f"the reply is addressed to {parsed.target!r}, not to {message.openid!r}"
    assert parsed.source == message.account, f"the reply comes from {parsed.source!r}, not from {message.account!r}"
    created = found.get("CreateTime", "")
    assert created.isdigit(), f"the reply's CreateTime is no number of seconds: {created!r}"
    assert abs(int(created) - now) <= CLOCKS_DIFFER, f"the reply's CreateTime is {int(created) - now:+.0f} seconds off"
    content = found.get("Content") if kind == "text" else None
    if kind == "text":
        assert content, "the text reply has no content; to answer nothing, answer 'success'"
        size = len(content.encode("utf-8"))
        assert size <= MOST_BYTES, f"the text reply has {size} bytes, over {MOST_BYTES}"
        assert parsed.content == content.strip() or None, "the two parsers disagree about the content"
    return Reply(kind, content, parsed.target, parsed.source, int(created), encrypted, document)
