"""The figures of a whole run: over its processes, and over their deaths."""

import os
import signal
import urllib.error
import urllib.request

from tests.serving import Server, children, served, tiny_arguments, wait_until


def shown(server: Server, line: str) -> bool:
    try:
        with urllib.request.urlopen(server.url + "/metrics", timeout=5) as answer:
            return f"\n{line}\n" in answer.read().decode()
    except (urllib.error.URLError, OSError):
        return False


def test_restarts_of_both_parts_are_counted_whichever_process_answers(tiny, tiny_env):
    with served(tiny.config.parent, tiny_env, *tiny_arguments(tiny)) as server:
        assert shown(server, "bot_workers 1.0")
        os.kill(children(server)["actionhost"][0], signal.SIGKILL)
        assert wait_until(lambda: shown(server, 'bot_process_restarts_total{process="actions"} 1.0'), 20)
        os.kill(children(server)["worker"][0], signal.SIGKILL)
        assert wait_until(lambda: shown(server, 'bot_process_restarts_total{process="worker"} 1.0'), 30)
        assert wait_until(lambda: shown(server, "bot_workers 1.0"), 10)
        assert shown(server, 'bot_process_restarts_total{process="actions"} 1.0')
