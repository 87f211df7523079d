"""What a button sends is a plain sentence: it has to be understood as what the button stands for, in any conversation."""

import re
from datetime import date
from pathlib import Path

import pytest
import yaml

from bot.answers import Answers
from bot.asking import answer, load_understanding
from bot.messages import message
from bot.nlu.turn import Context, Turn
from bot.nlu.understand import Understanding
from bot.runtime.project import ROOT
from policies.notice import load_notices

pytestmark = pytest.mark.model

NOTICES = load_notices()
ANSWERS = Answers.from_files(NOTICES)
RECORD = ("year", "pending", "uncounted", "title", "met_years", "why_failed", "credit", "what_if", "plan")
OFFERED = [*(f"faq/{question.key}" for question in ANSWERS.catalogue), *(f"my_{name}" for name in RECORD), "human", "bind"]
BEFORE = (None, Turn("faq", "hours_public"), Turn("my_title", level="senior"))
FIXED = {
    "那高级呢": Turn("my_title", level="senior"),
    "那中级呢": Turn("my_title", level="intermediate"),
    "解绑": Turn("unbind"),
    "绑定": Turn("bind"),
    "转人工": Turn("human"),
}


def template_buttons() -> set[str]:
    lines = [line for path in (ROOT / "bot" / "templates").glob("*.j2") for line in path.read_text("utf-8").splitlines()]
    offered = [re.sub(r"\{%.*?%\}", "|", line.removeprefix("buttons:")) for line in lines if line.startswith("buttons:")]
    return {title.strip() for line in offered for title in line.split("|") if title.strip()}


def domain_buttons() -> set[str]:
    domain = yaml.load((ROOT / "domain.yml").read_text("utf-8"), yaml.CSafeLoader)
    return {button["payload"] for texts in domain["responses"].values() for text in texts for button in text.get("buttons", ())}


SENTENCES = sorted(template_buttons() | domain_buttons() | set(message("channels.web.starters").split("\n")) - {""})


@pytest.fixture(scope="module")
def understanding(trained_model: Path) -> Understanding:
    return load_understanding(trained_model)


@pytest.mark.parametrize("label", OFFERED)
def test_the_label_of_each_choice_is_understood_as_that_choice(understanding: Understanding, label: str):
    intent, _, key = label.partition("/")
    for about in BEFORE:
        for bound in (False, True):
            meaning = understanding.read(ANSWERS.label(label), Context(2023, about=about, bound=bound))
            assert (meaning.turn.intent, meaning.turn.key, meaning.parts) == (intent, key or None, ())


@pytest.mark.parametrize("sentence", SENTENCES)
def test_every_button_of_a_fixed_text_is_understood(understanding: Understanding, sentence: str):
    for bound in (False, True):
        meaning = understanding.read(sentence, Context(2023, about=BEFORE[2], bound=bound))
        assert meaning.turn.intent not in ("nlu_fallback", "out_of_scope", "ask_back", "several", "other_person")
        assert FIXED.get(sentence, meaning.turn) == meaning.turn


@pytest.mark.parametrize("label", [label for label in OFFERED if label.startswith("faq/")])
def test_the_answer_behind_a_button_is_the_prepared_one(understanding: Understanding, label: str):
    today = date(2023, 11, 20)
    told = answer(understanding.read(ANSWERS.label(label), Context(2023)), ANSWERS, NOTICES, today)
    assert told == ANSWERS.question([label.removeprefix("faq/")], today)
