"""Finding people by a whole identity number, which a caller may read out and somebody curious may guess.

Each try is noted, found or not, and within ten minutes each account has only so many: the digits that a masked number hides could be tried
one after the other. The trail keeps a keyed digest of the number, so that one that is typed on beside, or asked again, is one try.
"""

import hashlib
import hmac
from datetime import datetime, timedelta

from sqlalchemy import select

from bot.db import Database, serialise
from bot.helpdesk.lookup.person import only_unit
from bot.helpdesk.staff.sessions import Member
from bot.hours import audit, search
from bot.hours.models import AuditEntry

NUMBER = "console-number"
HIT, MISS = "hit", "miss"
MOST, WITHIN = 30, timedelta(minutes=10)

_entry = AuditEntry.__table__.c


class TooManyNumbersError(Exception):
    """The account has tried as many whole numbers as it may for a while."""


def found(database: Database, secret: bytes, text: str, member: Member, now: datetime, most: int = search.MOST) -> search.Page:
    """Whom the words mean, of those the member may see: `search.find` with its trace. TooManyNumbersError."""
    number = search.whole_number(text)
    if number is None:
        with database.read() as session:
            return search.find(session, text, only_unit(member), most)
    digest = hmac.new(secret, b"number:" + number.encode(), hashlib.sha256).hexdigest()[:16]
    lately = _entry.occurred_at > now - WITHIN, _entry.occurred_at <= now  # with BOT_TODAY the clock jumps back at midnight
    theirs = select(_entry.detail).where(_entry.actor == member.actor, _entry.action == NUMBER, *lately)
    with database.write() as session:
        serialise(session, NUMBER)  # tries of one moment are counted one after the other
        noted = set(session.execute(theirs).scalars())
        tried = {detail.rpartition(" ")[2] for detail in noted}
        if digest not in tried and len(tried) >= MOST:
            raise TooManyNumbersError
        page = search.find(session, text, only_unit(member), most)
        detail = f"{HIT if page.people else MISS} {digest}"
        if detail not in noted:
            audit.note(session, now, member.actor, NUMBER, page.people[0].id if page.people else None, detail)
        return page
