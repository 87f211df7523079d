"""The figures of the dashboard over a period: how many came, how they were answered, how fast, and what people made of it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
from sqlalchemy import DateTime, func, select, type_coerce
from sqlalchemy.orm import Session

from bot.helpdesk.dashboard import figurerows, ticketfigures
from bot.helpdesk.dashboard.figurerows import TELEPHONE
from bot.helpdesk.dashboard.inflow import ENDS, NO_REPLY, Inflow
from bot.helpdesk.dashboard.inflowdays import Days
from bot.helpdesk.dashboard.spread import Spread, spread
from bot.helpdesk.dashboard.ticketfigures import Tickets
from bot.helpdesk.models import CallRecord, Lesson, Retraining, Sampled
from bot.helpdesk.office import OfficeHours
from bot.helpdesk.period import Period
from bot.inbox.models import Feedback

HOURS = range(24)
AHEAD = 8
"""Hours of Asia/Shanghai, which has had no summer time since 1991, before UTC, in which moments are stored."""


@dataclass(frozen=True)
class Figures:
    """All that the dashboard shows. Counts of messages come apart in several ways, each of which adds up to ``messages``."""

    period: Period
    channel: str | None
    messages: int
    days: Mapping[tuple[date, str], int]
    """By day and channel, calls among them as ``TELEPHONE``; what is not there is 0."""
    hours: tuple[int, ...]
    ends: Mapping[str, int]
    """How they were answered, by ``inflow.ENDS``."""
    questions: tuple[tuple[str, int], ...]
    """Keys of prepared questions with the number of messages answered with them, the most frequent first."""
    replies: Spread
    """Of the bot, in milliseconds."""
    votes: Mapping[str, int]
    tickets: Tickets
    calls: Mapping[str, int]
    """By outcome."""
    verdicts: Mapping[str, int]
    """On sampled answers to questions asked in the period: right, partly, wrong."""
    lessons: int
    retrainings: int
    retraining: Any
    """The last one of all, a row of its table; None before the first."""


def counted(session: Session, days: Days, office: OfficeHours, period: Period, channel: str | None, now: datetime) -> Figures:
    """The figures of a period; with ``channel`` those of it alone. What is learnt belongs to no channel and is always told."""
    inflow = of_channel(days.of(session, period, now), days, channel)
    fits = figurerows.calls(period, channel)
    calls = session.execute(select(type_coerce(CallRecord.at, DateTime), CallRecord.outcome).where(fits)).all()
    return Figures(
        period=period,
        channel=channel,
        messages=len(inflow),
        days=_by_day(inflow, days, period) | _calls_by_day(at for at, _ in calls),
        hours=tuple(np.bincount(inflow.hours, minlength=len(HOURS)).tolist()),
        ends=dict(zip(ENDS, np.bincount(inflow.ends, minlength=len(ENDS)).tolist(), strict=True)),
        questions=_questions(inflow, days),
        replies=spread(inflow.replies[inflow.replies != NO_REPLY]),
        votes=_grouped(session, Feedback.vote, figurerows.votes(period, channel)),
        tickets=ticketfigures.counted(session, office, period, channel),
        calls=Counter(outcome for _, outcome in calls),
        verdicts=_grouped(session, Sampled.verdict, figurerows.judged(period, channel)),
        lessons=_count(session, Lesson, figurerows.lessons(period)),
        retrainings=_count(session, Retraining, figurerows.retrainings(period)),
        retraining=session.execute(select(Retraining.__table__).order_by(Retraining.id.desc()).limit(1)).first(),
    )


def of_channel(inflow: Inflow, days: Days, channel: str | None) -> Inflow:
    """The messages of one channel, or all."""
    return inflow if channel is None else inflow.chosen(channel=days.channels.known(channel))


def _count(session: Session, of: Any, which: Any) -> int:
    return int(session.execute(select(func.count()).select_from(of).where(which)).scalar_one())


def _grouped(session: Session, column: Any, which: Any) -> Mapping[str, int]:
    counts = select(column, func.count()).where(which).group_by(column)
    return {name: int(count) for name, count in session.execute(counts)}


def _by_day(inflow: Inflow, days: Days, period: Period) -> Counter[tuple[date, str]]:
    """``days`` knows the names of the codes."""
    first, width = period.first.toordinal(), len(days.channels) or 1
    places = (inflow.days.astype(np.int64) - first) * width + inflow.channels
    counts = enumerate(np.bincount(places).tolist())
    return Counter({(date.fromordinal(first + at // width), days.channels.name(at % width)): count for at, count in counts if count})


def _calls_by_day(moments: Iterable[datetime]) -> Counter[tuple[date, str]]:
    counts = Counter(at.toordinal() + (at.hour >= 24 - AHEAD) for at in moments)
    return Counter({(date.fromordinal(day), TELEPHONE): count for day, count in counts.items()})


def _questions(inflow: Inflow, days: Days) -> tuple[tuple[str, int], ...]:
    counts = np.bincount(inflow.asked[:, 1]) if len(inflow.asked) else np.zeros(0, int)
    named = ((days.questions.name(code), count) for code, count in enumerate(counts.tolist()) if count)
    return tuple(sorted(named, key=lambda pair: (-pair[1], pair[0])))
