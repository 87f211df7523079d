"""What the check of the training data finds, on invented data and on ours."""

from pathlib import Path

import pytest

from bot.nlu.examples import read
from bot.runtime.project import DATA
from evaluation.understanding import datacheck
from evaluation.understanding.cases import SETS, load

OURS, _ = read(DATA / "nlu")


def test_a_sentence_in_two_questions_is_found_whatever_its_spelling() -> None:
    found = datacheck.in_two_questions(
        [("公需课多少？", "faq/a"), ("公需課多少", "faq/b"), ("别的", "faq/a"), ("😀", "faq/a"), ("👍", "faq/b")]
    )
    assert list(found.values()) == [["faq/a", "faq/b"]]


def test_a_thin_question_is_found_with_its_count_and_near_pairs_need_more() -> None:
    enough = [(f"句子{number}号", "faq/doc_number") for number in range(datacheck.LEAST)]
    near = [(f"结转{number}号", "faq/carry_over") for number in range(datacheck.LEAST)]
    talk = [("你好", "greet")]
    assert datacheck.thin([*enough, *near, *talk]) == {"faq/carry_over": datacheck.LEAST}
    assert datacheck.thin(enough[1:]) == {"faq/doc_number": datacheck.LEAST - 1}


def test_a_set_made_from_a_template_is_found() -> None:
    made = [
        (f"我在{place}的单位上班请问公需科目一年要学多少学时", "faq/a")
        for place in ("西宁", "海东", "海北", "黄南", "果洛", "玉树", "海西", "湟源", "互助", "大通")
    ]
    said = [(sentence, "faq/b") for sentence, label in OURS if label == "faq/carry_over"]
    assert list(datacheck.made_from_templates([*made, *said])) == ["faq/a"]


@pytest.mark.parametrize("sentence", ["学时能留到明年吗", "请问学时能留到明年吗？", "学時能留到明年吗"])
def test_a_sentence_taken_from_a_test_is_found(sentence: str) -> None:
    assert datacheck.taken([(sentence, "faq/a"), ("能留吗", "faq/a")], ["请问学时能留到明年吗"]) == [sentence]


def test_case_files_of_both_shapes_are_read(tmp_path: Path) -> None:
    cases = tmp_path / "cases.yml"
    cases.write_text("- {id: A, turns: [{say: 一}, {say: 二}]}\n- {say: 三, want: x, voice: y}\n", "utf-8")
    assert datacheck.said_in(cases) == ["一", "二", "三"]


def test_our_training_data_has_no_sentence_in_two_questions_and_no_thin_question() -> None:
    assert datacheck.in_two_questions(OURS) == {}
    assert datacheck.thin(OURS) == {}


def test_our_training_data_is_not_made_from_templates() -> None:
    assert datacheck.made_from_templates(OURS) == {}


def test_our_training_data_holds_no_sentence_of_an_evaluation_set() -> None:
    assert datacheck.taken(OURS, [case.say for folder in SETS for case in load(folder)]) == []


def test_a_mislabelled_sentence_is_shown_as_noise() -> None:
    public = [(f"公需{rest}", "public") for rest in ("要多少", "一年几个", "最少多少", "学几个", "达标线", "底线", "要求", "够几个")]
    village = [(f"驻村{rest}", "village") for rest in ("算吗", "抵吗", "能顶吗", "一年怎么算", "满一年", "视同吗", "有用吗", "顶一年")]
    found = datacheck.noise([*public, *village, ("驻村能抵一年吗", "public")], sure=0.5)
    assert ("驻村能抵一年吗", "public", "village") in [row[:3] for row in found]
