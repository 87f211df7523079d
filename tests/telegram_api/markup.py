"""What a bot may send beside plain text: Telegram's HTML and reply markup, with the refusals of the real Bot API."""

import re
from typing import Any

from tests.telegram_api.entities import units
from tests.telegram_api.wire import bad_request

_KINDS = {
    **dict.fromkeys(("b", "strong"), "bold"),
    **dict.fromkeys(("i", "em"), "italic"),
    **dict.fromkeys(("u", "ins"), "underline"),
    **dict.fromkeys(("s", "strike", "del"), "strikethrough"),
    **dict.fromkeys(("tg-spoiler", "span"), "spoiler"),
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
}
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_REFERENCE = re.compile(r"&(?:#x([0-9A-Fa-f]{1,6})|#([0-9]{1,7})|([A-Za-z]+));?")
_ATTRIBUTE = re.compile(r"\s*([^\s=>/\"']+)(?:\s*=\s*(\"[^\"]*\"|'[^']*'|[A-Za-z0-9.-]+(?=[\s>])))?")
_BUTTON_ACTIONS = (
    "callback_data",
    "url",
    "login_url",
    "web_app",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "copy_text",
    "pay",
)


class _Reader:
    """One pass over HTML: the visible text so far, and the tags still open."""

    def __init__(self, html: str) -> None:
        self.html, self.at = html, 0
        self.visible = ""
        self.open: list[tuple[str, dict[str, str], int]] = []
        self.entities: list[dict[str, Any]] = []

    def refusal(self, what: str, at: int | None = None, after: str = "") -> Exception:
        place = "" if at is None else f" at byte offset {len(self.html[:at].encode())}"
        return bad_request(f"can't parse entities: {what}{place}{after}")

    def read(self) -> None:
        while self.at < len(self.html):
            if self.html.startswith("</", self.at):
                self._end_tag()
            elif self.html[self.at] == "<":
                self._start_tag()
            else:
                self._text()
        if self.open:
            raise self.refusal(f'Can\'t find end tag corresponding to start tag "{self.open[-1][0]}"')

    def _text(self) -> None:
        reference = _REFERENCE.match(self.html, self.at)
        decoded = _decoded(reference) if reference else None
        self.visible += self.html[self.at] if decoded is None else decoded
        self.at = reference.end() if reference and decoded is not None else self.at + 1

    def _start_tag(self) -> None:
        begin = self.at
        end = re.compile(r"[\s>]").search(self.html, begin)
        if not end:
            raise self.refusal("Unclosed start tag", begin)
        tag = self.html[begin + 1 : end.start()].lower()
        if tag not in _KINDS:
            raise self.refusal(f'Unsupported start tag "{tag}"', begin)
        self.at = end.start()
        attributes = self._attributes(tag, begin)
        if tag == "span" and attributes.get("class") != "tg-spoiler":
            raise self.refusal('Tag "span" must have class "tg-spoiler"', begin)
        if tag == "tg-emoji" and not attributes.get("emoji-id", "").isdigit():
            raise self.refusal("Invalid custom emoji identifier specified")
        self.open.append((tag, attributes, units(self.visible)))

    def _attributes(self, tag: str, begin: int) -> dict[str, str]:
        attributes: dict[str, str] = {}
        while not re.compile(r"\s*>").match(self.html, self.at):
            found = _ATTRIBUTE.match(self.html, self.at)
            if not found:
                closed = self.html.find(">", self.at) >= 0
                raise self.refusal(f'Empty attribute name in the tag "{tag}"' if closed else "Unclosed start tag", begin)
            if found[2] is None and found[1] != "expandable":
                raise self.refusal(f'Expected equal sign in declaration of an attribute of the tag "{tag}"', begin)
            quoted = (found[2] or "")[:1] in ("'", '"')
            value = found[2][1:-1] if quoted else (found[2] or "")
            attributes[found[1].lower()] = _REFERENCE.sub(lambda match: _decoded(match) or match[0], value)
            self.at = found.end()
        self.at = self.html.index(">", self.at) + 1
        return attributes

    def _end_tag(self) -> None:
        begin = self.at
        if not self.open:
            raise self.refusal("Unexpected end tag", begin)
        found = re.compile(r"</([^\s>]*)\s*>").match(self.html, begin)
        if not found:
            raise self.refusal("Unclosed end tag", begin)
        tag, attributes, offset = self.open.pop()
        if found[1].lower() not in ("", tag):
            raise self.refusal("Unmatched end tag", begin, f', expected "</{tag}>", found "</{found[1].lower()}>"')
        self.at = found.end()
        length = units(self.visible) - offset
        language = attributes.get("class", "").removeprefix("language-")
        if tag == "code" and language and self.open and self.open[-1][0] == "pre":
            self.open[-1][1]["class"] = f"language-{language}"
        elif length and (tag != "a" or attributes.get("href")):
            self.entities.append({"type": _KINDS[tag], "offset": offset, "length": length, **_extra(tag, attributes, language)})


def _extra(tag: str, attributes: dict[str, str], language: str) -> dict[str, str]:
    if tag == "a":
        return {"url": attributes["href"]}
    if tag == "pre" and language:
        return {"language": language}
    if tag == "tg-emoji":
        return {"custom_emoji_id": attributes["emoji-id"]}
    return {"type": "expandable_blockquote"} if tag == "blockquote" and "expandable" in attributes else {}


def _decoded(reference: re.Match[str]) -> str | None:
    """The character meant, or None where Telegram leaves the reference as it stands, as it does with `&nbsp;`."""
    if reference[3]:
        return _NAMED.get(reference[3])
    code = int(reference[1], 16) if reference[1] else int(reference[2])
    return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else None


def parse_html(html: str) -> tuple[str, list[dict[str, Any]]]:
    """The visible text and its entities, or the refusal "can't parse entities: …" of the Bot API."""
    reader = _Reader(html)
    reader.read()
    return reader.visible, sorted(reader.entities, key=lambda entity: (entity["offset"], -entity["length"]))


def inline_keyboard(markup: Any) -> dict[str, Any] | None:
    """The keyboard that stays with a message: an inline one without its empty rows; other reply markup leaves none."""
    if not markup:
        return None
    if not isinstance(markup, dict):
        raise bad_request("object expected as reply markup")
    if "inline_keyboard" not in markup:
        if not {"keyboard", "remove_keyboard", "force_reply"} & set(markup):
            raise bad_request("can't parse reply keyboard markup: unknown kind")
        return None
    rows = [[_button(button) for button in row] for row in markup["inline_keyboard"] if row]
    return {"inline_keyboard": rows} if rows else None


def _button(button: Any) -> dict[str, Any]:
    if not isinstance(button, dict) or not button.get("text"):
        raise bad_request('can\'t parse inline keyboard button: Field "text" must be of type String')
    actions = [action for action in _BUTTON_ACTIONS if action in button]
    if not actions:
        raise bad_request("text buttons are unallowed in the inline keyboard")
    if "callback_data" in button and not 1 <= len(str(button["callback_data"]).encode()) <= 64:
        raise bad_request("BUTTON_DATA_INVALID")
    if "url" in button and not re.match(r"(https?://|tg://)?[^\s/.]+[^\s]*$", button["url"]):
        raise bad_request(f"inline keyboard button URL '{button['url']}' is invalid: URL host is empty")
    return button


def buttons(markup: dict[str, Any] | None) -> list[list[tuple[str, str]]]:
    """Rows of (text, callback data or URL)."""
    rows = (markup or {}).get("inline_keyboard", [])
    return [[(button["text"], button.get("callback_data", button.get("url", ""))) for button in row] for row in rows]
