"""Misspelt copies are of training sentences, one character apart, for a share of them, the same each time."""

from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from bot.nlu.noise import LEAST, SHARE, misspelt
from bot.nlu.pinyin import sounds

SAID = [
    f"{subject}{asked}"
    for subject in ("公需课", "专业课", "审验", "驻村", "提交")
    for asked in ("要多少学时", "几号截止", "怎么办", "算不算", "在哪里学", "谁来管")
]


def test_a_share_of_the_sentences_gets_a_copy_that_is_one_character_apart() -> None:
    copies = misspelt(SAID * 1)
    assert 0.3 * SHARE * len(SAID) < len(copies) < 2.5 * SHARE * len(SAID)
    assert {Levenshtein.distance(SAID[at], copy) for at, copy in copies} == {1}


def test_a_character_is_replaced_by_one_that_sounds_alike() -> None:
    replaced = [(SAID[at], copy) for at, copy in misspelt(SAID) if len(copy) == len(SAID[at])]
    assert [pair for pair in replaced if sounds(pair[0]) != sounds(pair[1])] == []


def test_the_same_sentences_get_the_same_copies() -> None:
    assert misspelt(SAID) == misspelt(list(SAID))


@given(said=st.lists(st.text(max_size=8), max_size=20))
def test_any_sentences_can_be_misspelt(said: list[str]) -> None:
    for at, copy in misspelt(said):
        assert len(said[at]) >= LEAST
        assert copy != said[at]
