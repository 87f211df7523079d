"""The rows behind each figure of the dashboard, a page at a time. Their number is the figure."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, select, true
from sqlalchemy.orm import Session

from bot.helpdesk.answeredwith import QUESTIONS, keys
from bot.helpdesk.dashboard import figurerows, messagelists
from bot.helpdesk.dashboard.figureline import Line, Listed, Paged, Which
from bot.helpdesk.dashboard.figurerows import TELEPHONE, TICKET_PARTS
from bot.helpdesk.dashboard.inflowdays import Days
from bot.helpdesk.dashboard.ticketfigures import waited
from bot.helpdesk.models import CallRecord, Lesson, Retraining, Sampled, Ticket
from bot.helpdesk.office import OfficeHours
from bot.inbox.models import Feedback, Journal, Outbox

MESSAGES, REPLIES, WAITS = "messages", "replies", "waits"


def listed(session: Session, days: Days, office: OfficeHours, which: Which, page: Paged, now: datetime) -> Listed:
    """A page of the rows behind a figure. KeyError for a figure that there is not, or a part that it has not."""
    if which.figure == MESSAGES:
        found = messagelists.messages(session, days, which, page, now)
    elif which.figure == REPLIES:
        found = messagelists.replies(session, days, which, page, now)
    elif which.figure == WAITS:
        found = _waits(session, office, which, page)
    else:
        found = _OF_TABLES[which.figure](session, which, page)
    return replace(found, lines=_with_tickets(session, found.lines))


def _with_tickets(session: Session, lines: Sequence[Line]) -> tuple[Line, ...]:
    """Each with the newest ticket of its sender, if there is one: the conversation can be read there."""
    senders = {line.sender_id for line in lines if line.sender_id and line.ticket_id is None}
    newest = select(Ticket.sender_id, func.max(Ticket.id)).where(Ticket.sender_id.in_(senders)).group_by(Ticket.sender_id)
    of = {sender_id: int(number) for sender_id, number in session.execute(newest)} if senders else {}
    return tuple(line if line.ticket_id else replace(line, ticket_id=of.get(line.sender_id or "")) for line in lines)


def _votes(session: Session, which: Which, page: Paged) -> Listed:
    fits = and_(figurerows.votes(which.period, which.channel), _part(Feedback.vote, which))
    facts = (
        Feedback.at,
        Feedback.vote,
        Feedback.sender_id,
        Outbox.kind,
        QUESTIONS.label("told"),
        Journal.text,
        Journal.id.label("asked"),
    )
    of = Feedback.__table__.join(Outbox.__table__, Outbox.id == Feedback.outbox_id).outerjoin(
        Journal.__table__, Journal.id == Outbox.journal_id
    )

    def line(row: Any) -> Line:
        said, labels = row.text or "", keys(row.told)
        return Line(row.at, said, _prefix(row.sender_id), (row.vote, row.kind), labels, sender_id=row.sender_id, journal_id=row.asked)

    return _page(session, select(*facts).select_from(of), Feedback, Feedback.at, fits, page, line)


def _tickets(session: Session, which: Which, page: Paged) -> Listed:
    fits = and_(figurerows.tickets(which.period, which.channel), true() if which.part is None else TICKET_PARTS[which.part])
    return _page(session, select(Ticket.__table__), Ticket, Ticket.opened_at, fits, page, _ticket)


def _waits(session: Session, office: OfficeHours, which: Which, page: Paged) -> Listed:
    """Tickets that a human replied to, the longest wait first."""
    waits = sorted(waited(session, office, which.period, which.channel), key=lambda pair: (-pair[1], pair[0]))
    shown = waits[page.first : page.first + page.size]
    found = session.execute(select(Ticket.__table__).where(Ticket.id.in_([number for number, _ in shown])))
    rows = {row.id: row for row in found}
    return Listed(len(waits), tuple(_ticket(rows[number], seconds) for number, seconds in shown if number in rows))


def _ticket(row: Any, seconds: float | None = None) -> Line:
    labels = (row.topic,) if row.topic else ()
    of = {"sender_id": row.sender_id, "ticket_id": row.id}
    return Line(row.opened_at, row.last_question or "", _prefix(row.sender_id), (row.state,), labels, seconds, **of)


def _calls(session: Session, which: Which, page: Paged) -> Listed:
    fits = and_(figurerows.calls(which.period, which.channel), _part(CallRecord.outcome, which))

    def line(row: Any) -> Line:
        return Line(row.at, row.question, TELEPHONE, (row.outcome,), (row.label,) if row.label else (), call_id=row.id)

    return _page(session, select(CallRecord.__table__), CallRecord, CallRecord.at, fits, page, line)


def _judged(session: Session, which: Which, page: Paged) -> Listed:
    fits = and_(figurerows.judged(which.period, which.channel), _part(Sampled.verdict, which))

    sampled = select(Sampled.__table__, QUESTIONS.label("told"))
    with_answers = sampled.select_from(Sampled.__table__.outerjoin(Outbox.__table__, Outbox.id == Sampled.outbox_id))

    def line(row: Any) -> Line:
        labels = keys(row.told) or ((row.label,) if row.label else ())
        return Line(row.asked_at, row.question, _prefix(row.sender_id), (row.verdict,), labels, sender_id=row.sender_id)

    return _page(session, with_answers, Sampled, Sampled.asked_at, fits, page, line)


def _lessons(session: Session, which: Which, page: Paged) -> Listed:
    def line(row: Any) -> Line:
        return Line(row.at, row.text, labels=(row.label,))

    return _page(session, select(Lesson.__table__), Lesson, Lesson.at, figurerows.lessons(which.period), page, line)


def _retrainings(session: Session, which: Which, page: Paged) -> Listed:
    def line(row: Any) -> Line:
        return Line(row.started_at, row.model or "", kinds=(row.state,))

    return _page(session, select(Retraining.__table__), Retraining, Retraining.started_at, figurerows.retrainings(which.period), page, line)


_OF_TABLES: dict[str, Callable[[Session, Which, Paged], Listed]] = {
    "votes": _votes,
    "tickets": _tickets,
    "calls": _calls,
    "judged": _judged,
    "lessons": _lessons,
    "retrainings": _retrainings,
}
FIGURES = (MESSAGES, REPLIES, WAITS, *_OF_TABLES)


def _prefix(sender_id: str) -> str:
    """The channel that a sender writes on, as the figures name it."""
    return sender_id.partition(":")[0]


def _part(column: Any, which: Which) -> Any:
    return true() if which.part is None else column == which.part


def _page(session: Session, rows: Any, of: Any, moment: Any, fits: Any, page: Paged, line: Callable[[Any], Line]) -> Listed:
    """Newest first."""
    total = session.execute(select(func.count()).select_from(of).where(fits)).scalar_one()
    shown = session.execute(rows.where(fits).order_by(moment.desc(), of.id.desc()).offset(page.first).limit(page.size))
    return Listed(int(total), tuple(line(row) for row in shown))
