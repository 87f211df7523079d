"""Web chat below the page: sessions, isolation, later messages, votes."""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import select

from bot.channels.web.session import COOKIE
from bot.inbox import hold
from bot.inbox.models import Feedback, Journal, Outbox
from tests.channels.conftest import ANSWER, TELEPHONE, Server, Starter, staff_write

WEB = "/webhooks/web"


@pytest.fixture
def page(server: Server) -> Iterator[httpx.Client]:
    """A browser that has opened the page."""
    with server.client() as client:
        assert client.get("/").status_code == 200
        yield client


def ask(client: httpx.Client, text: str, message_id: str | None = None) -> dict[str, Any]:
    response = client.post(f"{WEB}/messages", json={"text": text, "id": message_id or str(time.monotonic_ns())})
    assert response.status_code == 200
    answer: dict[str, Any] = response.json()
    return answer


def history(client: httpx.Client) -> list[tuple[str, str]]:
    return [(line["from"], line["text"]) for line in client.get(f"{WEB}/history").json()["messages"]]


def sender_of(server: Server, client: httpx.Client) -> str:
    ask(client, f"我是谁{id(client)}")
    with server.context.database.read() as session:
        return str(session.execute(select(Journal.sender_id).order_by(Journal.id.desc())).scalars().first())


def test_the_page_is_ours_and_strict(server: Server) -> None:
    response = httpx.get(server.url, trust_env=False, verify=False)
    assert "学时通" in response.text
    assert "演示数据 · 今天按 2023-11-20 计算" in response.text
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert "unsafe" not in response.headers["content-security-policy"]
    cookie = response.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Lax", "Path=/"))
    assert "Secure" not in cookie
    assert "Secure" in httpx.get(server.url, headers={"X-Forwarded-Proto": "https"}, trust_env=False, verify=False).headers["set-cookie"]
    assert "http://" not in response.text.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in response.text
    assert "style=" not in response.text
    assert "onclick" not in response.text


def test_assets_are_served_and_nothing_else(server: Server) -> None:
    with server.client() as client:
        for name, kind in (("chat.js", "text/javascript"), ("chat.css", "text/css"), ("icon.svg", "image/svg+xml")):
            response = client.get(f"{WEB}/assets/{name}")
            assert response.headers["content-type"].startswith(kind)
            assert "immutable" in response.headers["cache-control"]
            assert "innerHTML" not in response.text
        for name in ("page.html.j2", "..%2fchannel.py", "%2e%2e/page.py", "x"):
            assert client.get(f"{WEB}/assets/{name}").status_code == 404
        assert client.get(f"{WEB}/").json() == {"status": "ok"}


def test_a_question_is_answered_and_kept(server: Server, page: httpx.Client) -> None:
    (told,) = ask(page, "公需要多少")["messages"]
    assert (told["from"], told["text"], told["feedback"], told["vote"]) == ("bot", ANSWER, True, None)
    assert told["at"].startswith("2023-11-20T")
    assert server.rasa.asked[-1].sender_id.startswith("web:")
    assert server.rasa.asked[-1].input_channel == "web"
    assert history(page) == [("person", "公需要多少"), ("bot", ANSWER)]


def test_the_same_message_again_is_not_asked_again(server: Server, page: httpx.Client) -> None:
    first = ask(page, "慢一点", "m1")
    before = len(server.rasa.asked)
    assert ask(page, "慢一点", "m1") == first
    assert len(server.rasa.asked) == before
    with server.client() as other:
        assert ask(other, "另一个人", "m1")["messages"][0]["id"] != first["messages"][0]["id"], "ids are a session's own"


def test_a_forged_cookie_gets_a_new_session_and_no_history(server: Server, page: httpx.Client) -> None:
    ask(page, "只有我看得到")
    name = sender_of(server, page).removeprefix("web:")
    foreign_key = URLSafeTimedSerializer(b"another key", salt="xueshitong.web.session").dumps(name)
    foreign_salt = URLSafeTimedSerializer(server.context.settings.secret_key(), salt="elsewhere").dumps(name)
    true = page.cookies[COOKIE]
    forged = [
        name,
        "",
        "x.y.z",
        foreign_key,
        foreign_salt,
        true[:-1],
        true[:-2] + ("AA" if true[-2:] != "AA" else "BB"),
        name + true[len(name) :],
        true + "x",
    ]
    for value in forged:
        with httpx.Client(
            base_url=server.url, trust_env=False, verify=False, headers={"Cookie": f"{COOKIE}={value}", "Origin": server.url}
        ) as thief:
            response = thief.get(f"{WEB}/history")
            assert response.json()["messages"] == [], value
            assert COOKIE in response.headers.get("set-cookie", ""), value
            assert thief.get(f"{WEB}/events").status_code == 401
            thief.post(f"{WEB}/messages", json={"text": "是我", "id": "f"})
            assert server.rasa.asked[-1].sender_id != f"web:{name}"
    with server.client(cookies={COOKIE: true}) as owner:
        assert ("person", "只有我看得到") in history(owner)


