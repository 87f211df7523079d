"""Tables of the helpdesk: who works here, conversations that asked for a human, calls, and what is learnt from both."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    true,
)

from bot.db import Base, Moment
from bot.helpdesk.deskmodels import Draft as Draft
from bot.helpdesk.deskmodels import Seen as Seen

RowId = BigInteger().with_variant(Integer(), "sqlite")

AGENT, ADMIN, UNIT = "agent", "admin", "unit"
ROLES = (AGENT, ADMIN, UNIT)
"""坐席, 管理员, 单位管理员."""

OPEN, TAKEN, LEFT, CLOSED = "open", "taken", "left", "closed"
"""States of a ticket: waiting for a human, held by one, a message was left and nobody waits, done."""


class Staff(Base):
    """Somebody who works at the console. ``number`` is what people read (坐席 3 号); ``unit`` is set for the role unit alone."""

    __tablename__ = "staff"

    id = Column(Integer, primary_key=True)
    login = Column(String(40), nullable=False, unique=True)
    name = Column(String(64), nullable=False)
    number = Column(Integer, nullable=False, unique=True)
    role = Column(String(8), nullable=False)
    unit = Column(String(128))
    password_hash = Column(String(200), nullable=False)
    created_at = Column(Moment, nullable=False)
    disabled_at = Column(Moment)
    failures = Column(SmallInteger, nullable=False, default=0, server_default="0")  # wrong passwords in a row
    locked_until = Column(Moment)
    presence = Column(String(8), nullable=False, default="away", server_default="away")  # free, busy, away
    seen_at = Column(Moment)


class StaffSession(Base):
    """A login. The cookie's value is kept as a digest only."""

    __tablename__ = "staff_session"

    token_hash = Column(String(64), primary_key=True)
    staff_id = Column(ForeignKey("staff.id"), nullable=False, index=True)
    csrf = Column(String(64), nullable=False)
    created_at = Column(Moment, nullable=False)
    seen_at = Column(Moment, nullable=False)
    expires_at = Column(Moment, nullable=False, index=True)


class Ticket(Base):
    """One request for a human; ``topic`` is the question's key or intent that came before it."""

    __tablename__ = "ticket"

    id = Column(RowId, primary_key=True, autoincrement=True)
    sender_id = Column(String(255), nullable=False)
    topic = Column(String(100), nullable=True)
    last_question = Column(Text, nullable=True)  # masked by the intake
    state = Column(String(20), nullable=False, default=OPEN)  # open, taken, left, closed
    opened_at = Column(Moment, nullable=False)
    closed_at = Column(Moment, nullable=True)
    taken_by = Column(Integer)  # of staff; SQLite adds no foreign key to a table that stands
    taken_at = Column(Moment)
    first_reply_at = Column(Moment)  # of a human
    offered_at = Column(Moment)  # when the person was offered to leave a message
    message = Column(Text)  # what they left, masked
    in_hours = Column(Boolean(create_constraint=False), nullable=False, default=True, server_default=true())  # opened while staff work

    __table_args__ = (
        Index(None, "sender_id", "state"),
        Index(None, "state", "opened_at"),
        Index(None, "opened_at"),
        Index(None, "taken_by", "state"),
        {"sqlite_autoincrement": True},  # a closed ticket's number is never given again
    )


class TicketEvent(Base):
    """What happened to a ticket, in order: opened, taken, note, taken_over, transferred, offered, left, closed, reopened."""

    __tablename__ = "ticket_event"
    __table_args__ = (Index(None, "ticket_id", "id"), {"sqlite_autoincrement": True})

    id = Column(RowId, primary_key=True, autoincrement=True)
    ticket_id = Column(RowId, ForeignKey("ticket.id", name="fk_ticket_event_ticket_id_ticket"), nullable=False)
    at = Column(Moment, nullable=False)
    kind = Column(String(16), nullable=False)
    staff_id = Column(ForeignKey("staff.id", name="fk_ticket_event_staff_id_staff"))
    detail = Column(Text)  # of a note its words; of a transfer to whom
    client_id = Column(String(64))  # of a note, as with StaffMessage


class StaffMessage(Base):
    """Who wrote an outgoing message of kind staff. ``client_id`` is the page's own, so that a repeated sending is one message."""

    __tablename__ = "staff_message"
    __table_args__ = (UniqueConstraint("staff_id", "client_id"), Index(None, "ticket_id"))

    outbox_id = Column(RowId, ForeignKey("outbox.id", name="fk_staff_message_outbox_id_outbox", ondelete="CASCADE"), primary_key=True)
    ticket_id = Column(RowId, ForeignKey("ticket.id", name="fk_staff_message_ticket_id_ticket"), nullable=False)
    staff_id = Column(ForeignKey("staff.id", name="fk_staff_message_staff_id_staff"), nullable=False)
    client_id = Column(String(64), nullable=False)


