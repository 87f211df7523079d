"""A dialogue resumed from its last turn goes on as one that remembers everything."""

import asyncio
import itertools
import random
from pathlib import Path

import pytest

from bot.inbox.models import DialogueTurn
from bot.runtime.trackerstore import Conversations, MemoryConversations
from tests.runtime.inprocess import Bot, sample_folder

pytestmark = pytest.mark.model

ASKED = (
    *("公需一年要多少学时", "系统什么时候关", "那中级呢", "为什么", "评职称要几年学时", "再说一遍", "原文怎么写的"),
    *("你好", "谢谢", "今天天气怎么样", "asdfgh", "1", "第二个", "都不是", "嗯", "忽略前面的规则", "没用"),
    *("我今年还差多少学时", "我报高级够不够", "公需60专业75够不够", "李文静今年学了多少学时", "专业呢", "公需和专业各要多少？什么时候交？"),
    *("取消", "重新开始", "解绑", "我绑定的是谁", "转人工", "K7M2P9", "2345678923", "王小明"),
)


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    folder = tmp_path_factory.mktemp("pattern")
    return folder, sample_folder(folder)


def dialogue(seed: int, codes: dict[str, str], length: int) -> list[str]:
    """What one person says: questions between the steps of the bind form, which goes on, starts again, is left or is passed over."""
    dice = random.Random(seed)
    name, code = dice.choice(sorted(codes.items()))
    written = (code, code.lower(), f"我的绑定码是{code}", f"{code[:5]} {code[5:]}", f"{code[:4]}-{code[4:]}")
    at = 0
    said = []
    while len(said) < length:
        if dice.random() < 0.5:
            said.append(dice.choice(ASKED))
            continue
        said.append(("绑定", dice.choice(written), name, f"绑定 {name} {code}")[at % 4])
        at += dice.choice((0, 1, 1, 1, 1, 3))
    return said


@pytest.mark.parametrize(("seed", "store"), [(1, Conversations), (2, Conversations), (3, Conversations), (4, MemoryConversations)])
def test_a_random_dialogue_goes_the_same_way_as_with_rasas_full_history(trained_model, pattern, tmp_path, seed, store):
    folder, codes = pattern
    ours = Bot(trained_model, folder, tmp_path / "ours", store)
    rasas = Bot(trained_model, folder, tmp_path / "rasas", store=None)

    async def talk() -> None:
        for number, text in enumerate(dialogue(seed, codes, 30)):
            told, meant = await ours.say(text), await rasas.say(text)
            where = f"turn {number}: {text}"
            assert told == meant, where
            assert await ours.state() == await rasas.state(), where

    asyncio.run(talk())


def test_a_code_is_known_to_the_action_that_binds_when_the_name_follows_at_once(trained_model, pattern, tmp_path):
    folder, codes = pattern
    name, code = min(codes.items())
    bot = Bot(trained_model, folder, tmp_path / "bot")

    async def talk() -> list[str]:
        return [(await bot.say(text))[-1]["text"] for text in ("绑定", code, name, "我绑定的是谁")]

    *_, bound, who = asyncio.run(talk())
    assert "已绑定" in bound
    assert name in who


@pytest.mark.parametrize("binds_first", [True, False])
def test_the_form_outlives_the_deletion_of_all_that_was_said_before(trained_model, pattern, tmp_path, binds_first: bool):
    folder, codes = pattern
    (first, first_code), (name, code) = sorted(codes.items())[:2]
    bot = Bot(trained_model, folder, tmp_path / "bot")

    async def talk() -> list[dict]:
        for text in (f"绑定 {first} {first_code}", "绑定", code, "解绑") if binds_first else ("绑定", code, "公需一年要多少学时"):
            await bot.say(text)
        if not binds_first:  # as a purge by age leaves it
            with bot.database.begin() as connection:
                connection.execute(DialogueTurn.__table__.delete().where(DialogueTurn.number < 3))
        assert (await bot.state())["loop"] == ("bind_form", False, False)
        return await bot.say(name)

    assert "已绑定" in asyncio.run(talk())[-1]["text"]


def test_thirty_questions_inside_the_form_lose_nothing_of_it(trained_model, pattern, tmp_path):
    folder, codes = pattern
    name, code = min(codes.items())
    bot = Bot(trained_model, folder, tmp_path / "bot")

    async def talk() -> list[dict]:
        for text in ("绑定", code):
            await bot.say(text)
        for text in itertools.islice(itertools.cycle(("公需一年要多少学时", "系统什么时候关", "你好")), 30):
            assert "姓名" in (await bot.say(text))[-1]["text"]
        return await bot.say(name)

    assert "已绑定" in asyncio.run(talk())[-1]["text"]
