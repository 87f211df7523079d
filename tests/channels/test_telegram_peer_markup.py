"""The emulated Bot API's reading of HTML and plain text, which is to be Telegram's own."""

import pytest

from tests.telegram_api.entities import find
from tests.telegram_api.markup import parse_html
from tests.telegram_api.wire import ApiError


@pytest.mark.parametrize(
    ("html", "refusal"),
    [
        ("<br>", 'Unsupported start tag "br" at byte offset 0'),
        ("学<b", "Unclosed start tag at byte offset 3"),
        ("<b>学", 'Can\'t find end tag corresponding to start tag "b"'),
        ("<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("<a href>x</a>", 'Expected equal sign in declaration of an attribute of the tag "a" at byte offset 0'),
        ("<b", "Unclosed start tag at byte offset 0"),
    ],
)
def test_html_that_telegram_refuses(html: str, refusal: str) -> None:
    with pytest.raises(ApiError) as caught:
        parse_html(html)
    assert str(caught.value) == f"Bad Request: can't parse entities: {refusal}"


def test_html_that_telegram_takes() -> None:
    text, entities = parse_html(
        '<pre><code class="language-py">a&#33;</code></pre><blockquote expandable>&quot;引&amp;</blockquote> > & <TG-SPOILER>x</tg-spoiler>'
    )
    assert text == 'a!"引& > & x'
    assert [(entity["type"], entity["offset"], entity["length"]) for entity in entities] == [
        ("pre", 0, 2),
        ("expandable_blockquote", 2, 3),
        ("spoiler", 10, 1),
    ]


def test_entities_are_found_by_telegrams_rules() -> None:
    text = "😀 @xueshitong_bot /help 见 https://a.cn/x。 你好@xueshitong_bot /start你好 a/b"
    found = [
        (entity["type"], text.encode("utf-16-le")[entity["offset"] * 2 :][: entity["length"] * 2].decode("utf-16-le"))
        for entity in find(text)
    ]
    assert found == [("mention", "@xueshitong_bot"), ("bot_command", "/help"), ("url", "https://a.cn/x")]
