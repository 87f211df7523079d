"""Tickets: conversations that asked for a human."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Text

from bot.db import Base, Moment


class Ticket(Base):
    """One request for a human; ``topic`` is the question's key or intent that came before it."""

    __tablename__ = "ticket"

    id = Column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)
    sender_id = Column(String(255), nullable=False)
    topic = Column(String(100), nullable=True)
    last_question = Column(Text, nullable=True)  # masked by the intake
    state = Column(String(20), nullable=False, default="open")  # open, taken, closed
    opened_at = Column(Moment, nullable=False)
    closed_at = Column(Moment, nullable=True)

    __table_args__ = (
        Index(None, "sender_id", "state"),
        Index(None, "state", "opened_at"),
        {"sqlite_autoincrement": True},  # a closed ticket's number is never given again
    )
