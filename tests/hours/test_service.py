"""People's facts reach the engine whole, and the JSON of ``status`` has its shape."""

import time
from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import pytest
from sqlalchemy import event

from bot.db import Database
from bot.hours import service
from bot.hours.sample import load_sample
from policies.model import Credit, Hours, Kind, Level, Person, Sector, State, Subject
from policies.notice import load_notices
from tests.hours.conftest import ANN, BEN, NOW, Importing

TODAY = date(2023, 11, 20)
NOTICES = load_notices()


def test_facts_are_what_was_imported(filled: Database) -> None:
    with filled.read() as session:
        person, records, credits = service.person_facts(session, 1)
        assert service.person_facts(session, 2)[0] == Person(Sector.HEALTH, None)
    assert person == Person(Sector.OTHER, date(2016, 10, 1))
    assert [(one.record_id, one.year, one.subject, one.form, one.hours, one.state) for one in records] == [
        ("R1", 2022, Subject.PUBLIC, "网络课程", Decimal(45), State.VERIFIED),
        ("R2", 2023, Subject.PROFESSIONAL, "培训进修类", Decimal("12.5"), State.PENDING),
    ]
    assert credits == [Credit(Kind.VILLAGE, date(2020, 6, 1), date(2022, 6, 30), None, "证明")]


def test_year_title_and_what_if_come_from_the_engine(filled: Database) -> None:
    with filled.read() as session:
        assert service.year_of(session, NOTICES, 2, None, TODAY).missing == Hours(Decimal(15), Decimal(90))
        assert service.year_of(session, NOTICES, 1, 2022, TODAY).verified.public == 45
        assert service.title_of(session, NOTICES, 1, Level.SENIOR, TODAY).qualified_years == 1
        assert service.what_if_of(session, NOTICES, 2, Hours(Decimal(15), Decimal(90)), None, TODAY).complete


def test_the_default_level_is_the_next_one() -> None:
    levels = {word: service.default_level(SimpleNamespace(level=word)) for word in ("正高级", "副高级", "中级", "初级", "无")}
    assert levels == {"正高级": None, "副高级": None, "中级": Level.SENIOR, "初级": Level.INTERMEDIATE, "无": None}


def test_the_json_has_the_agreed_shape(filled: Database) -> None:
    with filled.read() as session:
        document = service.status_json(session, NOTICES, BEN.lower(), TODAY)
    title = {"covered": True, "exempt": False, "qualified_years": 1, "met_years": [], "eligible": False}
    assert document == {
        "id_number": BEN,
        "as_of": "2023-11-20",
        "year": {
            "year": 2023,
            "verified": {"public": 30.0, "professional": 0.0, "total": 30.0},
            "pending": {"public": 0.0, "professional": 0.0, "total": 0.0},
            "missing": {"public": 15.0, "professional": 90.0},
            "complete": False,
            "credited_by": None,
        },
        "title": {
            "senior": title | {"required_years": 4, "missing_years": 3},
            "intermediate": title | {"required_years": 3, "missing_years": 2},
        },
    }


def test_a_year_completed_by_a_credit_names_it(filled: Database, importing: Importing) -> None:
    importing("credits", [[BEN, "防疫", "2023-01-02", "", "2023", ""]])
    with filled.read() as session:
        year = service.status_json(session, NOTICES, BEN, TODAY)["year"]
    assert (year["complete"], year["credited_by"], year["missing"]["professional"]) == (True, "防疫", 90.0)


def test_an_unknown_person_is_an_error_that_masks_the_number(filled: Database) -> None:
    with filled.read() as session, pytest.raises(service.UnknownPersonError, match=r"6301\*+0314"):
        service.status_json(session, NOTICES, "630104198503170314", TODAY)
    with filled.read() as session, pytest.raises(service.UnknownPersonError):
        service.person_facts(session, 99)


def test_everyone_is_one_document_each_from_a_few_queries(filled: Database) -> None:
    statements: list[str] = []
    event.listen(filled.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    with filled.read() as session:
        documents = list(service.all_status_json(session, NOTICES, TODAY))
        assert documents == [service.status_json(session, NOTICES, number, TODAY) for number in (ANN, BEN)]
    assert len([one for one in statements if one.startswith("SELECT")]) <= 4 + 2 * 4


@pytest.fixture
def crowd(database: Database, importing: Importing) -> Database:
    importing("people", [[f"证{number:06d}", f"人{number}", "", "", "教育", "中级", ""] for number in range(700)])
    importing("hours", [[f"C{number}", f"证{number % 700:06d}", "2022", "公需", "其他", "", "9", "已审验"] for number in range(1400)])
    return database


def test_a_crowd_larger_than_a_chunk_is_complete_and_quick(crowd: Database) -> None:
    start = time.process_time()
    with crowd.read() as session:
        numbers = [document["id_number"] for document in service.all_status_json(session, NOTICES, TODAY)]
    assert numbers == [f"证{number:06d}" for number in range(700)]
    assert time.process_time() - start < 6


def test_the_sample_people_show_one_situation_each(database: Database) -> None:
    assert load_sample(database, NOW)
    assert not load_sample(database, NOW)
    with database.read() as session:
        documents = {one["id_number"][:6]: one for one in service.all_status_json(session, NOTICES, TODAY)}
    assert len(documents) == 8
    seniors = {place: one["title"]["senior"] for place, one in documents.items()}
    assert documents["630104"]["year"]["complete"]
    assert documents["632221"]["year"]["pending"]["total"] > 0
    assert documents["632122"]["year"]["missing"]["professional"] == 20
    assert (seniors["632521"]["qualified_years"], len(seniors["632521"]["met_years"])) == (4, 3)
    assert (seniors["632801"]["qualified_years"], len(seniors["632801"]["met_years"])) == (4, 3)
    assert seniors["630105"]["exempt"]
