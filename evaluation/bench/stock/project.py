"""Writes the stock project: our examples, answers, domain and rules, under the recipe that `rasa init` proposes.

What differs from ours, and why:

- the recipe is Rasa's own (`rasa/engine/recipes/config_files/default_config.yml`), with JiebaTokenizer where it has WhitespaceTokenizer:
  Chinese has no spaces. DIET, ResponseSelector, UnexpecTED and TED train for 100 epochs;
- prepared answers have their figures and clauses typed in, because Rasa would look for slots of these names;
- a few stories are made from the rules: TED and UnexpecTED learn from stories only, and every stock project has some;
- no tracker store, lock store or NLG is configured: conversations and locks are in memory, as by default.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from bot.answers import PLACEHOLDER, Answer, Answers
from bot.messages import Loader
from bot.runtime.project import DATA, DOMAIN
from policies.notice import Notice, load_notices

Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
EPOCHS = 100
RULES = DATA / "rules.yml"
ENDPOINTS = {"action_endpoint": {"url": "${ACTION_ENDPOINT}"}}
CREDENTIALS: dict[str, Any] = {"rest": None}
ANSWERED = {"faq": "utter_faq", "talk": "utter_talk", "record": "action_answer_record"}
"""Intents that the stories go through, and what follows each."""
STORIES = (("faq", "faq", "talk"), ("talk", "faq", "record"), ("record", "faq", "faq"), ("talk", "record", "talk"))


def recipe(epochs: int = EPOCHS) -> dict[str, Any]:
    """Rasa's default configuration for Chinese."""
    return {
        "recipe": "default.v1",
        "assistant_id": "stock",
        "language": "zh",
        "pipeline": [
            {"name": "JiebaTokenizer"},
            {"name": "RegexFeaturizer"},
            {"name": "LexicalSyntacticFeaturizer"},
            {"name": "CountVectorsFeaturizer"},
            {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
            {"name": "DIETClassifier", "epochs": epochs, "constrain_similarities": True},
            {"name": "EntitySynonymMapper"},
            {"name": "ResponseSelector", "epochs": epochs, "constrain_similarities": True},
            {"name": "FallbackClassifier", "threshold": 0.3, "ambiguity_threshold": 0.1},
        ],
        "policies": [
            {"name": "MemoizationPolicy"},
            {"name": "RulePolicy"},
            {"name": "UnexpecTEDIntentPolicy", "max_history": 5, "epochs": epochs},
            {"name": "TEDPolicy", "max_history": 5, "epochs": epochs, "constrain_similarities": True},
        ],
    }


def write(folder: Path, today: date, epochs: int = EPOCHS, share: float = 1.0) -> None:
    """Write the project. ``share`` (above 0, at most 1) of each question's examples, evenly spaced, at least two of each."""
    notices = load_notices()
    answers = Answers.from_files(notices)
    _dump(folder / "config.yml", recipe(epochs))
    _dump(folder / "domain.yml", _domain(answers, notices.in_force(today.year), today))
    _dump(folder / "endpoints.yml", ENDPOINTS)
    _dump(folder / "credentials.yml", CREDENTIALS)
    _dump(folder / "data" / "rules.yml", _read(RULES))
    _dump(folder / "data" / "stories.yml", {"version": "3.1", "stories": list(stories())})
    for path in sorted((DATA / "nlu").glob("*.yml")):
        _dump(folder / "data" / "nlu" / path.name, {"version": "3.1", "nlu": [_thinned(block, share) for block in _read(path)["nlu"]]})


def stories() -> Iterator[dict[str, Any]]:
    """Conversations that follow the rules."""
    for intents in STORIES:
        steps = [step for intent in intents for step in ({"intent": intent}, {"action": ANSWERED[intent]})]
        yield {"story": " ".join(intents), "steps": steps}


def digest(folder: Path) -> str:
    """Names the written project by its contents: a model of another digest was trained on something else."""
    found = hashlib.sha256()
    for path in sorted([folder / "config.yml", folder / "domain.yml", *folder.glob("data/**/*.yml")]):
        found.update(f"{path.relative_to(folder)} {json.dumps(_read(path))}\n".encode())
    return found.hexdigest()


def _domain(answers: Answers, notice: Notice, today: date) -> dict[str, Any]:
    domain: dict[str, Any] = _read(DOMAIN)
    responses = {name: [_filled(one, notice) for one in variations] for name, variations in domain["responses"].items()}
    questions = {f"utter_faq/{question.key}": [_sent(answers.question([question.key], today))] for question in answers.catalogue}
    domain["responses"] = responses | questions
    return domain


def _filled(variation: Mapping[str, Any], notice: Notice) -> dict[str, Any]:
    facts = (variation.get("metadata") or {}).get("facts") or ()
    text = PLACEHOLDER.sub(lambda found: found.group(0) if found.group(1) in facts else notice.display(found.group(1)), variation["text"])
    return {"text": text, **({"buttons": variation["buttons"]} if variation.get("buttons") else {})}


def _sent(answer: Answer) -> dict[str, Any]:
    return {key: value for key, value in answer.as_message().items() if key != "metadata"}


def _thinned(block: Mapping[str, Any], share: float) -> dict[str, Any]:
    lines = [line for line in str(block["examples"]).splitlines() if line.strip()]
    kept = max(min(2, len(lines)), round(len(lines) * share))
    chosen = [lines[index * len(lines) // kept] for index in range(kept)]
    return {"intent": block["intent"], "examples": "\n".join(chosen) + "\n"}


def _read(path: Path) -> Any:
    return yaml.load(path.read_text("utf-8"), Loader)


def _dump(path: Path, data: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.dump(data, Dumper=Dumper, allow_unicode=True, sort_keys=False, width=10_000), "utf-8")
