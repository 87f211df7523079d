"""Rasa's message processor without what it does for nobody, and without its silence.

Each method says where Rasa's own stands; tests/runtime/test_processor.py fails when that changes.
"""

import logging
from contextlib import nullcontext
from typing import Any

from rasa.core.actions.action import ActionBotResponse, ActionExecutionRejection, ActionListen
from rasa.core.channels.channel import CollectingOutputChannel, OutputChannel, UserMessage
from rasa.core.nlg import NaturalLanguageGenerator
from rasa.core.policies.policy import PolicyPrediction
from rasa.core.processor import MessageProcessor
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.events import ActionExecuted, ActionExecutionRejected, Event
from rasa.shared.core.trackers import DialogueStateTracker

from bot.runtime import metrics

logger = logging.getLogger(__name__)

LISTENING_NEXT = (ActionListen, ActionBotResponse)
"""Actions that neither reject nor change the tracker they are given: they need no copy of it."""


class Processor(MessageProcessor):
    """What happens to one message between the conversation's lock and its release."""

    async def handle_message(self, message: UserMessage) -> list[dict[str, Any]] | None:
        """As Rasa's (rasa/core/processor.py:152), and never leaves a conversation that would stay mute."""
        with metrics.stage("load"):
            tracker = await self.fetch_tracker_and_update_session(message.sender_id, message.output_channel, message.metadata)
        self._wake(tracker)
        with metrics.stage("understand"):
            await self._handle_message_with_tracker(message, tracker)
        tracker = await self.run_action_extract_slots(message.output_channel, tracker)
        await self._run_prediction_loop(message.output_channel, tracker)
        self._wake(tracker)
        await self.save_tracker(tracker)
        return message.output_channel.messages if isinstance(message.output_channel, CollectingOutputChannel) else None

    @staticmethod
    def _wake(tracker: DialogueStateTracker) -> None:
        """Let a conversation listen again whose last action was another: rules predict nothing there, so it would never answer.

        It comes to that when predictions reach their limit (rasa/core/processor.py:861 only logs), or a process ended in between.
        """
        if tracker.events and tracker.latest_action_name != ACTION_LISTEN_NAME:
            logger.warning("a conversation that had stopped listening was woken")
            metrics.muted_repaired()
            tracker.update(ActionExecuted(ACTION_LISTEN_NAME))

    async def parse_message(
        self, message: UserMessage, tracker: DialogueStateTracker | None = None, only_output_properties: bool = True
    ) -> dict[str, Any]:
        """As Rasa's (rasa/core/processor.py:702), which copies the result for a debug line and builds an empty domain each time."""
        if tracker is None:
            tracker = DialogueStateTracker.from_events(message.sender_id, [])
        parsed = self._parse_message_with_graph(message, tracker, only_output_properties)
        self._update_full_retrieval_intent(parsed)
        return parsed

    def _predict_next_with_tracker(self, tracker: DialogueStateTracker) -> PolicyPrediction:
        with metrics.stage("decide"):
            return super()._predict_next_with_tracker(tracker)

    async def _run_action(
        self,
        action: Any,
        tracker: DialogueStateTracker,
        output_channel: OutputChannel,
        nlg: NaturalLanguageGenerator,
        prediction: PolicyPrediction,
    ) -> bool:
        """As Rasa's (rasa/core/processor.py:967), which swallows an action's failure and answers with silence: here the message fails.

        Nothing of it is stored then, so that it can be tried again as a whole.
        """
        given = tracker
        if not isinstance(action, LISTENING_NEXT):
            given = tracker.copy()
            given.update_with_events(prediction.events, self.domain)
        try:
            with nullcontext() if isinstance(action, ActionListen) else metrics.stage("action"):
                events = await action.run(output_channel, nlg, given, self.domain)
        except ActionExecutionRejection:
            tracker.update(ActionExecutionRejected(action.name(), prediction.policy_name, prediction.max_confidence))
            return self.should_predict_another_action(action.name())
        except Exception:
            metrics.action_error(action.name())
            raise
        self._log_action_on_tracker(tracker, action, events, prediction)
        await self.execute_side_effects(events, tracker, output_channel)
        return self.should_predict_another_action(action.name())

    def _log_action_on_tracker(
        self, tracker: DialogueStateTracker, action: Any, events: list[Event] | None, prediction: PolicyPrediction
    ) -> None:
        """As Rasa's (rasa/core/processor.py:1021), which copies all events deeply for a debug line."""
        events = events or []
        if not any(isinstance(event, ActionExecutionRejected) for event in events):
            tracker.update_with_events(prediction.events, self.domain)
            tracker.update(action.event_for_successful_execution(prediction))
        tracker.update_with_events(events, self.domain)
