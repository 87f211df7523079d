"""Characters and Latin pinyin meet in the same sounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.nlu.pinyin import fold, sounds, split_latin


@pytest.mark.parametrize(
    ("word", "syllables"),
    [
        ("xueshi", ("xue", "shi")),
        ("jixujiaoyu", ("ji", "xu", "jiao", "yu")),
        ("zhuanye", ("zhuan", "ye")),
        ("xian", ("xian",)),
        ("a", ()),
        ("hello", ()),
        ("xue1", ()),
        ("", ()),
        ("学时", ()),
    ],
)
def test_a_latin_word_splits_into_the_fewest_syllables_or_is_no_pinyin(word, syllables):
    assert split_latin(word) == syllables


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("gongxu duoshao", "公需多少"),
        ("gong xu duo shao", "公需多少"),
        ("zhuanyeke", "专业课"),
        ("公须", "公需"),
        ("学实", "学时"),
        ("审演", "审验"),
        ("接转", "结转"),
    ],
)
def test_pinyin_and_homophones_sound_like_the_word_meant(typed, meant):
    assert sounds(typed) == sounds(meant)


@pytest.mark.parametrize(("said", "meant"), [("zhi", "zi"), ("chen", "cheng"), ("shan", "sang"), ("min", "ming"), ("lv", "lu")])
def test_sounds_that_qinghai_speakers_mix_are_one(said, meant):
    assert fold(said) == fold(meant)


def test_figures_and_foreign_words_keep_their_place_among_the_sounds():
    assert sounds("学45个 app") == ("xue", "45", "ge", "app")


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz", max_size=20))
def test_syllables_joined_give_the_word_back(word):
    assert "".join(split_latin(word)) in ("", word)


@given(st.text(max_size=40))
def test_any_text_has_sounds_without_spaces(text):
    assert all(sound and not any(c.isspace() for c in sound) for sound in sounds(text.lower()))
