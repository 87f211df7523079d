from xml.dom import minidom

from evaluation.bench.measured import MEGABYTE, Row, rows
from evaluation.bench.picture import picture
from evaluation.bench.table import cell, lines, title, verdict_line
from evaluation.bench.verdicts import Verdict, verdicts

STOCK = {
    "start_seconds": 45.0,
    "rss_server_loaded": 1300.0 * MEGABYTE,
    "faq_p95": 27.0,
    "account_p95": 51.0,
    "rate_1": 39.0,
    "rate_8": 40.0,
}
OURS = {"start_seconds": 4.5, "rss_server_loaded": 130.0 * MEGABYTE, "faq_p95": 5.5, "account_p95": 7.0, "rate_1": 280.0, "rate_8": 200.0}


def by_key(values, lookups=None):
    return {(one.key, one.of): one for one in verdicts(values, lookups or {}, senders=(1, 8))}


def test_a_cell_shows_the_value_in_its_unit_and_how_many_times_stock_it_is():
    row = Row("rss_server_loaded", "MB", MEGABYTE, 0)
    assert cell(row, 130.0 * MEGABYTE, 1300.0 * MEGABYTE) == "130 (×0.1)"
    assert cell(row, 130.0 * MEGABYTE, None) == "130"
    assert cell(row, None, 1.0) == "-"
    assert cell(Row("servers_loaded", "", digits=0, compared=False), 2.0, 1.0) == "2"


def test_a_variant_that_always_failed_keeps_its_column():
    shown = lines([Row("start_seconds", "s")], {"stock": STOCK, "floor": {"start_seconds": 3.0}}, ["ours-sqlite"])
    assert shown[0] == ["", "stock", "floor", "ours-sqlite"]
    assert shown[1][1:] == ["45.0", "3.0 (×0.0667)", "失败"]


def test_a_measure_that_nobody_has_gets_no_row():
    assert len(lines(rows(), {"stock": {"start_seconds": 45.0}}, [])) == 2


def test_every_row_has_a_title():
    assert all(title(row) for row in rows())
    assert title(Row("rate_8", "/s")) == "每秒消息，8人同时 (/s)"


def test_ratios_within_their_limits_are_met_and_others_missed():
    found = by_key({"stock": STOCK, "ours-memory": OURS})
    assert found["start", "ours-memory"].met is True
    assert found["policy", "ours-memory"].met is False
    assert found["account", "ours-memory"].met is True


def test_messages_a_second_count_where_the_ratio_is_worst():
    found = by_key({"stock": STOCK, "ours-memory": OURS})["rate", "ours-memory"]
    assert found.figure == 5.0
    assert found.met is False


def test_a_level_of_load_that_was_not_measured_leaves_the_criterion_open():
    without = {name: value for name, value in OURS.items() if name != "rate_8"}
    assert by_key({"stock": STOCK, "ours-memory": without})["rate", "ours-memory"].met is None


def test_without_stock_nothing_is_claimed_against_it():
    found = by_key({"ours-memory": OURS})
    assert {found[key, "ours-memory"].met for key in ("start", "memory", "policy", "account", "rate")} == {None}


def test_a_late_turn_is_judged_against_the_tenth_only_when_the_thousandth_was_measured():
    quick, whole = {"turn_10": 4.0, "turn_100": 9.0}, {"turn_10": 4.0, "turn_1000": 5.0}
    assert by_key({"ours-sqlite": quick})["late", "ours-sqlite"].met is None
    assert by_key({"ours-sqlite": whole})["late", "ours-sqlite"].figure == 1.25


def test_the_lookup_among_a_million_is_judged_against_ten_thousand():
    found = by_key({}, {"lookup_10000": 2.0, "lookup_1000000": 3.2})["lookup", "sqlite"]
    assert found.met is False


def test_a_verdict_line_says_met_missed_or_unmeasured_with_figure_and_limit():
    assert verdict_line(Verdict("gap", "ours-sqlite", 12.34, 50.0)).startswith("达到")
    assert "12.3 (≤ 50)" in verdict_line(Verdict("gap", "ours-sqlite", 12.34, 50.0))
    assert "5 (≥ 7)" in verdict_line(Verdict("rate", "ours-memory", 5.0, 7.0, at_most=False))
    assert verdict_line(Verdict("rate", "ours-memory", 5.0, 7.0, at_most=False)).startswith("未达到")
    assert verdict_line(Verdict("gap", "ours-sqlite", None, 50.0)).startswith("未测")


def test_the_picture_is_svg_with_a_bar_for_each_value_and_none_for_a_missing_one():
    drawn = picture({"stock": STOCK, "ours-memory": OURS, "floor": {"faq_p95": 2.0}}, "caption <&>")
    page = minidom.parseString(drawn).documentElement
    assert page.tagName == "svg"
    assert len(page.getElementsByTagName("rect")) == 1 + 5 * 2 + 1  # the ground, five panels of two, floor's only one
    assert any("caption <&>" in text.firstChild.data for text in page.getElementsByTagName("text"))
