"""Actions of the stock bot, run by `rasa run actions` in the stock environment with the repository on PYTHONPATH.

The work of a call equals ours: who is bound to the chat, that person's records, the year's figures, the text.
"""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.desk import open_desk, visitor
from bot.account import Visit, year
from bot.nlu.turn import Turn

NOBODY = "utter_record/my_year"


class StockAnswerRecord(Action):
    """Answers every question on one's own record with this year's standing: stock understanding says no more than that."""

    def name(self) -> str:
        return "action_answer_record"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        desk = open_desk()
        with visitor(desk, tracker.sender_id) as (session, person):
            if person is None:
                dispatcher.utter_message(**desk.say(NOBODY).as_message())
            else:
                answer = year(Visit(desk.notices, desk.answers, desk.today, session, person, Turn("my_year")))
                dispatcher.utter_message(**answer.as_message())
        return []
