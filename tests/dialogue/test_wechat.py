"""A follower of the account and the whole bot."""

import itertools

import pytest

from tests.dialogue.conftest import Platforms
from tests.dialogue.talking import POLICY_PHONE, issue

pytestmark = pytest.mark.model
_numbers = itertools.count()
PERSON = "630104198503170314"


def test_a_scanned_code_leaves_only_the_name_to_say_and_a_new_subscription_names_the_binding(platforms: Platforms) -> None:
    follower = platforms.wechat.person("o_scanning")
    name, code = issue(platforms.server, PERSON)
    assert "姓名" in follower.subscribes(code).reply
    bound = follower.says(name).reply
    assert name in bound
    assert "6301**********0314" in bound
    follower.unsubscribes()
    back = follower.subscribes().reply
    assert back.startswith("欢迎关注")
    assert "6301**********0314" in back
    assert PERSON not in back
    assert "已解绑" in follower.clicks("unbind").reply
    assert "还没有绑定" in follower.subscribes().reply


@pytest.mark.parametrize("way_out", ["取消", "/cancel", "／cancel"])
@pytest.mark.parametrize("typed", [[], ["K7M2P9QRST"]])
def test_cancel_leaves_the_form_at_any_step(platforms: Platforms, way_out: str, typed: list[str]) -> None:
    follower = platforms.wechat.person(f"o_cancel_{next(_numbers)}")
    assert "绑定码" in follower.clicks("bind").reply
    for text in typed:
        assert "姓名" in follower.says(text).reply
    assert "已取消绑定" in follower.says(way_out).reply
    assert "45" in follower.says("公需科目一年要多少学时").reply


def test_the_menu_and_a_voice_reach_the_answers(platforms: Platforms) -> None:
    follower = platforms.wechat.person("o_menu")
    assert "12月10日" in follower.clicks("policy_deadline").reply
    assert "45" in follower.speaks("公需科目一年要多少学时。").reply
    assert POLICY_PHONE in follower.clicks("human").reply
    assert "请先绑定" in follower.clicks("hours").reply
    assert "结转" in follower.clicks("policy_carry_over").reply


def test_three_likely_questions_are_numbered_once_and_a_number_is_answered(platforms: Platforms) -> None:
    follower = platforms.wechat.person("o_numbers")
    asked = follower.says("材料").reply
    lines = [line for line in asked.splitlines() if line[:2] in ("1.", "2.", "3.", "4.")]
    assert [line[:2] for line in lines] == ["1.", "2.", "3.", "4."][: len(lines)], asked
    assert len(lines) >= 3, asked
    assert "都不是" in lines[-1]
    answer = follower.says("第二个").reply
    assert "依据：" in answer or POLICY_PHONE in answer
