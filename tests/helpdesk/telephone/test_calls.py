"""What a call keeps and what it forgets, who is to be called back, and who asks the same again within a week."""

from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from bot.db import Database
from bot.helpdesk.console.rendering import fragment
from bot.helpdesk.models import CallRecord
from bot.helpdesk.telephone import calls, repeats
from bot.helpdesk.telephone.calls import CallRefusedError, Filter, NewCall
from bot.helpdesk.telephone.repeats import Asked
from bot.hours.models import Person
from bot.inbox.models import Missed
from policies.notice import load_notices
from tests.helpdesk.conftest import NOW, add_staff

SECRET = b"secret for tests"
OWN = ("0971-8258157", "13800000000")
WEEK = timedelta(days=7)
PHONE = "139 1234-5678"


@pytest.fixture
def staff(database: Database) -> int:
    return add_staff(database, "agent", 1)


@pytest.fixture
def person(database: Database) -> int:
    with database.write() as session:
        row = Person(
            id_number="630102199003078812", name="安多", name_key="安多", initials="ad", unit="甲单位", region="", sector="", level="中级"
        )
        session.add(row)
        session.flush()
        return int(row.id)


def save(database: Database, staff: int, at=NOW, **more) -> int:
    given_ = {"question": "公需要多少", "answer": "45", "outcome": "answered", **more}
    with database.write() as session:
        return calls.save(session, NewCall(**given_), staff, SECRET, OWN, at)


def row_of(database: Database, call_id: int) -> dict:
    with database.read() as session:
        return dict(session.execute(select(CallRecord.__table__).where(CallRecord.id == call_id)).mappings().one())


def faults_of(database: Database, staff: int, **more) -> dict[str, str]:
    with pytest.raises(CallRefusedError) as refused:
        save(database, staff, **more)
    return refused.value.faults


def missed(database: Database) -> list[tuple[str, str, str]]:
    with database.read() as session:
        return list(session.execute(select(Missed.sender_id, Missed.text, Missed.reason)).all())


def test_numbers_of_people_are_masked_and_the_notices_own_stay(database, staff):
    said = "我身份证630102199003078812，手机13912345678，打过13800000000"
    row = row_of(
        database, save(database, staff, question=said, answer=f"请（本人）拨打 0971-8258157。{said}", detail=said, outcome="elsewhere")
    )
    for text in (row["question"], row["answer"], row["detail"]):
        assert "630102199003078812" not in text
        assert "13912345678" not in text
        assert "13800000000" in text
    assert row["answer"].startswith("请（本人）拨打 0971-8258157。")


def test_a_number_in_full_width_digits_is_masked_too(database, staff):
    row = row_of(database, save(database, staff, answer="电话１３９１２３４５６７８，（记下）"))
    assert "5678" in row["answer"]
    assert "1234" not in calls.normalise(row["answer"])


def test_what_is_missing_is_named_and_nothing_is_saved(database, staff):
    assert faults_of(database, staff, question="  \n ") == {"question": "question_needed"}
    assert faults_of(database, staff, answer="") == {"answer": "answer_needed"}
    assert faults_of(database, staff, outcome="call_back") == {"phone": "phone_needed"}
    assert faults_of(database, staff, outcome="call_back", phone="晚上打") == {"phone": "phone_wrong"}
    assert faults_of(database, staff, outcome="elsewhere") == {"detail": "unit_needed"}
    assert faults_of(database, staff, outcome="nonsense") == {"outcome": "outcome_needed"}
    assert faults_of(database, staff, question="问" * 501) == {"question": "too_long"}
    assert faults_of(database, staff, person_id=99) == {"person": "person_gone"}
    with database.read() as session:
        assert calls.listed(session, Filter(), 1) == ([], False)


def test_somebody_who_is_to_be_called_back_needs_no_answer_yet(database, staff):
    assert row_of(database, save(database, staff, outcome="call_back", answer="", phone=PHONE))["phone"] == "13912345678"


@pytest.mark.parametrize("outcome", ["answered", "elsewhere"])
def test_the_number_of_somebody_who_is_not_called_back_is_not_kept(database, staff, outcome):
    row = row_of(database, save(database, staff, outcome=outcome, detail="人社局", phone=PHONE))
    assert row["phone"] is None
    assert "13912345678" not in str(row)


