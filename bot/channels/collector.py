"""The bridge to Rasa: ask it one question and collect what it says, whole and with metadata."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from rasa.core.channels.channel import CollectingOutputChannel, UserMessage

from bot.inbox.question import Ask, Finish, Handled, Question
from bot.inbox.turns import StoredTurn

OnNewMessage = Callable[[UserMessage], Awaitable[Any]]


class Collector(CollectingOutputChannel):
    """Rasa's collecting channel cuts texts at blank lines and drops what it does not know; this one keeps text, buttons and metadata.

    Whoever runs Rasa calls ``finish`` while the conversation is still locked, so that the answers are written down before the next message.
    """

    def __init__(self, finish: Finish | None = None) -> None:
        super().__init__()
        self._finish = finish
        self.handled: Handled | None = None

    async def finish(self, turns: Sequence[StoredTurn]) -> None:
        """Write down what was said, with the dialogue's new turns."""
        if self._finish is not None:
            self.handled = await self._finish(self.messages, turns)

    async def send_text_message(self, recipient_id: str, text: str, **kwargs: Any) -> None:
        self._keep(kwargs, text=text.strip())

    async def send_text_with_buttons(self, recipient_id: str, text: str, buttons: list[dict[str, Any]], **kwargs: Any) -> None:
        plain = [{"title": str(button["title"]), "payload": str(button.get("payload") or button["title"])} for button in buttons]
        self._keep(kwargs, text=text.strip(), buttons=plain)

    async def send_quick_replies(self, recipient_id: str, text: str, quick_replies: list[dict[str, Any]], **kwargs: Any) -> None:
        await self.send_text_with_buttons(recipient_id, text, quick_replies, **kwargs)

    async def send_image_url(self, recipient_id: str, image: str, **kwargs: Any) -> None:
        self._keep(kwargs, image=image)

    async def send_attachment(self, recipient_id: str, attachment: str, **kwargs: Any) -> None:
        self._keep(kwargs, attachment=attachment)

    async def send_custom_json(self, recipient_id: str, json_message: dict[str, Any], **kwargs: Any) -> None:
        self._keep(kwargs, custom=json_message)

    def _keep(self, passed: dict[str, Any], **message: Any) -> None:
        if isinstance(passed.get("metadata"), dict):
            message["metadata"] = passed["metadata"]
        self.messages.append(message)


def asking(on_new_message: OnNewMessage) -> Ask:
    """A channel's way to Rasa for the intake. The tracker learns the journal row as ``journal_id``, for what must happen once."""

    async def ask(question: Question, finish: Finish) -> Handled:
        collector = Collector(finish)
        await on_new_message(
            UserMessage(
                question.text,
                collector,
                question.sender_id,
                input_channel=question.channel,
                message_id=str(question.journal_id),
                metadata={**question.metadata, "journal_id": question.journal_id},
            )
        )
        if collector.handled is None:  # no model is loaded: Rasa returns without a word
            await collector.finish([])
        if collector.handled is None:
            raise LookupError(f"message {question.journal_id} was not finished")
        return collector.handled

    return ask
