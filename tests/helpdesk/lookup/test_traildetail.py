"""What the audit trail says besides who, what and whom: in words, for every action that notes facts of its own."""

import pytest

from bot.answers import Answers
from bot.db import Database
from bot.helpdesk.lookup import trail, traildetail
from bot.helpdesk.lookup.person import PLACES
from bot.helpdesk.staff import accounts
from bot.helpdesk.switching import switch_off, switch_on, target
from bot.helpdesk.words import word
from bot.hours.sample import load_sample
from bot.hours.undo import undo
from policies.notice import load_notices
from tests.helpdesk.conftest import NOW

ANSWERS = Answers.from_files(load_notices())


def said(database: Database) -> list[str]:
    """Oldest first."""
    with database.read() as session:
        return [traildetail.told(entry, ANSWERS.catalogue) for entry in reversed(trail.page(session, trail.Filter()).entries)]


def test_imports_and_their_undoing_are_counted_in_words(database: Database) -> None:
    load_sample(database, NOW)
    undo(database, 3, NOW)
    assert said(database) == [
        "第 1 批（人员）：新增 8，更新 0",
        "第 2 批（学时记录）：新增 91，更新 0",
        "第 3 批（视同记录）：新增 3，更新 0",
        "第 3 批（视同记录）：去掉 3，还原 0",
    ]


def test_accounts_and_switches_are_named(database: Database) -> None:
    accounts.add(database, login="lixia", name="李霞", role="agent", password="a long password", now=NOW)
    question = target("question", "hours_public", ANSWERS, NOW.date())
    assert question is not None
    with database.write() as session:
        switch_off(session, question, "数字有误: 待核", "staff:1", NOW)
        switch_on(session, "question", "hours_public", "staff:1", NOW)
    label = ANSWERS.catalogue.get("hours_public").label
    assert said(database) == ["lixia，坐席，1 号", f"问题“{label}”的自动答复。原因：数字有误: 待核", f"问题“{label}”的自动答复"]


@pytest.mark.parametrize(
    ("action", "detail", "person_id", "words"),
    [
        ("console-report", "西宁 第一中学 2023 12", None, "西宁 第一中学，2023 年度，12 人"),
        ("console-export", "某校 2022 3", None, "某校，2022 年度，3 人"),
        ("codes", "7", None, "7 人"),
        ("codes", "1", 5, ""),
        ("console-code", "1", 5, ""),
        ("console-lookup", "ask", 5, "问答页"),
        ("console-lookup", "dashboard 12", None, "看板，第 12 条"),
        ("console-lookup", "learning 7", 5, "待学习，第 7 条"),
        ("console-lookup", "attic 7", 5, "attic 7"),
        ("console-reveal", "paperwork", 5, "办理申报、审验材料"),
        ("console-number", "hit 0123456789abcdef", 5, "找到了"),
        ("console-number", "miss 0123456789abcdef", None, "没有找到"),
        ("retrain", "4 lessons=11", None, "第 4 次训练，教过的话 11 句"),
        ("model-live", "4 xueshitong-20231120", None, "第 4 次训练，xueshitong-20231120"),
        ("model-unmoved", "4 live", None, "第 4 次训练"),
        ("model-back", "4", None, "第 4 次训练"),
        ("purge", "journal=3 outbox=0", None, "收到的消息 3，发出的回答 0"),
        ("purge", "uploads=1 sampled=2", None, "没有处理的上传 1，抽检里的原话 2"),
        ("import", "an older version's words", None, "an older version's words"),
        ("import", "batch 4 courses +3 ~0", None, "batch 4 courses +3 ~0"),
        ("switch-on", "channel sms", None, "channel sms"),
    ],
)
def test_a_detail_is_said_in_words_and_one_of_another_shape_as_it_stands(
    action: str, detail: str, person_id: int | None, words: str
) -> None:
    entry = trail.Entry(1, NOW, "staff:1", "李霞", action, person_id, None, None, detail)
    assert traildetail.told(entry, ANSWERS.catalogue) == words


def test_every_place_of_a_look_has_a_word_of_its_own() -> None:
    assert len({word(f"audit.where.{place}") for place in PLACES}) == len(PLACES)


def test_every_action_with_facts_of_its_own_has_words() -> None:
    """A detail written in code shows on the page as code: whoever adds one adds its words."""
    assert set(traildetail.SHAPES) <= set(trail.ACTIONS)
    assert set(trail.ACTIONS) - set(traildetail.SHAPES) == {
        *("console-lookup", "console-reveal"),  # codes of a list each
        *("bind", "bind-wrong", "unbind"),  # nothing besides who and whom
        *("staff-disable", "staff-enable", "staff-password", "transcript"),  # a login, a chat
    }
