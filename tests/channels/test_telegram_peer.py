"""The emulated Bot API against the real PTB client: what the tests of the Telegram channel rely on."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from sanic import Request, Sanic
from sanic.response import empty
from telegram import Bot, BotCommand, BotCommandScopeChat, InlineKeyboardButton, InlineKeyboardMarkup, ReplyKeyboardRemove, ReplyParameters
from telegram import error as refused
from telegram.ext import Application, MessageHandler, filters
from telegram.request import HTTPXRequest

from tests.bare import listening
from tests.telegram_api import TelegramApi
from tests.telegram_api.media import KINDS


@pytest.fixture
def api() -> Iterator[TelegramApi]:
    with TelegramApi(retry_seconds=0.05) as emulator:
        yield emulator


@asynccontextmanager
async def connected(api: TelegramApi, **changes: Any) -> AsyncIterator[Bot]:
    requests = [HTTPXRequest(connection_pool_size=8, httpx_kwargs={"trust_env": False}, **changes) for _ in range(2)]
    async with Bot(api.token, base_url=api.base_url, request=requests[0], get_updates_request=requests[1]) as bot:
        yield bot


@pytest.fixture
async def bot(api: TelegramApi) -> AsyncIterator[Bot]:
    async with connected(api) as client:
        yield client


@pytest.fixture
def received() -> list[tuple[float, str | None, dict[str, Any]]]:
    return []


@pytest.fixture
def webhook(received: list[tuple[float, str | None, dict[str, Any]]]) -> Iterator[str]:
    """A webhook that takes everything but an update that says "坏", the first two times."""
    bad = [0]

    async def take(request: Request) -> Any:
        received.append((time.monotonic(), request.headers.get("X-Telegram-Bot-Api-Secret-Token"), request.json))
        text = request.json.get("message", {}).get("text")
        bad[0] += text == "坏"
        return empty(500 if text == "坏" and bad[0] <= 2 else 204)

    def furnish(app: Sanic) -> None:
        app.add_route(take, "/hook", methods=["POST"])

    with listening(furnish) as (url, _):
        yield f"{url}/hook"


async def test_the_token_is_looked_at(api: TelegramApi, bot: Bot) -> None:
    assert (bot.username, bot.bot.is_bot, bot.bot.can_join_groups) == ("xueshitong_bot", True, True)
    async with httpx.AsyncClient(trust_env=False) as client:
        for token, status in (("7000000001:" + "x" * 35, 401), ("nonsense", 404)):
            answer = await client.get(f"{api.base_url}{token}/getMe")
            assert (answer.status_code, answer.json()["error_code"]) == (status, status)
        sent = await client.post(f"{api.base_url}{api.token}/sendMessage", json={"chat_id": 5, "text": "好"})
        assert sent.json() == {"ok": False, "error_code": 400, "description": "Bad Request: chat not found"}


async def test_updates_wait_until_a_later_offset_confirms_them(api: TelegramApi, bot: Bot) -> None:
    person = api.person(11)
    first, second = person.says("/start@xueshitong_bot 你好"), person.says("二")
    assert first.message.entities[0].to_dict() == {"type": "bot_command", "offset": 0, "length": 21}
    assert [update.update_id for update in await bot.get_updates(limit=1)] == [first.update_id]
    assert [update.update_id for update in await bot.get_updates()] == [first.update_id, second.update_id]
    assert [update.message.text for update in await bot.get_updates(offset=second.update_id)] == ["二"]
    waiting = asyncio.create_task(bot.get_updates(offset=second.update_id + 1, timeout=5, allowed_updates=["message"]))
    await asyncio.to_thread(api.wait_taken)
    person.edits(second, "不要")
    person.says("三")
    assert [update.message.text for update in await waiting] == ["三"]


async def test_the_later_of_two_polls_ends_the_earlier(api: TelegramApi, bot: Bot, webhook: str) -> None:
    earlier = asyncio.create_task(bot.get_updates(timeout=5))
    await asyncio.to_thread(api.wait, lambda: api.called("getUpdates"))
    later = asyncio.create_task(bot.get_updates(timeout=5))
    with pytest.raises(refused.Conflict, match="terminated by other getUpdates request; make sure that only one bot"):
        await earlier
    await bot.set_webhook(webhook)
    with pytest.raises(refused.Conflict, match="terminated by setWebhook"):
        await later
    with pytest.raises(refused.Conflict, match="can't use getUpdates method while webhook is active"):
        await bot.get_updates()
    await bot.delete_webhook()
    assert await bot.get_updates() == ()


async def test_ptbs_own_polling_works_against_it_through_faults(api: TelegramApi) -> None:
    person = api.person(12)
    request = HTTPXRequest(httpx_kwargs={"trust_env": False})
    builder = Application.builder().token(api.token).base_url(api.base_url).request(request)
    application = builder.get_updates_request(HTTPXRequest(httpx_kwargs={"trust_env": False})).build()

    async def echo(update: Any, _: Any) -> None:
        await update.message.reply_text(update.message.text)

    application.add_handler(MessageHandler(filters.TEXT, echo))
    async with application:
        await application.updater.start_polling(poll_interval=0, timeout=5, error_callback=lambda _: None)
        await application.start()
        await asyncio.to_thread(api.wait, lambda: api.called("getUpdates"))
        api.break_next("getUpdates", how="cut")
        api.break_next("getUpdates", how="502")
        person.says("一")
        assert [sent.text for sent in await api.until_sent(12)] == ["一"]
        await application.updater.stop()
        await application.stop()
    assert {None, 502, 200} <= {call.status for call in api.called("getUpdates")}


async def test_a_sent_message_is_stored_as_people_see_it(api: TelegramApi, bot: Bot) -> None:
    asked = api.person(13).says("问")
    keyboard = InlineKeyboardMarkup(
        [[InlineKeyboardButton("有用", callback_data="fb:1"), InlineKeyboardButton("原文", url="https://a.cn/b")]]
    )
    text = "😀<b>公需</b>&lt;45&gt; &nbsp;<a href='https://a.cn/?x=1&amp;y=2'>依据</a>"
    reply = ReplyParameters(asked.message.message_id)
    message = await bot.send_message(13, text, parse_mode="HTML", reply_markup=keyboard, reply_parameters=reply)
    (sent,) = api.sent(13)
    assert (sent.text, sent.raw, sent.parse_mode) == ("😀公需<45> &nbsp;依据", text, "HTML")
    assert message.parse_entities() == {message.entities[0]: "公需", message.entities[1]: "依据"}
    assert sent.message == message
    assert sent.buttons == [[("有用", "fb:1"), ("原文", "https://a.cn/b")]]
    assert (sent.labels, sent.reply_to, sent.thread) == (["有用", "原文"], asked.message.message_id, None)
    await bot.send_message(13, "好", reply_markup=ReplyKeyboardRemove())
    assert api.sent(13)[1].markup == {"remove_keyboard": True}


@pytest.mark.parametrize(
    ("text", "changes", "description"),
    [
        ("", {}, "Message text is empty"),
        (" \n", {}, "Text must be non-empty"),
        ("字" * 4094 + "😀a", {}, "Message is too long"),
        ("a < b", {"parse_mode": "HTML"}, "Can't parse entities: unsupported start tag"),
        ("好", {"chat_id": 404}, "Chat not found"),
        ("好", {"reply_markup": InlineKeyboardMarkup([[InlineKeyboardButton("长", callback_data="长" * 22)]])}, "Button_data_invalid"),
        ("好", {"message_thread_id": 7}, "Message thread not found"),
        ("好", {"reply_parameters": ReplyParameters(99)}, "Message to be replied not found"),
    ],
)
async def test_what_is_not_sent(api: TelegramApi, bot: Bot, text: str, changes: dict[str, Any], description: str) -> None:
    api.person(14)
    with pytest.raises(refused.BadRequest) as caught:
        await bot.send_message(**{"chat_id": 14, "text": text, **changes})
    assert caught.value.message.lower().startswith(description.lower())
    assert api.sent(14) == []


async def test_the_longest_message_is_counted_after_the_markup(api: TelegramApi, bot: Bot) -> None:
    api.person(14)
    await bot.send_message(14, f"<b>{'字' * 4094}</b>😀", parse_mode="HTML")
    assert len(api.wait_sent(14)[0].text) == 4095


async def test_blocked_moved_and_unknown_chats_refuse(api: TelegramApi, bot: Bot) -> None:
    person, stranger, group = api.person(15), api.person(16, started=False), api.group(-20)
    blocked = person.blocks()
    assert (blocked.my_chat_member.old_chat_member.status, blocked.my_chat_member.new_chat_member.status) == ("member", "kicked")
    for chat, words in ((15, "bot was blocked by the user"), (16, "bot can't initiate conversation with a user")):
        with pytest.raises(refused.Forbidden, match=words):
            await bot.send_message(chat, "好")
    person.unblocks()
    stranger.says("/start")
    await bot.send_message(15, "好")
    await bot.send_message(16, "好")
    group.upgrade(-1020)
    with pytest.raises(refused.ChatMigrated) as moved:
        await bot.send_message(-20, "好")
    assert moved.value.new_chat_id == -1020
    await bot.send_message(-1020, "好")
    moves = [update.message for update in await bot.get_updates() if update.message and update.message.chat.id < 0]
    assert [(message.chat.id, message.migrate_to_chat_id, message.migrate_from_chat_id) for message in moves] == [
        (-20, -1020, None),
        (-1020, None, -20),
    ]


async def test_a_flood_lasts_its_seconds(api: TelegramApi, bot: Bot) -> None:
    api.person(17)
    api.person(18)
    api.flood(1, chat_id=17)
    began = time.monotonic()
    for _ in range(2):
        with pytest.raises(refused.RetryAfter) as caught:
            await bot.send_message(17, "好")
        assert caught.value.retry_after == 1
    await bot.send_message(18, "好")
    await asyncio.sleep(began + 1.1 - time.monotonic())
    await bot.send_message(17, "好")
    assert [call.status for call in api.called("sendMessage")] == [429, 429, 200, 200]


async def test_broken_calls(api: TelegramApi) -> None:
    api.person(19)
    async with connected(api, read_timeout=0.3) as bot:
        for how, message in (("cut", "httpx"), ("500", "Internal Server Error"), ("502", "Bad Gateway"), ("hang", "Timed out")):
            api.break_next("sendMessage", how=how, seconds=0.6)
            with pytest.raises(refused.NetworkError, match=message):
                await bot.send_message(19, "没做")
        api.break_next("sendMessage", how="cut", done=True)
        with pytest.raises(refused.NetworkError):
            await bot.send_message(19, "做了")
        await asyncio.sleep(0.5)
        assert [sent.text for sent in api.sent(19)] == ["做了"]
        api.refuse_entities_once()
        await bot.send_message(19, "无格式")
        with pytest.raises(refused.BadRequest, match="parse entities"):
            await bot.send_message(19, "<b>粗</b>", parse_mode="HTML")
        await bot.send_message(19, "<b>粗</b>", parse_mode="HTML")


async def test_taps_answers_and_edited_keyboards(api: TelegramApi, bot: Bot) -> None:
    person = api.person(20)
    message = await bot.send_message(20, "选", reply_markup=InlineKeyboardMarkup.from_button(InlineKeyboardButton("甲", callback_data="1")))
    tap = person.taps(message, "甲").callback_query
    assert (tap.data, tap.message.message_id, tap.from_user.id) == ("1", message.message_id, 20)
    assert await bot.answer_callback_query(tap.id, "收到")
    assert [(answer.query_id, answer.text, answer.alert) for answer in api.callback_answers] == [(tap.id, "收到", False)]
    with pytest.raises(refused.BadRequest, match="query id is invalid"):
        await bot.answer_callback_query("1")
    await bot.edit_message_reply_markup(20, message.message_id, reply_markup=None)
    assert api.sent(20)[0].buttons == []
    with pytest.raises(refused.BadRequest, match="not modified"):
        await bot.edit_message_reply_markup(20, message.message_id, reply_markup=None)
    with pytest.raises(AssertionError, match="no button"):
        person.taps(message, "甲")
    assert person.taps(message, "甲", data="假", inaccessible=True).callback_query.message.date.timestamp() == 0


async def test_groups_topics_and_everything_people_send(api: TelegramApi, bot: Bot) -> None:
    person, group, forum = api.person(21, username="ma_ling"), api.group(-30, member=False), api.supergroup(-1031, forum=True)
    change, service = group.adds_bot(person)
    assert (change.my_chat_member.new_chat_member.status, service.message.new_chat_members[0].id) == ("member", bot.id)
    said = group.says("学时", person, mention=True)
    assert (said.message.text, said.message.entities[0].length) == ("@xueshitong_bot 学时", 15)
    thread = forum.opens_topic("学时", person)
    asked = forum.says("问", person, thread=thread)
    assert (asked.message.is_topic_message, asked.message.reply_to_message.forum_topic_created.name) == (True, "学时")
    await bot.send_message(-1031, "答", message_thread_id=thread, reply_parameters=ReplyParameters(asked.message.message_id))
    await bot.send_chat_action(-1031, "typing", message_thread_id=thread)
    (sent,) = api.sent(-1031)
    assert (sent.thread, sent.message.is_topic_message, sent.reply_to) == (thread, True, asked.message.message_id)
    assert [(action.action, action.thread) for action in api.actions(-1031)] == [("typing", thread)]
    assert forum.says("再问", reply_to=sent).message.message_thread_id == thread
    for kind in KINDS:
        assert person.sends(**{kind: True}).message.effective_attachment
    assert person.sends(photo=True, caption="图").message.caption == "图"
    assert person.forwards("转", api.person(22)).message.forward_origin.sender_user.id == 22
    assert person.edits(said, "改").edited_message.text == "改"
    assert (await bot.get_chat(-1031)).is_forum
    group.removes_bot(person)
    with pytest.raises(refused.Forbidden, match="kicked from the group chat"):
        await bot.send_message(-30, "好")
    assert all(update.effective_chat for update in await bot.get_updates())


async def test_the_webhook_is_given_updates_in_order_until_it_takes_them(
    api: TelegramApi, bot: Bot, webhook: str, received: list[tuple[float, str | None, dict[str, Any]]]
) -> None:
    one, other = api.person(23), api.person(24)
    one.says("早")
    await bot.set_webhook(webhook, secret_token="se-cret_1", max_connections=5, allowed_updates=["message"])
    await asyncio.to_thread(api.wait_taken)
    one.says("坏")
    last = one.says("后")
    other.says("别人")
    one.blocks()
    await asyncio.to_thread(api.wait_taken)
    assert {secret for _, secret, _ in received} == {"se-cret_1"}
    assert [update["message"]["text"] for _, _, update in received if update["message"]["chat"]["id"] == 23] == [
        "早",
        "坏",
        "坏",
        "坏",
        "后",
    ]
    info = await bot.get_webhook_info()
    assert (info.url, info.pending_update_count, info.max_connections, info.allowed_updates) == (webhook, 0, 5, ("message",))
    assert info.last_error_message == "Wrong response from the webhook: 500 Internal Server Error"
    received.clear()
    assert await asyncio.to_thread(api.deliver_again, last, 3) == ["", "", ""]
    assert [update["update_id"] for _, _, update in received] == [last.update_id] * 3
    with pytest.raises(refused.BadRequest, match="unallowed characters"):
        await bot.set_webhook(webhook, secret_token="a b")
    with pytest.raises(refused.BadRequest, match="an https url must be provided"):
        await bot.set_webhook("http://example.org/hook")


async def test_commands_and_descriptions_are_kept_by_scope_and_language(api: TelegramApi, bot: Bot) -> None:
    await bot.set_my_commands([BotCommand("help", "帮助")])
    await bot.set_my_commands([BotCommand("help", "Help")], language_code="en", scope=BotCommandScopeChat(25))
    assert [command.description for command in await bot.get_my_commands()] == ["帮助"]
    assert list(api.commands) == [("default", ""), ("chat:25", "en")]
    await bot.delete_my_commands()
    assert await bot.get_my_commands() == ()
    await bot.set_my_description("学时通")
    await bot.set_my_short_description("Hours", language_code="en")
    assert api.descriptions == {("description", ""): "学时通", ("short_description", "en"): "Hours"}
    with pytest.raises(refused.BadRequest, match=r"(?i)bot_command_invalid"):
        await bot.set_my_commands([BotCommand("Help", "Help")])
