"""Tables of what each agent has of their own in a conversation: what they have begun to write, and how far they have read."""

from sqlalchemy import Column, ForeignKey, String, Text

from bot.db import Base, Moment
from bot.inbox.models import RowId


class Draft(Base):
    """What somebody has begun to write in a conversation: a reply or a note."""

    __tablename__ = "draft"

    staff_id = Column(ForeignKey("staff.id"), primary_key=True)
    ticket_id = Column(RowId, ForeignKey("ticket.id", name="fk_draft_ticket_id_ticket"), primary_key=True)
    kind = Column(String(8), primary_key=True)  # reply, note
    text = Column(Text, nullable=False)
    at = Column(Moment, nullable=False)


class Seen(Base):
    """How far somebody has read in a conversation: the newest message of the person that stood on their screen."""

    __tablename__ = "seen"

    staff_id = Column(ForeignKey("staff.id", name="fk_seen_staff_id_staff"), primary_key=True)
    ticket_id = Column(RowId, ForeignKey("ticket.id", name="fk_seen_ticket_id_ticket"), primary_key=True)
    journal_id = Column(RowId, nullable=False)  # no foreign key: a purge of the journal leaves the mark
