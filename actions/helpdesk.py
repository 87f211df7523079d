"""A human one word away, and messages left for one."""

from typing import Any

from rasa_sdk import Action, FormValidationAction, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.desk import GROUP_CHATS, Desk, open_desk
from bot.answers import Answer
from bot.helpdesk.office import office_hours, spoken
from bot.helpdesk.tickets import Opened, leave_message, open_ticket
from bot.inbox.text import mask_codes

MESSAGE = "message_text"


class CallHuman(Action):
    """Puts the chat into the queue and gives the telephone numbers."""

    def name(self) -> str:
        return "action_human"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        desk = open_desk()
        about = (tracker.latest_message.get("meaning") or {}).get("about") or {}
        asked = [event["text"] for event in tracker.events if event["event"] == "user" and event.get("text")]
        question = asked[-2] if len(asked) > 1 else None
        answer = call(desk, tracker.sender_id, about.get("key") or about.get("intent"), question)
        dispatcher.utter_message(**answer.as_message())
        return []


class ValidateMessageForm(FormValidationAction):
    """Asks for nothing in a group chat: the form ends at once, before anybody writes what others would read."""

    def name(self) -> str:
        return "validate_message_form"

    async def required_slots(
        self, domain_slots: list[str], dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[str]:
        """The form's slots, none in a group chat."""
        return [] if tracker.sender_id.startswith(GROUP_CHATS) else domain_slots


class LeaveMessage(Action):
    """Keeps a message for the staff: the form's, or that of one sentence."""

    def name(self) -> str:
        return "action_leave_message"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        text = next(tracker.get_latest_entity_values(MESSAGE), None) or tracker.get_slot(MESSAGE)
        answer = leave(open_desk(), tracker.sender_id, str(text or ""))
        dispatcher.utter_message(**answer.as_message())
        return [SlotSet(MESSAGE, None)]


class CancelMessage(Action):
    """Ends the form without a message."""

    def name(self) -> str:
        return "action_cancel_message"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        dispatcher.utter_message(**open_desk().say("utter_message_cancelled").as_message())
        return [SlotSet(MESSAGE, None)]


def call(desk: Desk, sender_id: str, topic: str | None, question: str | None) -> Answer:
    """Open the chat's ticket, or find the one it has; says its number and place, or when staff are back, and the telephones."""
    with desk.database.write() as session:
        ticket = open_ticket(session, sender_id, topic, question, desk.now, office_hours(desk.settings))
    if ticket.holder is not None:
        return desk.say("utter_human_held", holder=ticket.holder)
    facts: dict[str, Any] = {"number": ticket.number, "ahead": ticket.ahead}
    if ticket.opens_at is None:
        return desk.say("utter_human" if ticket.new else "utter_human_again", **facts)
    return desk.say(_closed(sender_id, ticket), **facts, opens=spoken(ticket.opens_at, desk.now))


def leave(desk: Desk, sender_id: str, text: str) -> Answer:
    """Keep the message and say how it will be answered; in a group chat nothing is kept."""
    if sender_id.startswith(GROUP_CHATS) or not text:
        return desk.say("utter_message_in_private")
    with desk.database.write() as session:
        ticket = leave_message(session, sender_id, mask_codes(text), desk.now, office_hours(desk.settings))
    if ticket.opens_at is None:
        return desk.say("utter_message_left", number=ticket.number)
    return desk.say("utter_message_left_closed", number=ticket.number, opens=spoken(ticket.opens_at, desk.now))


def _closed(sender_id: str, ticket: Opened) -> str:
    if sender_id.startswith(GROUP_CHATS):
        return "utter_human_closed_group"
    return "utter_human_closed" if ticket.new else "utter_human_closed_again"
