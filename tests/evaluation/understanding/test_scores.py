"""The figures of a set, against ones worked out by hand."""

import pytest

from evaluation.understanding.cases import Case
from evaluation.understanding.paired import paired
from evaluation.understanding.reading import ASKED, REJECTED, Outcome
from evaluation.understanding.report import by_voice, table, trust, worst
from evaluation.understanding.scores import confusions, reliability, scores


def outcome(want: str, answered: tuple[str, ...] = (), asked: tuple[str, ...] = (), confidence: float = 0.95, say: str = "问") -> Outcome:
    return Outcome(Case(say, tuple(want.split()), "plain"), answered, asked, (*answered, *asked), confidence)


RIGHT = outcome("faq/a", ("faq/a",))
EITHER = outcome("faq/a faq/b", ("faq/b",))
BOTH = outcome("faq/b", ("faq/a", "faq/b"), confidence=0.5)
WRONG = outcome("faq/a", ("faq/b",), confidence=0.85, say="错")
OFFERED = outcome("faq/b", asked=("faq/a", "faq/b"))
ASKED_BESIDE = outcome("faq/b", asked=("faq/a",))
LOST = outcome("faq/b")
REJECTING = outcome("out_of_scope")
ANSWERING = outcome("out_of_scope", ("faq/a",), confidence=0.3)
ALL = [RIGHT, EITHER, BOTH, WRONG, OFFERED, ASKED_BESIDE, LOST, REJECTING, ANSWERING]


def test_right_is_an_answer_that_was_wanted_or_a_rejection_where_nothing_can_be_answered() -> None:
    assert [o.right for o in ALL] == [True, True, True, False, False, False, False, True, False]


def test_only_an_answer_can_be_confidently_wrong() -> None:
    assert [o for o in ALL if o.wrong] == [WRONG, ANSWERING]


def test_what_was_said_is_a_label_or_asking_or_rejecting() -> None:
    assert [o.said for o in (BOTH, WRONG, OFFERED, LOST)] == ["faq/b", "faq/b", ASKED, REJECTED]


def test_the_shares_are_of_all_or_of_those_in_or_out_of_scope() -> None:
    held = scores(ALL)
    assert (held.count, held.accuracy, held.wrong) == (9, pytest.approx(4 / 9), pytest.approx(2 / 9))
    assert (held.asked, held.offered, held.loss) == (pytest.approx(2 / 7), pytest.approx(1 / 7), pytest.approx(1 / 7))
    assert (held.recall, held.top3) == (0.5, pytest.approx(4 / 7))


def test_macro_f1_is_the_mean_over_the_labels_wanted() -> None:
    # a: one right, one given as b; b: one right, one false
    assert scores([RIGHT, WRONG, outcome("faq/b", ("faq/b",))]).f1 == pytest.approx((2 / 3 + 2 / 3) / 2)


def test_an_empty_set_has_no_figures() -> None:
    with pytest.raises(ValueError, match="without cases"):
        scores([])


def test_reliability_holds_confidence_against_truth_of_answers_only() -> None:
    bins = {(b.low, b.count): b.right for b in reliability(ALL)}
    assert bins == {(0.2, 1): 0.0, (0.4, 1): 1.0, (0.8, 1): 0.0, (0.9, 2): 1.0}


def test_the_worst_confusions_come_first_with_their_sentences() -> None:
    assert [(wanted, given, len(held)) for wanted, given, held in confusions([*ALL, WRONG], 1)] == [("faq/a", "faq/b", 2)]
    assert "2  faq/a -> faq/b: 错 · 错" in worst([*ALL, WRONG])


def test_every_report_names_what_it_counts() -> None:
    assert "| dev | 9 | 44.4 |" in table({"dev": scores(ALL)})
    assert "| 0.8-0.9 | 1 | 85.0 | 0.0 |" in trust(ALL)
    assert "| plain | 9 | 44.4 | 22.2 |" in by_voice(ALL)


def test_two_assistants_are_compared_sentence_by_sentence() -> None:
    better, worse = [RIGHT] * 10 + [LOST], [outcome("faq/a", ("faq/c",))] * 8 + [RIGHT] * 2 + [LOST]
    held = paired(better, worse)
    assert (held.both, held.only_first, held.only_second, held.neither) == (2, 8, 0, 1)
    assert held.ahead == pytest.approx(800 / 11)
    assert held.p == pytest.approx(2 * 0.5**8)
    assert paired(better, better).p == 1.0


def test_readings_of_different_sentences_are_not_compared() -> None:
    with pytest.raises(ValueError, match="not of the same cases"):
        paired([RIGHT], [WRONG])
