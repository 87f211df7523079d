"""Binding a chat to a person, and undoing it. Only the action that wrote the row says that it is done."""

from typing import Any

from rasa_sdk import Action, FormValidationAction, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.desk import GROUP_CHATS, Desk, journal_id, open_desk, visitor
from bot.answers import Answer
from bot.binding import Binder, forget_words
from bot.hours import identity

FORM_SLOTS = ("bind_code", "bind_name")


class ValidateBindForm(FormValidationAction):
    """Refuses a code that cannot be one, before asking for the name."""

    def name(self) -> str:
        return "validate_bind_form"

    async def required_slots(
        self, domain_slots: list[str], dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[str]:
        """Nothing in a group chat: the form ends at once, before anybody writes a code where others read along."""
        return [] if tracker.sender_id.startswith(GROUP_CHATS) else domain_slots

    def validate_bind_code(self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> dict[str, Any]:
        """The code when it has the shape of one, else None and a sentence."""
        if identity.looks_like_code(str(value)):
            return {"bind_code": value}
        dispatcher.utter_message(**open_desk().say("utter_not_a_code").as_message())
        return {"bind_code": None}


class SubmitBind(Action):
    """Ends the guided form."""

    def name(self) -> str:
        return "action_submit_bind"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        name, code = tracker.get_slot("bind_name"), tracker.get_slot("bind_code")
        answer, bound = bind(open_desk(), tracker, str(name), str(code))
        dispatcher.utter_message(**answer.as_message())
        return [*(SlotSet(slot, None) for slot in FORM_SLOTS), SlotSet("bound", bound)]


class BindNow(Action):
    """Name and code in one message."""

    def name(self) -> str:
        return "action_bind_now"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        name = next(tracker.get_latest_entity_values("bind_name"), "")
        code = next(tracker.get_latest_entity_values("bind_code"), "")
        answer, bound = bind(open_desk(), tracker, name, code)
        dispatcher.utter_message(**answer.as_message())
        return [*(SlotSet(slot, None) for slot in FORM_SLOTS), SlotSet("bound", bound)]


class CancelBind(Action):
    """Forgets what the abandoned form had gathered."""

    def name(self) -> str:
        return "action_cancel_bind"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        dispatcher.utter_message(**open_desk().say("utter_cancelled").as_message())
        return [SlotSet(slot, None) for slot in FORM_SLOTS]


def bind(desk: Desk, tracker: Tracker, name: str, code: str) -> tuple[Answer, bool]:
    """Try to bind; what is said, and whether the chat is bound now."""
    return Binder(desk.settings, desk.database, desk.answers).bind(tracker.sender_id, name, code, journal_id(tracker))


class Unbind(Action):
    """Takes the binding of this chat away, and with it what was said here."""

    def name(self) -> str:
        return "action_unbind"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        desk = open_desk()
        with desk.database.write() as session:
            undone = identity.unbind(session, tracker.sender_id, desk.now)
            if undone:
                forget_words(session, tracker.sender_id, journal_id(tracker))
        dispatcher.utter_message(**desk.say("utter_unbound" if undone else "utter_nothing_bound").as_message())
        return [SlotSet("bound", False)]


class MyBinding(Action):
    """Who this chat is bound to, masked."""

    def name(self) -> str:
        return "action_my_binding"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        desk = open_desk()
        with visitor(desk, tracker.sender_id) as (_, person):
            answer = whose(desk, person)
        dispatcher.utter_message(**answer.as_message())
        return [SlotSet("bound", person is not None)]


def whose(desk: Desk, person: identity.BoundPerson | None) -> Answer:
    """The binding of a chat in words; ``person`` is the one it is bound to."""
    if person is None:
        return desk.say("utter_nothing_bound")
    return desk.say("utter_my_binding", name=person.name, unit=person.unit, id_number=person.id_number, since=person.bound_at.date())
