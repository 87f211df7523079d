"""One conversation with all that belongs beside it, gathered in one read."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from bot.answers import Answers
from bot.helpdesk.console.desk import Desk
from bot.helpdesk.questions import title_or
from bot.helpdesk.staff.sessions import Member
from bot.helpdesk.talks import conversation, drafts, lists, presence
from bot.helpdesk.talks.chatperson import ChatPerson, behind
from bot.helpdesk.talks.conversation import Cursor, Entry
from bot.helpdesk.talks.lists import Item
from bot.helpdesk.talks.presence import Colleague
from bot.helpdesk.talks.reaching import Way, channel_of, way


@dataclass(frozen=True)
class Talk:
    """One conversation before somebody's eyes. ``section``: where it stands for them; ``heard``: the person's newest message."""

    item: Item
    section: str
    topic: str
    channel: str
    entries: list[Entry]
    cursor: Cursor
    way: Way
    drafts: dict[str, str]
    person: ChatPerson | None
    colleagues: tuple[Colleague, ...]

    @property
    def heard(self) -> int:
        return max((entry.number for entry in self.entries if entry.kind == conversation.PERSON), default=0)

    def day(self, entry: Entry) -> str:
        """The day under which an entry stands."""
        return entry.at.date().isoformat()

    @property
    def notes(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.kind == conversation.NOTE]


def topic_of(answers: Answers, topic: str | None) -> str:
    """What the person had asked about, as a button says it; empty when nothing was, or nothing that still exists."""
    return title_or(answers, topic, "") if topic else ""


def talk(session: Session, desk: Desk, member: Member, ticket_id: int) -> Talk | None:
    """The conversation of a ticket; None for none. Whoever shows it notes the look-up of its person first."""
    item = lists.one(session, ticket_id)
    if item is None:
        return None
    now = desk.now
    entries = conversation.history(session, item.sender_id, now, ticket_id=ticket_id)
    return Talk(
        item,
        item.section(member.id),
        topic_of(desk.answers, item.topic),
        channel_of(item.sender_id),
        entries,
        conversation.settled(entries, now),
        way(session, item.sender_id, now),
        drafts.of(session, member.id, ticket_id),
        behind(session, desk.notices, item, desk.today),
        presence.colleagues(session, now),
    )