def test_sessions_do_not_see_each_other(server: Server, page: httpx.Client) -> None:
    ask(page, "甲的问题")
    with server.client() as other:
        other.get("/")
        assert history(other) == []
        ask(other, "乙的问题")
        assert [text for _, text in history(other)] == ["乙的问题", ANSWER]
    assert "乙的问题" not in str(history(page))


def test_a_new_conversation_leaves_the_old_one_behind(page: httpx.Client) -> None:
    ask(page, "旧的")
    assert page.post(f"{WEB}/session", json={}).status_code == 200
    assert history(page) == []


@pytest.mark.parametrize("path", ["messages", "feedback", "session"])
def test_calls_of_other_sites_are_refused(server: Server, page: httpx.Client, path: str) -> None:
    body = {"text": "x", "id": "1", "message": 1, "vote": "useful"}
    for origin in ("http://evil.example", "null", "", server.url.replace("127.0.0.1", "localhost")):
        assert page.post(f"{WEB}/{path}", json=body, headers={"Origin": origin}).status_code == 403
    assert httpx.post(f"{server.url}{WEB}/{path}", json=body, trust_env=False, verify=False).status_code == 403
    assert page.post(f"{WEB}/{path}", data={"text": "x", "id": "1"}).status_code == 415
    assert page.post(f"{WEB}/{path}", content=json.dumps(body), headers={"Content-Type": "text/plain"}).status_code == 415


@pytest.mark.parametrize(
    "body", [{}, [], {"text": "x"}, {"text": 1, "id": "1"}, {"text": "x", "id": 1}, {"text": "x", "id": ""}, {"text": "x", "id": "y" * 65}]
)
def test_malformed_messages_are_refused(page: httpx.Client, body: object) -> None:
    response = page.post(f"{WEB}/messages", json=body)
    assert response.status_code == 400
    assert response.json()["status"] == "failure"


def test_a_failing_rasa_says_whom_to_call(page: httpx.Client) -> None:
    (told,) = ask(page, "坏")["messages"]
    assert TELEPHONE in told["text"]
    assert told["feedback"] is False


class Events:
    """Reads an event stream in a thread: (id, message) in ``came``."""

    def __init__(self, client: httpx.Client, after: int = 0, last_event_id: str | None = None) -> None:
        self.came: list[tuple[int, dict[str, Any]]] = []
        self._client = httpx.Client(base_url=client.base_url, cookies=client.cookies, trust_env=False, verify=False, timeout=60)
        self._arguments = {"params": {"after": after}, "headers": {"Last-Event-ID": last_event_id} if last_event_id else {}}
        self._response: httpx.Response | None = None
        self._opened = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        assert self._opened.wait(20)

    def _read(self) -> None:
        event_id = 0
        try:
            with self._client.stream("GET", f"{WEB}/events", **self._arguments) as response:  # type: ignore[arg-type]
                self._response = response
                for line in response.iter_lines():
                    self._opened.set()
                    if line.startswith("id: "):
                        event_id = int(line[4:])
                    if line.startswith("data: "):
                        self.came.append((event_id, json.loads(line[6:])))
        except (httpx.HTTPError, OSError, RuntimeError, AttributeError):
            pass  # cut by close()

    def wait_for(self, count: int) -> list[str]:
        deadline = time.monotonic() + 20
        while len(self.came) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        return [message["text"] for _, message in self.came]

    def close(self) -> None:
        self._client.close()


def test_later_messages_come_by_events_within_a_second_and_are_caught_up(server: Server, page: httpx.Client) -> None:
    sender = sender_of(server, page)
    cursor = page.get(f"{WEB}/history").json()["cursor"]
    events = Events(page, after=cursor)
    texts, took, ids = ["坐席3号为您服务", "您好", "请讲"], [], []
    for number, text in enumerate(texts, 1):
        begun = time.monotonic()
        ids += staff_write(server.context, sender, text)
        assert events.wait_for(number) == texts[:number]
        took.append(time.monotonic() - begun)
    assert min(took) < 1, took  # other programs may be at work on this machine
    assert (events.came[0][0], events.came[0][1]["id"], events.came[0][1]["from"]) == (ids[0], ids[0], "staff")
    events.close()

    missed = staff_write(server.context, sender, "第一条", "第二条")
    staff_write(server.context, "web:someone-else", "给别人的")
    again = Events(page, after=cursor, last_event_id=str(ids[-1]))
    assert again.wait_for(2) == ["第一条", "第二条"]
    assert [event_id for event_id, _ in again.came] == missed
    staff_write(server.context, sender, "第三条")
    assert again.wait_for(3) == ["第一条", "第二条", "第三条"], "no gap and no double"
    again.close()
    with server.context.database.read() as session:
        states = session.execute(select(Outbox.state).where(Outbox.id.in_(missed))).scalars().all()
        unseen = session.execute(select(Outbox.state).where(Outbox.sender_id == "web:someone-else")).scalars().all()
    assert set(states) == {"sent"}
    assert set(unseen) == {"pending"}


