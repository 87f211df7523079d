"""Whoever tries passwords holds up nobody's page: logins have a few threads of their own."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from types import SimpleNamespace

import pytest
from starlette.testclient import TestClient

from bot.helpdesk.console import door
from bot.helpdesk.console.app import create_app
from bot.helpdesk.staff import accounts
from bot.helpdesk.staff.accounts import Checked
from tests.serving import wait_until

HERE = "http://testserver"
CROWD = 60  # more than the threads that pages have


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setattr(door, "PATIENCE", 0.3)
    app = create_app(SimpleNamespace(today=date(2023, 11, 20), database=None, now=None))  # type: ignore[arg-type]
    with TestClient(app, headers={"Origin": HERE}) as client:
        yield client


def come_in(client: TestClient) -> tuple[int, str]:
    answer = client.post("/login", data={"login": "nobody", "password": "a password"})
    return answer.status_code, answer.text


def test_pages_are_made_while_more_try_to_come_in_than_there_are_threads(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    free, inside = threading.Event(), threading.Semaphore(0)

    def look(*_: object) -> Checked:
        inside.release()
        assert free.wait(120)
        return Checked(None, "wrong")

    monkeypatch.setattr(accounts, "check", look)
    with ThreadPoolExecutor(CROWD + 1) as crowd:
        tries = [crowd.submit(come_in, client) for _ in range(CROWD)]
        try:
            assert all(inside.acquire(timeout=30) for _ in range(door.PLACES))
            page = crowd.submit(client.get, "/login").result(timeout=30)
            assert wait_until(lambda: sum(one.done() for one in tries) == CROWD - door.PLACES, 20)
        finally:
            free.set()
    answers = [one.result() for one in tries]
    assert page.status_code == 200
    assert [status for status, _ in answers].count(401) == door.PLACES
    assert {status for status, _ in answers} == {401, 503}
    assert all("请过一会儿再试" in text for status, text in answers if status == 503)


def test_a_login_that_has_begun_is_answered_however_long_it_takes(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "check", lambda *_: time.sleep(3 * door.PATIENCE) or Checked(None, "wrong"))
    assert come_in(client)[0] == 401
    assert come_in(client)[0] == 401
