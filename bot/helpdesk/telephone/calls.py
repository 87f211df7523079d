"""Calls (来电记录): what was asked, what was read out, how it ended, and which ones are still to be called back."""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from bot.helpdesk import period
from bot.helpdesk.models import CallRecord, Staff
from bot.hours.models import Person
from bot.inbox import missed
from bot.inbox.text import mask, mask_codes, normalise

ANSWERED, CALL_BACK, ELSEWHERE = OUTCOMES = ("answered", "call_back", "elsewhere")
PAGE = 50
MOST_QUESTION, MOST_ANSWER, MOST_DETAIL = 500, 4000, 500
_PHONE = re.compile(r"\+?[0-9]{5,20}(#[0-9]{1,6})?")


class CallRefusedError(Exception):
    """A call that cannot be saved. ``faults``: by field, the key of the reason in words/calls.yml."""

    def __init__(self, faults: dict[str, str]) -> None:
        super().__init__(", ".join(faults))
        self.faults = faults


@dataclass(frozen=True)
class NewCall:
    """What staff wrote down. ``person_id`` None: not recognised; ``unanswered``: the bot's answer was none, or wrong.

    ``told_elsewhere``: why the answer belongs to somebody else or to another question, a fault's key; empty where it does not.
    """

    question: str
    answer: str
    outcome: str
    person_id: int | None = None
    label: str | None = None
    clause: str = ""
    figures: dict[str, Any] | None = None
    detail: str = ""
    phone: str = ""
    unanswered: bool = False
    told_elsewhere: str = ""


@dataclass(frozen=True)
class Filter:
    """Which calls a list shows; None and False leave out nothing."""

    day: date | None = None
    staff_id: int | None = None
    outcome: str | None = None
    waiting: bool = False  # to be called back, and not called yet


@dataclass(frozen=True)
class Call:
    """A call as lists and its own page show it. ``person`` is a name; None for a caller who was not recognised, or is gone."""

    id: int
    at: datetime
    staff: str
    staff_number: int
    person_id: int | None
    person: str | None
    unit: str | None
    question: str
    label: str | None
    answer: str
    clause: str | None
    figures: dict[str, Any] | None
    outcome: str
    detail: str | None
    phone: str | None
    caller: str | None
    called_back_at: datetime | None
    called_back_by: str | None

    @property
    def waits(self) -> bool:
        return self.outcome == CALL_BACK and self.called_back_at is None


def dialled(text: str) -> str:
    """A telephone number as it is kept: digits alone, an extension after ``#``; empty for what is none."""
    plain = re.sub(r"[\s()\-]", "", unicodedata.normalize("NFKC", text)).removeprefix("+86")
    return plain if _PHONE.fullmatch(plain) else ""


def safe(text: str, own_numbers: Sequence[str]) -> str:
    """``text`` as the journal keeps it: normalised, numbers of people and bind codes masked; ``own_numbers`` (the notice's) stay."""
    return mask_codes(mask(normalise(text), own_numbers))


def safe_as_typed(text: str, own_numbers: Sequence[str]) -> str:
    """As ``safe``, with punctuation as it was typed, unless a number would stay readable for that."""
    masked, whole = mask_codes(mask(text.strip(), own_numbers)), safe(text, own_numbers)
    return masked if normalise(masked) == whole else whole


def digest(secret: bytes, phone: str) -> str | None:
    """A telephone number, however it was typed, as the record keeps it to know it again; None for what is none."""
    number = dialled(phone)
    return hmac.new(secret, b"caller:" + number.encode(), hashlib.sha256).hexdigest() if number else None


def save(session: Session, call: NewCall, staff_id: int, secret: bytes, own_numbers: Sequence[str], now: datetime) -> int:
    """Write a call down; its number. What had no good answer is kept to learn from. CallRefusedError.

    The telephone number itself is kept only of who is to be called back, until then.
    """
    faults = _faults(session, call)
    if faults:
        raise CallRefusedError(faults)
    question = safe(call.question, own_numbers)
    row = CallRecord(
        at=now,
        staff_id=staff_id,
        person_id=call.person_id,
        caller=digest(secret, call.phone),
        question=question,
        label=call.label,
        answer=safe_as_typed(call.answer, own_numbers),
        clause=call.clause or None,
        figures=call.figures,
        outcome=call.outcome,
        detail=safe_as_typed(call.detail, own_numbers) or None,
        phone=dialled(call.phone) if call.outcome == CALL_BACK else None,
    )
    session.add(row)
    session.flush()
    if call.unanswered:
        missed.asked_on_telephone(session, row.id, question, now)
    return int(row.id)


