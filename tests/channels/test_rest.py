"""REST: Rasa's contract in and out, and who may come in."""

import json
from collections.abc import Callable

import httpx
import pytest
from sqlalchemy import select

from bot.inbox import hold
from bot.inbox.models import Journal
from bot.inbox.text import MAX_TEXT
from tests.channels.conftest import ANSWER, TELEPHONE, Server, staff_write

WEBHOOK = "/webhooks/rest/webhook"
ASK = {"sender": "小马", "message": "公需要多少"}


def post(server: Server, body: object = ASK, **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    with httpx.Client(base_url=server.url, trust_env=False, verify=False, timeout=30) as client:
        return client.post(WEBHOOK, content=content, headers={"Content-Type": "application/json", **headers})


def test_the_contract_of_rasas_rest_channel(server: Server) -> None:
    assert httpx.get(f"{server.url}/webhooks/rest/", trust_env=False, verify=False).json() == {"status": "ok"}
    response = post(server)
    assert response.status_code == 200
    assert response.json() == [{"recipient_id": "小马", "text": ANSWER}]
    (message,) = post(server, {"sender": "小马", "message": "选一个"}).json()
    assert message["recipient_id"] == "小马"
    assert message["buttons"] == [{"title": "公需要多少学时", "payload": "公需要多少学时"}, {"title": "转人工", "payload": "转人工"}]
    assert "metadata" not in message


def test_the_body_cannot_name_another_channel_or_hand_in_metadata(server: Server) -> None:
    post(server, {**ASK, "sender": "tg:1", "input_channel": "telegram", "metadata": {"admin": True}})
    asked = server.rasa.asked[-1]
    assert (asked.sender_id, asked.input_channel) == ("rest:tg:1", "rest")
    assert set(asked.metadata) == {"journal_id"}


@pytest.mark.parametrize("said", ["/restart", "／restart", '/greet{"name": "x"}', "\u200b/restart"])
def test_commands_of_rasa_are_text(server: Server, said: str) -> None:
    assert post(server, {"sender": "s", "message": said}).status_code == 200
    assert not server.rasa.asked[-1].text.startswith(("/", "／"))


def test_what_cannot_be_answered_gets_a_sentence(server: Server) -> None:
    assert TELEPHONE in post(server, {"sender": "s", "message": "坏"}).json()[0]["text"]
    assert str(MAX_TEXT) in post(server, {"sender": "s", "message": "长" * (MAX_TEXT + 1)}).json()[0]["text"]
    assert post(server, {"sender": "s", "message": " \u200b"}).json()[0]["text"].startswith("没有收到文字")


def test_held_by_a_human_the_bot_is_silent(server: Server) -> None:
    with server.context.database.write() as session:
        hold.hold(session, "rest:held", "3号", server.context.settings.now())
    assert post(server, {"sender": "held", "message": "在吗"}).json() == []


def test_what_the_human_wrote_comes_with_the_next_response(server: Server) -> None:
    context = server.context
    with context.database.write() as session:
        hold.hold(session, "rest:helped", "3号", context.settings.now())
    staff_write(context, "rest:helped", "您好", "请稍等")
    told = [{"recipient_id": "helped", "text": text} for text in ("您好", "请稍等")]
    assert post(server, {"sender": "helped", "message": "在吗"}).json() == told
    assert post(server, {"sender": "helped", "message": "好的"}).json() == []
    staff_write(context, "rest:helped", "再见")
    with context.database.write() as session:
        hold.release(session, "rest:helped")
    assert [one["text"] for one in post(server, {"sender": "helped", "message": "公需要多少"}).json()] == ["再见", ANSWER]


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"", 400, "not_json"),
        (b"{", 400, "not_json"),
        (b"\xff\xfe", 400, "not_json"),
        (b"[" * 30_000, 400, "not_json"),
        (b'{"sender":"a","message":"' + b"x" * 70_000 + b'"}', 413, "too_large"),
        ([], 400, "not_an_object"),
        ("x", 400, "not_an_object"),
        (None, 400, "not_an_object"),
        ({"message": "x"}, 400, "sender_not_a_string"),
        ({"sender": 1, "message": "x"}, 400, "sender_not_a_string"),
        ({"sender": ["a"], "message": "x"}, 400, "sender_not_a_string"),
        ({"sender": "", "message": "x"}, 400, "sender_invalid"),
        ({"sender": "a\x00", "message": "x"}, 400, "sender_invalid"),
        ({"sender": "\ud800", "message": "x"}, 400, "sender_invalid"),
        ({"sender": "x" * 201, "message": "x"}, 400, "sender_invalid"),
        ({"sender": "a"}, 400, "message_not_a_string"),
        ({"sender": "a", "message": None}, 400, "message_not_a_string"),
        ({"sender": "a", "message": {"text": "x"}}, 400, "message_not_a_string"),
    ],
)
def test_malformed_bodies_are_refused_as_json(server: Server, body: object, status: int, reason: str) -> None:
    before = len(server.rasa.asked)
    response = post(server, body)
    assert (response.status_code, response.json()) == (status, {"status": "failure", "reason": reason})
    assert len(server.rasa.asked) == before


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonp"])
def test_only_json_is_read(server: Server, content_type: str) -> None:
    assert post(server, ASK, **{"Content-Type": content_type}).status_code == 415


