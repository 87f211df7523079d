"""Decisions on missed sentences: taught as a question, out of scope, discarded; and taking the last one back.

Of two reviewers who decide on one sentence the first wins. A decision is a row for each sentence; those of one keystroke share a batch.
"""

import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql import ColumnElement

from bot.db import Database, serialise
from bot.helpdesk.learning.cleaning import Unfit, cleaned, names_in
from bot.helpdesk.learning.corpus import Corpus, spelling
from bot.helpdesk.learning.teachable import OUT_OF_SCOPE
from bot.helpdesk.models import Lesson, Review, Staff
from bot.inbox.models import Missed

TURN = "review"
"""What reviewers and an export take turns at."""
LESSON, DISCARDED = "lesson", "discarded"
"""Decisions, beside OUT_OF_SCOPE."""

IN_DATA, IN_EVALUATION, OTHER_LESSON, GONE = "in_data", "in_evaluation", "other_lesson", "gone"
"""Why a sentence is refused, beside the reasons of cleaning."""

_STANDING = Review.undone_at.is_(None)


class UnknownLabel(Exception):  # noqa: N818
    """The label is none that can be taught."""


@dataclass(frozen=True)
class Decided:
    """What became of a decision: ids done; by id the number of who was first; by id the reason of a refusal. No batch: nothing was done."""

    batch: str | None
    done: Sequence[int] = ()
    taken: dict[int, int] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Undone:
    """How many sentences are open again, and how many lessons went whose sentence is there no more.

    Nothing of both and ``exported`` when the lessons already stand in the files.
    """

    count: int
    exported: bool = False
    gone: int = 0


def teach(
    database: Database, corpus: Corpus, labels: Collection[str], staff_id: int, missed_ids: Iterable[int], label: str, now: datetime
) -> Decided:
    """Teach the sentences as ``label``, one of ``labels`` or out of scope. UnknownLabel."""
    if label != OUT_OF_SCOPE and label not in labels:
        raise UnknownLabel(label)
    wanted = list(dict.fromkeys(missed_ids))
    texts, refused = _fit(database, corpus, wanted)
    batch, decision = secrets.token_hex(8), OUT_OF_SCOPE if label == OUT_OF_SCOPE else LESSON
    done: list[int] = []
    with database.write() as session:
        serialise(session, TURN)
        taken, there = _decided(session, wanted), _there(session, wanted)
        held = {spelling(row.text): row for row in session.execute(select(Lesson)).scalars()}
        for missed_id in wanted:
            if missed_id in taken or missed_id in refused:
                continue
            if missed_id not in there:
                refused[missed_id] = GONE
                continue
            lesson = held.get(spelling(texts[missed_id]))
            if lesson is None:
                lesson = Lesson(text=texts[missed_id], label=label, batch=batch, staff_id=staff_id, at=now)
                session.add(lesson)
                held[spelling(lesson.text)] = lesson
            elif lesson.label != label:
                refused[missed_id] = OTHER_LESSON
                continue
            elif lesson.exported_at is not None:  # exported, yet in no file: nobody has taken the export over
                lesson.exported_at, lesson.batch, lesson.staff_id, lesson.at = None, batch, staff_id, now
            session.add(Review(missed_id=missed_id, batch=batch, decision=decision, text=lesson.text, staff_id=staff_id, at=now))
            done.append(missed_id)
    return Decided(batch if done else None, done, taken, {key: why for key, why in refused.items() if key not in taken})


def discard(database: Database, staff_id: int, missed_ids: Iterable[int], now: datetime) -> Decided:
    """The sentences are nothing to learn from."""
    wanted = list(dict.fromkeys(missed_ids))
    batch = secrets.token_hex(8)
    with database.write() as session:
        serialise(session, TURN)
        taken, there = _decided(session, wanted), _there(session, wanted)
        done = [missed_id for missed_id in wanted if missed_id in there and missed_id not in taken]
        session.add_all(Review(missed_id=missed_id, batch=batch, decision=DISCARDED, staff_id=staff_id, at=now) for missed_id in done)
    gone = {missed_id: GONE for missed_id in wanted if missed_id not in there}
    return Decided(batch if done else None, done, taken, gone)