def test_what_the_history_has_shown_counts_as_delivered_once_the_page_listens_behind_it(server: Server, page: httpx.Client) -> None:
    sender = sender_of(server, page)
    shown = staff_write(server.context, sender, "您的留言收到了", "请补交材料")
    elsewhere = staff_write(server.context, "web:somebody-else", "给别人的")
    cursor = page.get(f"{WEB}/history").json()["cursor"]
    later = staff_write(server.context, sender, "还有一句")

    def states(ids: list[int]) -> list[str]:
        with server.context.database.read() as session:
            return list(session.execute(select(Outbox.state).where(Outbox.id.in_(ids)).order_by(Outbox.id)).scalars())

    assert states([*shown, *later]) == ["pending"] * 3, "fetched, but whether the page has it is not known"
    events = Events(page, after=cursor)
    assert states(shown) == ["sent"] * 2
    assert events.wait_for(1) == ["还有一句"]
    events.close()
    assert states(elsewhere) == ["pending"]


def test_all_pages_of_a_session_get_each_message_once(server: Server, page: httpx.Client) -> None:
    sender = sender_of(server, page)
    cursor = page.get(f"{WEB}/history").json()["cursor"]
    readers = [Events(page, after=cursor) for _ in range(3)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: staff_write(server.context, sender, f"第{n}条"), range(12)))
    ask(page, "公需")
    for reader in readers:
        assert sorted(reader.wait_for(13)) == sorted([*(f"第{n}条" for n in range(12)), ANSWER])
        assert [event_id for event_id, _ in reader.came] == sorted({event_id for event_id, _ in reader.came})
        reader.close()


def test_a_page_that_is_closed_is_not_followed_any_more(start: Starter) -> None:
    server = start()
    feed = server.app.ctx.web_chat.feed
    with server.client() as client:
        client.get("/")
        sender = sender_of(server, client)
        readers = [Events(client) for _ in range(5)]
        staff_write(server.context, sender, "在")
        assert [reader.wait_for(2)[-1] for reader in readers] == ["在"] * 5
        assert feed.followers == 5
        for reader in readers:
            reader.close()
        staff_write(server.context, sender, "还在吗")
        deadline = time.monotonic() + 20
        while feed.followers and time.monotonic() < deadline:
            time.sleep(0.02)
        assert feed.followers == 0


@pytest.mark.parametrize("after", ["-1", "x", "9" * 30, "1e3", "²"])
def test_a_strange_cursor_does_no_harm(page: httpx.Client, after: str) -> None:
    with page.stream("GET", f"{WEB}/events", params={"after": after}) as response:
        assert response.status_code == 200
        assert next(response.iter_lines()).startswith("retry:")


def test_held_by_a_human_the_page_is_told_so(server: Server, page: httpx.Client) -> None:
    sender = sender_of(server, page)
    with server.context.database.write() as session:
        hold.hold(session, sender, "3号", server.context.settings.now())
    assert ask(page, "在吗") == {"messages": [], "held": True}


def test_votes_count_once_and_only_from_the_session_that_was_told(server: Server, page: httpx.Client) -> None:
    (told,) = ask(page, "公需")["messages"]
    (choice,) = ask(page, "选")["messages"]

    def vote(client: httpx.Client, message: object, value: object = "useful") -> tuple[int, str]:
        response = client.post(f"{WEB}/feedback", json={"message": message, "vote": value})
        return response.status_code, response.json().get("reason") or response.json()["status"]

    with server.client() as other:
        other.get("/")
        assert vote(other, told["id"]) == vote(other, 10**9) == (404, "no_such_message")
    assert vote(page, choice["id"]) == (404, "no_such_message"), "never on a fallback"
    assert vote(page, told["id"], "useless") == (200, "stored")
    assert vote(page, told["id"], "useful") == (200, "already")
    for message in ("1", True, 0, -1, 2**70, None, 1.5):
        assert vote(page, message) == (400, "vote_invalid")
    assert vote(page, told["id"], "great") == (400, "vote_invalid")
    with server.context.database.read() as session:
        assert session.execute(select(Feedback.vote).where(Feedback.outbox_id == told["id"])).scalars().all() == ["useless"]
    assert [line["vote"] for line in page.get(f"{WEB}/history").json()["messages"] if line.get("id") == told["id"]] == ["useless"]


def test_a_missing_database_is_a_sentence_and_a_503(start: Starter) -> None:
    server = start()
    assert server.context.database.file is not None
    with server.client() as client:
        client.get("/")
        server.context.database.dispose()
        server.context.database.file.unlink()
        (told,) = ask(client, "公需")["messages"]
        assert TELEPHONE in told["text"]
        assert told["id"] is None
        assert client.get(f"{WEB}/history").status_code == 503
        assert client.post(f"{WEB}/feedback", json={"message": 1, "vote": "useful"}).json()["reason"] == "unavailable"
