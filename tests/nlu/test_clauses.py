"""The clause nearest to a message, and silence where none is near."""

from functools import lru_cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.nlu.clauses import DICTIONARY, ClauseSearch
from bot.nlu.text import canonical
from policies.notice import load_notices

NOTICE = load_notices().all[-1]


@lru_cache(maxsize=1)
def search() -> ClauseSearch:
    return ClauseSearch(NOTICE)


@pytest.mark.parametrize(
    ("said", "clause"),
    [
        ("绝招绝技绝活由谁认定", "skilled"),
        ("信用信息共享平台的记录期", "integrity"),
        ("每个月月底推送数据到管理端", "data_push"),
        ("年度培训工作方案和计划的审核", "filing"),
        ("國務院政府特殊津貼", "skilled"),
    ],
)
def test_a_message_in_the_words_of_a_clause_finds_it(said: str, clause: str) -> None:
    assert search().nearest(said) == clause


@pytest.mark.parametrize("said", ["今天天气怎么样", "社保断缴怎么补", "驾校学时", "培训", "继续教育学时", "给我写一首诗", "😀", ""])
def test_what_shares_no_telling_words_finds_none(said: str) -> None:
    assert search().nearest(said) is None


@pytest.mark.parametrize("clause_id", sorted(NOTICE.clauses.keys() - {"signature", "schedule", "other_matters"}))
def test_each_clause_is_nearest_to_its_own_words(clause_id: str) -> None:
    assert search().nearest(NOTICE.clauses[clause_id].text) == clause_id


def test_the_dictionary_holds_each_word_once_spelt_as_messages_are_read() -> None:
    words = [line.split(" ")[0] for line in DICTIONARY.read_text("utf-8").splitlines()]
    assert len(words) == len(set(words))
    assert [word for word in words if canonical(word) != word or len(word) < 2] == []


def test_nothing_but_the_dictionary_lies_in_its_folder() -> None:
    assert [path.name for path in DICTIONARY.parent.iterdir()] == ["domain.txt"]


@given(text=st.text())
def test_any_text_finds_a_clause_or_none(text: str) -> None:
    found = search().nearest(text)
    assert found is None or found in NOTICE.clauses
