"""Rasa's agent as this bot runs it: one message at a time for each conversation, finished before the next one begins.

Rasa's own stores a tracker and then lets go of it (rasa/core/agent.py:410); what a channel does with the answers comes after. A process
that dies in between has said nothing and believes it has. Here answers, dialogue turn and the journal's end state are one transaction,
within the conversation's lock.
"""

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from rasa.core.agent import Agent
from rasa.core.brokers.broker import EventBroker
from rasa.core.channels.channel import UserMessage
from rasa.core.lock_store import LockError, LockStore
from rasa.core.tracker_store import TrackerStore
from rasa.core.utils import AvailableEndpoints
from rasa.shared.core.domain import Domain

from bot.inbox.question import NotNow
from bot.inbox.turns import staging
from bot.runtime import metrics
from bot.runtime.actionclient import ActionEndpoint
from bot.runtime.processor import Processor


class BotAgent(Agent):
    """An agent with our processor and an unwrapped tracker store."""

    @staticmethod
    def _create_tracker_store(store: TrackerStore | None, domain: Domain | None) -> TrackerStore:
        """The store itself. Rasa wraps it (rasa/core/agent.py:521) so that a failing database is answered from an empty memory."""
        if store is None:
            raise ValueError("this bot's conversations need a tracker store: see endpoints.yml")
        store.domain = domain
        return store

    def prepare(self, model_path: str | Path) -> Processor:
        """A processor with this model over the agent's stores; nothing of the agent changes. ModelNotFound and what unpacking raises."""
        return Processor(
            model_path=model_path,
            tracker_store=self.tracker_store,
            lock_store=self.lock_store,
            action_endpoint=self.action_endpoint,
            generator=self.nlg,
            http_interpreter=self.http_interpreter,
        )

    def adopt(self, processor: Processor, fingerprint: str | None = None) -> None:
        """Answer with this processor from the next message on; a message in work ends with the one it began with."""
        self._set_fingerprint(fingerprint)
        self.domain = self.tracker_store.domain = processor.domain
        self.nlg.responses = processor.domain.responses
        metrics.know_actions(processor.domain.action_names_or_texts)
        self.processor = processor

    def load_model(self, model_path: str | Path, fingerprint: str | None = None) -> None:
        """As Rasa's (rasa/core/agent.py:332), with our processor, and nothing is replaced before everything is loaded."""
        self.adopt(self.prepare(model_path), fingerprint)

    async def close(self) -> None:
        """Give locks and connections back, when the last message is answered."""
        for part in (self.lock_store, self.action_endpoint):
            close = getattr(part, "close", None)
            if close is not None:
                await close()

    async def handle_message(self, message: UserMessage) -> list[dict[str, Any]] | None:
        """Answer one message. NotNow when the conversation cannot be locked or an action not be reached; DatabaseFault; TurnConflict.

        The output channel's ``finish``, where it has one, is given the dialogue's new turn while the conversation is locked.
        """
        if self.processor is None:
            raise NotNow("no model is loaded")
        async with AsyncExitStack() as held:
            try:
                with metrics.stage("lock"):
                    await held.enter_async_context(self.lock_store.lock(message.sender_id))
            except LockError as error:
                raise NotNow("the conversation cannot be locked") from error
            return await self._handle(message)

    async def _handle(self, message: UserMessage) -> list[dict[str, Any]] | None:
        finish = getattr(message.output_channel, "finish", None)
        if finish is None:  # Rasa's own shell and tests: nobody writes down what was said, but the dialogue is stored
            return await self.processor.handle_message(message)
        with staging() as turns:
            messages = await self.processor.handle_message(message)
        with metrics.stage("write"):
            await finish(turns)
        return messages


async def load(model: Path, endpoints: AvailableEndpoints) -> BotAgent:
    """An agent on these endpoints with this model. Rasa's load_agent (rasa/core/agent.py:266) would return one without a model."""
    action = ActionEndpoint(endpoints.action.url, **endpoints.action.kwargs) if endpoints.action else None
    agent = BotAgent(
        generator=endpoints.nlg,
        tracker_store=TrackerStore.create(endpoints.tracker_store, event_broker=await EventBroker.create(endpoints.event_broker)),
        lock_store=LockStore.create(endpoints.lock_store),
        action_endpoint=action,
    )
    agent.load_model(model)
    return agent
