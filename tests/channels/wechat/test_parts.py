"""Parts of a long answer: no sign is cut in two, lines stay whole, numbers go through."""

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from bot.channels.wechat.render import LIMIT, Renderer, options_of, split
from bot.inbox.outbox import Outgoing
from tests.wechat.messages import menu_links

SIGNS = ["公", "需", "。", "！", "”", "a", " ", "\n", "👨‍👩‍👧", "🇨🇳", "👍🏽", "1️⃣", "e\u0301", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "\u0301", "️"]
SMALL = 80
NOW = datetime(2023, 11, 20, tzinfo=timezone.utc)
MORE = "（还没说完）"


def clusters(text: str) -> list[str]:
    return [sign for sign in regex.findall(r"\X", text) if sign.strip()]


@given(st.lists(st.sampled_from(SIGNS), max_size=300).map("".join))
@example("🇨🇳" * 60)
@example(" \u0301")
@example("公。" * 13 + " \u0301")
@example("a" + "🇨🇳" * 60)
@example("公。" * 12 + "e\u0301" * 90)
def test_no_part_begins_or_ends_within_a_sign(text: str) -> None:
    parts = list(split(text, [], SMALL))
    assert all(0 < len(part.encode()) <= SMALL for part in parts)
    assert [sign for part in parts for sign in clusters(part)] == clusters(text)


def test_a_sign_longer_than_a_part_is_cut_all_the_same() -> None:
    text = "e" + "\u0301" * 500
    parts = list(split(text, [], SMALL))
    assert "".join(parts) == text
    assert all(len(part.encode()) <= SMALL for part in parts)


@given(st.text(st.sampled_from("公需。\n a"), max_size=200), st.lists(st.text("项目甲乙", min_size=1, max_size=20), max_size=30))
def test_lines_stay_whole_and_in_order(text: str, lines: list[str]) -> None:
    numbered = [f"{place}. {line}" for place, line in enumerate(lines, 1)]
    parts = list(split(text, numbered, SMALL))
    assert all(0 < len(part.encode()) <= SMALL for part in parts)
    shown = [line for part in parts for line in part.splitlines()]
    assert [line for line in shown if line in set(numbered)] == numbered


TITLES = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=60)
PAYLOADS = st.fixed_dictionaries({"text": st.text("公需。😀\n", max_size=900), "buttons": st.lists(TITLES, max_size=12)})


def with_buttons(payload: Mapping[str, Any]) -> dict[str, Any]:
    return {"text": payload["text"], "buttons": [{"title": title, "payload": title} for title in payload["buttons"]]}


@given(st.lists(PAYLOADS, min_size=1, max_size=4), st.booleans(), st.booleans())
def test_every_reply_fits_and_its_list_is_numbered_from_one_on(payloads: list[dict[str, Any]], links: bool, pushes: bool) -> None:
    renderer = Renderer(links, MORE)
    waiting = [Outgoing(number, "wx:a", "faq", with_buttons(one), NOW, "pending") for number, one in enumerate(payloads)]
    order: list[int] = []
    for _ in range(100):
        reply = renderer.compose(waiting, pushes=pushes)
        assert len(reply.text.encode()) <= LIMIT
        assert reply.done or reply.begun
        order += reply.done
        expected = [option for one in waiting if one.id in reply.done for option in options_of(one.payload)]
        assert list(reply.options) == expected
        waiting = [
            Outgoing(one.id, "wx:a", "faq", one.payload, NOW, "pending", parts=reply.begun.get(one.id, one.parts))
            for one in waiting
            if one.id not in reply.done
        ]
        if not waiting:
            break
    assert order == list(range(len(payloads)))


@pytest.mark.parametrize("sentence", ["学时 90", "60%以上", "A+B", "“公需”&“专业”", '说"行"', "第1项#注"])
def test_a_sentence_that_an_address_would_change_is_no_link(sentence: str) -> None:
    payload = {"text": "选", "buttons": [{"title": sentence, "payload": sentence}, {"title": "好", "payload": "公需要多少"}]}
    (shown,) = Renderer(True, MORE).parts(payload)
    assert [(link.content, link.label) for link in menu_links(shown)] == [("公需要多少", "2. 好")]
    assert f"1. {sentence}" in shown


@given(TITLES)
def test_what_a_link_sends_is_the_sentence_itself(sentence: str) -> None:
    payload = {"text": "选", "buttons": [{"title": "甲", "payload": sentence}]}
    (shown,) = Renderer(True, MORE).parts(payload)
    assert [link.content for link in menu_links(shown)] in ([], [sentence.translate(str.maketrans("<>", "＜＞"))])
