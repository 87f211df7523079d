"""One day's messages out of the database."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from operator import itemgetter
from typing import Any

import numpy as np
from sqlalchemy import DateTime, and_, bindparam, select, type_coerce
from sqlalchemy.orm import Session

from bot.helpdesk.answeredwith import QUESTIONS, keys
from bot.helpdesk.dashboard.inflow import ENDS, NO_REPLY, NOTHING, UNANSWERED, Inflow, Names
from bot.inbox.models import Journal, Outbox
from bot.inbox.outcome import outcome

OF_PEOPLE = ("staff", "system")
"""Kinds of outgoing messages that are no answer of the bot's."""

TICK = timedelta(microseconds=1)
TICKS_A_MILLISECOND, HOUR = 1000, 3600 * 10**6
LONGEST_REPLY = np.iinfo(np.int32).max  # milliseconds, 24 days

_journal, _outbox = Journal.__table__, Outbox.__table__
_BEGIN, _END = bindparam("begin", type_=_journal.c.received_at.type), bindparam("end", type_=_journal.c.received_at.type)
DURING = and_(_journal.c.received_at >= _BEGIN, _journal.c.received_at < _END)
"""Received between the parameters ``begin`` and ``end``."""
_MESSAGES = select(_journal.c.id, _journal.c.channel, type_coerce(_journal.c.received_at, DateTime))
_ANSWERS = (
    select(_outbox.c.id, _journal.c.id, _outbox.c.kind, type_coerce(_outbox.c.created_at, DateTime), QUESTIONS)
    .select_from(_journal.join(_outbox, _outbox.c.journal_id == _journal.c.id))
    .where(_outbox.c.kind.not_in(OF_PEOPLE))
)
_MESSAGES_OF_DAY, _ANSWERS_OF_DAY = _MESSAGES.where(DURING), _ANSWERS.where(DURING)
_NEWER_MESSAGES = _MESSAGES.where(_journal.c.id > bindparam("seen"))
_NEWER_ANSWERS = _ANSWERS.where(_outbox.c.id > bindparam("seen"))


def read(session: Session, begin: datetime, end: datetime, channels: Names, questions: Names) -> Inflow:
    """What was received from ``begin`` on and before ``end``, a day of Asia/Shanghai; codes are taken from the names given."""
    return Rows(session, begin, end).inflow(channels, questions)


class Rows:
    """The rows of one such day, kept where more are to come: none of them changes. Moments are microseconds since the day began."""

    def __init__(self, session: Session, begin: datetime, end: datetime) -> None:
        self._begin, self._start, self._length = begin, _stored(begin), (end - begin) // TICK
        self._messages: dict[int, Any] = {}
        self._answers: dict[int, Any] = {}
        span = {"begin": begin, "end": end}
        self._take(session.execute(_MESSAGES_OF_DAY, span), session.execute(_ANSWERS_OF_DAY, span))

    def catch_up(self, session: Session, last_message: int, last_answer: int) -> None:
        """Take in the rows above these ids, of which some may be here already."""
        self._take(session.execute(_NEWER_MESSAGES, {"seen": last_message}), session.execute(_NEWER_ANSWERS, {"seen": last_answer}))

    def _take(self, messages: Iterable[Any], answers: Iterable[Any]) -> None:
        for number, channel, received_at in messages:
            if 0 <= (received := (received_at - self._start) // TICK) < self._length:
                self._messages[number] = (number, channel, received)
        for number, journal_id, kind, created_at, told in answers:
            if journal_id in self._messages:
                self._answers[number] = (journal_id, kind, (created_at - self._start) // TICK, told)

    def inflow(self, channels: Names, questions: Names) -> Inflow:
        """The day as arrays."""
        if not self._messages:
            return NOTHING
        return _arrays(self._begin, list(self._messages.values()), list(self._answers.values()), channels, questions)


def _stored(moment: datetime) -> datetime:
    """As moments are stored: UTC without a zone."""
    return moment.astimezone(timezone.utc).replace(tzinfo=None)


def _arrays(begin: datetime, messages: Sequence[Any], answers: Sequence[Any], channels: Names, questions: Names) -> Inflow:
    order = sorted(messages, key=itemgetter(2, 0))
    place = {row[0]: at for at, row in enumerate(order)}
    answers = [(place[row[0]], *row[1:]) for row in answers]
    received = np.array([row[2] for row in order], np.int64)
    return Inflow(
        ids=np.array([row[0] for row in order], np.int64),
        days=np.full(len(order), begin.date().toordinal(), np.int32),
        hours=(received // HOUR).astype(np.int8),
        channels=np.array([channels.code(row[1]) for row in order], np.int16),
        ends=_ends(len(order), answers),
        replies=_replies(received, np.array([row[2] for row in answers], np.int64), answers),
        asked=_asked(answers, questions),
    )


def _ends(count: int, answers: Sequence[Any]) -> Any:
    kinds: list[frozenset[str]] = [frozenset()] * count
    for at, kind, *_ in answers:
        kinds[at] = _with(kinds[at], kind)
    return np.array([_end(every) for every in kinds], np.int8)


def _replies(received: Any, told: Any, answers: Sequence[Any]) -> Any:
    """Milliseconds to the first answer, whichever was written down first; ``told`` runs parallel to ``answers``."""
    at = np.array([row[0] for row in answers], np.int64)
    never = np.iinfo(np.int64).max
    soonest = np.full(len(received), never, np.int64)
    np.minimum.at(soonest, at, np.maximum((told - received[at]) // TICKS_A_MILLISECOND, 0))
    return np.where(soonest == never, NO_REPLY, np.minimum(soonest, LONGEST_REPLY)).astype(np.int32)


def _asked(answers: Sequence[Any], questions: Names) -> Any:
    pairs = sorted({(at, questions.code(key)) for at, _, _, told in answers if told is not None for key in keys(told)})
    return np.array(pairs, np.int64).reshape(-1, 2)


@lru_cache(maxsize=1000)
def _with(kinds: frozenset[str], kind: str) -> frozenset[str]:
    return kinds | {kind}


@lru_cache(maxsize=1000)
def _end(kinds: frozenset[str]) -> int:
    return ENDS.index(outcome(kinds) or UNANSWERED)