def test_calling_back_is_done_once_and_forgets_the_number(database, staff):
    other = add_staff(database, "agent2", 2)
    call = save(database, staff, outcome="call_back", phone=PHONE)
    for who, done in ((other, True), (staff, False)):
        with database.write() as session:
            assert calls.mark_called_back(session, call, who, NOW + timedelta(hours=1)) is done
    row = row_of(database, call)
    assert (row["phone"], row["called_back_by"], row["called_back_at"]) == (None, other, NOW + timedelta(hours=1))


def test_only_what_is_to_be_called_back_can_be_called_back(database, staff):
    call = save(database, staff)
    with database.write() as session:
        assert not calls.mark_called_back(session, call, staff, NOW)


def test_who_waits_longest_is_called_back_first(database, staff):
    late, early = (save(database, staff, at=NOW - wait, outcome="call_back", phone=PHONE) for wait in (timedelta(), timedelta(days=2)))
    done = save(database, staff, at=NOW - WEEK, outcome="call_back", phone=PHONE)
    with database.write() as session:
        calls.mark_called_back(session, done, staff, NOW)
    with database.read() as session:
        assert [call.id for call in calls.to_call_back(session)] == [early, late]
        assert calls.waiting_count(session) == 2
        assert [call.id for call in calls.listed(session, Filter(waiting=True), 1)[0]] == [late, early]


def test_calls_are_chosen_by_day_staff_and_outcome(database, staff):
    other = add_staff(database, "agent2", 2)
    night = NOW.replace(hour=23, minute=59)
    first = save(database, staff, at=NOW.replace(hour=0, minute=0))
    last = save(database, other, at=night)
    elsewhere = save(database, other, at=night + timedelta(minutes=1), outcome="elsewhere", detail="人社局")

    def found(**chosen) -> list[int]:
        with database.read() as session:
            return [call.id for call in calls.listed(session, Filter(**chosen), 1)[0]]

    assert found() == [elsewhere, last, first]
    assert found(day=NOW.date()) == [last, first]
    assert found(staff_id=other) == [elsewhere, last]
    assert found(outcome="elsewhere") == [elsewhere]
    assert found(day=NOW.date(), staff_id=other) == [last]
    assert found(day=date.max) == found(day=date.min) == []


def test_a_page_of_calls_says_whether_more_follow(database, staff):
    for _ in range(calls.PAGE + 1):
        save(database, staff)
    with database.read() as session:
        (first, more), (second, end) = calls.listed(session, Filter(), 1), calls.listed(session, Filter(), 2)
    assert (len(first), more, len(second), end) == (calls.PAGE, True, 1, False)
    assert not {call.id for call in first} & {call.id for call in second}


def test_a_call_outlives_its_person(database, staff, person):
    call = save(database, staff, person_id=person)
    with database.write() as session:
        session.delete(session.get(Person, person))
    with database.read() as session:
        kept = calls.get(session, call)
    assert (kept.person_id, kept.person) == (person, None)


def test_a_question_without_a_good_answer_is_kept_to_learn_from_masked(database, staff):
    save(database, staff)
    call = save(database, staff, question="13912345678能收短信吗", unanswered=True)
    assert missed(database) == [(f"call:{call}", "139****5678能收短信吗", "call")]


def test_the_same_person_with_the_same_matter_within_a_week_is_marked(database, staff, person):
    first = save(database, staff, at=NOW - WEEK, person_id=person, label="faq/hours_both", question="一年多少")
    again = save(database, staff, person_id=person, label="faq/hours_both", question="每年要学几个学时")
    other = save(database, staff, person_id=person, label="faq/deadline", question="每年要学几个学时")
    with database.read() as session:
        marked = repeats.marked(session, calls.listed(session, Filter(), 1)[0])
    assert {call: found.id for call, found in marked.items()} == {again: first}
    assert other not in marked


def test_after_more_than_a_week_it_is_a_new_call(database, staff, person):
    save(database, staff, at=NOW - WEEK - timedelta(seconds=1), person_id=person)
    with database.read() as session:
        assert repeats.earlier(session, Asked(NOW, person, None, None, "公需要多少")) is None


