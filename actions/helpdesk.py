"""A human one word away."""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.desk import Desk, open_desk
from bot.answers import Answer
from bot.helpdesk.office import office_hours
from bot.helpdesk.tickets import open_ticket


class CallHuman(Action):
    """Opens a ticket and gives the telephone numbers."""

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


def call(desk: Desk, sender_id: str, topic: str | None, question: str | None) -> Answer:
    """Open the chat's ticket, or find the one it has; says its number and the telephones."""
    with desk.database.write() as session:
        ticket = open_ticket(session, sender_id, topic, question, desk.now, office_hours(desk.settings))
    return desk.say("utter_human" if ticket.new else "utter_human_again", number=ticket.number, ahead=ticket.ahead)
