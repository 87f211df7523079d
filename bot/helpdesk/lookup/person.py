"""One person as staff see them: standing by the engine, what to read out, chats, calls and conversations. Every look leaves a trace."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.account import Whose, answered
from bot.answers import Answer, Answers
from bot.helpdesk.models import CallRecord, Staff, Ticket
from bot.helpdesk.staff.sessions import Member
from bot.hours import audit, documents, service
from bot.hours.models import ChatIdentity, Person
from bot.nlu.turn import Turn
from policies.model import Kind, Level, TitleStatus, UncountedRecord, YearStatus
from policies.notice import Notices

LOOKUP, REVEAL = "console-lookup", "console-reveal"
WHY = ("caller", "record", "paperwork", "request")
"""Reasons for which a number may be shown; words/people.yml says them."""
PLACES = ("people", "ask", "call", "learning", "dashboard", "sample")
"""Where somebody is looked up; words/audit.yml says them."""
LATEST = 5


@dataclass(frozen=True)
class Standing:
    """What the engine says of a person. ``served``: year -> kind of the credit that serves it in the title window."""

    year: YearStatus
    titles: tuple[TitleStatus, ...]  # senior, intermediate
    served: dict[int, str]
    waiting: tuple[UncountedRecord, ...]
    left_out: tuple[UncountedRecord, ...]

    @property
    def window(self) -> tuple[YearStatus, ...]:
        """The years from the notice's first one to this one, the newest first."""
        return tuple(reversed(self.titles[0].years))


@dataclass(frozen=True)
class Sayings:
    """The chat's own answers about a person: to this year's question, and to both titles with the next level first."""

    year: Answer
    titles: tuple[tuple[str, Answer], ...]  # value of the level, answer


@dataclass(frozen=True)
class Chat:
    """A bound chat: its channel's prefix and since when. The sender id is left out."""

    channel: str
    since: datetime


@dataclass(frozen=True)
class Dealings:
    """What there has been with a person: bound chats, the latest calls (with the number of who took them) and conversations."""

    chats: tuple[Chat, ...]
    calls: tuple[tuple[CallRecord, int], ...]
    tickets: tuple[Ticket, ...]


def only_unit(member: Member) -> str | None:
    """The one unit whose people somebody sees; None for those who see everybody."""
    return None if member.sees_all else member.unit or ""


def visible(session: Session, person_id: int, unit: str | None) -> Person | None:
    """The person, unless unknown or, for somebody who sees one ``unit`` alone, of another: the two must look alike."""
    person = session.get(Person, person_id)
    return None if person is None or unit not in (None, person.unit) else person


def looked_up(session: Session, person_id: int, actor: str, now: datetime, where: str) -> None:
    """Note that ``actor`` saw this person's record on the page ``where``. The caller commits."""
    audit.note(session, now, actor, LOOKUP, person_id, where)


def reveal(session: Session, person_id: int, unit: str | None, actor: str, why: str, now: datetime) -> str | None:
    """The person's whole number, noted with the reason; None where they may not be seen. ValueError for no known reason."""
    if why not in WHY:
        raise ValueError(why)
    person = visible(session, person_id, unit)
    if person is None:
        return None
    audit.note(session, now, actor, REVEAL, person_id, why)
    return str(person.id_number)


def masked(person: Person) -> str:
    """The number as pages show it."""
    return documents.mask(person.id_number)


def standing(session: Session, notices: Notices, person_id: int, today: date) -> Standing:
    """Everything the engine says of the person today. UnknownPersonError."""
    titles = tuple(service.title_of(session, notices, person_id, level, today) for level in Level)
    records = [entry for year in reversed(titles[0].years) for entry in year.uncounted]
    return Standing(
        year=service.year_of(session, notices, person_id, None, today),
        titles=titles,
        served={used.year: used.credit.kind.value for used in titles[0].used_credits if used.credit.kind is not Kind.SKILLED},
        waiting=tuple(entry for entry in records if entry.reason.value == "pending"),
        left_out=tuple(entry for entry in records if entry.reason.value != "pending"),
    )


def sayings(session: Session, answers: Answers, notices: Notices, person: Person, today: date) -> Sayings:
    """What the chat would tell the person, to read out."""

    def told(turn: Turn) -> Answer:
        answer = answered(turn, answers, notices, today, Whose(session, person))
        assert answer is not None
        return answer

    first = service.default_level(person) or Level.SENIOR
    levels = sorted(Level, key=lambda level: level is not first)
    return Sayings(told(Turn("my_year")), tuple((level.value, told(Turn("my_title", level=level.value))) for level in levels))


def dealings(session: Session, person_id: int) -> Dealings:
    """Bound chats, the newest first, and the latest calls and conversations."""
    bound = session.execute(
        select(ChatIdentity.sender_id, ChatIdentity.bound_at)
        .where(ChatIdentity.person_id == person_id)
        .order_by(ChatIdentity.bound_at.desc(), ChatIdentity.id.desc())
    ).all()
    calls = session.execute(
        select(CallRecord, Staff.number)
        .join(Staff, Staff.id == CallRecord.staff_id)
        .where(CallRecord.person_id == person_id)
        .order_by(CallRecord.at.desc(), CallRecord.id.desc())
        .limit(LATEST)
    ).all()
    # What a chat said before it was this person's is somebody else's.
    own = (ChatIdentity.sender_id == Ticket.sender_id) & (ChatIdentity.bound_at <= Ticket.opened_at)
    tickets = session.execute(
        select(Ticket).join(ChatIdentity, own).where(ChatIdentity.person_id == person_id).order_by(Ticket.id.desc()).limit(LATEST)
    ).scalars()
    chats = tuple(Chat(row.sender_id.partition(":")[0], row.bound_at) for row in bound)
    return Dealings(chats, tuple((call, number) for call, number in calls), tuple(tickets))
