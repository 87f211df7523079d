"""The bridge to Rasa: ask it one question and collect what it says, whole and with metadata."""

from collections.abc import Awaitable, Callable
from typing import Any

from rasa.core.channels.channel import CollectingOutputChannel, UserMessage

from bot.inbox.intake import Ask, Question

OnNewMessage = Callable[[UserMessage], Awaitable[Any]]


class Collector(CollectingOutputChannel):
    """Rasa's collecting channel cuts texts at blank lines and drops what it does not know; this one keeps text, buttons and metadata."""

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

    async def ask(question: Question) -> list[dict[str, Any]]:
        collector = Collector()
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
        return collector.messages

    return ask
