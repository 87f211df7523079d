"""The classifier on a few invented sentences: what it is certain of, what it bears, and what it refuses to load."""

import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.nlu.classifier import Classifier, tokens
from bot.nlu.fitting import _matrix

EXAMPLES = [
    *((said, "public") for said in ("公需科目要多少学时", "公需课学几个", "公需得修多少", "公需每年不少于几个")),
    *((said, "verify") for said in ("什么时候审验完", "审验到几号", "逐级审验的日子", "审验哪天结束")),
    *((said, "village") for said in ("驻村能抵学时吗", "下乡驻村算不算", "驻村一年怎么算", "去村里驻村视同吗")),
]


@pytest.fixture(scope="module")
def small() -> Classifier:
    return Classifier.train(EXAMPLES)


@pytest.mark.parametrize(
    ("said", "label"),
    [
        ("公须学多少", "public"),
        ("gongxu xue duoshao", "public"),
        ("公需要学多少個學時", "public"),
        ("啥时候审演", "verify"),
        ("shenyan dao jihao", "verify"),
        ("住村抵不抵", "village"),
    ],
)
def test_misspellings_pinyin_and_other_script_are_read_as_what_they_sound_like(small: Classifier, said: str, label: str):
    assert small.rank(said)[0].label == label


def test_punctuation_case_and_script_do_not_matter_to_certainty(small: Classifier):
    assert [small.rank(said)[0].confidence for said in ("公需课，学几个？！", "公需課學幾個", "公需课学几个")] == [1.0, 1.0, 1.0]


def test_a_sentence_of_two_labels_is_certain_of_neither():
    torn = Classifier.train([*EXAMPLES, ("审验到几号", "public")])
    assert 0 < torn.rank("审验到几号")[0].confidence < 1.0


def test_two_labels_are_told_apart_and_one_example_of_a_label_is_enough():
    two = Classifier.train([pair for pair in EXAMPLES if pair[1] != "village"])
    assert [two.rank("公需多少啊")[0].label, two.rank("几号审验啊")[0].label] == ["public", "verify"]
    sparse = Classifier.train([*EXAMPLES, ("转人工", "human")])
    assert sparse.rank("帮我转人工")[0].label == "human"


def test_training_twice_gives_the_same_classifier(small: Classifier):
    again = Classifier.train(EXAMPLES)
    assert again.rank("公需几号审验") == small.rank("公需几号审验")


def test_familiarity_is_the_share_of_known_pairs(small: Classifier):
    assert small.familiarity("公需课学几个") == 1.0
    assert small.familiarity("鹦鹉螺号潜艇") < 0.3
    assert small.familiarity("公需课学几个") > small.familiarity("公需课学几个鹦鹉螺") > small.familiarity("鹦鹉螺号潜艇")


def test_a_file_of_another_format_is_refused_by_name(tmp_path: Path):
    old = tmp_path / "old.bin"
    old.write_bytes(pickle.dumps({"format": 0, "state": {}}))
    with pytest.raises(ValueError, match=r"old\.bin: classifier format 0"):
        Classifier.load(old)


def test_characters_and_sounds_are_features_of_their_own():
    characters, sounds, pairs = tokens("公需ke")
    assert {"c公", "c需"} <= set(characters)
    assert "ske" in sounds
    assert not any("k" in feature for feature in characters)
    assert pairs == ["p公课", "p公需", "p课需"], "公需 is spelt 公需课"


@given(text=st.text())
def test_any_text_is_ranked_over_all_labels_with_probabilities(small: Classifier, text: str):
    ranked = small.rank(text)
    assert sorted(guess.label for guess in ranked) == small.labels
    assert sum(guess.confidence for guess in ranked) == pytest.approx(1, abs=1e-5)
    assert [guess.confidence for guess in ranked] == sorted((guess.confidence for guess in ranked), reverse=True)
    assert 0 <= small.familiarity(text) <= 1


def test_training_rows_are_the_vectors_that_messages_get(small: Classifier):
    said = [*(text for text, _ in EXAMPLES), "公需公需公需", "没见过", ""]
    features = [tokens(text) for text in said]
    matrix = _matrix(features, small._vocabulary, small._idf).toarray()
    for row, blocks in zip(matrix, features, strict=True):
        columns, values = small.vector(blocks)
        assert row[columns] == pytest.approx(values, abs=1e-6)
        assert (row != 0).sum() == len(columns)
