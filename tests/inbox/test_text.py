"""What a person typed, made safe."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.inbox.text import MAX_TEXT, MOST_KEPT, made_safe, mask, mask_codes, normalise

NOTICE_NUMBERS = ("0971-8258157", "18970996140")
INVISIBLE = "\u200b\u200d\ufeff\u202e\u2066\u00ad\u3164\u034f\x00\x1f\x7f"
SLASHES = "/／"


@pytest.mark.parametrize(
    ("typed", "safe"),
    [
        ("／restart", "restart"),
        ("/restart", "restart"),
        (" \n／ / ／/restart", "restart"),
        ('/bind{"name": "马"}', 'bind{"name": "马"}'),
        ("\u200b/\u200b/restart", "restart"),
        ("\u202e\u2066/restart\u2069", "restart"),
        ("\x00/\x08restart", "restart"),
        ("１３５学时", "135学时"),
        ("公需\u200b45", "公需45"),
        ("公需/专业", "公需/专业"),
        ("一\r\n二\n\n\n\n三", "一\n二\n\n三"),
        ("学  时\u3000够\t吗", "学 时 够 吗"),
        ("\u2800\u3164\u034f", ""),
        ("///", ""),
        ("\ud800学时", "学时"),
        ("👍🏽够了", "👍🏽够了"),
    ],
)
def test_text_is_folded_and_cannot_begin_with_a_command_slash(typed: str, safe: str) -> None:
    assert normalise(typed) == safe


@given(st.text(st.one_of(st.sampled_from(INVISIBLE + SLASHES + " \n\t\u3000\x85\u2028"), st.characters()), max_size=60))
def test_normalising_is_final_and_leaves_no_leading_slash(typed: str) -> None:
    safe = normalise(typed)
    assert not safe.strip().startswith(("/", "／"))
    assert normalise(safe) == safe
    safe.encode("utf-8")
    assert "\x00" not in safe


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("我是630104199001011234", "我是6301**********1234"),
        ("63010419900101123x要查", "6301**********123x要查"),
        ("63010419900101123X", "6301**********123X"),
        ("630104 19900101 1234", "6301**********1234"),
        ("630104-1990-01-01-123X", "6301**********123X"),
        ("老证630104900101123", "老证6301*******1123"),
        ("卡号6222021234567890123", "卡号6222***********0123"),
        ("13812345678", "138****5678"),
        ("电话138-1234-5678打我", "电话138****5678打我"),
        ("138 1234 5678", "138****5678"),
        ("+8613812345678", "138****5678"),
        ("打18970996140没人接", "打18970996140没人接"),
        ("打189-7099-6140", "打189-7099-6140"),
        ("0971-8258157打不通", "0971-8258157打不通"),
        ("公需45专业90", "公需45专业90"),
        ("2019 2020 2021 2022 2023", "2019 2020 2021 2022 2023"),
        ("2019年135 2020年135", "2019年135 2020年135"),
        ("22345678901", "22345678901"),
    ],
)
def test_numbers_of_people_are_masked_and_the_notices_own_are_not(text: str, masked: str) -> None:
    assert mask(text, NOTICE_NUMBERS) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("绑定 马秀兰 K7M2Q9ABCD", "绑定 马秀兰 K7********"),
        ("绑定马秀兰k7m2q9abcd", "绑定马秀兰k7********"),
        ("abcdefghjk", "ab********"),
        ("K7M2Q 9ABCD", "K7********"),
        ("绑定 马 K7M2Q9ABC0", "绑定 马 K7********"),
        ("绑定 马 K7M2Q9ABCDE", "绑定 马 K7********"),
        ("公需45专业90", "公需45专业90"),
        ("xueshibugou", "xueshibugou"),
        ("jixujiaoyu", "jixujiaoyu"),
        ("2023-11-20", "2023-11-20"),
    ],
)
def test_anything_like_a_bind_code_is_hidden_from_the_journal(text: str, masked: str) -> None:
    assert mask_codes(text) == masked


@given(
    st.text("23456789ABCDEFGHJKLMNPQRSTUVWXYZ", min_size=10, max_size=10),
    st.sampled_from(["绑定 马秀兰 {}", "{}", "码是{}。", "绑定，{}，马"]),
)
def test_no_bind_code_survives(code: str, form: str) -> None:
    assert code not in mask_codes(form.format(code))


ID_SHAPE = re.compile(r"(?<![0-9*])(?:[0-9]{17}[0-9Xx]|[0-9]{15})(?![0-9*])")
PIECES = st.one_of(
    st.text(st.characters(), max_size=5),
    st.from_regex(r"[1-9][0-9]{16}[0-9X]", fullmatch=True),
    st.from_regex(r"[1-9][0-9]{14}", fullmatch=True),
    st.sampled_from(["１", "／", "/", "\u200b", "13812345678", "６３０１０４１９９００１０１１２３Ｘ"]),
)


@given(st.lists(PIECES, max_size=8).map("".join))
def test_whatever_is_sent_no_id_number_and_no_slash_gets_through(typed: str) -> None:
    safe = mask(normalise(typed))
    assert not safe.startswith(("/", "／"))
    assert not ID_SHAPE.search(safe)
    assert "13812345678" not in re.findall(r"(?<![0-9])[0-9]{11}(?![0-9])", safe)


@pytest.mark.parametrize("length", [MAX_TEXT + 1, 4096, MOST_KEPT])
def test_of_a_text_too_long_to_be_answered_nothing_is_lost(length: int) -> None:
    typed = ("字" * (length - 29) + "630104199001011234 K7M2Q9ABCD")[-length:]
    safe, problem = made_safe(typed, cut="（其余没有保存）")
    assert problem == "too_long"
    assert safe == "字" * (length - 29) + "6301**********1234 K7********"


@pytest.mark.parametrize("number", ["630104199001011234", "630104-1990-01-01-1234", "K7M2Q9ABCD", "13812345678"])
@pytest.mark.parametrize(("pad", "length"), [("字", MOST_KEPT), ("\u200b", 20 * MAX_TEXT)], ids=["kept", "normalised"])
def test_what_is_cut_says_so_and_leaves_no_half_of_a_number(number: str, pad: str, length: int) -> None:
    for shown in range(len(number) + 1):
        before = "字" * 100 + pad * (length - 100 - shown)
        safe, problem = made_safe(before + number + "字" * length, cut="…完")
        assert (problem, safe[:50], safe[-2:]) == ("too_long", "字" * 50, "…完")
        assert len(safe) <= MOST_KEPT + 2
        assert not re.search(r"[0-9]{5}|[0-9A-Z]{6}", safe)


@pytest.mark.parametrize("piece", ["a-", "aaaaaaaaa-", "1 ", "13-", "138 ", "\n \n", "长", "x"])
def test_the_longest_text_is_made_safe_in_no_time(piece: str) -> None:
    began = time.process_time()
    made_safe(piece * (20 * MAX_TEXT // len(piece)))
    assert time.process_time() - began < 0.3
