"""The values of the bind form and the sentence that holds both of them."""

import pytest

from bot.hours.identity import ALPHABET, LENGTH, SEPARATORS, new_code
from bot.nlu.classifier import Guess
from bot.nlu.formvalues import MESSAGE, begun_with_code, bind_sentence, dictated, fitting, left_at_once, message_sentence

UNSURE = Guess("greet", 0.3)
CODES = [new_code() for _ in range(300)]
NAMES = ["张三", "白玛措", "阿·旺扎西", "阿 旺扎西", "Tashi Dolma", "才让多杰", "才让‧措毛", "阿卜杜热合曼江"]


@pytest.mark.parametrize(
    "said",
    [
        "绑定 白玛措 K7M2P9QRST",
        "绑定 K7M2P9QRST 白玛措",
        "绑定白玛措 K7M2P9QRST",
        "绑定：白玛措，k7m2p9qrst",
        "绑定、白玛措、K7M2P9QRST。",
        "绑定 白玛措/K7M2P9QRST",
        "绑定\u3000白玛措\u3000Ｋ７Ｍ２Ｐ９ＱＲＳＴ",
        "  绑定: K7M2P9QRST, 白玛措 ",
        "绑定白玛措K7M2P9QRST",
        "绑定K7M2P9QRST白玛措",
        "绑定\n白玛措\nK7M2P9QRST",
        "绑定 姓名：白玛措 绑定码：K7M2P9QRST",
        "绑定，姓名白玛措，绑定码K7M2P9QRST",
        "绑定 我叫白玛措 绑定码是 K7M2P9QRST",
        "绑定码K7M2P9QRST 姓名白玛措",
    ],
)
def test_a_bind_sentence_holds_name_and_code_in_either_order(said: str) -> None:
    assert bind_sentence(said) == {"bind_name": "白玛措", "bind_code": "K7M2P9QRST"}


@pytest.mark.parametrize("said", ["绑定 K7M2P9QRST", "绑定k7m2p9qrst", " 绑定：K7M2P9QRST。", "绑定 绑定码 K7M2P9QRST"])
def test_a_code_may_begin_the_binding(said: str) -> None:
    assert begun_with_code(said) == "K7M2P9QRST"


@pytest.mark.parametrize(
    "said", ["绑定", "K7M2P9QRST", "绑定 白玛措 K7M2P9QRST", "绑定 K7M2P9QRST 白玛措", "绑定 ABC", "解绑 K7M2P9QRST", ""]
)
def test_other_messages_begin_no_binding_with_a_code(said: str) -> None:
    assert begun_with_code(said) is None


@pytest.mark.parametrize("said", ["绑定 阿·旺扎西 K7M2P9QRST", "绑定 K7M2P9QRST 阿·旺扎西"])
def test_a_dotted_name_stays_whole_in_a_bind_sentence(said: str) -> None:
    assert bind_sentence(said) == {"bind_name": "阿·旺扎西", "bind_code": "K7M2P9QRST"}


@pytest.mark.parametrize(
    "said", ["绑定", "怎么绑定", "绑定 张三", "绑定 K7M2P9QRST", "张三 K7M2P9QRST", "", "解绑 张三 K7M2P9QRST", "绑定手机13812345678"]
)
def test_other_messages_are_no_bind_sentence(said: str) -> None:
    assert bind_sentence(said) is None


@pytest.mark.parametrize("name", NAMES)
def test_names_of_every_form_are_accepted(name: str) -> None:
    assert fitting("bind_name", name, UNSURE) == name


@pytest.mark.parametrize("said", ["我叫白玛措", "姓名：白玛措", "我的名字是白玛措", " 白玛措 ", "白玛措。", "我叫白玛措！"])
def test_words_around_a_name_are_dropped(said: str) -> None:
    assert fitting("bind_name", said, UNSURE) == "白玛措"


@pytest.mark.parametrize(
    "said",
    [
        "一年要多少学时",
        "怎么绑定",
        "能不能不绑",
        "张三吗",
        "为啥要姓名",
        "截止几号",
        "12345",
        "K7M2P9QRST",
        "结转",
        "评高级",
        "不绑了行不",
        "不知道",
    ],
)
def test_a_question_or_a_number_in_the_name_slot_is_no_name(said: str) -> None:
    assert fitting("bind_name", said, UNSURE) is None


def test_a_known_sentence_in_the_name_slot_is_no_name() -> None:
    assert fitting("bind_name", "早上好", UNSURE) == "早上好"
    assert fitting("bind_name", "早上好", Guess("greet", 1.0)) is None


def test_every_code_we_issue_is_accepted() -> None:
    assert all(set(code) <= set(ALPHABET) and len(code) == LENGTH for code in CODES)
    assert [fitting("bind_code", code, UNSURE) for code in CODES] == CODES


def test_every_code_we_issue_is_accepted_in_small_letters_and_inside_a_sentence() -> None:
    assert [fitting("bind_code", f"我的绑定码是{code.lower()}", UNSURE) for code in CODES] == CODES


