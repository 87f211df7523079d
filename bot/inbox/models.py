"""Tables of the inbox: what came in (journal), what went out (outbox), the dialogue's own record, who holds it, votes on answers, and what
platforms demand to be remembered (reach, choice, channel_state)."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, ForeignKey, Index, Integer, SmallInteger, String, Text, UniqueConstraint

from bot.db import Base, Moment

SENDER_LENGTH = 255
EXTERNAL_ID_LENGTH = 191  # what MySQL can index beside the channel in utf8mb4

RECEIVED, PROCESSED, FAILED, HELD = "received", "processed", "failed", "held"
PENDING, SENDING, WAITING, SENT = "pending", "sending", "waiting", "sent"
"""States of an outgoing message. Sending: some process is at it. Waiting: may not be pushed, goes with the next response to the person.
One that will not be tried again is FAILED."""

RowId = BigInteger().with_variant(Integer(), "sqlite")


class Journal(Base):
    """One inbound message, written before it is processed. ``text`` is normalised; numbers of people and bind codes are masked."""

    __tablename__ = "journal"
    __table_args__ = (
        UniqueConstraint("channel", "external_id", name="uq_journal_channel_external_id"),
        Index("ix_journal_sender_id_id", "sender_id", "id"),
        Index("ix_journal_state_received_at", "state", "received_at"),
        Index("ix_journal_received_at", "received_at"),
        {"sqlite_autoincrement": True},
    )

    id = Column(RowId, primary_key=True, autoincrement=True)
    sender_id = Column(String(SENDER_LENGTH), nullable=False)
    channel = Column(String(20), nullable=False)
    external_id = Column(String(EXTERNAL_ID_LENGTH))  # the platform's id; NULL where it gives none
    text = Column(Text, nullable=False)
    received_at = Column(Moment, nullable=False)
    state = Column(String(12), nullable=False)  # received, processed, failed, held
    attempts = Column(SmallInteger, nullable=False, default=0, server_default="0")  # how often it could not be answered and was put back
    deliveries = Column(SmallInteger, nullable=False, default=1, server_default="1")  # how often the platform has brought it
    reply = Column(Text)  # what a response to the platform carried: the same again when the platform brings the message again


class DialogueTurn(Base):
    """What one message changed in a dialogue: its events, and the state they left behind. ``number`` counts from 1 within a sender.

    Two processes that worked out the same turn at once meet at the primary key: one is stored, the other has to be worked out again.
    """

    __tablename__ = "dialogue_turn"
    __table_args__ = (Index("ix_dialogue_turn_at", "at"),)

    sender_id = Column(String(SENDER_LENGTH), primary_key=True)
    number = Column(Integer, primary_key=True, autoincrement=False)
    at = Column(Moment, nullable=False)
    events = Column(Text, nullable=False)  # JSON list; bind codes are masked
    state = Column(Text, nullable=False)  # JSON object: slots, form, last action


class Outbox(Base):
    """One outgoing message. ``payload`` is the message as the bot made it: text, buttons, image, custom, metadata."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_sender_id_id", "sender_id", "id"),
        Index("ix_outbox_state_created_at", "state", "created_at"),
        Index("ix_outbox_journal_id", "journal_id"),
        {"sqlite_autoincrement": True},  # ids are event ids of the web chat: never given twice, also after a purge
    )

    id = Column(RowId, primary_key=True, autoincrement=True)
    sender_id = Column(String(SENDER_LENGTH), nullable=False)
    journal_id = Column(RowId, ForeignKey("journal.id", name="fk_outbox_journal_id_journal", ondelete="SET NULL"))
    kind = Column(String(20), nullable=False)  # faq, account, fallback, form, smalltalk, notice (ours), staff, system
    payload = Column(JSON, nullable=False)
    created_at = Column(Moment, nullable=False)
    state = Column(String(12), nullable=False)  # pending, sending, waiting, sent, failed
    attempts = Column(SmallInteger, nullable=False, default=0)
    due_at = Column(Moment)  # not to be pushed before; of one that is being sent: when whoever sends it counts as dead
    parts = Column(SmallInteger, nullable=False, default=0, server_default="0")  # how many of its parts have reached the platform
    reason = Column(String(40))  # why it waits or failed, one word of the channel's