def test_an_unlabelled_question_is_the_same_when_worded_alike(database, staff, person):
    call = save(database, staff, person_id=person, question="平台登录不上去怎么办？")
    with database.read() as session:
        assert repeats.earlier(session, Asked(NOW, person, None, "faq/login", "平台登录不上去，怎么办")).id == call
        assert repeats.earlier(session, Asked(NOW, person, None, None, "驻村可以抵学时吗")) is None


def test_an_unrecognised_caller_is_known_by_the_number_even_after_it_was_forgotten(database, staff):
    call = save(database, staff, outcome="call_back", phone=PHONE)
    with database.write() as session:
        calls.mark_called_back(session, call, staff, NOW)
    later = NOW + timedelta(days=1)
    with database.read() as session:
        same, other = (
            repeats.earlier(session, Asked(later, None, calls.digest(SECRET, n), None, "公需要多少")) for n in (PHONE, "13912345679")
        )
    assert same.id == call
    assert other is None


def test_strangers_without_a_number_are_never_the_same(database, staff):
    save(database, staff)
    with database.read() as session:
        assert repeats.earlier(session, Asked(NOW, None, None, None, "公需要多少")) is None


def test_of_several_earlier_calls_the_newest_is_named(database, staff, person):
    made = [save(database, staff, at=NOW - timedelta(days=days), person_id=person) for days in (3, 2, 1)]
    with database.read() as session:
        marked = repeats.marked(session, calls.listed(session, Filter(), 1)[0])
    assert {call: found.id for call, found in marked.items()} == {made[1]: made[0], made[2]: made[1]}


def test_calls_of_one_moment_follow_each_other(database, staff, person):
    first, second = save(database, staff, person_id=person), save(database, staff, person_id=person)
    with database.read() as session:
        marked = repeats.marked(session, calls.listed(session, Filter(), 1)[0])
    assert {call: found.id for call, found in marked.items()} == {second: first}


def test_a_call_that_was_moved_into_the_future_is_no_earlier_one(database, staff, person):
    call = save(database, staff, person_id=person)
    with database.write() as session:
        session.execute(update(CallRecord).where(CallRecord.id == call).values(at=NOW + timedelta(days=1)))
    with database.read() as session:
        assert repeats.earlier(session, Asked(NOW, person, None, None, "公需要多少")) is None


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("0971-8258157", "09718258157"),
        ("（0971）825 8157", "09718258157"),
        ("+86 139 1234 5678", "13912345678"),
        ("８２５８１５７", "8258157"),
        ("8258157#123", "8258157#123"),
        ("110", ""),
        ("晚上打", ""),
        ("", ""),
    ],
)
def test_a_telephone_number_is_kept_as_it_is_dialled(typed, kept):
    assert calls.dialled(typed) == kept


@given(st.text(alphabet="0123456789 -()（）+", max_size=24))
def test_one_number_has_one_digest_however_it_is_spaced(typed):
    plain = calls.dialled(typed)
    assert calls.digest(SECRET, typed) == (calls.digest(SECRET, plain) if plain else None)
    assert calls.dialled(plain) == plain


def test_an_exemption_is_told_in_the_notices_words_with_its_proviso() -> None:
    notices = load_notices()
    title = {"covered": True, "exempt": True, "eligible": True, "qualified_years": 0, "required_years": 4}
    hours = {"public": 0.0, "professional": 0.0}
    year = {"year": 2023, "complete": False, "credited_by": None, **dict.fromkeys(("required", "verified", "pending", "missing"), hours)}
    figures = {"year": year, "title": {"intermediate": title, "senior": title}}
    caller = {"name": "安多", "unit": "甲单位", "level": "中级", "id": 1}
    facts = {"caller": caller, "beside": None, "desk": SimpleNamespace(notices=notices)}
    shown = fragment("calls/caller.html", figures=figures, **facts)
    wording = notices.in_force(2023).display("exemption.skilled.wording")
    assert shown.count(f"申报职称时对继续教育{wording}，最终以评审部门认定为准。") == 1
    figures["title"] = dict.fromkeys(figures["title"], title | {"exempt": False})
    assert wording not in fragment("calls/caller.html", figures=figures, **facts)
