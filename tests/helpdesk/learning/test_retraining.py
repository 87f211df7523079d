"""Trainings asked for at the console: one at a time, and one that falls silent counts as failed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from bot.db import DatabaseBusy
from bot.helpdesk.learning import retraining
from bot.helpdesk.models import Lesson
from bot.hours.models import AuditEntry
from tests.helpdesk.conftest import NOW, add_staff

LATER = NOW + timedelta(seconds=90)
SILENT = retraining.SILENT + timedelta(seconds=1)


@pytest.fixture
def staff(database) -> int:
    return add_staff(database, "admin", 3, "admin")


def state(database, run: int) -> str:
    with database.read() as session:
        return retraining.get(session, run).state


def test_of_two_who_ask_at_once_one_gets_a_training(database, staff):
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: retraining.begin(database, staff, "staff:1", NOW), range(2)))
    assert sorted(one is None for one in both) == [False, True]


def test_a_training_counts_its_lessons_and_is_in_the_audit_trail(database, staff):
    with database.write() as session:
        session.add(Lesson(text="一句", label="faq/x", batch="b", staff_id=staff, at=NOW))
    run = retraining.begin(database, staff, "staff:1", NOW)
    with database.read() as session:
        assert retraining.get(session, run).lessons == 1
        assert [(row.actor, row.action) for row in session.query(AuditEntry)] == [("staff:1", "retrain")]


def test_one_that_beats_lives_and_a_silent_one_is_failed(database, staff):
    run = retraining.begin(database, staff, "staff:1", NOW)
    retraining.beat(database, run, retraining.EVALUATING, 0.9, LATER)
    retraining.bury(database, LATER)
    assert state(database, run) == retraining.RUNNING
    retraining.bury(database, LATER + SILENT)
    assert state(database, run) == retraining.FAILED
    assert not retraining.beat(database, run, retraining.EVALUATING, 0.9, LATER)
    assert not retraining.end(database, run, retraining.LIVE, LATER)
    assert state(database, run) == retraining.FAILED


def test_after_a_dead_one_the_next_may_begin(database, staff):
    retraining.begin(database, staff, "staff:1", NOW)
    assert retraining.begin(database, staff, "staff:1", NOW + timedelta(seconds=30)) is None
    assert retraining.begin(database, staff, "staff:1", NOW + SILENT) is not None


def test_only_what_is_live_can_be_rolled_back_and_only_once(database, staff):
    run = retraining.begin(database, staff, "staff:1", NOW)
    with database.write() as session:
        assert not retraining.roll_back(session, run, "staff:1", NOW)
    retraining.end(database, run, retraining.LIVE, LATER, model="b", before="a", figures={"lost": []})
    with database.write() as session:
        assert retraining.roll_back(session, run, "staff:1", NOW)
    with database.write() as session:
        assert not retraining.roll_back(session, run, "staff:1", NOW)
    with database.read() as session:
        (held,) = retraining.newest(session)
        assert (held.state, held.model, held.before, held.figures, held.by) == ("rolled_back", "b", "a", {"lost": []}, 3)
        assert retraining.usual_seconds(session) == 90


def test_an_end_noted_beforehand_is_set_back_with_the_reason_where_the_model_did_not_move(database, staff):
    run = retraining.begin(database, staff, "staff:1", NOW)
    retraining.end(database, run, retraining.LIVE, LATER, model="b", before="a")
    with database.write() as session:
        assert retraining.roll_back(session, run, "staff:1", NOW)
    assert retraining.withdraw(database, run, retraining.ROLLED_BACK, retraining.LIVE, "staff:1", NOW, "磁盘满了")
    assert not retraining.withdraw(database, run, retraining.ROLLED_BACK, retraining.LIVE, "staff:1", NOW, "磁盘满了")
    with database.read() as session:
        held = retraining.get(session, run)
        assert (held.state, held.detail, held.ended_at) == ("live", "磁盘满了", LATER)
        assert [row.action for row in session.query(AuditEntry)] == ["retrain", "model-back", "model-unmoved"]


def test_a_process_that_ended_without_a_word_has_failed_and_one_that_said_how_has_not(database, staff):
    run = retraining.begin(database, staff, "staff:1", NOW)
    retraining.gone(database, run, lambda: LATER)
    assert state(database, run) == retraining.FAILED
    run = retraining.begin(database, staff, "staff:1", NOW)
    retraining.end(database, run, retraining.WORSE, LATER)
    retraining.gone(database, run, lambda: LATER)
    assert state(database, run) == retraining.WORSE


def test_what_is_busy_is_tried_again_until_patience_ends(monkeypatch):
    monkeypatch.setattr(retraining, "PAUSE", 0.0)
    left = [DatabaseBusy("busy"), DatabaseBusy("busy")]

    def write() -> str:
        if left:
            raise left.pop()
        return "done"

    assert retraining.patiently(write) == "done"
    left += [DatabaseBusy("busy")]
    with pytest.raises(DatabaseBusy):
        retraining.patiently(write, -1.0)


def test_a_look_at_trainings_does_not_fail_behind_a_long_write(database, staff, monkeypatch):
    run = retraining.begin(database, staff, "staff:1", NOW)

    def busy() -> None:
        raise DatabaseBusy("busy")

    monkeypatch.setattr(database, "write", busy)
    retraining.bury(database, NOW + SILENT)
    assert state(database, run) == retraining.RUNNING


def test_an_unknown_training_is_none(database):
    with database.read() as session, pytest.raises(LookupError):
        retraining.get(session, 7)
