"""A mistake of ours is answered with one sentence and every header, and tells nothing of the mistake."""

from datetime import date
from types import SimpleNamespace

from starlette.testclient import TestClient

from bot.helpdesk.console.app import create_app
from bot.helpdesk.console.refusals import HEADERS


def test_a_mistake_of_ours_bears_every_header_and_no_trace():
    app = create_app(SimpleNamespace(today=date(2023, 11, 20)))  # type: ignore[arg-type]

    @app.get("/mistaken")
    def mistaken() -> None:
        raise ValueError("630102199003078812")

    answer = TestClient(app, raise_server_exceptions=False).get("/mistaken")
    assert answer.status_code == 500
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert answer.headers["cache-control"] == "no-store"
    assert "程序出错了" in answer.text
    assert "630102" not in answer.text
