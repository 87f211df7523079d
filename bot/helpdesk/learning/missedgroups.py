"""Missed sentences that nobody has reviewed, those that mean nearly the same together."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from bot.helpdesk.learning.similarity import grouped
from bot.helpdesk.models import Review
from bot.inbox.missed import CALL
from bot.inbox.models import Missed

MOST = 5000  # the newest: older ones come up as these are reviewed

_missed, _review = Missed.__table__.c, Review.__table__.c
_OPEN = ~exists().where(_review.missed_id == _missed.id, _review.undone_at.is_(None))


@dataclass(frozen=True)
class Sentence:
    """One missed sentence; ``call`` is the number of the call it was asked in, None in a chat."""

    id: int
    sender_id: str
    text: str
    reason: str
    at: datetime

    @property
    def call(self) -> int | None:
        kind, _, number = self.sender_id.partition(":")
        return int(number) if kind == CALL and number.isdecimal() else None

    @property
    def channel(self) -> str:
        return self.sender_id.partition(":")[0]


@dataclass(frozen=True)
class Group:
    """Sentences that mean nearly the same, newest first; ``text`` speaks for them."""

    text: str
    sentences: tuple[Sentence, ...]

    @property
    def id(self) -> int:
        """The newest sentence's: it stays while others of the group are decided on."""
        return self.sentences[0].id

    @property
    def people(self) -> int:
        return len({sentence.sender_id for sentence in self.sentences})

    @property
    def reasons(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(sentence.reason for sentence in self.sentences))


class Unreviewed:
    """The groups of one database. What has been grouped is kept: a decision takes sentences away, and moves none."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._sentences: Mapping[int, Sentence] = {}
        self._groups: list[list[int]] = []

    def groups(self, session: Session) -> list[Group]:
        """All groups of the newest `MOST` sentences: the biggest first, of equal ones the newest."""
        open_ids = session.execute(select(_missed.id).where(_OPEN).order_by(_missed.id.desc()).limit(MOST)).scalars().all()
        with self._lock:
            if not self._sentences.keys() >= set(open_ids):
                self._regroup(session)
            return self._groups_of(set(open_ids))

    def _regroup(self, session: Session) -> None:
        columns = (_missed.id, _missed.sender_id, _missed.text, _missed.reason, _missed.at)
        rows = session.execute(select(*columns).where(_OPEN).order_by(_missed.id.desc()).limit(MOST)).all()
        self._sentences = {row.id: Sentence(row.id, row.sender_id, row.text, row.reason, row.at) for row in rows}
        ids = list(self._sentences)
        self._groups = [[ids[at] for at in group] for group in grouped([self._sentences[id].text for id in ids])]

    def _groups_of(self, open_ids: set[int]) -> list[Group]:
        found = []
        for group in self._groups:
            left = [self._sentences[id] for id in group if id in open_ids]
            if left:
                found.append(Group(left[0].text, tuple(sorted(left, key=lambda sentence: -sentence.id))))
        return sorted(found, key=lambda group: (-len(group.sentences), -group.id))
