"""The stock project holds our data under Rasa's own recipe."""

import re
from datetime import date

import pytest
import yaml

from bot.runtime.project import DATA
from evaluation.bench.stock import project

TODAY = date(2023, 11, 20)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stock")
    project.write(folder, TODAY)
    return folder


def examples(folder):
    blocks = [block for path in sorted(folder.glob("nlu/*.yml")) for block in yaml.safe_load(path.read_text("utf-8"))["nlu"]]
    return {(block["intent"], line) for block in blocks for line in block["examples"].splitlines() if line.strip()}


def test_every_training_example_is_the_same_as_ours(written):
    assert examples(written / "data") == examples(DATA)


def test_the_recipe_is_rasas_own_but_for_the_tokenizer(written):
    names = [part["name"] for part in yaml.safe_load((written / "config.yml").read_text("utf-8"))["pipeline"]]
    assert names == [
        "JiebaTokenizer", "RegexFeaturizer", "LexicalSyntacticFeaturizer", "CountVectorsFeaturizer", "CountVectorsFeaturizer",
        "DIETClassifier", "EntitySynonymMapper", "ResponseSelector", "FallbackClassifier",
    ]  # fmt: skip


def test_prepared_answers_have_their_figures_typed_in(written):
    responses = yaml.safe_load((written / "domain.yml").read_text("utf-8"))["responses"]
    total = responses["utter_faq/hours_total"][0]["text"]
    assert re.search(r"\d", total)
    assert not [name for name, (first, *_) in responses.items() if "{hours." in first["text"]]


def test_no_tracker_store_and_no_lock_store_is_configured(written):
    assert list(yaml.safe_load((written / "endpoints.yml").read_text("utf-8"))) == ["action_endpoint"]


def test_a_share_of_the_examples_leaves_two_of_every_question(tmp_path):
    project.write(tmp_path, TODAY, share=0.01)
    thinned = examples(tmp_path / "data")
    intents = {intent for intent, _ in examples(DATA)}
    assert {intent for intent, _ in thinned} == intents
    assert all(sum(one == intent for one, _ in thinned) >= 2 for intent in intents)
    assert len(thinned) < len(examples(DATA)) / 20


def test_another_recipe_is_another_digest(written, tmp_path):
    project.write(tmp_path, TODAY, epochs=5)
    assert project.digest(tmp_path) != project.digest(written)
    project.write(tmp_path, TODAY)
    assert project.digest(tmp_path) == project.digest(written)