class Missed(Base):
    """A sentence that was not answered well, kept to learn from. ``text`` is the journal's: normalised and masked."""

    __tablename__ = "missed"
    __table_args__ = (Index("ix_missed_at", "at"), Index("ix_missed_sender_id", "sender_id"), {"sqlite_autoincrement": True})

    id = Column(RowId, primary_key=True, autoincrement=True)
    sender_id = Column(String(SENDER_LENGTH), nullable=False)
    text = Column(Text, nullable=False)
    reason = Column(String(16), nullable=False)  # not_understood, out_of_scope, none_of_these, useless, call
    at = Column(Moment, nullable=False)


class Reach(Base):
    """How a person may be reached where the platform has rules about it. Rows exist for such channels alone.

    The two windows are WeChat's: after a message, and after a tap, a subscription or a scan; with the number of messages pushed since.
    """

    __tablename__ = "reach"

    sender_id = Column(String(SENDER_LENGTH), primary_key=True)
    unreachable = Column(String(16))  # blocked, unsubscribed; NULL: reachable
    message_at = Column(Moment)
    message_pushed = Column(SmallInteger, nullable=False, default=0)
    tap_at = Column(Moment)
    tap_pushed = Column(SmallInteger, nullable=False, default=0)
    promised_at = Column(Moment)  # when the person was told to write anything to fetch an answer that was late
    offered = Column(JSON)  # the newest numbered list: [[title, payload], …]
    offer_stale = Column(Boolean(create_constraint=False), nullable=False, default=False)  # something else was said since


class Choice(Base):
    """What a button of a chat does, under a key short enough for the platform. Goes with the message that offered it."""

    __tablename__ = "choice"
    __table_args__ = (Index("ix_choice_outbox_id", "outbox_id"),)

    key = Column(String(24), primary_key=True)
    sender_id = Column(String(SENDER_LENGTH), nullable=False)
    outbox_id = Column(RowId, ForeignKey("outbox.id", name="fk_choice_outbox_id_outbox", ondelete="CASCADE"), nullable=False)
    payload = Column(Text, nullable=False)


class ChannelState(Base):
    """What all processes of a channel share: an access token, a pause that the platform demands, a right that it refused."""

    __tablename__ = "channel_state"

    name = Column(String(80), primary_key=True)
    value = Column(Text, nullable=False)
    until = Column(Moment, nullable=False)


class Hold(Base):
    """A conversation held by a human: while the row stands the bot is silent."""

    __tablename__ = "hold"

    sender_id = Column(String(SENDER_LENGTH), primary_key=True)
    by = Column(String(80), nullable=False)
    since = Column(Moment, nullable=False)


class Switch(Base):
    """Something an admin has switched off: a channel, one question's answer, or all personal figures. While the row stands it is off."""

    __tablename__ = "switch"

    scope = Column(String(12), primary_key=True)  # channel, question, personal
    name = Column(String(80), primary_key=True)  # of the channel or question; "*" for personal figures
    reason = Column(Text, nullable=False)
    by = Column(String(80), nullable=False)
    since = Column(Moment, nullable=False)


class Feedback(Base):
    """One vote (useful or useless) on one outgoing message, by the person it was sent to."""

    __tablename__ = "feedback"
    __table_args__ = (
        UniqueConstraint("outbox_id", name="uq_feedback_outbox_id"),
        Index("ix_feedback_at", "at"),
        {"sqlite_autoincrement": True},
    )

    id = Column(RowId, primary_key=True, autoincrement=True)
    outbox_id = Column(RowId, ForeignKey("outbox.id", name="fk_feedback_outbox_id_outbox", ondelete="CASCADE"), nullable=False)
    sender_id = Column(String(SENDER_LENGTH), nullable=False)
    vote = Column(String(8), nullable=False)
    at = Column(Moment, nullable=False)
