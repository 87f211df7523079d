"""Answers every turn of a message: prepared questions as they stand, own records only for a bound person."""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.binding import whose
from actions.desk import GROUP_CHATS, Desk, open_desk, turns, visitor
from actions.helpdesk import call
from bot import account
from bot.answers import Answer
from bot.asking import bind_first
from bot.inbox import switches
from bot.nlu.turn import Turn

BINDING = ("bind", "my_binding")  # beside another question they are answered, the form is not begun


class AnswerRecord(Action):
    """Answers one account question, or all parts of a message that holds one."""

    def name(self) -> str:
        return "action_answer_record"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        desk = open_desk()
        bound = False
        for turn in turns(tracker):
            answer, bound = answer_turn(desk, tracker.sender_id, turn)
            dispatcher.utter_message(**answer.as_message())
        return [SlotSet("bound", bound)]


def answer_turn(desk: Desk, sender_id: str, turn: Turn) -> tuple[Answer, bool]:
    """The answer to one turn, and whether this chat is bound."""
    with visitor(desk, sender_id) as (session, person):
        if turn.intent in BINDING:
            return whose(desk, person), person is not None
        off = switches.everything_off(session)
        if switches.personal(off) and turn.intent in account.ANSWERS and not sender_id.startswith(GROUP_CHATS):
            return desk.answers.personal_off(desk.today), person is not None
        known = account.Whose(session, person) if person is not None and not switches.personal(off) else None
        answer = account.answered(turn, desk.answers.without(switches.questions(off)), desk.notices, desk.today, known)
        if answer is not None:
            return answer, person is not None
    if turn.intent == "human":
        return call(desk, sender_id, None, None), person is not None
    return _bind_first(desk, sender_id, turn), False


def _bind_first(desk: Desk, sender_id: str, turn: Turn) -> Answer:
    if sender_id.startswith(GROUP_CHATS):
        return desk.say("utter_private_only")
    return desk.say(bind_first(turn.intent))
