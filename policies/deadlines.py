"""Where a day stands among the deadlines (第五部分), and the pace that still reaches them."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from policies.clause import Notice, Notices
from policies.model import Actor, Deadlines, Phase, Plan, YearStatus
from policies.tally import NO_HOURS, YearHours

DATES = ("deadline.submit", "deadline.training", "deadline.verify", "deadline.system")
STEP = Decimal("0.1")
WEEK = timedelta(days=7)


def deadlines(notices: Notices, today: date) -> Deadlines:
    """The deadlines of today's own notice; no date is projected to a year whose notice is not loaded."""
    notice = notices.for_year(today.year)
    if notice is None:
        return Deadlines(Phase.NOT_LOADED, Actor.NOBODY, None, None, None, None, None, None, None, ())
    submit, training, verify, system = (notice.day(key) for key in DATES)
    phase = _phase(notice, today)
    return Deadlines(
        phase,
        {Phase.BEFORE_SUBMIT: Actor.PERSON, Phase.CLOSED: Actor.NOBODY}.get(phase, Actor.UNIT),
        submit,
        training,
        verify,
        system,
        (submit - today).days,
        (training - today).days,
        (system - today).days,
        notice.sources(*DATES),
    )


def _phase(notice: Notice, today: date) -> Phase:
    submit, training, verify, system = (notice.day(key) for key in DATES)
    if today <= submit:
        return Phase.BEFORE_SUBMIT
    if today <= max(training, verify):
        return Phase.BEFORE_VERIFY
    return Phase.OVERDUE_OPEN if today <= system else Phase.CLOSED


def personal(general: Deadlines, hours: YearHours, complete: bool) -> Deadlines:
    """The deadlines with the one who must act next for this person: nobody once the year is complete, the unit once all that is
    needed waits for verification, else the person; nobody either once nothing can be done any more."""
    if general.phase in (Phase.NOT_LOADED, Phase.CLOSED) or complete:
        return replace(general, actor=Actor.NOBODY)
    return replace(general, actor=Actor.UNIT if hours.met_if_verified else Actor.PERSON)


def training_open(when: Deadlines, today: date) -> bool:
    """Whether hours can still be earned and verified this year. Without a notice of its own the running year counts as open."""
    if when.training is None or when.system is None:
        return True
    return today <= min(when.training, when.system)


def plan(status: YearStatus, today: date) -> Plan:
    """Hours a week that close this year's gaps. Today and the last day both count; less than a week is a week.

    The weeks are rounded down and the hours up to one decimal, so the plan never falls short. A complete year has no gaps.
    """
    gaps = NO_HOURS if status.complete else status.missing
    when = status.deadlines
    last = None
    if when is not None and when.submit is not None and when.training is not None:
        last = next((day for day in (when.submit, when.training) if today <= day), None)
    clauses = tuple(dict.fromkeys((*status.clauses, *(when.clauses if when is not None else ()))))
    if last is None:
        return Plan(None, None, None, None, None, gaps, clauses)
    days = last - today + timedelta(days=1)
    weeks = max(Decimal(1), (Decimal(days.days) / WEEK.days).quantize(STEP, ROUND_FLOOR))
    public = (gaps.public / weeks).quantize(STEP, ROUND_CEILING)
    professional = (gaps.professional / weeks).quantize(STEP, ROUND_CEILING)
    return Plan(last, weeks, public, professional, public + professional, gaps, clauses)