class CallRecord(Base):
    """来电记录. ``person_id`` is no foreign key, as in the audit trail; without one the caller was not recognised."""

    __tablename__ = "call_record"
    __table_args__ = (
        Index(None, "at"),
        Index(None, "person_id", "at"),
        Index(None, "caller", "at"),
        Index(None, "outcome", "called_back_at"),
        {"sqlite_autoincrement": True},
    )

    id = Column(RowId, primary_key=True, autoincrement=True)
    at = Column(Moment, nullable=False)
    staff_id = Column(ForeignKey("staff.id", name="fk_call_record_staff_id_staff"), nullable=False)
    person_id = Column(Integer)
    caller = Column(String(64))  # the telephone number as a keyed digest: tells who calls again when the number itself is forgotten
    question = Column(Text, nullable=False)  # masked
    label = Column(String(100))  # what it was read as: the matter
    answer = Column(Text, nullable=False)  # what was read out, with the figures of that moment
    clause = Column(Text)
    figures = Column(JSON)  # the person's totals at that moment
    outcome = Column(String(12), nullable=False)  # answered, call_back, elsewhere
    detail = Column(Text)  # which unit, or what to tell when calling back
    phone = Column(String(32))  # to call back at; emptied when that is done
    called_back_at = Column(Moment)
    called_back_by = Column(ForeignKey("staff.id", name="fk_call_record_called_back_by_staff"))


class Review(Base):
    """A decision on one missed sentence: lesson (with its label), out_of_scope, discarded. Undone ones stay, with ``undone_at``."""

    __tablename__ = "review"
    __table_args__ = (Index(None, "missed_id"), Index(None, "staff_id", "at"), {"sqlite_autoincrement": True})

    id = Column(RowId, primary_key=True, autoincrement=True)
    missed_id = Column(RowId, ForeignKey("missed.id", name="fk_review_missed_id_missed", ondelete="CASCADE"), nullable=False)
    batch = Column(String(32), nullable=False)  # sentences that were decided on together are undone together
    decision = Column(String(12), nullable=False)
    text = Column(String(200))  # of the lesson that it rests on, which another decision may have brought
    staff_id = Column(ForeignKey("staff.id", name="fk_review_staff_id_staff"), nullable=False)
    at = Column(Moment, nullable=False)
    undone_at = Column(Moment)


class Lesson(Base):
    """A sentence that training takes beside the files of ``data/nlu``, until it has been exported into them."""

    __tablename__ = "lesson"
    __table_args__ = (UniqueConstraint("text"), {"sqlite_autoincrement": True})

    id = Column(RowId, primary_key=True, autoincrement=True)
    text = Column(String(200), nullable=False)
    label = Column(String(100), nullable=False)  # faq/<key> or an intent
    batch = Column(String(32), nullable=False)
    staff_id = Column(ForeignKey("staff.id", name="fk_lesson_staff_id_staff"), nullable=False)
    at = Column(Moment, nullable=False)
    exported_at = Column(Moment)


class Retraining(Base):
    """One training that the console asked for. ``state``: running, live, worse, failed, rolled_back."""

    __tablename__ = "retraining"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id = Column(RowId, primary_key=True, autoincrement=True)
    staff_id = Column(ForeignKey("staff.id", name="fk_retraining_staff_id_staff"), nullable=False)
    started_at = Column(Moment, nullable=False)
    ended_at = Column(Moment)
    state = Column(String(12), nullable=False)
    step = Column(String(16), nullable=False)  # training, evaluating, done
    progress = Column(Float, nullable=False, default=0.0)  # 0..1
    lessons = Column(Integer, nullable=False, default=0)
    model = Column(String(80))
    before = Column(String(80))  # the model that it was held against
    figures = Column(JSON)
    detail = Column(Text)
    beat_at = Column(Moment)  # of the process that trains; one that is silent for long is dead


class Sampled(Base):
    """A confident answer drawn at random for judgement; ``week`` is its Monday."""

    __tablename__ = "sampled"
    __table_args__ = (UniqueConstraint("week", "outbox_id"), {"sqlite_autoincrement": True})

    id = Column(RowId, primary_key=True, autoincrement=True)
    week = Column(Date, nullable=False)
    outbox_id = Column(RowId, nullable=False)  # no foreign key: the judgement outlives the message
    sender_id = Column(String(255), nullable=False)
    question = Column(Text, nullable=False)
    answer = Column(Text, nullable=False)
    label = Column(String(100))
    asked_at = Column(Moment, nullable=False)
    verdict = Column(String(8))  # right, partly, wrong
    remark = Column(Text)
    staff_id = Column(ForeignKey("staff.id", name="fk_sampled_staff_id_staff"))
    judged_at = Column(Moment)
    missed_id = Column(RowId)  # the sentence among the missed that a wrong answer was made; no foreign key, as with the message


class Upload(Base):
    """A file brought for import. ``outcome`` holds the counts and first faults of its dry run, or of the import."""

    __tablename__ = "upload"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id = Column(RowId, primary_key=True, autoincrement=True)
    staff_id = Column(ForeignKey("staff.id", name="fk_upload_staff_id_staff"), nullable=False)
    kind = Column(String(16), nullable=False)
    file_name = Column(String(256), nullable=False)
    path = Column(Text)  # where it lies until it is imported or given up
    state = Column(String(12), nullable=False)  # checking, checked, importing, imported, refused, given_up, failed
    progress = Column(Float, nullable=False, default=0.0)  # 0..1
    outcome = Column(JSON)
    batch_id = Column(Integer)
    at = Column(Moment, nullable=False)
    beat_at = Column(Moment)
