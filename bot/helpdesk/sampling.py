"""Each week some confident answers of the week before, drawn at random, are judged by staff: how often what is sure is right.

A week is named by its Monday, in Asia/Shanghai. Only what was given as the answer counts: no asking back, no fallback, nothing of a
person's own record.
"""

import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from math import sqrt

from sqlalchemy import delete, exists, func, insert, select, update
from sqlalchemy.engine import Connection, Row
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from bot.db import Database, serialise
from bot.helpdesk.answeredwith import keys_of
from bot.helpdesk.models import Review, Sampled
from bot.inbox import missed
from bot.inbox.models import PROCESSED, SENT, Journal, Missed, Outbox
from bot.inbox.text import MAX_TEXT
from bot.nlu.catalogue import PREFIX
from bot.settings import ZONE

RIGHT, PARTLY, WRONG = "right", "partly", "wrong"
VERDICTS = (RIGHT, PARTLY, WRONG)
SIZE = 20
WORDS_KEPT = timedelta(weeks=26)
"""How long a sampled answer keeps its words; the judgement stays."""
CONFIDENCE_95 = 1.959964
"""Standard deviations of a normal distribution that hold 95 % of it."""
REMARK_LENGTH = 1000

_table, _outbox, _journal = Sampled.__table__, Outbox.__table__, Journal.__table__
_WORDED = _table.c.sender_id != ""
"""Where words have gone, the chat that they came from is gone with them."""


@dataclass(frozen=True)
class Share:
    """How many were judged what; of those judged the share that is right (0..1), between ``low`` and ``high`` with 95 % confidence.

    Without a judgement ``share`` is None and the bounds say nothing: 0 and 1.
    """

    right: int
    partly: int
    wrong: int
    waiting: int
    share: float | None
    low: float
    high: float

    @property
    def judged(self) -> int:
        return self.right + self.partly + self.wrong


def week_of(day: date) -> date:
    """The Monday of the day's week."""
    return day - timedelta(days=day.weekday())


def due(session: Session, today: date) -> date | None:
    """The week before that of ``today``, unless it has been drawn."""
    week = week_of(today) - timedelta(weeks=1)
    return None if session.execute(select(exists().where(_table.c.week == week))).scalar() else week


def draw(session: Session, now: datetime, chance: random.Random | None = None) -> int:
    """Draw the week before, once, all of it when it holds fewer than `SIZE`; how many were drawn. The caller commits.

    Also takes the words out of what was drawn long ago.
    """
    serialise(session, "sample")
    week = due(session, now.date())
    if week is None:
        return 0
    answers = _given(session, week)
    chosen = (chance or secrets.SystemRandom()).sample(answers, min(SIZE, len(answers)))
    rows = [_row(session, week, outbox_id) for outbox_id in chosen]
    if rows:
        session.execute(insert(_table), rows)
    _without_words(session, _over(now.date() - WORDS_KEPT))
    return len(rows)


def _given(session: Session, week: date) -> list[int]:
    start = datetime.combine(week, time(), ZONE)
    answered = select(_outbox.c.id).join(_journal, _journal.c.id == _outbox.c.journal_id)
    in_week = _outbox.c.created_at >= start, _outbox.c.created_at < start + timedelta(weeks=1)
    given = answered.where(_outbox.c.state == SENT, *in_week, _outbox.c.kind == "faq", _journal.c.state == PROCESSED)
    return list(session.execute(given.order_by(_outbox.c.id)).scalars())


def _row(session: Session, week: date, outbox_id: int) -> dict[str, object]:
    found = select(_outbox.c.sender_id, _outbox.c.payload, _journal.c.text, _journal.c.received_at)
    one = session.execute(found.join(_journal, _journal.c.id == _outbox.c.journal_id).where(_outbox.c.id == outbox_id)).one()
    told = keys_of(one.payload)
    return {
        "week": week,
        "outbox_id": outbox_id,
        "sender_id": one.sender_id,
        "question": one.text,
        "answer": one.payload.get("text") or "",
        "label": PREFIX + told[0] if told else None,
        "asked_at": one.received_at,
    }


def weeks(session: Session) -> list[tuple[date, int, int]]:
    """Every week drawn, the newest first: its Monday, how many answers, how many of them judged."""
    counted = select(_table.c.week, func.count(), func.count(_table.c.verdict)).group_by(_table.c.week).order_by(_table.c.week.desc())
    return [tuple(row) for row in session.execute(counted)]


def of_week(session: Session, week: date) -> Sequence[Row]:
    """The answers drawn from a week, in the order in which they came."""
    return session.execute(select(_table).where(_table.c.week == week).order_by(_table.c.id)).all()


def week_drawn(session: Session, sampled_id: int) -> date | None:
    """The week that an answer was drawn from; None for an unknown one."""
    week: date | None = session.execute(select(_table.c.week).where(_table.c.id == sampled_id)).scalar_one_or_none()
    return week


def one_of(session: Session, sampled_id: int) -> Row | None:
    """A drawn answer; None for an unknown one."""
    return session.execute(select(_table).where(_table.c.id == sampled_id)).one_or_none()


def questions_of(session: Session, one: Row) -> tuple[str, ...]:
    """The keys of all prepared questions that a drawn answer (a row of its table) answers; the first alone once the message is gone."""
    payload = session.execute(select(_outbox.c.payload).where(_outbox.c.id == one.outbox_id)).scalar_one_or_none()
    return keys_of(payload or {}) or ((one.label.removeprefix(PREFIX),) if one.label else ())


