"""Requests that Telegram did not make, or that are no updates: refused with 4xx, without traceback, reply or trace."""

import copy
import json
import logging
import random

import httpx
import pytest

from bot.channels.telegram.access import PATH, SECRET_HEADER
from tests.channels.telegram.conftest import Bot
from tests.telegram_api import Group, Person, TelegramApi
from tests.telegram_api.media import KINDS

COUNT = 500
ODD = (None, True, 0, -1, 1.5, "", "字", [], {}, [[]], {"id": []}, [1], 2**70)


def updates(api: TelegramApi) -> list[dict]:
    """Well-formed updates of every kind that we read."""
    person, group = api.person(11), api.supergroup(-1001, forum=True)
    assert isinstance(person, Person)
    assert isinstance(group, Group)
    said = person.says("/start 你好 @xueshitong_bot")
    made = [said, person.blocks(), group.says("公需", person, mention=True, thread=group.opens_topic("题", person))]
    person.unblocks()
    made += [person.sends(**{kind: True}, **({"caption": "字"} if kind == "photo" else {})) for kind in KINDS]
    made += [group.says("回", person, reply_to=made[2])]
    bodies = [json.loads(update.to_json()) for update in made]
    tap = {"id": "7", "from": person.user, "message": bodies[0]["message"], "chat_instance": "1", "data": "x"}
    return [*bodies, {"update_id": 1, "callback_query": tap}]


def needed(update: dict) -> list[tuple[list[str], object]]:
    """The places of an update that we rely on, with values they cannot have."""
    kind = next(name for name in update if name != "update_id")
    inner = [kind, "message"] if kind == "callback_query" else [kind]
    places: list[tuple[list[str], type]] = [
        (["update_id"], int), ([kind], dict), ([*inner, "chat"], dict), ([*inner, "chat", "id"], int), ([*inner, "chat", "type"], str),
        ([kind, "from"], dict), ([kind, "from", "id"], int),
    ]  # fmt: skip
    body = update[kind]
    if kind == "message":
        places += [([kind, "message_id"], int), ([kind, "date"], int), ([kind, "from", "is_bot"], bool)]
        places += [([kind, name], str) for name in ("text", "caption") if name in body]
        places += [([kind, name], list) for name in ("entities", "photo") if name in body]
        places += [([kind, name], dict) for name in ("voice", "location", "contact", "reply_to_message") if name in body]
        places += [([kind, "is_topic_message"], bool)] * ("is_topic_message" in body)
    if kind == "callback_query":
        places += [([kind, "id"], str), ([kind, "data"], str)]
    if kind == "my_chat_member":
        places += [([kind, "new_chat_member"], dict), ([kind, "new_chat_member", "status"], str)]
    wrong = [(place, odd) for place, right in places for odd in ODD if type(odd) is not right or odd == 2**70]
    return [*wrong, (["update_id"], -1)]


def forged(rng: random.Random, bot: Bot, bodies: list[dict]) -> tuple[bytes, dict[str, str]]:
    """One request that must be refused."""
    right = {SECRET_HEADER: bot.access.secret, "Content-Type": "application/json"}
    body = copy.deepcopy(rng.choice(bodies))
    way = rng.randrange(6)
    if way == 0:
        wrong = rng.choice(["", "x", bot.access.secret[:-1], bot.access.secret + "0", bot.access.secret.upper(), "\u00e9", "0" * 10_000])
        return json.dumps(body).encode(), {**right, SECRET_HEADER: wrong}
    if way == 1:
        return json.dumps(body).encode(), {"Content-Type": "application/json"}
    if way == 2:
        text = json.dumps(body).encode()
        cut = rng.randrange(1, len(text) - 1)
        return rng.choice([text[:cut], b"", b"\xff" + text, b"[" * 50_000, b"[]", b"5", b'"x"', b"null", b"NaN"]), right
    if way == 3:
        return b'{"update_id": 1, "x": "' + b"x" * (1 << 20) + b'"}', right
    if way == 4:
        return json.dumps(body).encode(), {**right, "Content-Type": rng.choice(["text/plain", "application/x-www-form-urlencoded", ""])}
    place, odd = rng.choice(needed(body))
    holder = body
    for name in place[:-1]:
        holder = holder[name]
    holder[place[-1]] = odd
    return json.dumps(body).encode(), right


def test_five_hundred_forged_requests_leave_nothing(bot: Bot, caplog: pytest.LogCaptureFixture) -> None:
    with bot.api.lock:
        bot.api.updates.set_webhook(None, drop=True)
    bodies = updates(bot.api)
    rng = random.Random(20231120)
    calls = len(bot.api.calls)
    with caplog.at_level(logging.DEBUG), httpx.Client(trust_env=False, timeout=20) as client:
        for number in range(COUNT):
            content, headers = forged(rng, bot, bodies)
            answer = client.post(bot.webhook, content=content, headers={name: value.encode() for name, value in headers.items()})
            assert 400 <= answer.status_code < 500, (number, content[:1000], answer.text)
    assert [record for record in caplog.records if record.exc_info or record.levelno >= logging.ERROR] == []
    assert bot.journal == []
    assert bot.outbox == []
    assert [call.method for call in bot.api.calls[calls:] if call.method != "getMe"] == []
    assert bot.rasa.asked == []


def test_other_methods_are_refused(bot: Bot) -> None:
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        assert httpx.request(method, bot.webhook, trust_env=False).status_code == 405


@pytest.mark.parametrize(
    "update",
    [
        {"message_reaction": {"chat": {"id": 1}}},
        {"of_the_future": {"what": 1}},
        {"channel_post": {"text": "x"}},
        {"inline_query": {"id": "1"}},
        {"edited_message": {"text": "x"}},
        {
            "message": {
                "message_id": 1,
                "date": 1,
                "chat": {"id": 1, "type": "of_the_future"},
                "from": {"id": 1, "is_bot": False},
                "text": "x",
            }
        },
        {"message": {"message_id": 1, "date": 1, "chat": {"id": 1, "type": "private"}, "from": {"id": 1, "is_bot": False}, "odd": {}}},
        {"message": {"message_id": 1, "date": 1, "chat": {"id": 1, "type": "channel"}, "text": "x"}},
    ],
)
def test_a_well_formed_update_that_we_do_not_know_is_taken(bot: Bot, update: dict) -> None:
    assert bot.post({"update_id": 1, **update}).status_code == 200
    assert bot.journal == []


def test_without_a_token_there_is_no_channel(start, api: TelegramApi) -> None:
    bot = start(hooked=False, BOT_TELEGRAM_TOKEN="")
    assert httpx.get(f"{bot.url}/webhooks/telegram/", trust_env=False).json() == {"status": "off"}
    assert httpx.post(bot.url + PATH, json={}, trust_env=False).status_code == 404
    assert api.calls == []
