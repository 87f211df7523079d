import pytest

from evaluation.bench.figures import around, medians, percentile, ratio


def test_the_percentile_is_a_value_that_was_measured():
    assert percentile([5, 1, 4, 2, 3], 0.95) == 5
    assert percentile(list(range(1, 101)), 0.95) == 95
    assert percentile([7], 0.5) == 7
    assert percentile([1, 2, 3, 4], 0.5) == 2


def test_a_percentile_of_nothing_is_refused():
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.95)


def test_the_median_of_a_measure_is_over_the_rounds_that_have_it():
    assert medians([{"a": 1.0, "b": 9.0}, {"a": 3.0}, {"a": 100.0}]) == {"a": 3.0, "b": 9.0}


def test_the_latency_around_a_turn_is_that_of_twenty_turns_with_it_in_the_middle():
    latencies = [float(turn) for turn in range(1, 111)]
    assert around(latencies, 100) == 99.5 + 1  # turns 91 to 110
    assert around(latencies, 10) == 10.5  # turns 1 to 20
    assert around(latencies, 111) is None


def test_a_ratio_needs_both_values():
    assert ratio(3.0, 6.0) == 0.5
    assert ratio(None, 6.0) is None
    assert ratio(3.0, None) is None
    assert ratio(3.0, 0.0) is None
