"""The messages of many days, kept in memory for as long as nothing about them has changed."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from bot.db import Database
from bot.helpdesk.dashboard.inflow import NOTHING, Inflow, Names, joined
from bot.helpdesk.dashboard.inflowday import DURING, Rows, read
from bot.helpdesk.period import Period, midnight
from bot.inbox.models import Journal, Outbox

SETTLED = timedelta(hours=1)
"""So long after its end a day counts as finished: what was received in its last seconds has been written down by then."""

_journal, _outbox = Journal.__table__, Outbox.__table__
_IDS = select(func.min(_journal.c.id), func.max(_journal.c.id)).where(DURING)
_RECEIVED = select(func.count()).select_from(_journal).where(DURING)
_ANSWERS = select(func.count(), func.sum(_outbox.c.journal_id)).where(_outbox.c.journal_id.between(bindparam("least"), bindparam("most")))
_COUNTS = [select(func.count()).select_from(table) for table in (_journal, _outbox)]
_NEW_MESSAGES = select(func.count(), func.max(_journal.c.id), func.min(_journal.c.received_at)).where(_journal.c.id > bindparam("seen"))
_NEW_ANSWERS = select(func.count(), func.max(_outbox.c.id), func.min(_outbox.c.journal_id)).where(_outbox.c.id > bindparam("seen"))


@dataclass(frozen=True)
class _Seen:
    """How many rows journal and outbox had, and their highest ids."""

    messages: int = 0
    answers: int = 0
    last_message: int = 0
    last_answer: int = 0


@dataclass
class _Kept:
    """A day; ``ids`` are its first and last. ``round`` is when its ``marks`` were last compared."""

    inflow: Inflow
    ids: Any
    marks: Any
    round: int


@dataclass
class _Going:
    """A day that is not over: its rows, and what had been seen of all rows before they were read, in which round."""

    rows: Rows
    seen: _Seen
    round: int


class Days:
    """The messages of days in one database, read once a day that is over, and again only when a row of it came, went or was answered.

    Ids only grow and finished days get no messages, so that two counts tell that nothing but newer rows came: then nothing else is asked.
    Else each day's rows are counted over two indexes, a tenth of the cost of reading them. Of a day that is not over the newer rows are
    taken in. Threads take turns.
    """

    def __init__(self) -> None:
        self.channels, self.questions = Names(), Names()
        self._kept: dict[date, _Kept] = {}
        self._going: dict[date, _Going] = {}
        self._seen, self._round = _Seen(), 0
        self._lock = Lock()

    def of(self, session: Session, period: Period, now: datetime) -> Inflow:
        """All messages received in the period, as they are at this moment."""
        with self._lock:
            self._look(session)
            return joined([self._day(session, day, now) for day in period])

    def _look(self, session: Session) -> None:
        """Begin a new round, in which each day is checked once, unless newer messages and answers to newer messages are all that came."""
        seen = self._seen
        messages, answers = (session.execute(count).scalar_one() for count in _COUNTS)
        more, last_message, earliest = session.execute(_NEW_MESSAGES, {"seen": seen.last_message}).one()
        told, last_answer, oldest = session.execute(_NEW_ANSWERS, {"seen": seen.last_answer}).one()
        kept = [one.ids[1] for one in self._kept.values() if one.ids[1] is not None]
        over = max((midnight(day + timedelta(days=1)) for day in self._kept), default=None)
        grown = (messages, answers) == (seen.messages + more, seen.answers + told)
        newer = over is None or earliest is None or earliest >= over
        fresh = not kept or oldest is None or oldest > max(kept)
        if not (grown and newer and fresh):
            self._round += 1
        self._seen = _Seen(messages, answers, last_message or seen.last_message, last_answer or seen.last_answer)

    def _day(self, session: Session, day: date, now: datetime) -> Inflow:
        begin, end = midnight(day), midnight(day + timedelta(days=1))
        if begin > now:
            return NOTHING
        if end + SETTLED > now:
            return self._today(session, day, begin, end)
        self._going.pop(day, None)
        kept = self._kept.get(day)
        if kept is not None and (kept.round == self._round or kept.marks == _marks(session, begin, end, kept.ids)):
            kept.round = self._round
            return kept.inflow
        ids = tuple(session.execute(_IDS, {"begin": begin, "end": end}).one())
        marks = _marks(session, begin, end, ids)  # before reading: what changes meanwhile is then seen as a change
        inflow = read(session, begin, end, self.channels, self.questions)
        self._kept[day] = _Kept(inflow, ids, marks, self._round)
        return inflow

    def _today(self, session: Session, day: date, begin: datetime, end: datetime) -> Inflow:
        going = self._going.get(day)
        if going is None or going.round != self._round:  # rows went, or an id below those seen came
            going = self._going[day] = _Going(Rows(session, begin, end), self._seen, self._round)
        else:
            going.rows.catch_up(session, going.seen.last_message, going.seen.last_answer)
            going.seen = self._seen
        return going.rows.inflow(self.channels, self.questions)


def _marks(session: Session, begin: datetime, end: datetime, ids: Any) -> Any:
    """What differs as soon as a message of the day came or went, or an answer to one did."""
    count = session.execute(_RECEIVED, {"begin": begin, "end": end}).scalar_one()
    if ids[0] is None:
        return count, 0, None
    return (count, *session.execute(_ANSWERS, {"least": ids[0], "most": ids[1]}).one())


_days: "WeakKeyDictionary[Database, Days]" = WeakKeyDictionary()
_first = Lock()


def days_of(database: Database) -> Days:
    """What this process keeps of the database's days."""
    with _first:
        return _days.setdefault(database, Days())
