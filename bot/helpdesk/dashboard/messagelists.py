"""Lists of messages: drawn from the arrays that the figures are counted from."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from bot.helpdesk.answeredwith import QUESTIONS, keys
from bot.helpdesk.dashboard.figureline import Line, Listed, Paged, Which
from bot.helpdesk.dashboard.figures import of_channel
from bot.helpdesk.dashboard.inflow import NO_REPLY, Inflow
from bot.helpdesk.dashboard.inflowday import OF_PEOPLE
from bot.helpdesk.dashboard.inflowdays import Days
from bot.inbox.models import Journal, Outbox

_BOTS = and_(Outbox.journal_id == Journal.id, Outbox.kind.not_in(OF_PEOPLE))


def messages(session: Session, days: Days, which: Which, page: Paged, now: datetime) -> Listed:
    """All messages, newest first, or those that ended as ``which.part``, came in its hour, were answered with its question."""
    inflow = of_channel(days.of(session, which.period, now), days, which.channel)
    question = None if which.question is None else days.questions.known(which.question)  # of days not read no name is known
    chosen = inflow.chosen(hour=which.hour, end=which.part, question=question)
    return _page(session, chosen, np.arange(len(chosen))[::-1], page)


def replies(session: Session, days: Days, which: Which, page: Paged, now: datetime) -> Listed:
    """Messages that the bot answered, the slowest first."""
    chosen = of_channel(days.of(session, which.period, now), days, which.channel).chosen(replied=True)
    return _page(session, chosen, np.lexsort((chosen.ids, chosen.replies))[::-1], page)


def _page(session: Session, inflow: Inflow, order: Any, page: Paged) -> Listed:
    places = order[page.first : page.first + page.size].tolist()
    rows = _rows(session, [int(inflow.ids[at]) for at in places])
    waited = {int(inflow.ids[at]): int(inflow.replies[at]) for at in places}
    lines = [_line(rows[number], milliseconds) for number, milliseconds in waited.items() if number in rows]
    return Listed(len(inflow), tuple(lines))


def _rows(session: Session, ids: Sequence[int]) -> dict[int, list[Any]]:
    """The rows of each message, one an answer, the first answer first."""
    facts = Journal.id, Journal.channel, Journal.sender_id, Journal.text, Journal.received_at, Outbox.kind, QUESTIONS.label("told")
    told = select(*facts).select_from(Journal).outerjoin(Outbox, _BOTS).where(Journal.id.in_(ids)).order_by(Outbox.id)
    rows: dict[int, list[Any]] = {}
    for row in session.execute(told):
        rows.setdefault(row.id, []).append(row)
    return rows


def _line(rows: Sequence[Any], milliseconds: int) -> Line:
    first = rows[0]
    return Line(
        at=first.received_at,
        channel=first.channel,
        said=first.text,
        kinds=tuple(dict.fromkeys(row.kind for row in rows if row.kind is not None)),
        labels=tuple(dict.fromkeys(key for row in rows for key in keys(row.told))),
        seconds=None if milliseconds == NO_REPLY else milliseconds / 1000,
        sender_id=first.sender_id,
        journal_id=first.id,
    )
