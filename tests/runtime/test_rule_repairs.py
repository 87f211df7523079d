"""The repairs of the rule policy decide as Rasa's own functions do, in every state that dialogues with the real rules come to."""

import asyncio
import json
import random
from typing import Any
from unittest import mock

import pytest

from bot.runtime import repairs
from bot.runtime.trackerstore import MemoryConversations
from tests.runtime.inprocess import Bot, sample_folder

pytestmark = pytest.mark.model

SAID = (
    *("公需一年要多少学时", "你好", "我今年还差多少学时", "我绑定的是谁", "转人工", "解绑", "王小明", "绑定 王小明 K7M2P94444"),
    *("绑定", "绑定", "取消", "K7M2P9", "2345678923", "K7M2P94444", "嗯"),
)


def test_rules_lead_to_the_same_action_as_with_rasas_own_functions(trained_model, tmp_path):
    (tmp_path / "pattern").mkdir()
    sample_folder(tmp_path / "pattern")
    bot = Bot(trained_model, tmp_path / "pattern", tmp_path / "bot", MemoryConversations)
    compared: list[Any] = []

    def both(policy: Any, tracker: Any, domain: Any, by_text: bool) -> Any:
        ours = repairs._find_action_from_rules(policy, tracker, domain, by_text)
        with mock.patch.object(repairs.RulePolicy, "_get_possible_keys", repairs._stock_keys):
            action, source, returning = repairs._stock_find(policy, tracker, domain, by_text)
        assert ours == ((action, source, returning) if action or not by_text else (None, None, returning))
        compared.append((action, returning))
        return ours

    async def talk() -> None:
        dice = random.Random(3)
        for text in ("绑定", "2345678923", "王小明", "绑定", "取消", "绑定", "绑定 王小明 K7M2P94444", *dice.choices(SAID, k=40)):
            await bot.say(text)

    with mock.patch.object(
        repairs.RulePolicy,
        "_find_action_from_rules",
        lambda policy, tracker, domain, use_text_for_last_user_input: both(policy, tracker, domain, use_text_for_last_user_input),
    ):
        asyncio.run(talk())
    assert {"bind_form", "action_submit_bind", "action_deactivate_loop", "utter_faq", "action_human"} <= {action for action, _ in compared}


def test_a_rule_that_training_takes_away_is_forgotten():
    policy = object.__new__(repairs.RulePolicy)
    state = {"user": {"intent": "faq"}, "prev_action": {"action_name": "action_listen"}}
    lookup = {json.dumps([state]): "utter_faq", json.dumps([state, state]): "utter_talk"}
    for left in (2, 1):
        assert repairs._get_possible_keys(policy, lookup, [state]) == set(lookup) == repairs._stock_keys(policy, lookup, [state])
        assert len(lookup) == left
        lookup.pop(json.dumps([state, state]), None)


def test_what_is_remembered_is_bounded(trained_model, tmp_path, monkeypatch):
    (tmp_path / "pattern").mkdir()
    sample_folder(tmp_path / "pattern")
    bot = Bot(trained_model, tmp_path / "pattern", tmp_path / "bot", MemoryConversations)
    monkeypatch.setattr(repairs, "_MOST_REMEMBERED", 3)
    sizes: list[int] = []

    def counted(policy: Any, lookup: Any, states: Any) -> Any:
        found = repairs._get_possible_keys(policy, lookup, states)
        sizes.append(len(policy._remembered))
        return found

    async def talk() -> None:
        for text in SAID:
            assert await bot.say(text)

    with mock.patch.object(repairs.RulePolicy, "_get_possible_keys", counted):
        asyncio.run(talk())
    assert max(sizes[10:]) <= 3
