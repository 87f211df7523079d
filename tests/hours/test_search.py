"""Finding people by what a caller says of themselves: names, their sounds, units, the end of a number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from bot.db import Database
from bot.hours.models import BatchRow, Person
from bot.hours.search import LONGEST, find, initials
from bot.hours.undo import undo
from tests.hours.conftest import NOW, Importing

CROWD = [
    ["630102199003078812", "王小明", "甲单位", "西宁市", "教育", "中级", "2016-10-01"],
    ["63010319851122104X", "王小明", "乙单位", "西宁市", "卫生", "初级", ""],
    ["630104198503170314", "王小明华", "乙单位", "西宁市", "教育", "中级", ""],
    ["632221199006240420", "才让·措毛", "祁连县Mu云职业学校", "海北州", "教育", "中级", ""],
    ["632122199311080188", "单立文", "湟水农技站100%", "海东市", "农牧", "初级", ""],
    ["632521198709020573", "丁王小明", "甲单位", "海南州", "教育", "中级", ""],
]


def test_no_digit_that_a_masked_number_hides_can_be_found_out(crowd: Database) -> None:
    number = CROWD[0][0]
    assert len(names(crowd, number[-4:])) == 1
    assert names(crowd, number) == names(crowd, number[-4:])
    for length in range(5, len(number)):
        assert names(crowd, number[-length:]) == [], length
        assert names(crowd, number[:length]) == [], length


@pytest.fixture
def crowd(database: Database, importing: Importing) -> Database:
    assert importing("people", CROWD).applied
    return database


def names(database: Database, text: str, **options: object) -> list[str]:
    with database.read() as session:
        return [f"{one.name} {one.id_number[-4:]}" for one in find(session, text, **options).people]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("王小明", "wxm"),
        ("才让·措毛", "crcm"),
        ("才让 措毛", "crcm"),
        ("单立文", "slw dlw"),
        ("仇和", "qh ch"),
        ("解晓东", "xxd jxd"),
        ("查良镛", "zly cly"),
        ("曾国藩", "zgf cgf"),
        ("区楚良", "ocl qcl"),
        ("朴树", "ps"),
        ("任正非", "rzf"),
        ("盖叫天", "gjt"),
        ("尉迟恭", "ycg wcg"),
        ("尕藏", "gz gc"),
        ("马A", "ma"),
        ("", ""),
    ],
)
def test_initials_are_those_a_colleague_would_type(name: str, letters: str) -> None:
    assert initials(name) == letters


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), max_size=40))
def test_initials_of_any_name_are_letters_that_fit_their_column(name: str) -> None:
    letters = initials(name)
    assert len(letters) <= LONGEST
    assert all(mark == " " or (mark.isascii() and mark.isalnum()) for mark in letters)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("小明", ["丁王小明 0573", "王小明 104X", "王小明 8812", "王小明华 0314"]),
        ("王小明", ["王小明 104X", "王小明 8812", "王小明华 0314", "丁王小明 0573"]),
        ("王小明 甲", ["王小明 8812", "丁王小明 0573"]),
        ("wxm", ["王小明 104X", "王小明 8812", "王小明华 0314"]),
        ("WXMH", ["王小明华 0314"]),
        ("ｗｘｍｈ", ["王小明华 0314"]),
        ("slw", ["单立文 0188"]),
        ("dlw", ["单立文 0188"]),
        ("crc", ["才让·措毛 0420"]),
        ("才让措", ["才让·措毛 0420"]),
        ("才让 措毛", ["才让·措毛 0420"]),
        ("MU云", ["才让·措毛 0420"]),
        ("104x", ["王小明 104X"]),
        ("8812", ["王小明 8812"]),
        ("630102199003078812", ["王小明 8812"]),
        ("小明 8812", ["王小明 8812"]),
        ("812", []),
        ("100%", ["单立文 0188"]),
        ("%", ["单立文 0188"]),
        ("_", []),
        ("没有这人", []),
        ("", []),
        ("  ", []),
        ("·", []),
    ],
)
def test_people_are_found_by_what_is_known_of_them(crowd: Database, text: str, found: list[str]) -> None:
    assert names(crowd, text) == found


def test_somebody_of_another_unit_is_not_found(crowd: Database) -> None:
    assert names(crowd, "小明", only_unit="乙单位") == ["王小明 104X", "王小明华 0314"]
    assert names(crowd, "8812", only_unit="乙单位") == []
    assert names(crowd, "小明", only_unit="乙") == []


def test_a_long_list_is_cut_and_says_so(crowd: Database) -> None:
    with crowd.read() as session:
        page = find(session, "小明", most=2)
        assert (len(page.people), page.more) == (2, True)
        assert not find(session, "小明", most=4).more


def test_numbers_in_a_list_are_masked(crowd: Database) -> None:
    with crowd.read() as session:
        assert {one.id_number for one in find(session, "8812").people} == {"6301**********8812"}


def test_a_new_name_has_new_initials_and_its_undo_the_old_ones(database: Database, importing: Importing) -> None:
    importing("people", CROWD[:1])
    renamed = importing("people", [[CROWD[0][0], "解小明", *CROWD[0][2:]]])
    assert names(database, "xxm") == ["解小明 8812"]
    assert renamed.batch_id is not None
    with database.write() as session:  # as a version without the column left its note
        note = session.execute(select(BatchRow).where(BatchRow.batch_id == renamed.batch_id)).scalar_one()
        note.previous = note.previous.replace('"initials": "wxm", ', "")
        assert "initials" not in note.previous
    undo(database, renamed.batch_id, NOW)
    assert names(database, "wxm") == ["王小明 8812"]
    with database.read() as session:
        assert session.execute(select(Person.initials)).scalars().all() == ["wxm"]
