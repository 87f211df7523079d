"""Answers that a channel gives itself, to what is no text: written down and delivered like any other, without asking Rasa."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.inbox.question import Ask, Finish, Handled, Question

KIND = "channel"


def saying(text: str, buttons: Sequence[str] = ()) -> Ask:
    """In place of Rasa: answers whatever is asked with this text; a button says its own sentence."""
    payload: dict[str, Any] = {"text": text, "metadata": {"kind": KIND, "feedback": False}}
    if buttons:
        payload["buttons"] = [{"title": title, "payload": title} for title in buttons]
    return saying_all([payload])


def saying_all(payloads: Sequence[Mapping[str, Any]]) -> Ask:
    """In place of Rasa: these messages."""

    async def ask(_question: Question, finish: Finish) -> Handled:
        return await finish(payloads, [])

    return ask