def judge(session: Session, sampled_id: int, verdict: str, remark: str, staff_id: int, now: datetime) -> bool:
    """Judge an answer that nobody has judged; False when somebody was faster. ValueError for an unknown verdict. The caller commits."""
    if verdict not in VERDICTS:
        raise ValueError(verdict)
    how = {"verdict": verdict, "remark": remark.strip()[:REMARK_LENGTH] or None, "staff_id": staff_id, "judged_at": now}
    return bool(session.execute(update(_table).where(_table.c.id == sampled_id, _table.c.verdict.is_(None)).values(**how)).rowcount)


def undo(session: Session, staff_id: int, sampled_id: int | None = None) -> int | None:
    """Take back one judgement of this member's, the last one unless another is named; its answer's id, None when there is none.

    A sentence that was sent to the missed comes back with it, unless it has been decided on there. The caller commits.
    """
    own = _table.c.staff_id == staff_id, _table.c.verdict.is_not(None)
    chosen = select(_table.c.id, _table.c.missed_id).where(*own, *([] if sampled_id is None else [_table.c.id == sampled_id]))
    last = session.execute(chosen.order_by(_table.c.judged_at.desc(), _table.c.id.desc()).limit(1)).first()
    if last is None:
        return None
    blank = {"verdict": None, "remark": None, "staff_id": None, "judged_at": None, "missed_id": None}
    if not session.execute(update(_table).where(_table.c.id == last.id, *own).values(**blank)).rowcount:
        return None
    session.execute(delete(Missed.__table__).where(Missed.id == last.missed_id, ~exists().where(Review.missed_id == Missed.id)))
    return int(last.id)


def to_missed(session: Session, sampled_id: int, now: datetime) -> bool:
    """Send the question of a wrong answer to the missed, once; False when it is there, or was not judged wrong. The caller commits.

    Of a choice out of an offer it is the sentence that led to the offer, while that is kept.
    """
    one = session.execute(select(_table.c.sender_id, _table.c.question, _table.c.outbox_id).where(_table.c.id == sampled_id)).first()
    if one is None or not one.question:
        return False
    text = (missed.sentence_behind(session, one.outbox_id) or one.question)[:MAX_TEXT]
    row = {"sender_id": one.sender_id, "text": text, "reason": missed.USELESS, "at": now}
    missed_id = session.execute(insert(Missed.__table__), row).inserted_primary_key[0]
    mine = _table.c.id == sampled_id, _table.c.verdict == WRONG, _table.c.missed_id.is_(None)
    if session.execute(update(_table).where(*mine).values(missed_id=missed_id)).rowcount:
        return True
    session.execute(delete(Missed.__table__).where(Missed.id == missed_id))
    return False


def share(session: Session, since: datetime, until: datetime | None = None) -> Share:
    """What became of the sampled answers to questions asked from ``since`` on, and before ``until``."""
    asked = [_table.c.asked_at >= since, *([] if until is None else [_table.c.asked_at < until])]
    rows = session.execute(select(_table.c.verdict, func.count()).where(*asked).group_by(_table.c.verdict))
    counts = {verdict: int(count) for verdict, count in rows}
    right, partly, wrong = (counts.get(verdict, 0) for verdict in VERDICTS)
    judged = right + partly + wrong
    low, high = wilson(right, judged)
    return Share(right, partly, wrong, counts.get(None, 0), right / judged if judged else None, low, high)


def wilson(hits: int, tries: int) -> tuple[float, float]:
    """The bounds (0..1) between which Wilson's method puts the true share with 95 % confidence; (0, 1) without a try."""
    if not tries:
        return 0.0, 1.0
    square = CONFIDENCE_95**2
    middle = (hits + square / 2) / (tries + square)
    half = CONFIDENCE_95 / (tries + square) * sqrt(hits * (tries - hits) / tries + square / 4)
    return max(0.0, middle - half), min(1.0, middle + half)


def forget(session: Session, sender_id: str) -> None:
    """Empty what was sampled of the chat's words: the person had everything said deleted. The judgements stay. The caller commits."""
    session.execute(delete(_table).where(_table.c.sender_id == sender_id, _table.c.verdict.is_(None)))
    _without_words(session, _table.c.sender_id == sender_id)


def old(connection: Session | Connection, before: datetime) -> int:
    """How many sampled answers of weeks that were over by then still have their words."""
    worded = select(func.count()).select_from(_table).where(_over(before.astimezone(ZONE).date()), _WORDED)
    return int(connection.execute(worded).scalar_one())


def purge(database: Database, before: datetime) -> int:
    """Empty the words of weeks that were over by then; of how many answers. DatabaseFault."""
    with database.begin() as connection:
        return _without_words(connection, _over(before.astimezone(ZONE).date()))


def _over(day: date) -> ColumnElement:
    """Whether a week had ended when the day began."""
    return _table.c.week <= day - timedelta(weeks=1)


def _without_words(connection: Session | Connection, which: ColumnElement) -> int:
    emptied = update(_table).where(which, _WORDED).values(question="", answer="", remark=None, sender_id="")
    return int(connection.execute(emptied).rowcount)
