"""`/metrics` on a real server: the figures, and who may read them."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from bot import settings as bot_settings
from bot.runtime import metrics
from tests.bare import listening

TOKEN = "lesen-12345"
RIGHT = {"Authorization": f"Bearer {TOKEN}"}
PROXIED = [{"X-Forwarded-For": "1.2.3.4"}, {"Forwarded": "for=1.2.3.4"}, {"Host": "chat.example.cn"}, {"Origin": "http://evil.example"}]


@contextmanager
def serving(folder: Path, **env: str) -> Iterator[str]:
    """A Sanic application with nothing but the figures; its address."""
    with listening(lambda app: metrics.expose(app, bot_settings.load(env, folder))) as (url, _):
        yield url


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    folder = tmp_path_factory.mktemp("figures")
    settings = {
        "loopback": {},
        "loopback, token": {"BOT_METRICS_TOKEN": TOKEN},
        "open": {"BOT_HOST": "0.0.0.0"},
        "open, token": {"BOT_HOST": "0.0.0.0", "BOT_METRICS_TOKEN": TOKEN},
        "open, another token": {"BOT_HOST": "0.0.0.0", "BOT_REST_TOKEN": TOKEN},
    }
    with ExitStack() as stack:
        yield {name: stack.enter_context(serving(folder, **env)) for name, env in settings.items()}


def get(url: str, **headers: str) -> httpx.Response:
    with httpx.Client(base_url=url, trust_env=False, verify=False, timeout=30) as client:
        return client.get("/metrics", headers=headers)


@pytest.mark.parametrize("proxied", [{}, *PROXIED], ids=str)
@pytest.mark.parametrize("given", ["no", "wrong", "right"])
@pytest.mark.parametrize("where", ["loopback", "loopback, token", "open", "open, token", "open, another token"])
def test_who_may_read_the_figures(servers: dict[str, str], where: str, given: str, proxied: dict[str, str]) -> None:
    authorization = {"no": {}, "wrong": {"Authorization": f"Bearer {TOKEN}x"}, "right": RIGHT}[given]
    if where.startswith("loopback") and not proxied:
        expected = 200
    elif where.endswith(", token"):
        expected = 200 if given == "right" else 401
    else:
        expected = 403
    response = get(servers[where], **proxied, **authorization)
    assert response.status_code == expected
    assert ("bot_messages" in response.text) == (expected == 200)


def test_prometheus_reads_what_it_asks_for(servers: dict[str, str]) -> None:
    metrics.message("rest", "processed")
    plain = get(servers["loopback"])
    assert plain.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "# HELP bot_messages_total Messages taken in" in plain.text
    assert 'bot_messages_total{channel="rest",state="processed"}' in plain.text
    modern = get(servers["loopback"], Accept="application/openmetrics-text; version=1.0.0")
    assert modern.headers["content-type"].startswith("application/openmetrics-text")
    assert modern.text.endswith("# EOF\n")


def test_a_server_counts_as_worker_while_it_serves(tmp_path: Path) -> None:
    with serving(tmp_path) as url:
        assert "\nbot_workers 1.0\n" in get(url).text
    assert "\nbot_workers 0.0\n" in metrics.exposition()[0].decode()