def test_every_code_we_issue_makes_a_bind_sentence() -> None:
    read = [bind_sentence(f"绑定 {NAMES[i % 3]} {code}") for i, code in enumerate(CODES)]
    assert read == [{"bind_name": NAMES[i % 3], "bind_code": code} for i, code in enumerate(CODES)]


@pytest.mark.parametrize("said", ["绑定码在哪", "hello", "abc", "12", "", "jixujiaoyu", "jixujiaoyu shi shenme", "一年要多少学时"])
def test_a_message_without_a_code_fills_no_code(said: str) -> None:
    assert fitting("bind_code", said, UNSURE) is None


@pytest.mark.parametrize("dot", "·•・․‧⋅∙･ ")
def test_a_name_is_accepted_with_each_dot_that_binding_folds(dot: str) -> None:
    assert SEPARATORS.sub("", f"才让{dot}措毛") == "才让措毛"
    assert fitting("bind_name", f"才让{dot}措毛", UNSURE) is not None


@pytest.mark.parametrize("said", ["K7M2", "O0I1K7M2Q9", "K7M2-P9QR-ST"])
def test_what_was_meant_as_a_code_is_taken_so_that_the_form_can_say_what_is_wrong(said: str) -> None:
    assert fitting("bind_code", said, UNSURE) == said


@pytest.mark.parametrize(
    "said",
    [
        "留言：我的学时没审",
        "留言: 我的学时没审",
        "留言 我的学时没审",
        "我要留言，我的学时没审",
        "留言\n我的学时没审",
        " 留言内容：我的学时没审 ",
    ],
)
def test_a_message_may_be_left_in_one_go(said: str) -> None:
    assert message_sentence(said) == {MESSAGE: "我的学时没审"}


@pytest.mark.parametrize("said", ["留言", "留言：", "留言 。。", "怎么留言", "留言板在哪", "能留言吗 我的学时没审", "我的学时没审", ""])
def test_other_messages_leave_none_in_one_go(said: str) -> None:
    assert message_sentence(said) is None


ABOUT_LEAVING = [
    "留言 在哪写",
    "留言 怎么留啊",
    "我要留言 怎么弄",
    "留言，能回吗",
    "留言 好的",
    "留言，有人看没有",
    "我想留言，会回我吗",
    "留言\n咋弄",
]


@pytest.mark.parametrize("said", [*ABOUT_LEAVING, "留言 我的学时补登记要找哪个部门才行", "留言 现在几点上班能看到"])
def test_a_question_or_a_word_behind_a_blank_or_a_comma_is_no_message_but_asks_for_one(said: str) -> None:
    assert message_sentence(said) is None
    assert left_at_once(said) == ("leave_message", {})


@pytest.mark.parametrize("said", ["留言：怎么办", "留言:好的", "我要留言：我的学时补登记要找哪个部门"])
def test_behind_a_colon_whatever_is_said_is_the_message(said: str) -> None:
    message = said.replace("：", ":").partition(":")[2]
    assert left_at_once(said) == ("leave_message_direct", {MESSAGE: message})


@pytest.mark.parametrize("said", ["留言", "留言板在哪", "怎么留言", "我的学时没审", "留言。。"])
def test_other_sentences_begin_no_message(said: str) -> None:
    assert left_at_once(said) is None


@pytest.mark.parametrize("said", ["留言 在哪写", "我要留言 怎么弄", "留言，能回吗"])
def test_asking_inside_its_form_how_to_leave_a_message_is_no_message(said: str) -> None:
    assert dictated(said) == ("leave_message", {})


def test_inside_its_form_a_question_of_some_length_is_a_message() -> None:
    assert dictated("留言 我的学时补登记要找哪个部门") == ("inform", {MESSAGE: "我的学时补登记要找哪个部门"})


@pytest.mark.parametrize(
    "said",
    ["我的学时没审", "公需多少学时", "你好", "1", "都不是", "绑定 白玛措 K7M2P9QRST", "谢谢", "第一行\n\n第二行", "ok", "解绑", "好"],
)
def test_while_a_message_is_left_whatever_is_said_is_the_message(said: str) -> None:
    assert dictated(f" {said} ") == ("inform", {MESSAGE: said})


@pytest.mark.parametrize(
    ("said", "intent"), [("取消", "cancel"), ("算了", "cancel"), ("转人工", "human"), ("人工", "human"), ("留言", "leave_message")]
)
def test_but_for_a_few_commands(said: str, intent: str) -> None:
    assert dictated(said) == (intent, {})


@pytest.mark.parametrize("said", ["。。", "👍", "？", "……"])
def test_and_for_mere_signs(said: str) -> None:
    assert dictated(said) == ("nlu_fallback", {})


def test_the_lead_is_no_part_of_the_message_inside_its_form_either() -> None:
    assert dictated("留言：我的学时没审") == ("inform", {MESSAGE: "我的学时没审"})