PROXIED = [{"Forwarded": "for=1.2.3.4"}, {"X-Forwarded-For": "1.2.3.4"}, {"X-Forwarded-Proto": "https"}, {"x-forwarded-anything": ""}]
PROXIED += [{"Via": "1.1 proxy"}, {"X-Real-IP": "1.2.3.4"}, {"Origin": "http://evil.example"}]
PROXIED += [{"Host": "chat.example.cn"}, {"Host": "127.0.0.1.example.cn:80"}, {"Host": "[::1"}]
TOKEN = {"Authorization": "Bearer s3cret-токен".encode()}


@pytest.fixture(scope="module")
def servers(start: Callable[..., Server], server: Server) -> dict[str, Server]:
    return {
        "loopback": server,
        "loopback, token": start(BOT_REST_TOKEN="s3cret-токен"),
        "open": start(BOT_HOST="0.0.0.0"),
        "open, token": start(BOT_HOST="0.0.0.0", BOT_REST_TOKEN="s3cret-токен"),
    }


@pytest.mark.parametrize("proxied", [{}, *PROXIED], ids=str)
@pytest.mark.parametrize("given", ["no", "wrong", "right"])
@pytest.mark.parametrize("where", ["loopback", "loopback, token", "open", "open, token"])
def test_who_may_come_in(servers: dict[str, Server], where: str, given: str, proxied: dict[str, str]) -> None:
    authorization = {"no": {}, "wrong": {"Authorization": "Bearer s3cret"}, "right": TOKEN}[given]
    if where.startswith("loopback") and not proxied:
        expected = 200
    elif "token" in where:
        expected = 200 if given == "right" else 401
    else:
        expected = 403
    response = post(servers[where], ASK, **proxied, **authorization)
    assert response.status_code == expected
    if expected != 200:
        assert response.json()["status"] == "failure"


@pytest.mark.parametrize("called", ["localhost:5005", "[::1]:5005", "127.0.0.1", "LOCALHOST"])
def test_every_name_of_this_machine_is_local(server: Server, called: str) -> None:
    assert post(server, ASK, Host=called).status_code == 200


@pytest.mark.parametrize("header", ["s3cret-токен", "Basic s3cret-токен", "Bearer", "Bearer s3cret-токен x"])
def test_a_token_comes_as_bearer(servers: dict[str, Server], header: str) -> None:
    assert post(servers["open, token"], ASK, Authorization=header.encode()).status_code == 401  # type: ignore[arg-type]


def test_senders_of_rest_are_marked_in_the_journal(server: Server) -> None:
    post(server, {"sender": "web:abc", "message": "x"})
    with server.context.database.read() as session:
        assert "rest:web:abc" in session.execute(select(Journal.sender_id)).scalars().all()
        assert "web:abc" not in session.execute(select(Journal.sender_id)).scalars().all()
