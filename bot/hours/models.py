"""Tables of people, their hours and credits, the imports they came from, and the chats bound to them."""

from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.types import TypeDecorator

from bot.db import Base, Moment


class Tenths(TypeDecorator):
    """Hours as an exact Decimal with at most one decimal, stored as a whole number of tenths on every database."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Any) -> int | None:
        if value is None:
            return None
        tenths = Decimal(value) * 10
        if tenths != int(tenths):
            raise ValueError("more than one decimal")
        return int(tenths)

    def process_result_value(self, value: int | None, dialect: Any) -> Decimal | None:
        return None if value is None else Decimal(value).scaleb(-1)


class Person(Base):
    """A professional of the people file. ``level`` and ``sector`` are the file's words; ``name_key`` is the name as bindings compare it,
    ``initials`` its pinyin initials in small letters, for searching."""

    __tablename__ = "person"
    __table_args__ = ({"sqlite_autoincrement": True},)  # audit entries and calls name people by id, and outlive them
    id = Column(Integer, primary_key=True)
    id_number = Column(String(32), nullable=False, unique=True)
    name = Column(String(64), nullable=False)
    name_key = Column(String(64), nullable=False, index=True)
    initials = Column(String(64), nullable=False, default="", server_default="", index=True)
    unit = Column(String(128), nullable=False, index=True)
    region = Column(String(64), nullable=False)
    sector = Column(String(64), nullable=False)
    level = Column(String(8), nullable=False)
    level_since = Column(Date)


class HourRecord(Base):
    """One line of the hours file. ``subject`` and ``state`` hold the values of ``policies.model``; ``form`` is the file's word."""

    __tablename__ = "hour_record"
    __table_args__ = (CheckConstraint("hours_tenths > 0", name="positive"), Index(None, "person_id", "year"))
    id = Column(Integer, primary_key=True)
    record_id = Column(String(64), nullable=False, unique=True)
    person_id = Column(ForeignKey("person.id"), nullable=False)
    year = Column(Integer, nullable=False)
    subject = Column(String(16), nullable=False)
    form = Column(String(32), nullable=False)
    title = Column(String(256), nullable=False)
    hours = Column("hours_tenths", Tenths, nullable=False)
    state = Column(String(16), nullable=False)


class Credit(Base):
    """One line of the credits file; ``kind`` holds a value of ``policies.model.Kind``, ``year`` is 认定年度."""

    __tablename__ = "credit"
    __table_args__ = (UniqueConstraint("person_id", "kind", "start_date"), Index(None, "person_id", "year"))
    id = Column(Integer, primary_key=True)
    person_id = Column(ForeignKey("person.id"), nullable=False)
    kind = Column(String(16), nullable=False)
    start = Column("start_date", Date, nullable=False)
    end = Column("end_date", Date)
    year = Column(Integer)
    evidence = Column(String(256), nullable=False)


class ImportBatch(Base):
    """One import of a file: ``kind`` is people, hours or credits; ``undone_at`` is set once its rows are back at their previous values."""

    __tablename__ = "import_batch"
    id = Column(Integer, primary_key=True)
    kind = Column(String(16), nullable=False)
    file_name = Column(String(256), nullable=False)
    imported_at = Column(Moment, nullable=False)
    added = Column(Integer, nullable=False)
    changed = Column(Integer, nullable=False)
    unchanged = Column(Integer, nullable=False)
    skipped = Column(Integer, nullable=False)
    undone_at = Column(Moment)


class BatchRow(Base):
    """A row of the kind's table that a batch added (``previous`` is NULL) or changed (``previous``: its old values as JSON)."""

    __tablename__ = "batch_row"
    batch_id = Column(ForeignKey("import_batch.id"), primary_key=True)
    row_id = Column(Integer, primary_key=True, autoincrement=False)
    previous = Column(Text)


class ChatIdentity(Base):
    """A chat (sender id with its channel prefix) bound to a person; a person may bind several chats."""

    __tablename__ = "chat_identity"
    id = Column(Integer, primary_key=True)
    sender_id = Column(String(128), nullable=False, unique=True)
    person_id = Column(ForeignKey("person.id"), nullable=False, index=True)
    bound_at = Column(Moment, nullable=False)


class BindCode(Base):
    """A bind code, kept as HMAC only. It redeems once, before ``expires_at``, unless a newer code revoked it."""

    __tablename__ = "bind_code"
    id = Column(Integer, primary_key=True)
    person_id = Column(ForeignKey("person.id"), nullable=False, index=True)
    code_hash = Column(String(64), nullable=False, index=True)
    issued_at = Column(Moment, nullable=False)
    expires_at = Column(Moment, nullable=False)
    used_at = Column(Moment)
    revoked_at = Column(Moment)


class BindAttempt(Base):
    """A wrong try to bind, counted per chat, per name and over all."""

    __tablename__ = "bind_attempt"
    id = Column(Integer, primary_key=True)
    sender_id = Column(String(128), nullable=False)
    name_key = Column(String(64), nullable=False)
    at = Column("tried_at", Moment, nullable=False, index=True)


class AuditEntry(Base):
    """Who did what to whose data and when. ``person_id`` is no foreign key: the entry outlives the person; nothing here is unmasked."""

    __tablename__ = "audit_entry"
    id = Column(Integer, primary_key=True)
    at = Column("occurred_at", Moment, nullable=False, index=True)
    actor = Column(String(128), nullable=False)
    action = Column(String(32), nullable=False)
    person_id = Column(Integer, index=True)
    detail = Column(Text, nullable=False)
