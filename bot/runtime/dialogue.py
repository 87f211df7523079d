"""Trackers out of stored turns and back: Rasa's events as JSON, and the state beside them as the events that bring it about."""

import base64
import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActiveLoop,
    Event,
    LoopInterrupted,
    SlotSet,
    UserUttered,
    deserialise_events,
)
from rasa.shared.core.trackers import DialogueStateTracker

from bot.inbox.text import mask_codes
from bot.inbox.turns import NOTHING, StoredTurn

SEALED = frozenset({"bind_code"})
"""Slots whose value is never stored readably: whoever reads the database must not be able to bind with it."""
MASKED = SEALED | {"message_text"}
"""Slots and entities in whose stored values whatever may be a bind code is hidden."""
KEPT = frozenset({"bound"})
"""Slots that outlive an interruption: what is known of the person, not what was being asked or offered."""
_DROPPED = ("model_id", "assistant_id")  # of each event's metadata: the same for all, and of no use later


class Seal:
    """Encrypts a slot's value with a key of this installation. A value sealed with another key opens as None: it is asked for again."""

    def __init__(self, secret_key: bytes) -> None:
        self._key = base64.urlsafe_b64encode(hashlib.blake2b(secret_key, digest_size=32, person=b"stored slots").digest())

    def close(self, value: Any) -> str:
        """The value as text that only ``open`` reads."""
        from cryptography.fernet import Fernet

        return Fernet(self._key).encrypt(json.dumps(value).encode()).decode()

    def open(self, sealed: str) -> Any:
        """The value; None when it cannot be read."""
        from cryptography.fernet import Fernet, InvalidToken

        try:
            return json.loads(Fernet(self._key).decrypt(sealed.encode()))
        except InvalidToken:
            return None


def begin(tracker: DialogueStateTracker, number: int, *, listening: bool = False) -> DialogueStateTracker:
    """Mark where what is stored ends: ``number`` turns, and the events the tracker has now."""
    if listening:
        tracker.update(ActionExecuted(ACTION_LISTEN_NAME))
    tracker.stored_turns = number
    tracker.stored_events = len(tracker.events)
    return tracker


def resume(tracker: DialogueStateTracker, found: Sequence[StoredTurn], window: int, seal: Seal) -> DialogueStateTracker:
    """Bring a new tracker into the state that the turns have led to; of all but the last ``window`` only the state is used.

    Where somebody else spoke in between, the dialogue begins anew: no form, no choices, nothing to refer back to.
    """
    number = found[-1].number
    interrupted = next((at for at in reversed(range(len(found))) if found[at].events == NOTHING), None)
    if interrupted is not None:
        _replay(tracker, _begin_anew(json.loads(found[interrupted].state)))
        found = found[interrupted + 1 :]
        if not found:
            return begin(tracker, number)
    elif window < len(found):
        _replay(tracker, _bringing_about(json.loads(found[-window - 1].state), seal))
    elif found[0].number > 1:  # the turns before were deleted: what the first one did not change stood before it, too
        _replay(tracker, _bringing_about(json.loads(found[0].state), seal))
    for turn in found[-window:]:
        _replay(tracker, _events(turn, seal))
    return begin(tracker, number)


def _events(turn: StoredTurn, seal: Seal) -> list[Event]:
    """The turn's events with the sealed values opened: actions are given copies of the tracker, and those are made of its events."""
    events = deserialise_events(json.loads(turn.events))
    masked = [event for event in events if isinstance(event, SlotSet) and event.key in SEALED and event.value is not None]
    if masked:
        slots = _slots(json.loads(turn.state), seal)
        for event in masked:
            event.value = slots.get(event.key)
    return events


