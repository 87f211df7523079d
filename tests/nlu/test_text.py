"""One script, one spelling; and closed sets whose words a message can in fact be."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.nlu.text import bare, canonical, lexicon, simplify, strip_edges


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("ＡＢＣ１２３", "abc123"),
        ("專業技術人員繼續教育", "专业技术人员继续教育"),
        ("  公需　 多少\n学时 ", "公需 多少 学时"),
        ("①②", "12"),
        ("", ""),
    ],
)
def test_a_message_is_read_in_simplified_half_width_lower_case(typed, read):
    assert simplify(typed) == read


@pytest.mark.parametrize(
    ("typed", "standard"),
    [
        ("公须课要几多学分", "公需课要多少学时"),
        ("公需科目", "公需课"),
        ("公需", "公需课"),
        ("啥时候备按", "什么时候备案"),
        ("學分能不能接转？", "学时可以吗结转"),
        ("评副高级", "评副高"),
    ],
)
def test_variants_and_misspellings_become_the_standard_term(typed, standard):
    assert canonical(typed) == standard


@given(st.text())
def test_a_simplified_text_has_single_blanks_and_none_at_its_ends(text):
    read = simplify(text)
    assert read == " ".join(read.split())
    assert not re.search("[A-ZＡ-Ｚ０-９，：]", read)


@given(st.text() | st.text("公需备按，。？！、,.?!;:()[]{}·…"))
def test_the_standard_spelling_holds_words_and_blanks_only(text):
    assert not re.search(r"[^\w\s]", canonical(text))


@pytest.mark.parametrize("term", sorted(lexicon()["synonyms"]))
def test_a_standard_term_stays_as_it_is(term):
    assert canonical(term) == term


def test_no_variant_stands_for_two_terms():
    variants = [variant for variants in lexicon()["synonyms"].values() for variant in variants]
    assert sorted(variants) == sorted(set(variants))
    assert not set(variants) & set(lexicon()["synonyms"])


@pytest.mark.parametrize(
    ("typed", "left"),
    [("请问老师，公需多少啊？", "公需多少"), ("那个……就是想问下几号截止", "几号截止"), ("你好", ""), ("？？？", ""), ("_ _", "")],
)
def test_fillers_and_punctuation_carry_no_meaning(typed, left):
    assert bare(typed) == left


def closed_words() -> list[tuple[str, str]]:
    words = lexicon()
    sets = {"none of these": words["choices"]["none"], "why": words["followup"]["why"], "again": words["followup"]["again"]}
    sets |= {f"choice {place}": names for place, names in enumerate(words["choices"]["ordinals"])}
    sets |= {f"command {name}": said for name, said in words["commands"].items()}
    return [(name, word) for name, said in sets.items() for word in said]


@pytest.mark.parametrize(("name", "word"), closed_words())
def test_every_word_of_a_closed_set_is_one_that_a_message_can_be(name, word):
    """Messages are compared after fillers and punctuation are taken off: a word that loses letters by that is never met."""
    assert isinstance(word, str)
    assert bare(word) == word


@pytest.mark.parametrize(
    ("text", "core", "cut"),
    [
        ("那中级呢", "中级", True),
        ("那那中级呢呢", "中级", True),
        ("中级", "中级", False),
        ("那", "那", False),
        ("呢", "呢", False),
        ("", "", False),
    ],
)
def test_leads_and_tails_are_cut_as_long_as_something_is_left(text, core, cut):
    assert strip_edges(text, ["那"], ["呢"]) == (core, cut)
