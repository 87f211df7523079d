"""What the training data and the dialogue's files promise each other."""

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.nlu.text import canonical
from bot.runtime.project import ROOT

LEAST_QUESTIONS = 60
LEAST_EXAMPLES = 40
SHORT = 9
LABEL = 20


def _load(path: Path) -> dict[str, Any]:
    return yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)


@pytest.fixture(scope="module")
def files() -> list[dict[str, Any]]:
    return [_load(path) for path in sorted((ROOT / "data" / "nlu").glob("*.yml"))]


@pytest.fixture(scope="module")
def examples(files: list[dict[str, Any]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for file in files:
        for block in file["nlu"]:
            found[block["intent"]] += [line.removeprefix("- ").strip() for line in block["examples"].splitlines() if line.strip()]
    return found


@pytest.fixture(scope="module")
def questions(examples: dict[str, list[str]]) -> dict[str, list[str]]:
    return {intent: said for intent, said in examples.items() if intent.startswith("faq/")}


@pytest.fixture(scope="module")
def domain() -> dict[str, Any]:
    return _load(ROOT / "domain.yml")


def test_there_are_sixty_questions_with_enough_examples(questions: dict[str, list[str]]) -> None:
    assert len(questions) >= LEAST_QUESTIONS
    assert {intent: len(set(said)) for intent, said in questions.items() if len(set(said)) < LEAST_EXAMPLES} == {}


def test_no_sentence_stands_in_two_intents(examples: dict[str, list[str]]) -> None:
    intents: dict[str, set[str]] = defaultdict(set)
    for intent, said in examples.items():
        for sentence in said:
            intents[canonical(sentence)].add(intent)
    # Of emoji and bare punctuation nothing is left to compare.
    assert {spelt: sorted(names) for spelt, names in intents.items() if spelt and len(names) > 1} == {}


def test_no_sentence_holds_entity_markup(examples: dict[str, list[str]]) -> None:
    assert [sentence for said in examples.values() for sentence in said if set(sentence) & set("[]{}")] == []


def test_at_least_half_of_the_questions_examples_are_short(questions: dict[str, list[str]]) -> None:
    said = [sentence for sentences in questions.values() for sentence in sentences]
    assert sum(len(sentence) < SHORT for sentence in said) * 2 >= len(said)


def test_labels_are_unique_and_fit_a_button(files: list[dict[str, Any]], questions: dict[str, list[str]]) -> None:
    labels = {
        name.removeprefix("utter_"): texts[0]["metadata"]["label"]
        for file in files
        for name, texts in (file.get("responses") or {}).items()
        if name.startswith("utter_faq/")
    }
    assert set(labels) == set(questions)
    assert len(set(labels.values())) == len(labels)
    assert [label for label in labels.values() if not 0 < len(label) <= LABEL] == []


def test_every_intent_of_the_data_is_in_the_domain(examples: dict[str, list[str]], domain: dict[str, Any]) -> None:
    assert {intent.partition("/")[0] for intent in examples} - set(domain["intents"]) == set()


def test_rules_name_only_what_the_domain_holds(domain: dict[str, Any]) -> None:
    steps = [step for rule in _load(ROOT / "data" / "rules.yml")["rules"] for step in rule["steps"]]
    # utter_faq and utter_talk are answered by the members of their group.
    groups = {name.partition("/")[0] for name in domain["responses"]} | {"utter_faq"}
    known = {*domain["actions"], *domain["forms"], *domain["responses"], *groups, "action_deactivate_loop"}
    assert {step["action"] for step in steps if "action" in step} - known == set()
    assert {step["intent"] for step in steps if "intent" in step} - set(domain["intents"]) == set()
