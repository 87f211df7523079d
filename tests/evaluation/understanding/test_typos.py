"""Typos are of their kind, one a sentence, and the same each time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypinyin import lazy_pinyin
from rapidfuzz.distance import Levenshtein

from evaluation.understanding.typos import KINDS, LEAST, with_typo

SAID = "公需科目一年要多少学时"


@pytest.mark.parametrize("kind", KINDS)
def test_a_typo_changes_one_place_and_is_the_same_again(kind: str) -> None:
    mistyped = with_typo(SAID, kind, 1)
    assert Levenshtein.distance(mistyped, SAID) == 1
    assert mistyped == with_typo(SAID, kind, 1)


def test_a_typo_of_sound_sounds_the_same() -> None:
    for seed in range(20):
        assert lazy_pinyin(with_typo(SAID, "sound", seed)) == lazy_pinyin(SAID)


def test_an_omission_leaves_one_character_out() -> None:
    assert len(with_typo(SAID, "omission", 3)) == len(SAID) - 1


def test_seeds_choose_different_places() -> None:
    assert len({with_typo(SAID, "sound", seed) for seed in range(20)}) > 5


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("said", ["", "?", "ok", "😀😀😀😀😀", "gongxu"])
def test_what_holds_no_chinese_stays(kind: str, said: str) -> None:
    assert with_typo(said, kind, 1) == said


@given(said=st.text(alphabet="公需专业学时多少啊a1，😀", max_size=12), kind=st.sampled_from(KINDS), seed=st.integers(0, 99))
def test_at_most_one_character_changes(said: str, kind: str, seed: int) -> None:
    mistyped = with_typo(said, kind, seed)
    assert Levenshtein.distance(mistyped, said) <= 1
    assert mistyped == said or len(said) >= LEAST[kind]
