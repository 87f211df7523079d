"""What `run` does about Telegram before anything is started."""

from pathlib import Path

from bot.runtime.launcher import Launch, _telegram
from tests.channels.telegram.conftest import settings_for
from tests.serving import bot_command, bot_environment, free_port
from tests.telegram_api import TOKEN, TelegramApi


def test_a_malformed_token_ends_run_with_one_line_that_names_it(tmp_path: Path) -> None:
    done = bot_command("run", "--port", str(free_port()), env=bot_environment(tmp_path, BOT_TELEGRAM_TOKEN="wrong token"), cwd=tmp_path)
    assert done.returncode != 0
    assert "BOT_TELEGRAM_TOKEN" in done.stderr.strip().splitlines()[-1]
    assert "wrong token" not in done.stderr
    assert "Traceback" not in done.stderr


def test_the_poller_brings_updates_to_the_address_that_the_workers_listen_on(api: TelegramApi, tmp_path: Path) -> None:
    addresses = {
        "127.0.0.1": "http://127.0.0.1:5005", "0.0.0.0": "http://127.0.0.1:5005", "::": "http://[::1]:5005", "localhost": "http://127.0.0.1:5005",
        "10.1.2.3": "http://10.1.2.3:5005",
    }  # fmt: skip
    for host, address in addresses.items():
        plan = _telegram(settings_for(api, tmp_path, BOT_HOST=host), Launch(), {})
        assert list(plan.words) == [address]
        assert TOKEN not in repr(plan)
