"""The stock recipe on the same sentences: what is written for it and how it is understood. Training it takes too long for a test."""

import pytest
import yaml

from evaluation.bench.stock.environment import Stock
from evaluation.bench.usage import Usage
from evaluation.understanding import stock
from evaluation.understanding.__main__ import thinned
from evaluation.understanding.cases import Case

CASE = Case("公需几个", ("faq/hours_public",), "terse")


def test_the_pipeline_is_rasas_own_with_diet_and_without_a_response_selector() -> None:
    assert [part["name"] for part in stock.pipeline(100)] == [
        "JiebaTokenizer", "RegexFeaturizer", "LexicalSyntacticFeaturizer", "CountVectorsFeaturizer", "CountVectorsFeaturizer",
        "DIETClassifier", "EntitySynonymMapper", "FallbackClassifier",
    ]  # fmt: skip
    assert {part["epochs"] for part in stock.pipeline(7) if "epochs" in part} == {7}


def test_every_sentence_is_written_under_an_intent_of_its_label(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands = []
    monkeypatch.setattr(stock, "HOME", tmp_path / "diet")
    monkeypatch.setattr(stock, "build", lambda where: None)
    monkeypatch.setattr(stock, "used", lambda command, *rest: commands.append(command) or Usage(1, 1, 1))
    stock.train(Stock(tmp_path), [("公需几个", "faq/hours_public"), ("你好", "greet"), ("公需多少", "faq/hours_public")], 3)
    written = yaml.safe_load((tmp_path / "diet" / "data" / "nlu.yml").read_text("utf-8"))["nlu"]
    assert written == [{"intent": "faq__hours_public", "examples": "- 公需几个\n- 公需多少\n"}, {"intent": "greet", "examples": "- 你好\n"}]
    assert commands[0][-6:-2] == ["train", "nlu", "--fixed-model-name", "diet"]


@pytest.mark.parametrize(
    ("ranking", "answered", "right"),
    [
        ([["faq__hours_public", 0.9], ["greet", 0.1]], ("faq/hours_public",), True),
        ([["faq__hours_total", 0.9], ["faq__hours_public", 0.1]], ("faq/hours_total",), False),
        ([["nlu_fallback", 0.7], ["faq__hours_public", 0.2]], (), False),
        ([["out_of_scope", 0.7], ["faq__hours_public", 0.2]], (), False),
    ],
)
def test_a_reading_of_the_stock_recipe_is_an_answer_or_a_rejection(ranking, answered, right) -> None:
    outcome = stock._outcome(CASE, ranking)
    assert (outcome.answered, outcome.right) == (answered, right)
    assert "faq/hours_public" in outcome.ranking


def test_a_share_of_the_sentences_is_taken_evenly_from_every_label() -> None:
    examples = [(f"甲{number}", "a") for number in range(40)] + [("乙", "b"), ("丙", "b"), ("丁", "c")]
    kept = thinned(examples, 0.25)
    assert [sentence for sentence, label in kept if label == "a"] == [f"甲{number}" for number in range(0, 40, 4)]
    assert [label for _, label in kept if label != "a"] == ["b", "b", "c"]
    assert thinned(examples, 1.0) == examples
