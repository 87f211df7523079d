"""What is known of the prepared questions, and which one a newly named facet points to."""

import json

import pytest

from bot.nlu.catalogue import Catalogue, Question, plain
from tests.nlu.conftest import QUESTIONS


def test_the_catalogue_survives_the_model_archive(catalogue: Catalogue):
    again = Catalogue.from_data(json.loads(json.dumps(catalogue.to_data(), ensure_ascii=False)))
    assert list(again) == list(catalogue)


def test_metadata_beside_a_response_becomes_a_question_and_other_responses_do_not():
    metadata = {"label": "问", "kind": "rule", "topic": "hours", "cites": ["hours"], "next": ["b"], "facets": {"subject": "public"}}
    read = Catalogue.from_responses({"utter_faq/a": [{"text": "答", "metadata": metadata}], "utter_greet": [{"text": "好"}]})
    assert list(read) == [Question("a", "问", "rule", "hours", {"subject": "public"}, ("hours",), ("b",))]


@pytest.mark.parametrize("missing", ["label", "kind", "topic"])
def test_a_question_without_its_metadata_is_refused_by_name(missing: str):
    metadata = {"label": "问", "kind": "rule", "topic": "hours"} | {missing: ""}
    with pytest.raises(ValueError, match=f"utter_faq/a: metadata lacks {missing}"):
        Catalogue.from_responses({"utter_faq/a": [{"text": "答", "metadata": metadata}]})


@pytest.mark.parametrize(
    ("about", "named", "key"),
    [
        ("public", {"subject": "professional"}, "professional"),
        ("submit", {"date": "verify"}, "verify"),
        ("submit", {"aspect": "missed"}, "late"),
        ("public", {"subject": "public"}, None),
        ("public", {"level": "senior"}, None),
        ("public", {}, None),
    ],
)
def test_a_named_facet_points_to_the_question_of_the_same_topic_or_to_the_one_it_is_directed_to(catalogue: Catalogue, about, named, key):
    found = catalogue.sibling(catalogue.get(about), named)
    assert (found and found.key) == key


def test_the_sibling_that_keeps_what_was_said_before_is_preferred():
    wide = Question("where", "在哪学", "rule", "learning", {"subject": "public", "aspect": "how"})
    other = Question("where_professional", "专业在哪学", "rule", "learning", {"subject": "professional", "aspect": "how"})
    online = Question("online_professional", "专业能网上学吗", "rule", "learning", {"subject": "professional", "aspect": "online"})
    found = Catalogue([wide, online, other]).sibling(wide, {"subject": "professional"})
    assert found is not None
    assert found.key == "where_professional"


def test_a_question_that_brings_up_something_new_is_passed_over_for_a_plain_one():
    about = Question("senior", "高级要几年", "rule", "title", {"level": "senior"})
    special = Question("special", "中级差一年怎么办", "rule", "title", {"level": "intermediate", "aspect": "missed", "group": "army"})
    plain_one = Question("intermediate", "中级要几年", "rule", "title", {"level": "intermediate"})
    found = Catalogue([about, special, plain_one]).sibling(about, {"level": "intermediate"})
    assert found == plain_one


def test_a_question_that_contradicts_one_of_the_named_facets_is_none_of_them():
    about = Question("where", "公需在哪学", "rule", "learning", {"subject": "public", "aspect": "how"})
    online = Question("online", "专业能网上学吗", "rule", "learning", {"subject": "professional", "aspect": "online"})
    assert Catalogue([about, online]).sibling(about, {"subject": "professional", "aspect": "offline"}) is None


def test_an_unknown_question_is_no_member_and_cannot_be_got(catalogue: Catalogue):
    assert "nobody" not in catalogue
    assert all(question.key in catalogue for question in QUESTIONS)
    with pytest.raises(KeyError):
        catalogue.get("nobody")


@pytest.mark.parametrize(
    ("label", "name"), [("talk/greet", "greet"), ("record/my_year", "my_year"), ("faq/public", "faq/public"), ("human", "human")]
)
def test_a_label_loses_its_group_and_a_question_keeps_its_prefix(label: str, name: str):
    assert plain(label) == name
