"""Whatever understanding makes of a message, the dialogue's files have something to say: a rule, a response, a label, clauses."""

from datetime import date
from typing import Any

import pytest
import yaml

from bot.account import ANSWERS as ACCOUNT
from bot.answers import Answers
from bot.asking import answer
from bot.messages import message
from bot.nlu.catalogue import plain
from bot.nlu.formvalues import dictated
from bot.nlu.text import lexicon
from bot.nlu.turn import OWN_RULE, Meaning, Turn, group_of
from bot.nlu.understand import REFUSALS
from bot.runtime.project import ROOT
from policies.notice import load_notices

NOTICES = load_notices()
ANSWERS = Answers.from_files(NOTICES)
TODAY = date(2023, 11, 20)
# What understanding says by itself, beyond the labels of the training data.
MADE = {
    "nlu_fallback",
    "offer_human",
    "my_surplus",
    "out_of_scope",
    "ask_back",
    "none_of_these",
    "start_over",
    "other_person",
    "several",
    "bind_direct",
    "leave_message_direct",
    "inform",
    "cancel",
}
RULES = yaml.load((ROOT / "data" / "rules.yml").read_text("utf-8"), yaml.CSafeLoader)["rules"]
DOMAIN: dict[str, Any] = yaml.load((ROOT / "domain.yml").read_text("utf-8"), yaml.CSafeLoader)
LABELS = sorted(
    {
        block["intent"]
        for path in (ROOT / "data" / "nlu").glob("*.yml")
        for block in yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)["nlu"]
    }
)
INTENTS = sorted({plain(label) for label in LABELS if not label.startswith("faq/")} | MADE)
OFFERED = {label for label in map(plain, LABELS) if label.startswith(("faq/", "my_"))} | {"human", "bind"}


def ruled(loop: str | None) -> set[str]:
    """The intents that begin a rule while this form is active."""
    return {rule["steps"][0].get("intent") for rule in RULES if {"active_loop": loop} in rule["condition"]} - {None}


def test_every_intent_has_a_rule_outside_the_form_but_those_that_only_the_form_makes():
    assert set(DOMAIN["intents"]) - ruled(None) == {"inform", "cancel"}


def test_every_intent_has_a_rule_inside_the_form_but_the_one_that_fills_it():
    assert set(DOMAIN["intents"]) - ruled("bind_form") == {"inform"}


def test_every_intent_that_is_made_while_a_message_is_left_has_a_rule_there_but_the_one_that_fills_it():
    made = {dictated(text)[0] for text in ("我的学时没审", "。。。", "转人工", "取消", "留言", "绑定", "解绑", "公需多少学时")}
    assert {group_of(Turn(intent)) for intent in made} - ruled("message_form") == {"inform"}
    assert set(lexicon()["not_a_message"]) <= ruled("message_form")


def test_every_label_of_the_data_is_in_the_domain_and_every_intent_of_the_domain_is_made():
    groups = {label.partition("/")[0] for label in LABELS}
    assert groups - set(DOMAIN["intents"]) == set()
    assert set(DOMAIN["intents"]) - groups == {"bind_direct", "inform", "cancel", "leave_message_direct"}


@pytest.mark.parametrize("intent", INTENTS)
def test_every_intent_that_understanding_makes_belongs_to_a_group_with_a_rule(intent: str):
    assert group_of(Turn(intent)) in DOMAIN["intents"]


@pytest.mark.parametrize("intent", [i for i in INTENTS if group_of(Turn(i)) == "talk"])
def test_every_small_talk_has_its_sentence(intent: str):
    assert DOMAIN["responses"][f"utter_talk/{intent}"][0]["text"].strip()


def test_every_small_talk_sentence_is_one_that_understanding_can_reach():
    sentences = {name.removeprefix("utter_talk/") for name in DOMAIN["responses"] if name.startswith("utter_talk/")}
    assert sentences - set(INTENTS) == set()


def test_every_question_about_ones_record_has_an_action_and_a_sentence_for_the_unbound():
    asked = {plain(label) for label in LABELS if label.startswith("record/")}
    behind_rules = {question.own for question in ANSWERS.catalogue} - {None}
    assert behind_rules <= set(ACCOUNT)
    assert asked - {"judge_numbers"} == set(ACCOUNT) - {"my_surplus"}, "my_surplus only follows the rule on carrying over"
    assert "my_surplus" in behind_rules
    assert {f"utter_record/{intent}" for intent in asked} <= set(DOMAIN["responses"])


@pytest.mark.parametrize("label", sorted(OFFERED))
def test_every_label_that_may_be_offered_as_a_choice_reads_as_a_button_of_twenty_characters(label: str):
    assert 0 < len(ANSWERS.label(label)) <= 20


@pytest.mark.parametrize("intent", INTENTS)
def test_every_intent_is_answered_without_a_conversation(intent: str):
    choices = ("faq/hours_public", "my_year") if intent == "ask_back" else ()
    parts = (Turn("faq", "hours_public"), Turn("my_year")) if intent == "several" else ()
    told = answer(Meaning(Turn(intent), parts=parts, choices=choices), ANSWERS, NOTICES, TODAY)
    assert told.text.strip()
    assert "{" not in told.text


@pytest.mark.parametrize("intent", REFUSALS)
def test_every_refusal_is_a_sentence_of_its_own(intent: str):
    told = answer(Meaning(Turn(intent)), ANSWERS, NOTICES, TODAY).text
    assert "不能" in told or "只能" in told


def test_every_command_is_an_intent_with_a_rule_of_its_own():
    assert set(lexicon()["commands"]) <= set(OWN_RULE)


@pytest.mark.parametrize("intent", ACCOUNT)
def test_every_account_answer_names_clauses_that_the_notice_holds(intent: str):
    assert set(message(f"answers.clauses.{intent}").split()) <= set(NOTICES.in_force(2023).clauses)
