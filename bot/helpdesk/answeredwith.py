"""Which prepared questions an outgoing message answers: its metadata names all of them as ``questions``.

A message written before there could be several names its one, or the first of several, as ``question``.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import case, func

from bot.inbox.models import Outbox

_KINDS = ("faq", "account")  # of no other kind is worth opening the payload: an answer from somebody's record may follow a rule
_of = Outbox.__table__.c

QUESTIONS = case(
    (
        _of.kind.in_(_KINDS),
        func.coalesce(_of.payload[("metadata", "questions")].as_string(), _of.payload[("metadata", "question")].as_string()),
    )
)
"""Of a row of the outbox the text that ``keys`` reads; NULL where it answers none."""


@lru_cache(maxsize=1000)
def keys(told: str | None) -> tuple[str, ...]:
    """The keys in the text of ``QUESTIONS``: a JSON list, or one key as it is."""
    if told is None:
        return ()
    return tuple(json.loads(told)) if told.startswith("[") else (told,)


def keys_of(payload: Mapping[str, Any]) -> tuple[str, ...]:
    """The keys in a message as it was sent."""
    metadata = payload.get("metadata") or {}
    return tuple(metadata.get("questions") or filter(None, [metadata.get("question")]))
