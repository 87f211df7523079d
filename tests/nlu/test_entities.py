"""What is read from closed sets: years, amounts, facets, and whether somebody else is named."""

from decimal import Decimal

import pytest

from bot.nlu import entities


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("2021年和2022年", [2021, 2022]),
        ("21年够吗", [2021]),
        ("２０２２年", [2022]),
        ("2023年以后", [2023]),
        ("二零二一年", [2021]),
        ("二〇二二年够吗", [2022]),
        ("去年", [2022]),
        ("前年和去年", [2021, 2022]),
        ("大前年", [2020]),
        ("上一年度", [2022]),
        ("明年", [2024]),
    ],
)
def test_years_are_read_from_figures_numerals_and_relations(said: str, named: list[int]) -> None:
    assert entities.years(said, 2023) == named


def test_years_keep_the_order_of_mention_and_stand_once() -> None:
    assert entities.years("去年、2021年，还是去年", 2023) == [2022, 2021]


@pytest.mark.parametrize("said", ["20号", "1999年", "2050年", "12月10日", "公需30学时"])
def test_days_hours_and_far_years_are_no_years(said: str) -> None:
    assert entities.years(said, 2023) == []


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("公需60专业75", [("public", "60"), ("professional", "75")]),
        ("公需六十专业七十五", [("public", "60"), ("professional", "75")]),
        ("公需45.5", [("public", "45.5")]),
        ("20个专业", [("professional", "20")]),
        ("一共90", [("total", "90")]),
        ("三十学时", [(None, "30")]),
        ("三个学时", [(None, "3")]),
        ("公需30，2022年", [("public", "30")]),
        ("公需课程我早就已经全都学完了再加30", [(None, "30")]),
        ("60公需75专业", [("public", "60"), ("professional", "75")]),
        ("再学20个专业10个公需够不够", [("professional", "20"), ("public", "10")]),
        ("30学时公需，专业60", [("public", "30"), ("professional", "60")]),
        ("总共100，公需30", [("total", "100"), ("public", "30")]),
    ],
)
def test_amounts_carry_the_subject_said_with_them(said: str, named: list[tuple[str | None, str]]) -> None:
    assert entities.amounts(said) == [entities.Amount(subject, Decimal(hours)) for subject, hours in named]


@pytest.mark.parametrize("said", ["12月10日", "第三", "3年", "10000学时", "几个", "0学时"])
def test_dates_ordinals_and_impossible_numbers_are_no_amounts(said: str) -> None:
    assert entities.amounts(said) == []


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("专业要多少", {"subject": "professional"}),
        ("gong xu", {"subject": "public"}),
        ("線下公需", {"subject": "public", "aspect": "offline"}),
        ("高级讲师", {"level": "senior"}),
        ("高级工程师", {"level": "senior"}),
        ("错过了备案", {"date": "filing", "aspect": "missed"}),
    ],
)
def test_facets_are_named_by_their_words(said: str, named: dict[str, str]) -> None:
    assert entities.facets(said) == named


@pytest.mark.parametrize("said", ["专业技术人员要学多少", "专业技术职称", "专业技术职务"])
def test_professional_staff_are_not_the_professional_subject(said: str) -> None:
    assert "subject" not in entities.facets(said)


def test_the_subject_named_last_counts_and_both_are_mentioned() -> None:
    assert entities.facets("公需不对，专业") == {"subject": "professional"}
    assert entities.mentioned("公需和专业", "subject") == ["public", "professional"]


@pytest.mark.parametrize("said", ["不报中级", "不评中级", "中级先不考虑", "中级就算了"])
def test_a_level_set_aside_is_not_named(said: str) -> None:
    assert entities.mentioned(said, "level") == []
    assert "level" not in entities.facets(said)


def test_a_level_set_aside_leaves_the_other_one_named() -> None:
    assert entities.mentioned("不报中级报副高", "level") == ["senior"]
    assert entities.mentioned("中级先不考虑，报高级", "level") == ["senior"]


@pytest.mark.parametrize(
    "said",
    [
        "查下达瓦今年学了多少",
        "张伟今年够不够",
        "王芳的学时",
        "帮我查下扎西的",
        "我老公去年够不够",
        "闺女还差多少",
        "查6322**********0420",
        "632221199006240420学了多少",
    ],
)
def test_a_name_beside_a_word_of_the_record_names_somebody(said: str) -> None:
    assert entities.names_somebody(said)


@pytest.mark.parametrize(
    "said",
    [
        "我今年够不够",
        "何时审验",
        "单位今年报名",
        "公需学了多少",
        "马上今年",
        "高级的要几年",
        "我是张伟，今年够吗",
        "本人李强今年还差多少",
        "我身份证6322**********0420今年够吗",
        "同事都学完了我还差多少",
        "电话13997000000",
    ],
)
def test_ordinary_words_and_ones_own_name_name_nobody_else(said: str) -> None:
    assert not entities.names_somebody(said)