def _faults(session: Session, call: NewCall) -> dict[str, str]:
    faults = {}
    for name, most in (("question", MOST_QUESTION), ("answer", MOST_ANSWER), ("detail", MOST_DETAIL)):
        if len(getattr(call, name)) > most:
            faults[name] = "too_long"
    if not normalise(call.question):
        faults["question"] = "question_needed"
    if call.outcome not in OUTCOMES:
        faults["outcome"] = "outcome_needed"
    if call.outcome == ANSWERED and not normalise(call.answer):
        faults["answer"] = "answer_needed"
    if call.told_elsewhere:
        faults["answer"] = call.told_elsewhere
    if call.outcome == ELSEWHERE and not normalise(call.detail):
        faults["detail"] = "unit_needed"
    if call.phone.strip() and not dialled(call.phone):
        faults["phone"] = "phone_wrong"
    elif call.outcome == CALL_BACK and not dialled(call.phone):
        faults["phone"] = "phone_needed"
    if call.person_id is not None and session.get(Person, call.person_id) is None:
        faults["person"] = "person_gone"
    return faults


def mark_called_back(session: Session, call_id: int, staff_id: int, now: datetime) -> bool:
    """The person was called back: the number is forgotten. False when somebody did before, or it was not to be called back."""
    open_one = CallRecord.id == call_id, CallRecord.outcome == CALL_BACK, CallRecord.called_back_at.is_(None)
    done = update(CallRecord).where(*open_one).values(called_back_at=now, called_back_by=staff_id, phone=None)
    return bool(session.execute(done.execution_options(synchronize_session=False)).rowcount)


def get(session: Session, call_id: int) -> Call | None:
    """One call."""
    return next(iter(_calls(session, _select().where(CallRecord.id == call_id))), None)


def listed(session: Session, chosen: Filter, page: int) -> tuple[list[Call], bool]:
    """Page ``page`` (from 1) of the chosen calls, newest first; and whether more follow."""
    query = _narrowed(_select(), chosen).order_by(CallRecord.at.desc(), CallRecord.id.desc())
    found = _calls(session, query.limit(PAGE + 1).offset((page - 1) * PAGE))
    return found[:PAGE], len(found) > PAGE


def to_call_back(session: Session, limit: int = 200) -> list[Call]:
    """Who is still to be called back, the one who waits longest first."""
    query = _narrowed(_select(), Filter(waiting=True)).order_by(CallRecord.at, CallRecord.id)
    return _calls(session, query.limit(limit))


def waiting_count(session: Session) -> int:
    """How many are still to be called back."""
    return int(session.execute(_narrowed(select(func.count()).select_from(CallRecord), Filter(waiting=True))).scalar_one())


def staff_names(session: Session) -> list[tuple[int, str]]:
    """Whoever has written down a call, by number: for the list's filter."""
    wrote = select(CallRecord.staff_id).distinct()
    rows = session.execute(select(Staff.id, Staff.name).where(Staff.id.in_(wrote)).order_by(Staff.number))
    return [(ident, name) for ident, name in rows]


def _narrowed(query: Any, chosen: Filter) -> Any:
    if chosen.day is not None:
        day = period.one(chosen.day)
        query = query.where(CallRecord.at >= day.begin, CallRecord.at < day.end)
    if chosen.staff_id is not None:
        query = query.where(CallRecord.staff_id == chosen.staff_id)
    if chosen.outcome is not None:
        query = query.where(CallRecord.outcome == chosen.outcome)
    if chosen.waiting:
        query = query.where(CallRecord.outcome == CALL_BACK, CallRecord.called_back_at.is_(None))
    return query


def _select() -> Any:
    return (
        select(CallRecord, Person.name, Person.unit, Staff.name, Staff.number)
        .select_from(CallRecord)
        .join(Staff, Staff.id == CallRecord.staff_id)
        .outerjoin(Person, Person.id == CallRecord.person_id)
    )


def _calls(session: Session, query: Any) -> list[Call]:
    rows = session.execute(query).all()
    by = {row.called_back_by for row, *_ in rows if row.called_back_by is not None}
    names = dict(session.execute(select(Staff.id, Staff.name).where(Staff.id.in_(by))).all()) if by else {}
    return [
        Call(
            int(row.id), row.at, staff, number, row.person_id, person, unit, row.question, row.label, row.answer, row.clause, row.figures,
            row.outcome, row.detail, row.phone, row.caller, row.called_back_at, names.get(row.called_back_by),
        )
        for row, person, unit, staff, number in rows
    ]  # fmt: skip
