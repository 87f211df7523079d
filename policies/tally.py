"""Hours of one year: what counts, what waits, what adds nothing and why."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from policies.clause import Notice, Notices
from policies.model import Hours, Record, State, Subject, Uncounted, UncountedRecord

ZERO = Decimal(0)
NO_HOURS = Hours(ZERO, ZERO)


@dataclass(frozen=True)
class YearHours:
    """One year's hours against the figures of ``notice``."""

    notice: Notice
    required: Hours
    verified: Hours
    pending: Hours
    uncounted: tuple[UncountedRecord, ...]

    @property
    def met(self) -> bool:
        """Both figures reached by verified hours of this very year."""
        return missing(self.required, self.verified) == NO_HOURS

    @property
    def met_if_verified(self) -> bool:
        """Both figures reached once all pending hours are verified."""
        return missing(self.required, add(self.verified, self.pending)) == NO_HOURS


def required(notice: Notice) -> Hours:
    """The yearly figures of a notice (第二部分第（二）项)."""
    return Hours(Decimal(notice.number("hours.public")), Decimal(notice.number("hours.professional")))


def missing(need: Hours, have: Hours) -> Hours:
    """What is short of each figure; a surplus of one kind never fills the other."""
    return Hours(max(ZERO, need.public - have.public), max(ZERO, need.professional - have.professional))


def add(one: Hours, other: Hours) -> Hours:
    return Hours(one.public + other.public, one.professional + other.professional)


def notice_for(notices: Notices, year: int, this_year: int) -> Notice:
    """Whose figures a year is checked against: its own notice if loaded, else the one in force this year."""
    return notices.for_year(year) or notices.in_force(this_year)


def tally(notices: Notices, records: Iterable[Record], year: int, this_year: int) -> YearHours:
    """Add up one year's records; of a year to come nothing counts.

    Excluded forms (第六部分第（五）项) count neither as verified nor as pending.
    """
    notice = notice_for(notices, year, this_year)
    excluded = frozenset(notice.names("excluded.forms"))
    sums = {(state, subject): ZERO for state in (State.VERIFIED, State.PENDING) for subject in Subject}
    uncounted: list[UncountedRecord] = []
    for record in sorted((record for record in records if record.year == year), key=_order):
        reason = _uncounted(record, excluded, this_year)
        if reason is not None:
            uncounted.append(UncountedRecord(record, reason, notice.sources(_GROUNDS[reason])))
        if reason in (None, Uncounted.PENDING):
            sums[record.state, record.subject] += record.hours
    return YearHours(
        notice,
        required(notice),
        Hours(sums[State.VERIFIED, Subject.PUBLIC], sums[State.VERIFIED, Subject.PROFESSIONAL]),
        Hours(sums[State.PENDING, Subject.PUBLIC], sums[State.PENDING, Subject.PROFESSIONAL]),
        tuple(uncounted),
    )


# The value whose clause is the ground for not counting a record.
_GROUNDS = {
    Uncounted.FUTURE_YEAR: "hours.public",
    Uncounted.EXCLUDED_FORM: "excluded.forms",
    Uncounted.RETURNED: "deadline.verify",
    Uncounted.PENDING: "deadline.verify",
}


def _uncounted(record: Record, excluded: frozenset[str], this_year: int) -> Uncounted | None:
    if record.year > this_year:
        return Uncounted.FUTURE_YEAR
    if record.form.strip() in excluded:
        return Uncounted.EXCLUDED_FORM
    return {State.RETURNED: Uncounted.RETURNED, State.PENDING: Uncounted.PENDING}.get(record.state)


def _order(record: Record) -> tuple[str, str, str, str, str, Decimal]:
    """An order of the records' own, so that the order they arrive in leaves no trace."""
    return record.record_id, record.title, record.form, record.subject.value, record.state.value, record.hours
