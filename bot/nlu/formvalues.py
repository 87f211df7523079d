"""Values of forms: of the bind form recognised by their shape; of a message that is left, whatever is said."""

import re
import unicodedata
from functools import lru_cache

from bot.nlu.classifier import Guess
from bot.nlu.text import bare, canonical, either, lexicon, simplify

MESSAGE = "message_text"
"""The form value that is a message left for the staff."""
_LEAST_MESSAGE = 6  # characters behind a blank or a comma alone that are words for the staff, not words about leaving some

# Every code holds a digit; ten letters alone are a word of pinyin.
_CODE = re.compile(r"(?<![A-Za-z0-9])(?=[A-Za-z]*\d)[A-Za-z0-9]{10}(?![A-Za-z0-9])")
_NEARLY_CODE = re.compile(r"[A-Za-z0-9-]{4,16}")
_DOTS = "·•・․‧⋅∙. "
_NAME = re.compile(rf"[\u3400-\u9fff]{{2,8}}|[\u3400-\u9fff]+(?:[{_DOTS}]+[\u3400-\u9fff]+)+|[A-Za-z]+(?:[{_DOTS}]+[A-Za-z]+)+")
_CLOSING = " 。,.!;~、"


@lru_cache(maxsize=1)
def _bind_sentences() -> tuple[re.Pattern[str], ...]:
    labels = lexicon()["bind_labels"]
    gap = r"[\s::,,。、/]"
    name, code = r"(?P<name>[^\s\d,,::][^\d,,::]{0,38}?)", r"(?P<code>[A-Za-z0-9]{4,16})"
    full_code = rf"(?P<code>{_CODE.pattern})"
    start = rf"^{gap}*(?:{either(lexicon()['commands']['bind'])}){gap}*"
    called, coded = rf"(?:(?:{either(labels['name'])}){gap}*)?", rf"(?:(?:{either(labels['code'])}){gap}*)?"
    orders = (
        rf"{start}{called}{name}{gap}+{coded}{code}{gap}*$",
        rf"{start}{coded}{code}{gap}+{called}{name}{gap}*$",
        rf"{start}{called}{name}(?<=[\u3400-\u9fff]){coded}{full_code}{gap}*$",
        rf"{start}{coded}{full_code}(?=[\u3400-\u9fff]){called}{name}{gap}*$",
    )
    return tuple(map(re.compile, orders))


def bind_sentence(text: str) -> dict[str, str] | None:
    """Name and code of ``绑定 <姓名> <绑定码>`` in either order; None for any other message."""
    folded = unicodedata.normalize("NFKC", text)
    for pattern in _bind_sentences():
        match = pattern.match(folded)
        if match:
            return {"bind_name": match["name"].strip(), "bind_code": match["code"].upper()}
    return None


@lru_cache(maxsize=1)
def _begun() -> re.Pattern[str]:
    labels, gap = lexicon()["bind_labels"], r"[\s::,,。、/]"
    start = rf"^{gap}*(?:{either(lexicon()['commands']['bind'])}){gap}*"
    return re.compile(rf"{start}(?:(?:{either(labels['code'])}){gap}*)?(?P<code>{_CODE.pattern}){gap}*$")


def begun_with_code(text: str) -> str | None:
    """The code of ``绑定 <绑定码>``, as a link that carries it says; None for any other message."""
    match = _begun().match(unicodedata.normalize("NFKC", text))
    return match["code"].upper() if match else None


def dictated(text: str) -> tuple[str, dict[str, str]]:
    """Intent and values of what is said while a message is being left: everything is part of it but a few commands and mere signs."""
    said = bare(text)
    for command in lexicon()["not_a_message"]:
        if said in lexicon()["commands"][command]:
            return command, {}
    if not any(sign.isalnum() for sign in text):
        return "nlu_fallback", {}
    begun = _message_start().match(text)
    if begun is None or not _has_words(begun["message"]):
        return "inform", {MESSAGE: text.strip()}
    if _introduced(begun) or not _asks(begun["message"]) or len(begun["message"].strip()) >= _LEAST_MESSAGE:
        return "inform", {MESSAGE: begun["message"].strip()}
    return "leave_message", {}


@lru_cache(maxsize=1)
def _message_start() -> re.Pattern[str]:
    return re.compile(rf"^\s*(?:{either(lexicon()['message_starts'])})(?P<sign>\s*[:,，：]\s*|\s+)(?P<message>\S.*)$", re.DOTALL)


def message_sentence(text: str) -> dict[str, str] | None:
    """The message of ``留言：…`` in one go; None for any other sentence.

    Behind a blank or a comma a question (留言 在哪写), or a word or two, is none: whoever waits would lose their place to it.
    """
    match = _message_start().match(text)
    if match is None or not _has_words(match["message"]):
        return None
    said = match["message"].strip()
    return {MESSAGE: said} if _introduced(match) or (len(said) >= _LEAST_MESSAGE and not _asks(said)) else None


def left_at_once(text: str) -> tuple[str, dict[str, str]] | None:
    """Intent and values of a sentence that begins with leaving a message; without its words the message is asked for. None for others."""
    left = message_sentence(text)
    if left:
        return "leave_message_direct", left
    match = _message_start().match(text)
    return ("leave_message", {}) if match and _has_words(match["message"]) else None


def _introduced(start: re.Match[str]) -> bool:
    return start["sign"].strip() in (":", "：")


def _has_words(text: str) -> bool:
    return any(sign.isalnum() for sign in text)


def _asks(text: str) -> bool:
    words = (*lexicon()["question_words"], *lexicon()["message_questions"])
    return any(word in canonical(text) for word in words) or any(sign in text for sign in "?？")


def fitting(requested: str, text: str, best: Guess) -> str | None:
    """The value for the requested form slot if the message is one, None when it reads as something else.

    A value that fits wins over intents, a message with question words or a known sentence wins over a value.
    """
    folded = unicodedata.normalize("NFKC", text).strip()
    if requested == "bind_code":
        return _code(folded)
    return _name(folded, best)


def _code(folded: str) -> str | None:
    inside = _CODE.search(folded)
    if inside:
        return inside.group().upper()
    mistyped = _NEARLY_CODE.fullmatch(folded) and (any(c.isdigit() for c in folded) or folded.isupper())
    return folded.upper() if mistyped else None


def _name(folded: str, best: Guess) -> str | None:
    for lead in lexicon()["name_leads"]:
        if folded.startswith(lead) and len(folded) > len(lead) + 1:
            folded = folded[len(lead) :].lstrip(" :")
    folded = folded.rstrip(_CLOSING)
    if not _NAME.fullmatch(folded):
        return None
    if best.confidence == 1.0 or any(word in simplify(folded) for word in lexicon()["never_in_names"]):
        return None
    return folded
