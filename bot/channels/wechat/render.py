"""Answers as WeChat shows them: text of at most 2048 bytes, split at sentence ends, buttons as a numbered list."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import regex

from bot.channels.wechat.numbers import line, listed
from bot.inbox.giving import Given
from bot.inbox.outbox import Outgoing

LIMIT = 2048  # bytes of a text in UTF-8
_SENTENCE = regex.compile(r"[^。！？!?；;\n]*[。！？!?；;\n]+[”’）)」』\p{M}\u200d]*|[^。！？!?；;\n]+")
_SIGN = regex.compile(r"\X")
_BLANK_START = regex.compile(r"^(?:\s(?![\p{M}\u200d\p{EMod}]))+")  # a blank with a mark on it is a sign that people see
_TAG_SIGNS = str.maketrans({"<": "＜", ">": "＞"})

CLOSING = "closing"
"""In the metadata of a message that ends a reply: with something behind it, it is left out."""
_UNSAFE = re.compile('["&%+#\\s]')  # in the address of a link

Option = tuple[str, str]


@dataclass(frozen=True)
class Renderer:
    """How one account shows answers. ``links``: a line of a list can be tapped. ``more``: says that there is more to fetch."""

    links: bool
    more: str

    def parts(self, payload: Mapping[str, Any], first: int = 1) -> list[str]:
        """The texts of one message, each small enough to be sent; its list begins with number ``first``."""
        text = str(payload.get("text") or payload.get("image") or payload.get("attachment") or "").translate(_TAG_SIGNS).strip()
        numbered = options_of(payload)
        shown = listed(text, [title for title, _ in numbered]) if first == 1 else 0
        lines = [self._line(first + place, *option) for place, option in enumerate(numbered) if place >= shown]
        return list(split(text, lines, LIMIT - len(self.more.encode()) - 2))

    def compose(self, messages: Sequence[Outgoing], *, pushes: bool = False) -> Given:
        """One reply out of as many of the messages as it holds. ``pushes``: what it does not hold follows by itself."""
        texts: list[str] = []
        done: list[int] = []
        begun: dict[int, int] = {}
        options: list[Option] = []
        room = LIMIT - (0 if pushes else len(self.more.encode()) + 2)
        full = False
        for message in messages:
            if message is not messages[-1] and (message.payload.get("metadata") or {}).get(CLOSING):
                done.append(message.id)
                continue
            parts = self.parts(message.payload, len(options) + 1)
            given = min(message.parts, len(parts))
            while given < len(parts) and (not texts or len("\n\n".join([*texts, parts[given]]).encode()) <= room):
                texts.append(parts[given])
                given += 1
            if given < len(parts):
                if given > message.parts:
                    begun[message.id] = given
                full = True
                break
            done.append(message.id)
            options += options_of(message.payload)
        text = "\n\n".join(texts)
        ends_open = full and not pushes
        return Given(f"{text}\n\n{self.more}" if ends_open else text, done, begun, options, ends_open)

    def _line(self, number: int, title: str, payload: str) -> str:
        shown = line(number, title.translate(_TAG_SIGNS))
        if not self.links or _UNSAFE.search(payload):
            return shown
        return f'<a href="weixin://bizmsgmenu?msgmenucontent={payload.translate(_TAG_SIGNS)}&msgmenuid={number}">{shown}</a>'


def options_of(payload: Mapping[str, Any]) -> list[Option]:
    """Title and sentence of each button."""
    return [(str(button["title"]), str(button["payload"])) for button in payload.get("buttons") or ()]


def split(text: str, lines: Sequence[str], limit: int) -> Iterator[str]:
    """The text in parts of at most so many bytes, each ending with a sentence where it can; ``lines`` follow whole."""
    part = ""
    pieces = [piece for sentence in _SENTENCE.findall(text) for piece in _cut(sentence, limit)]
    if lines:
        pieces += ["\n\n" if text else "", *(one for shown in lines for one in (shown, "\n"))]
    for piece in pieces:
        if part and len((part + piece).rstrip().encode()) > limit:
            yield _trimmed(part)
            part = ""
        part += piece
    if part := _trimmed(part):
        yield part


def _trimmed(text: str) -> str:
    return _BLANK_START.sub("", text).rstrip()


def _cut(sentence: str, limit: int) -> Iterator[str]:
    """A sentence too long for one part, between what people see as one sign each; a sign too long for a part falls apart."""
    part, size = "", 0
    signs = _SIGN.findall(sentence) if len(sentence.encode()) > limit else [sentence]
    for sign in (one for whole in signs for one in ([whole] if len(whole.encode()) <= limit else whole)):
        more = len(sign.encode())
        if part and size + more > limit:
            yield part
            part, size = "", 0
        part, size = part + sign, size + more
    yield part
