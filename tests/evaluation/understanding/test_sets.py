"""The evaluation sets stay as they were frozen, name only labels that exist, and share no sentence with the training data."""

from collections import Counter
from pathlib import Path

import pytest

from bot.nlu.examples import read
from bot.nlu.text import canonical
from bot.runtime.project import DATA
from evaluation.understanding.cases import DEV, FAR, SEALED, SETS, Case, digest, load

FROZEN = {
    DEV: "02f97edffd0c34d4d09bb52c0a88038cca2861823531ddba3ab2b91cfdce3eec",
    FAR: "2f4dde16de0b87e3086da3e484510dc66887ad99b225df57b4ccb41b3635a1ea",
    SEALED: "9be0c76daf3b98699509f5e2345004ed064371336028aa31aeea60ad4a2c907e",
}
SHORT = 9
EXAMPLES, CATALOGUE = read(DATA / "nlu")
LABELS = {label for _, label in EXAMPLES}


@pytest.mark.parametrize("folder", SETS, ids=lambda folder: folder.name)
def test_a_set_is_as_it_was_frozen(folder: Path) -> None:
    assert digest(folder) == FROZEN[folder], "evaluation sets are not edited; a new set is a new folder"


@pytest.mark.parametrize("folder", SETS, ids=lambda folder: folder.name)
def test_a_set_names_labels_that_exist_and_no_sentence_twice(folder: Path) -> None:
    cases = load(folder)
    assert {label for case in cases for label in case.want} <= LABELS
    assert [said for said, count in Counter(case.say for case in cases).items() if count > 1] == []


def test_the_development_set_has_six_hundred_sentences_and_a_hundred_out_of_scope() -> None:
    cases = load(DEV)
    assert len(cases) >= 600
    assert sum(not case.in_scope for case in cases) >= 100


def test_half_of_what_people_say_is_short_and_every_question_is_asked() -> None:
    cases = [case for folder in SETS for case in load(folder)]
    assert sum(len(case.say) < SHORT for case in cases) * 2.2 >= len(cases)
    asked = {label for case in load(DEV) for label in case.want}
    assert {f"faq/{question.key}" for question in CATALOGUE} <= asked


def test_no_sentence_of_a_set_is_a_training_sentence() -> None:
    trained = {canonical(sentence) for sentence, _ in EXAMPLES}
    tested = {case.say for folder in SETS for case in load(folder) if canonical(case.say)}
    assert {said for said in tested if canonical(said) in trained} == set()


@pytest.mark.parametrize("row", ["{want: faq/a, voice: plain}", "{say: 问, voice: plain}", "{say: 问, want: faq/a}", "问"])
def test_an_incomplete_case_is_named(tmp_path: Path, row: str) -> None:
    (tmp_path / "set.yml").write_text(f"- {{say: 一, want: faq/a, voice: plain}}\n- {row}\n", "utf-8")
    with pytest.raises(ValueError, match=r"^set\.yml, case 2: "):
        load(tmp_path)


def test_a_case_may_allow_several_labels_and_be_bound(tmp_path: Path) -> None:
    (tmp_path / "set.yml").write_text("- {say: 一, want: [faq/a, out_of_scope], voice: terse, bound: true}\n", "utf-8")
    (case,) = load(tmp_path)
    assert case == Case("一", ("faq/a", "out_of_scope"), "terse", bound=True)
    assert not case.in_scope


def test_a_digest_knows_names_and_contents(tmp_path: Path) -> None:
    found = set()
    for name, content in (("a", "1"), ("b", "1"), ("b", "2")):
        for path in tmp_path.glob("*.yml"):
            path.unlink()
        (tmp_path / f"{name}.yml").write_text(content, "utf-8")
        found.add(digest(tmp_path))
    assert len(found) == 3
