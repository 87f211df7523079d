"""The methods of the Bot API that the emulator knows, with the refusals of the real one."""

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import telegram

from tests.telegram_api import entities as found_entities
from tests.telegram_api.chats import Chat, Fields, Record
from tests.telegram_api.markup import inline_keyboard, parse_html
from tests.telegram_api.updates import Webhook
from tests.telegram_api.wire import Params, bad_request, checked

if TYPE_CHECKING:
    from tests.telegram_api.api import TelegramApi

MAX_TEXT = 4096
_ACTIONS = {action.value for action in telegram.constants.ChatAction}
_UNSET_COLOR = 0


class Methods:
    """Each method takes the parameters and gives the result, or raises the refusal."""

    def __init__(self, api: "TelegramApi") -> None:
        self.api = api
        self._known: dict[str, Callable[[Params], Any]] = {
            "getme": self.get_me,
            "setwebhook": self.set_webhook,
            "deletewebhook": self.delete_webhook,
            "getwebhookinfo": self.get_webhook_info,
            "setmycommands": self.set_my_commands,
            "getmycommands": self.get_my_commands,
            "deletemycommands": self.delete_my_commands,
            "setmydescription": lambda params: self._describe(params, "description", 512),
            "setmyshortdescription": lambda params: self._describe(params, "short_description", 120),
            "sendmessage": self.send_message,
            "sendchataction": self.send_chat_action,
            "answercallbackquery": self.answer_callback_query,
            "editmessagereplymarkup": self.edit_message_reply_markup,
            "getchat": self.get_chat,
        }

    def find(self, name: str) -> Callable[[Params], Any] | None:
        """The method of that name, in letters of any case."""
        return self._known.get(name.lower())

    def get_me(self, _: Params) -> Fields:
        return checked(telegram.User, self.api.me)

    def set_webhook(self, params: Params) -> bool:
        url, secret = params.text("url"), params.text("secret_token")
        if not url:
            return self.delete_webhook(params)
        if not url.startswith("https://") and not re.match(r"http://(127\.0\.0\.1|localhost)[:/]", url):
            raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
        if len(secret) > 256:
            raise bad_request("secret token is too long")
        if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
            raise bad_request("secret token contains unallowed characters")
        self._keep_allowed(params)
        webhook = Webhook(url, secret, params.integer("max_connections", 40) or 40)
        self.api.updates.set_webhook(webhook, drop=params.flag("drop_pending_updates"))
        return True

    def delete_webhook(self, params: Params) -> bool:
        self.api.updates.set_webhook(None, drop=params.flag("drop_pending_updates"))
        return True

    def _keep_allowed(self, params: Params) -> None:
        allowed = params.parsed("allowed_updates", "allowed updates")
        if "allowed_updates" in params:
            self.api.updates.allowed = allowed or []

    def get_webhook_info(self, _: Params) -> Fields:
        updates = self.api.updates
        info: Fields = {"url": "", "has_custom_certificate": False, "pending_update_count": len(updates.pending)}
        if updates.webhook:
            info.update(url=updates.webhook.url, max_connections=updates.webhook.max_connections, ip_address="127.0.0.1")
        if updates.last_error:
            info.update(last_error_date=updates.last_error[0], last_error_message=updates.last_error[1])
        if updates.allowed:
            info["allowed_updates"] = updates.allowed
        return checked(telegram.WebhookInfo, info)

    def _commands_key(self, params: Params) -> tuple[str, str]:
        scope = params.parsed("scope", "bot command scope") or {"type": "default"}
        place = [str(scope[name]) for name in ("chat_id", "user_id") if name in scope]
        return ":".join([scope["type"], *place]), params.text("language_code")

    def set_my_commands(self, params: Params) -> bool:
        commands = params.parsed("commands", "commands") or []
        if len(commands) > 100:
            raise bad_request("BOT_COMMANDS_TOO_MUCH")
        for command in commands:
            if not re.fullmatch(r"/?[a-z0-9_]{1,32}", command["command"]):
                raise bad_request("BOT_COMMAND_INVALID")
            if not 1 <= len(command["description"]) <= 256:
                raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
            checked(telegram.BotCommand, command)
        self.api.commands[self._commands_key(params)] = commands
        return True

    def get_my_commands(self, params: Params) -> list[Fields]:
        return self.api.commands.get(self._commands_key(params), [])

    def delete_my_commands(self, params: Params) -> bool:
        self.api.commands.pop(self._commands_key(params), None)
        return True

    def _describe(self, params: Params, name: str, longest: int) -> bool:
        if len(params.text(name)) > longest:
            raise bad_request(f"bot {name.replace('_', ' ')} is too long")
        self.api.descriptions[name, params.text("language_code")] = params.text(name)
        return True

    def _chat(self, params: Params) -> Chat:
        name = params.text("chat_id")
        if not name:
            raise bad_request("chat_id is empty")
        for chat in self.api.chats.values():
            public = chat.fields["type"] != "private" and chat.fields.get("username")
            if name in (str(chat.id), f"@{public}"):
                return chat
        raise bad_request("chat not found")

    def _text(self, params: Params) -> tuple[str, list[Fields]]:
        raw, mode = params.text("text"), params.text("parse_mode")
        if mode or params.get("entities"):
            self.api.faults.check_entities()
        if not raw:
            raise bad_request("message text is empty")
        if mode.lower() not in ("", "html"):
            raise bad_request("unsupported parse_mode")
        text, given = parse_html(raw) if mode else (raw, params.parsed("entities", "entities") or [])
        detected = [entity for entity in found_entities.find(text) if not any(_overlap(entity, other) for other in given)]
        text, entities = found_entities.trimmed(text, sorted([*given, *detected], key=lambda entity: entity["offset"]))
        if not text:
            raise bad_request("text must be non-empty")
        return text, entities

    def send_message(self, params: Params) -> Fields:
        self.api.faults.check_flood(params.text("chat_id"))
        text, entities = self._text(params)
        markup = params.parsed("reply_markup", "reply keyboard markup")
        keyboard = inline_keyboard(markup)
        chat = self._chat(params)
        chat.refuse_unless_open()
        if found_entities.units(text) > MAX_TEXT:
            raise bad_request("message is too long")
        content: Fields = {"text": text}
        if entities:
            content["entities"] = entities
        if keyboard:
            content["reply_markup"] = keyboard
        if params.flag("protect_content"):
            content["has_protected_content"] = True
        preview = params.parsed("link_preview_options", "link preview options")
        if preview:
            content["link_preview_options"] = preview
        thread = chat.thread_of_call(params.integer("message_thread_id"))
        reply_to = self._replied(chat, params)
        message = chat.store(content, sender=self.api.bot_user, reply_to=reply_to, thread=thread, params=dict(params), markup=markup)
        self.api.changed.notify_all()
        return message

    def _replied(self, chat: Chat, params: Params) -> int | None:
        reply = params.parsed("reply_parameters", "reply parameters") or {}
        number = reply.get("message_id")
        if number in chat.records or number is None:
            return number
        if reply.get("allow_sending_without_reply"):
            return None
        raise bad_request("message to be replied not found")

    def send_chat_action(self, params: Params) -> bool:
        if params.text("action") not in _ACTIONS:
            raise bad_request("wrong parameter action in request")
        chat = self._chat(params)
        chat.refuse_unless_open()
        thread = chat.thread_of_call(params.integer("message_thread_id"))
        self.api.keep_action(chat.id, params.text("action"), thread)
        return True

    def answer_callback_query(self, params: Params) -> bool:
        if params.text("callback_query_id") not in self.api.callback_ids:
            raise bad_request("query is too old and response timeout expired or query ID is invalid")
        if len(params.text("text")) > 200:
            raise bad_request("MESSAGE_TOO_LONG")
        self.api.keep_callback_answer(params)
        return True

    def edit_message_reply_markup(self, params: Params) -> Fields:
        chat = self._chat(params)
        chat.refuse_unless_open()
        record: Record | None = chat.records.get(params.integer("message_id") or 0)
        if not record:
            raise bad_request("message to edit not found")
        if record.params is None:
            raise bad_request("message can't be edited")
        markup = params.parsed("reply_markup", "reply keyboard markup")
        keyboard = inline_keyboard(markup)
        if keyboard == record.message.get("reply_markup"):
            same = "specified new message content and reply markup are exactly the same"
            raise bad_request(f"message is not modified: {same} as a current content and reply markup of the message")
        kept = {name: value for name, value in record.message.items() if name != "reply_markup"}
        edited = {**kept, "edit_date": int(time.time()), **({"reply_markup": keyboard} if keyboard else {})}
        record.message = checked(telegram.Message, edited)
        self.api.changed.notify_all()
        return record.message

    def get_chat(self, params: Params) -> Fields:
        chat = self._chat(params)
        gifts = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
        full = {**chat.fields, "accent_color_id": _UNSET_COLOR, "max_reaction_count": 11}
        return checked(telegram.ChatFullInfo, {**full, "accepted_gift_types": dict.fromkeys(gifts, False)})


def _overlap(one: Fields, other: Fields) -> bool:
    return one["offset"] < other["offset"] + other["length"] and other["offset"] < one["offset"] + one["length"]