def turn_of(tracker: DialogueStateTracker, now: datetime, seal: Seal) -> StoredTurn | None:
    """What the tracker holds beyond what is stored, as its next turn; None when there is nothing new."""
    events: list[Event] = list(tracker.events)
    stored = getattr(tracker, "stored_events", 0)
    new = events[stored:]
    if not new:
        return None
    number = getattr(tracker, "stored_turns", 0) + 1
    begin(tracker, number)
    return StoredTurn(
        tracker.sender_id,
        number,
        now,
        json.dumps([_plain(event) for event in new], ensure_ascii=False, separators=(",", ":")),
        json.dumps(_state(tracker, seal), ensure_ascii=False, separators=(",", ":")),
    )


def _replay(tracker: DialogueStateTracker, events: Sequence[Event]) -> None:
    for event in events:
        tracker.update(event)


def _state(tracker: DialogueStateTracker, seal: Seal) -> dict[str, Any]:
    slots = {slot.name: slot.value for slot in tracker.slots.values() if slot.value != slot.initial_value}
    sealed = {name: seal.close(slots.pop(name)) for name in SEALED & slots.keys()}
    loop = tracker.active_loop
    return {
        "slots": slots,
        "sealed": sealed,
        "loop": {"name": loop.name, "interrupted": loop.is_interrupted, "rejected": loop.rejected} if loop and loop.name else None,
        "action": tracker.latest_action_name,
        "at": tracker.events[-1].timestamp,
    }


def _slots(state: dict[str, Any], seal: Seal) -> dict[str, Any]:
    return {**state["slots"], **{name: seal.open(value) for name, value in state["sealed"].items()}}


def _bringing_about(state: dict[str, Any], seal: Seal) -> list[Event]:
    """Events that put a new tracker into the state."""
    at = state["at"]
    events: list[Event] = [SlotSet(name, value, timestamp=at) for name, value in _slots(state, seal).items()]
    if state["loop"]:  # a form has run before it listens: the tracker forgets happy turns by that (rasa/shared/core/trackers.py:478)
        events += [ActiveLoop(state["loop"]["name"], timestamp=at), ActionExecuted(state["loop"]["name"], timestamp=at)]
    if state["action"]:
        events.append(ActionExecuted(state["action"], timestamp=at))
    if state["loop"] and state["loop"]["interrupted"]:
        events.append(LoopInterrupted(True, timestamp=at))
    if state["loop"] and state["loop"]["rejected"]:
        events.append(ActionExecutionRejected(state["loop"]["name"], timestamp=at))
    return events


def _begin_anew(state: dict[str, Any]) -> list[Event]:
    """Events that put a new tracker where a dialogue begins, with what is known of the person."""
    at = state["at"]
    known: list[Event] = [SlotSet(name, value, timestamp=at) for name, value in state["slots"].items() if name in KEPT]
    return [*known, ActionExecuted(ACTION_LISTEN_NAME, timestamp=at)]


def knowing(state: str | None, now: datetime, **known: Any) -> str:
    """A stored state, None for that of a dialogue without turns, with these values of slots that outlive an interruption."""
    before: dict[str, Any] = json.loads(state) if state else {"slots": {}, "sealed": {}, "loop": None, "action": None}
    after = {**before, "slots": {**before["slots"], **known}, "at": now.timestamp()}
    return json.dumps(after, ensure_ascii=False, separators=(",", ":"))


def _plain(event: Event) -> dict[str, Any]:
    """The event as it is stored: bind codes masked, nothing that is the same for all."""
    data = event.as_dict()
    if isinstance(data.get("metadata"), dict):
        data["metadata"] = {key: value for key, value in data["metadata"].items() if key not in _DROPPED}
    if isinstance(event, UserUttered):
        parsed = dict(data["parse_data"])
        parsed["entities"] = [
            {**entity, "value": mask_codes(str(entity["value"]))} if entity.get("entity") in MASKED else entity
            for entity in parsed.get("entities") or ()
        ]
        parsed.pop("metadata", None)
        parsed["text"] = mask_codes(parsed.get("text") or "")
        data["parse_data"], data["text"] = parsed, mask_codes(data["text"] or "")
    elif isinstance(event, SlotSet) and event.key in MASKED and event.value is not None:
        data["value"] = mask_codes(str(event.value))
    return data