def undo(database: Database, staff_id: int, now: datetime) -> Undone:
    """Take back the newest decision of this reviewer that stands. Its lessons go, unless another decision rests on them."""
    with database.write() as session:
        serialise(session, TURN)
        batch = _newest(session, staff_id)
        if batch is None:
            return Undone(0)
        brought = session.execute(select(Lesson).where(Lesson.batch == batch)).scalars().all()
        if any(lesson.exported_at is not None for lesson in brought):
            return Undone(0, exported=True)
        heirs = {lesson: _heir(session, lesson) for lesson in brought}
        gone = sum(heir is None and not _reviewed(session, lesson) for lesson, heir in heirs.items())
        for lesson, heir in heirs.items():
            if heir is None:
                session.execute(delete(Lesson).where(Lesson.id == lesson.id))
            else:
                lesson.batch = heir
        return Undone(_reopen(session, Review.batch == batch, now), gone=gone)


def take_back(database: Database, lesson_id: int, staff_id: int | None, now: datetime) -> Undone:
    """Take back one lesson with every decision that rests on it; with ``staff_id`` only one that this reviewer brought."""
    with database.write() as session:
        serialise(session, TURN)
        lesson = session.get(Lesson, lesson_id)
        if lesson is None or staff_id not in (None, lesson.staff_id):
            return Undone(0)
        if lesson.exported_at is not None:
            return Undone(0, exported=True)
        gone = int(not _reviewed(session, lesson))
        session.execute(delete(Lesson).where(Lesson.id == lesson_id))
        return Undone(_reopen(session, Review.text == lesson.text, now), gone=gone)


def _newest(session: Session, staff_id: int) -> str | None:
    """The batch of this reviewer's newest decision: the reviews may be gone with their sentences while its lesson stands."""
    reviewed = select(Review.at, Review.batch).where(Review.staff_id == staff_id, _STANDING).order_by(Review.id.desc()).limit(1)
    orphaned = (
        select(Lesson.at, Lesson.batch)
        .where(Lesson.staff_id == staff_id, Lesson.exported_at.is_(None), Lesson.batch.not_in(select(Review.batch)))
        .order_by(Lesson.id.desc())
        .limit(1)
    )
    found = [row for query in (reviewed, orphaned) if (row := session.execute(query).first()) is not None]
    return str(max(found, key=lambda row: row.at).batch) if found else None


def _heir(session: Session, lesson: Lesson) -> str | None:
    """The batch of another decision that rests on the lesson."""
    others = select(Review.batch).where(Review.text == lesson.text, _STANDING, Review.batch != lesson.batch)
    return session.execute(others.order_by(Review.id).limit(1)).scalar_one_or_none()


def _reviewed(session: Session, lesson: Lesson) -> bool:
    """Whether a sentence that the lesson was made from is still there."""
    return bool(session.execute(select(exists().where(Review.text == lesson.text, _STANDING))).scalar())


def _reopen(session: Session, which: ColumnElement[bool], now: datetime) -> int:
    back = session.execute(update(Review).where(which, _STANDING).values(undone_at=now).execution_options(synchronize_session=False))
    return int(back.rowcount)


def _fit(database: Database, corpus: Corpus, missed_ids: Sequence[int]) -> tuple[dict[int, str], dict[int, str]]:
    """By id the cleaned sentence, and by id why it cannot be taught."""
    texts, refused = {}, {}
    with database.read() as session:
        rows = session.execute(select(Missed.id, Missed.text, Missed.sender_id).where(Missed.id.in_(missed_ids))).all()
        named = {row.id: names_in(session, row.text, row.sender_id) for row in rows}
    for row in rows:
        try:
            texts[row.id] = sentence = cleaned(row.text, named[row.id])
        except Unfit as fault:
            refused[row.id] = fault.reason
            continue
        if corpus.label_of(sentence) is not None:
            refused[row.id] = IN_DATA
        elif corpus.is_tested(sentence):
            refused[row.id] = IN_EVALUATION
    return texts, refused


def _decided(session: Session, missed_ids: Collection[int]) -> dict[int, int]:
    """By id the number of whoever has decided on it."""
    rows = session.execute(
        select(Review.missed_id, Staff.number).join(Staff, Staff.id == Review.staff_id).where(
            Review.missed_id.in_(missed_ids), Review.undone_at.is_(None)
        )
    )  # fmt: skip
    return {row.missed_id: row.number for row in rows}


def _there(session: Session, missed_ids: Collection[int]) -> set[int]:
    return set(session.execute(select(Missed.id).where(Missed.id.in_(missed_ids))).scalars())
