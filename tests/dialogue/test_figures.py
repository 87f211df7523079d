"""The figures that the served bot shows about its conversations."""

import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.inbox.observe import STAGES
from tests.dialogue.talking import Talk
from tests.serving import Server

pytestmark = pytest.mark.model


def figures(server: Server) -> dict[tuple[str, tuple[str, ...]], float]:
    with urllib.request.urlopen(server.url + "/metrics", timeout=5) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    return {(one.name, tuple(value for _, value in sorted(one.labels.items()))): one.value for family in families for one in family.samples}


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ("公需科目一年要多少学时", "answered"),
        ("我今年还差多少学时", "answered"),
        ("今天股票涨了没有", "fallback"),
        (" ", "fallback"),
        ("转人工", "handed_over"),
    ],
)
def test_a_message_counts_as_what_its_answer_is(bot_server: Server, said: str, outcome: str) -> None:
    before = figures(bot_server)
    Talk(bot_server).say(said)
    risen = {key: value - before.get(key, 0) for key, value in figures(bot_server).items() if value != before.get(key, 0)}
    assert {key: value for key, value in risen.items() if key[0] == "bot_answers_total"} == {("bot_answers_total", (outcome,)): 1}
    assert risen["bot_messages_total", ("rest", "processed")] == 1
    timed = {key[1][0] for key in risen if key[0] == "bot_stage_seconds_count"}
    assert timed == (set(STAGES) if said.strip() else {"journal", "whole"})
    assert not [key for key in risen if key[0] == "bot_action_errors_total"]
