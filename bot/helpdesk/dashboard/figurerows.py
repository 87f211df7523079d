"""Which rows the dashboard's figures count, one condition a figure: the same for the figure and for the list behind it."""

from typing import Any

from sqlalchemy import and_, true
from sqlalchemy.sql.elements import ColumnElement

from bot.helpdesk.models import CLOSED, CallRecord, Lesson, Retraining, Sampled, Ticket
from bot.helpdesk.period import Period
from bot.inbox.models import Feedback

TELEPHONE = "telephone"
"""The channel of calls; nobody writes on it."""


def within(moment: Any, period: Period) -> Any:
    """Whether a column's moment lies in the period."""
    return and_(moment >= period.begin, moment < period.end)


def of_sender(sender_id: Any, channel: str | None) -> Any:
    """Whether a column's sender writes on the channel."""
    return true() if channel is None else sender_id.startswith(f"{channel}:", autoescape=True)


def votes(period: Period, channel: str | None) -> ColumnElement:
    """Votes cast in the period, whenever the answer was given."""
    return and_(within(Feedback.at, period), of_sender(Feedback.sender_id, channel))


def tickets(period: Period, channel: str | None) -> ColumnElement:
    """Requests for a human made in the period; what became of them since is told with them."""
    return and_(within(Ticket.opened_at, period), of_sender(Ticket.sender_id, channel))


TICKET_PARTS = {
    "taken": Ticket.taken_at.is_not(None),
    "replied": and_(Ticket.first_reply_at.is_not(None), Ticket.first_reply_at >= Ticket.opened_at),
    "left": Ticket.message.is_not(None),
    "closed": Ticket.state == CLOSED,
}
"""What a ticket may have come to; one may have come to several."""


def calls(period: Period, channel: str | None) -> ColumnElement:
    """Calls taken in the period."""
    return and_(within(CallRecord.at, period), channel in (None, TELEPHONE))


def judged(period: Period, channel: str | None) -> ColumnElement:
    """Sampled answers to questions asked in the period that have been judged, whenever that was."""
    return and_(within(Sampled.asked_at, period), Sampled.verdict.is_not(None), of_sender(Sampled.sender_id, channel))


def lessons(period: Period) -> ColumnElement:
    """Sentences taken as lessons in the period."""
    return and_(within(Lesson.at, period))


def retrainings(period: Period) -> ColumnElement:
    """Trainings begun in the period."""
    return and_(within(Retraining.started_at, period))
