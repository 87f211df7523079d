"""Texts cut into parts that Telegram takes."""

import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.channels.telegram.markup import LIMIT, as_html, parts, rows, units
from tests.telegram_api.markup import parse_html

CLUSTERS = (
    "👨‍👩‍👧‍👦",
    "🇨🇳",
    "👍🏽",
    "❤️",
    "é",
    "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "1️⃣",
    "字",
    "a",
    "<",
    "&",
    ">",
    "&lt;",
    "<b>",
    "。",
    "！”",
    "\n",
    "\n\n",
    " ",
    "，",
    "\r\n",
    "\x07",
)
TEXTS = st.lists(st.sampled_from(CLUSTERS), max_size=120).map("".join)
LIMITS = st.integers(14, 80)  # the longest sign has 14


def packed(text: str) -> str:
    return regex.sub(r"[\s\p{Cc}\p{Cs}]+", "", text)


@settings(max_examples=400, deadline=None)
@given(TEXTS, LIMITS)
@example("👨‍👩‍👧‍👦" * 30, 14)
@example("&" * 100, 14)
def test_parts_fit_lose_nothing_and_cut_no_sign_apart(text: str, limit: int) -> None:
    found = parts(text, limit)
    assert all(part.strip() and units(part) <= limit for part in found)
    assert packed("".join(found)) == packed(text)
    signs = regex.findall(r"\X", packed(text))
    assert [sign for part in found for sign in regex.findall(r"\X", packed(part))] == signs
    assert parts(text, limit) == found


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300), LIMITS)
def test_any_text_becomes_parts_that_fit_and_html_that_reads_as_the_text(text: str, limit: int) -> None:
    for part in parts(text, limit):
        assert units(part) <= limit
        shown, _ = parse_html(as_html(part))
        assert shown.strip() == part.strip()


def test_the_limit_is_counted_in_utf_16() -> None:
    assert units("字😀") == 3
    assert [units(part) for part in parts("😀" * 3000)] == [LIMIT, 6000 - LIMIT]
    assert parts("字" * LIMIT) == ["字" * LIMIT]
    assert len(parts("字" * (LIMIT + 1))) == 2


def test_a_text_is_cut_between_sentences_rather_than_within() -> None:
    text = "公需科目每年不少于45学时。专业科目每年不少于45学时。" * 30
    found = parts(text, 100)
    assert all(part.endswith("。") for part in found)
    assert "".join(found) == text
    assert parts("他说“够了。”我说不够。", 9) == ["他说“够了。”", "我说不够。"]


def test_a_text_is_cut_between_paragraphs_before_lines_and_lines_before_sentences() -> None:
    assert parts("甲。乙。丙\n丁。戊。己\n\n庚。辛", 15) == ["甲。乙。丙\n丁。戊。己", "庚。辛"]
    assert parts("甲。乙。丙\n丁。戊。己庚。辛", 10) == ["甲。乙。丙", "丁。戊。己庚。辛"]


def test_a_sign_longer_than_a_message_is_cut_rather_than_lost() -> None:
    found = parts("e" + "\u0301" * 50, 12)
    assert all(units(part) <= 12 for part in found)
    assert "".join(found) == "e" + "\u0301" * 50


def test_everything_is_escaped_and_sources_are_in_italics() -> None:
    assert as_html("1 < 2 & 3 > 2\n依据：《通知》<一>") == "1 &lt; 2 &amp; 3 &gt; 2\n<i>依据：《通知》&lt;一&gt;</i>"


def test_buttons_stand_two_in_a_row() -> None:
    assert rows([1, 2, 3, 4, 5]) == [[1, 2], [3, 4], [5]]


def test_nothing_is_no_part() -> None:
    assert parts("") == parts(" \n\x00\ud83d") == []
