"""The trained model understands the development set as well as was promised; the sealed set, at which nobody looks, nearly so."""

from datetime import date
from pathlib import Path

import pytest

from bot.asking import load_understanding
from bot.nlu.examples import read as read_examples
from bot.nlu.understand import Understanding
from bot.runtime.project import DATA
from evaluation.understanding.cases import DEV, SEALED, Case, load
from evaluation.understanding.measured import variants
from evaluation.understanding.reading import read
from evaluation.understanding.scores import Scores, scores

pytestmark = pytest.mark.model

TODAY = date(2023, 11, 20)


@pytest.fixture(scope="module")
def understanding(trained_model: Path) -> Understanding:
    return load_understanding(trained_model)


def measured(understanding: Understanding, cases: list[Case]) -> Scores:
    return scores([read(understanding, case, TODAY) for case in cases])


def test_the_development_set_is_understood_and_what_is_out_of_scope_is_rejected(understanding: Understanding) -> None:
    sets = variants("dev", load(DEV))
    clean, mistyped = measured(understanding, sets["dev"]), measured(understanding, sets["dev, one typo"])
    assert clean.accuracy >= 0.92
    assert clean.wrong <= 0.02
    assert clean.recall >= 0.90
    assert clean.loss <= 0.04
    assert mistyped.accuracy >= clean.accuracy - 0.03


def test_sentences_that_nobody_works_towards_are_understood_nearly_as_well(understanding: Understanding) -> None:
    sealed = measured(understanding, load(SEALED))
    assert sealed.accuracy >= 0.91
    assert sealed.wrong <= 0.05
    assert sealed.recall >= 0.90


def test_the_model_is_made_of_the_sentences_that_are_read_without_rasa(understanding: Understanding) -> None:
    examples, catalogue = read_examples(DATA / "nlu")
    assert understanding.classifier.labels == sorted({label for _, label in examples})
    assert [question.key for question in understanding.catalogue] == [question.key for question in catalogue]
    sentence, label = examples[len(examples) // 2]
    assert understanding.classifier.rank(sentence)[0].label == label
