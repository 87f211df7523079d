"""The weekly sample: drawn once and evenly, judged once, counted with an interval that can be trusted."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update

from bot.db import Database
from bot.helpdesk import sampling
from bot.helpdesk.models import Review, Sampled
from bot.inbox.models import Journal, Missed, Outbox
from bot.settings import ZONE
from tests.helpdesk.conftest import NOW, add_staff

MONDAY = datetime(2023, 11, 13, 0, 0, tzinfo=ZONE)
LAST_WEEK = MONDAY.date()
BEGINNING = MONDAY - timedelta(weeks=10)


def answered(
    database: Database, at: datetime, count: int = 1, *, kind: str = "faq", state: str = "sent", ended: str = "processed", key: str = "k"
) -> list[int]:
    """That many questions answered at this moment; the ids of the answers."""
    made = []
    with database.write() as session:
        for number in range(count):
            said = {"sender_id": f"web:{number}", "channel": "web", "text": f"问{number}", "received_at": at, "state": ended}
            journal_id = session.execute(insert(Journal.__table__), said).inserted_primary_key[0]
            payload = {"text": f"答{number}", "metadata": {"kind": kind, "question": key}}
            told = {
                "sender_id": f"web:{number}",
                "journal_id": journal_id,
                "kind": kind,
                "payload": payload,
                "created_at": at,
                "state": state,
            }
            made.append(session.execute(insert(Outbox.__table__), told).inserted_primary_key[0])
    return made


def draw(database: Database, now: datetime = NOW, seed: int = 1) -> int:
    with database.write() as session:
        return sampling.draw(session, now, random.Random(seed))


def drawn(database: Database) -> list[Sampled]:
    with database.read() as session:
        return list(session.execute(select(Sampled).order_by(Sampled.id)).scalars())


def judge(database: Database, sampled_id: int, verdict: str, staff_id: int, at: datetime = NOW, remark: str = "") -> bool:
    with database.write() as session:
        return sampling.judge(session, sampled_id, verdict, remark, staff_id, at)


def test_twenty_answers_of_the_week_before_are_drawn_once(database: Database) -> None:
    ids = answered(database, MONDAY + timedelta(days=3), 30, key="hours_public")
    assert draw(database) == 20
    assert draw(database, seed=2) == 0
    assert draw(database, NOW + timedelta(days=6, hours=14)) == 0, "on Sunday still"
    found = drawn(database)
    assert len({one.outbox_id for one in found} & set(ids)) == len(found) == 20
    one = found[0]
    number = ids.index(one.outbox_id)
    assert (one.week, one.sender_id, one.question, one.answer) == (LAST_WEEK, f"web:{number}", f"问{number}", f"答{number}")
    assert (one.label, one.asked_at, one.verdict) == ("faq/hours_public", MONDAY + timedelta(days=3), None)


def test_fewer_than_twenty_are_all_drawn(database: Database) -> None:
    ids = answered(database, MONDAY, 3)
    assert draw(database) == 3
    assert {one.outbox_id for one in drawn(database)} == set(ids)
    assert draw(database) == 0


def test_a_week_runs_from_monday_to_sunday_in_shanghai(database: Database) -> None:
    second = timedelta(seconds=1)
    inside = answered(database, MONDAY) + answered(database, MONDAY + timedelta(weeks=1) - second)
    answered(database, MONDAY - second)
    answered(database, MONDAY + timedelta(weeks=1))
    assert draw(database) == 2
    assert {one.outbox_id for one in drawn(database)} == set(inside)
    assert sampling.week_of(date(2023, 11, 19)) == sampling.week_of(date(2023, 11, 13)) == LAST_WEEK


@pytest.mark.parametrize(
    "how",
    [
        *({"kind": kind} for kind in ("fallback", "ask_back", "account", "staff")),
        *({"state": state} for state in ("failed", "pending")),
        *({"ended": ended} for ended in ("failed", "held")),
    ],
)
def test_what_was_no_confident_answer_or_reached_nobody_is_not_drawn(database: Database, how: dict[str, str]) -> None:
    answered(database, MONDAY, **how)
    assert draw(database) == 0


def test_every_answer_is_as_likely_as_every_other(database: Database) -> None:
    ids = answered(database, MONDAY, 40)
    with database.write() as session:
        chance = random.Random(7)
        counts: Counter[int] = Counter()
        for _ in range(150):
            with session.begin_nested() as attempt:
                sampling.draw(session, NOW, chance)
                counts.update(session.execute(select(Sampled.outbox_id)).scalars())
                attempt.rollback()
    assert sum(counts.values()) == 150 * 20
    assert all(50 <= counts[one] <= 100 for one in ids), "75 expected, 6 the standard deviation"


def test_of_two_who_open_the_page_at_once_one_draws(database: Database) -> None:
    answered(database, MONDAY, 30)
    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(lambda seed: draw(database, seed=seed), range(2))) == [0, 20]
    assert len(drawn(database)) == 20


def test_an_answer_is_judged_by_one_and_taken_back_by_the_same(database: Database) -> None:
    ann, ben = add_staff(database, "a", 1), add_staff(database, "b", 2)
    answered(database, MONDAY, 2)
    draw(database)
    first, second = (one.id for one in drawn(database))
    assert judge(database, first, "partly", ann, remark=" 少一句 ")
    assert not judge(database, first, "right", ben), "somebody was faster"
    assert judge(database, second, "right", ann, NOW + timedelta(seconds=1))
    one = drawn(database)[0]
    assert (one.verdict, one.remark, one.staff_id, one.judged_at) == ("partly", "少一句", ann, NOW)
    with database.write() as session:
        assert sampling.undo(session, ben) is None
        assert sampling.undo(session, ben, first) is None
        assert sampling.undo(session, ann) == second
        assert sampling.undo(session, ann, first) == first
        assert sampling.undo(session, ann) is None
    assert {(one.verdict, one.remark, one.staff_id, one.judged_at) for one in drawn(database)} == {(None, None, None, None)}


def test_an_unknown_verdict_is_refused(database: Database) -> None:
    with pytest.raises(ValueError, match="perhaps"):
        judge(database, 1, "perhaps", 1)


def test_a_wrong_answer_goes_to_the_missed_once_and_comes_back_with_its_judgement(database: Database) -> None:
    ann = add_staff(database, "a", 1)
    answered(database, MONDAY)
    draw(database)
    (one,) = drawn(database)

    def sent() -> bool:
        with database.write() as session:
            return sampling.to_missed(session, one.id, NOW)

    def missed() -> list[tuple[str, str, str]]:
        with database.read() as session:
            return [tuple(row) for row in session.execute(select(Missed.sender_id, Missed.text, Missed.reason))]

    assert not sent(), "not judged"
    judge(database, one.id, "wrong", ann)
    assert (sent(), sent()) == (True, False)
    assert missed() == [("web:0", "问0", "useless")]
    with database.write() as session:
        sampling.undo(session, ann)
    assert missed() == []
    judge(database, one.id, "wrong", ann)
    assert sent()
    with database.write() as session:
        number = session.execute(select(Missed.id)).scalar_one()
        session.add(Review(missed_id=number, batch="b", decision="discarded", staff_id=ann, at=NOW))
    with database.write() as session:
        sampling.undo(session, ann)
    assert len(missed()) == 1, "decided on there"


def test_of_a_choice_out_of_an_offer_the_sentence_before_it_goes_to_the_missed(database: Database) -> None:
    ann = add_staff(database, "a", 1)
    with database.write() as session:
        said = {"sender_id": "web:0", "channel": "web", "text": "学习的事", "received_at": MONDAY, "state": "processed"}
        session.execute(insert(Journal.__table__), said)
    (outbox_id,) = answered(database, MONDAY)
    with database.write() as session:
        payload = {"text": "答", "metadata": {"kind": "faq", "questions": ["k"], "chosen": True}}
        session.execute(update(Outbox.__table__).where(Outbox.id == outbox_id).values(payload=payload))
    draw(database)
    (one,) = drawn(database)
    judge(database, one.id, "wrong", ann)
    with database.write() as session:
        assert sampling.to_missed(session, one.id, NOW)
        assert session.execute(select(Missed.text)).scalars().all() == ["学习的事"]
    with database.write() as session:
        sampling.undo(session, ann)
        session.execute(delete(Journal.__table__))
    judge(database, one.id, "wrong", ann)
    with database.write() as session:
        assert sampling.to_missed(session, one.id, NOW)
        assert session.execute(select(Missed.text)).scalars().all() == ["问0"], "all that is left of it"


def test_a_drawn_answer_tells_all_its_questions_while_the_message_is_kept(database: Database) -> None:
    ids = answered(database, MONDAY, 2)
    with database.write() as session:
        payload = {"text": "答", "metadata": {"kind": "faq", "question": "a", "questions": ["a", "b"]}}
        session.execute(update(Outbox.__table__).where(Outbox.id == ids[0]).values(payload=payload))
    draw(database)

    def told() -> dict[str, tuple[str, ...]]:
        with database.read() as session:
            return {one.label: sampling.questions_of(session, one) for one in sampling.of_week(session, LAST_WEEK)}

    assert told() == {"faq/a": ("a", "b"), "faq/k": ("k",)}
    with database.write() as session:
        session.execute(delete(Outbox.__table__))
    assert told() == {"faq/a": ("a",), "faq/k": ("k",)}


def test_words_go_half_a_year_after_the_end_of_their_week(database: Database) -> None:
    answered(database, MONDAY)
    draw(database)
    ended = MONDAY + timedelta(weeks=1)
    with database.look() as connection:
        assert (sampling.old(connection, ended - timedelta(seconds=1)), sampling.old(connection, ended)) == (0, 1)
    assert sampling.purge(database, ended - timedelta(seconds=1)) == 0
    assert (sampling.purge(database, ended), sampling.purge(database, ended)) == (1, 0)
    assert [one.question for one in drawn(database)] == [""]


def test_the_share_counts_what_was_asked_since_then(database: Database) -> None:
    ann = add_staff(database, "a", 1)
    answered(database, MONDAY + timedelta(days=1), 6)
    draw(database)
    for one, verdict in zip(drawn(database), ("right", "right", "right", "partly", "wrong"), strict=False):
        judge(database, one.id, verdict, ann)
    with database.read() as session:
        found = sampling.share(session, BEGINNING)
        assert (found.right, found.partly, found.wrong, found.waiting, found.judged) == (3, 1, 1, 1, 5)
        assert found.share == 0.6
        assert (round(found.low, 4), round(found.high, 4)) == (0.2307, 0.8824)
        for nothing in (sampling.share(session, MONDAY + timedelta(days=2)), sampling.share(session, BEGINNING, MONDAY)):
            assert (nothing.judged, nothing.share, nothing.low, nothing.high) == (0, None, 0.0, 1.0)
        assert sampling.weeks(session) == [(LAST_WEEK, 6, 5)]


def test_what_a_person_has_deleted_keeps_its_judgement_and_loses_its_words(database: Database) -> None:
    ann = add_staff(database, "a", 1)
    answered(database, MONDAY, 2)
    draw(database)
    mine, _ = sorted(drawn(database), key=lambda one: one.sender_id)
    judge(database, mine.id, "right", ann, remark="好")
    with database.write() as session:
        sampling.forget(session, "web:0")
        sampling.forget(session, "web:1")
    assert [(one.id, one.sender_id, one.question, one.answer, one.remark, one.verdict) for one in drawn(database)] == [
        (mine.id, "", "", "", None, "right")
    ]
    with database.write() as session:
        assert not sampling.to_missed(session, mine.id, NOW)


def test_words_sampled_half_a_year_ago_are_gone_with_the_next_draw(database: Database) -> None:
    answered(database, MONDAY)
    draw(database)
    later = NOW + timedelta(weeks=28)
    answered(database, later - timedelta(weeks=1))
    assert draw(database, later) == 1
    assert [one.question for one in drawn(database)] == ["", "问0"]


@given(st.integers(0, 5000), st.integers(0, 5000))
def test_wilsons_bounds_hold_the_share_and_narrow_with_more_of_the_same(hits: int, others: int) -> None:
    tries = hits + others
    low, high = sampling.wilson(hits, tries)
    assert 0 <= low <= high <= 1
    if tries:
        assert low - 1e-12 <= hits / tries <= high + 1e-12
        assert (low < 1e-12) == (hits == 0)
        assert (high > 1 - 1e-12) == (others == 0)
        wider = sampling.wilson(4 * hits, 4 * tries)
        assert wider[1] - wider[0] < high - low
        mirrored = sampling.wilson(others, tries)
        assert abs(mirrored[0] - (1 - high)) < 1e-9


def test_wilsons_bounds_agree_with_published_figures() -> None:
    assert [round(bound, 4) for bound in sampling.wilson(81, 263)] == [0.2553, 0.3662], "Newcombe 1998"
    assert [round(bound, 4) for bound in sampling.wilson(0, 20)] == [0.0, 0.1611]
    assert [round(bound, 4) for bound in sampling.wilson(29, 29)] == [0.8830, 1.0]
