"""What is done about each kind of message: a sentence for the dialogue, or an answer of the channel's own."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.channels.saying import saying, saying_all
from bot.channels.wechat import menu
from bot.channels.wechat.incoming import EVENT, Incoming
from bot.channels.wechat.numbers import line, number_of
from bot.inbox.question import Ask, Finish, Handled, Question
from bot.inbox.reach import Reached
from bot.inbox.turns import StoredTurn
from bot.messages import message

_CODE = re.compile(r"[2-9A-HJ-NP-Za-hj-np-z]{10}")
_SUBSCRIPTION = "qrscene_"
_TOKEN_OF_ONE = 1  # a message this short fetches what was promised
_NO_WORD_BEHIND = re.compile(r"\W+$")


@dataclass(frozen=True)
class Act:
    """What the dialogue is given (and the journal keeps), and who answers it."""

    text: str
    ask: Ask


def act_of(incoming: Incoming, reached: Reached, ask: Ask, fetch: Ask) -> Act | None:
    """What to do about the message; None for an event that nobody expects an answer to. ``fetch`` gives what was promised."""
    if incoming.kind == EVENT:
        return _of_event(incoming, ask)
    if incoming.kind == "text":
        return _of_text(incoming.elements.get("Content", ""), reached, ask, fetch)
    if incoming.kind == "voice":
        heard = incoming.elements.get("Recognition", "").strip()
        return _of_text(heard, reached, ask, fetch) if heard else _shown("voice")
    return _shown(incoming.kind if incoming.kind in ("image", "location", "link", "video", "shortvideo") else "other")


def _of_event(incoming: Incoming, ask: Ask) -> Act | None:
    key = incoming.event_key
    if incoming.event == "subscribe":
        return _welcome(key.removeprefix(_SUBSCRIPTION), ask, "welcome")
    if incoming.event == "scan":
        return _welcome(key, ask, "scanned")
    if incoming.event == "click":
        said = menu.said_by(key)
        return Act(said, ask) if said else _shown("old_entry")
    return None


def _welcome(scene: str, ask: Ask, sentence: str) -> Act:
    """A greeting, then what this chat is bound to; with a bind code in the scene the binding begins at once."""
    said = message("channels.wechat.bind", code=scene.upper()) if _CODE.fullmatch(scene) else message("channels.wechat.whose")
    return Act(said, _greeting(message(f"channels.wechat.{sentence}"), ask))


def _of_text(text: str, reached: Reached, ask: Ask, fetch: Ask) -> Act:
    bare = _NO_WORD_BEHIND.sub("", text)
    if reached.promised and (len(bare.strip()) <= _TOKEN_OF_ONE or bare.strip().lower() in message("channels.wechat.tokens").split()):
        return Act(text, fetch)
    number = number_of(text)
    if number is None or not reached.offered:
        return Act(text, ask)
    titles = reached.offered
    if number > len(titles):
        lines = "\n".join(line(place, title) for place, (title, _) in enumerate(titles, 1))
        return Act(text, _again(message("channels.wechat.no_such_line", number=number, most=len(titles), lines=lines), reached))
    title, payload = titles[number - 1]
    if reached.offer_stale:
        return Act(text, _again(message("channels.wechat.old_number", number=number, title=title), reached, number))
    return Act(payload, ask)


def _again(text: str, reached: Reached, only: int | None = None) -> Ask:
    options = reached.offered if only is None else reached.offered[only - 1 : only]
    buttons = [{"title": title, "payload": payload} for title, payload in options]
    return saying_all([{"text": text, "buttons": buttons, "metadata": {"kind": "ask_back", "feedback": False}}])


def _shown(kind: str) -> Act:
    return Act(message(f"channels.wechat.marks.{kind}"), saying(message(f"channels.wechat.kinds.{kind}")))


def _greeting(text: str, ask: Ask) -> Ask:
    async def greeting_first(question: Question, finish: Finish) -> Handled:
        async def with_greeting(payloads: Sequence[Mapping[str, Any]], turns: Sequence[StoredTurn]) -> Handled:
            return await finish([{"text": text, "metadata": {"kind": "smalltalk", "feedback": False}}, *payloads], turns)

        return await ask(question, with_greeting)

    return greeting_first
