"""Tracker stores that cost the same at any length of a conversation: a message reads the last turns and adds one.

Rasa's own SQL store reads and compares all events of a conversation with each message (rasa/core/tracker_store.py:1284), writes one row an
event, and stands behind a wrapper that answers from an empty memory when the database is down (rasa/core/tracker_store.py:1529).
These read `WINDOW` turns, begin the tracker with the state that stands beside the turn before them, and let a failing database fail.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Iterable
from typing import Any

from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker

from bot import settings
from bot.db import Database, open_database
from bot.inbox import turns
from bot.inbox.turns import StoredTurn
from bot.runtime import dialogue
from bot.runtime.dialogue import Seal

WINDOW = 1
"""Turns of which the events are read: rules look at one turn, and what a follow-up leans on stands in the turn before."""
MOST_CONVERSATIONS = 20_000
"""How many conversations the store in memory keeps; the one unused for longest goes first."""


class TurnStore(TrackerStore):
    """What both stores share: trackers out of turns, turns out of trackers."""

    stored_with_the_answers = True
    """Whether a turn waits for the transaction that writes down what was said."""

    def __init__(self, domain: Domain | None, event_broker: Any = None, host: str | None = None, **kwargs: Any) -> None:
        super().__init__(domain, None, **kwargs)
        self._read_settings: settings.Settings | None = None
        self._seal: Seal | None = None

    @property
    def settings(self) -> settings.Settings:
        """This process's settings, read when they are first needed."""
        if self._read_settings is None:
            self._read_settings = settings.load()
        return self._read_settings

    @property
    def seal(self) -> Seal:
        """What keeps a bind code unreadable in a stored state."""
        if self._seal is None:
            self._seal = Seal(self.settings.secret_key())
        return self._seal

    async def get_or_create_tracker(
        self, sender_id: str, max_event_history: int | None = None, append_action_listen: bool = True
    ) -> DialogueStateTracker:
        """The conversation's tracker, or a new one; a new one is stored with its first message, not before."""
        return await self.retrieve(sender_id) or dialogue.begin(self.init_tracker(sender_id), 0, listening=append_action_listen)

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """The tracker of the last turns, in the state that all turns have led to; None for an unknown sender. DatabaseFault."""
        found = await self._last(sender_id, WINDOW + 1)
        return dialogue.resume(self.init_tracker(sender_id), found, WINDOW, self.seal) if found else None

    async def retrieve_full_tracker(self, conversation_id: str) -> DialogueStateTracker | None:
        """The tracker with every event that is stored, since the dialogue last began anew."""
        found = await self._last(conversation_id, None)
        return dialogue.resume(self.init_tracker(conversation_id), found, len(found), self.seal) if found else None

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Store what is new in the tracker, or hand it to whoever stores it together with the answers. TurnConflict, DatabaseFault."""
        turn = dialogue.turn_of(tracker, self.settings.now(), self.seal)
        if turn is not None and not (self.stored_with_the_answers and turns.stage(turn)):
            await self._add(turn)

    async def _last(self, sender_id: str, count: int | None) -> list[StoredTurn]:
        raise NotImplementedError

    async def _add(self, turn: StoredTurn) -> None:
        raise NotImplementedError


class Conversations(TurnStore):
    """Turns in the bot's database."""

    def __init__(self, domain: Domain | None, event_broker: Any = None, host: str | None = None, **kwargs: Any) -> None:
        super().__init__(domain, event_broker, host, **kwargs)
        self._database: Database | None = None

    @property
    def database(self) -> Database:
        """Opened when the first conversation is looked for."""
        if self._database is None:
            self._database = open_database(self.settings)
        return self._database

    async def _last(self, sender_id: str, count: int | None) -> list[StoredTurn]:
        if count is not None and self.database.file is not None:
            return self._read(sender_id, count)  # a look into a local file is over before a thread has woken
        return await asyncio.to_thread(self._read, sender_id, count)

    def _read(self, sender_id: str, count: int | None) -> list[StoredTurn]:
        with self.database.look() as connection:
            return list(turns.every(connection, sender_id)) if count is None else turns.last(connection, sender_id, count)

    async def _add(self, turn: StoredTurn) -> None:
        await asyncio.to_thread(self._write, turn)

    def _write(self, turn: StoredTurn) -> None:
        with self.database.begin() as connection:
            turns.add(connection, turn)


class MemoryConversations(TurnStore):
    """Turns in this process's memory, for measuring and trying out: they end with it."""

    stored_with_the_answers = False

    def __init__(self, domain: Domain | None, event_broker: Any = None, host: str | None = None, **kwargs: Any) -> None:
        super().__init__(domain, event_broker, host, **kwargs)
        self._turns: OrderedDict[str, deque[StoredTurn]] = OrderedDict()

    async def _last(self, sender_id: str, count: int | None) -> list[StoredTurn]:
        return list(self._turns.get(sender_id, ()))

    async def _add(self, turn: StoredTurn) -> None:
        kept = self._turns.setdefault(turn.sender_id, deque(maxlen=WINDOW + 1))
        if kept and kept[-1].number >= turn.number:
            raise turns.TurnConflict(f"turn {turn.number}")
        kept.append(turn)
        self._turns.move_to_end(turn.sender_id)
        while len(self._turns) > MOST_CONVERSATIONS:
            self._turns.popitem(last=False)

    async def keys(self) -> Iterable[str]:
        """The senders whose conversations are kept."""
        return self._turns.keys()
