"""What staff have taught goes into training beside the files: where there is a database, and only then."""

from dataclasses import replace

import pytest
import yaml

from bot.db import Database
from bot.helpdesk.models import Lesson, Staff
from bot.runtime import overlay
from bot.runtime.project import DATA
from bot.runtime.training import Recipe, is_fresh, train
from tests.serving import bot_command, bot_environment

LESSONS = (("多的学时能不能挪到来年用", "faq/carry_over"), ("隔壁老张家的猫丢了", "out_of_scope"), ("我攒的学时还差几个", "my_year"))


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A database of its own, configured, with lessons; one of them exported."""
    env = bot_environment(tmp_path)
    assert bot_command("init-db", env=env).returncode == 0
    monkeypatch.setenv("BOT_DATABASE_URL", env["BOT_DATABASE_URL"])
    from bot.settings import load

    now = load().now()
    database = Database(env["BOT_DATABASE_URL"])
    with database.write() as session:
        session.add(Staff(id=1, login="one", name="甲", number=1, role="agent", password_hash="-", created_at=now))
        session.flush()
        for text, label in LESSONS:
            session.add(Lesson(text=text, label=label, batch="b", staff_id=1, at=now))
        session.add(Lesson(text="已经写进文件", label="faq/carry_over", batch="b", staff_id=1, at=now, exported_at=now))
    yield database
    database.dispose()


def test_the_lessons_of_the_configured_database_that_are_not_exported_are_taken(desk):
    assert overlay.with_lessons(Recipe()).lessons == LESSONS


@pytest.mark.parametrize("url", ["sqlite:////nowhere/at/all.db", "mysql://somewhere/db", ""])
def test_without_a_database_there_are_none(monkeypatch, tmp_path, url, capsys):
    monkeypatch.setenv("BOT_DATABASE_URL", url or f"sqlite:///{tmp_path}/old.db")
    if not url:
        (tmp_path / "old.db").write_bytes(b"")
    assert overlay.with_lessons(Recipe()) == Recipe()
    assert capsys.readouterr().err == ""


def test_a_server_that_cannot_be_reached_is_told_and_training_goes_on(monkeypatch, capsys):
    monkeypatch.setenv("BOT_DATABASE_URL", "postgresql://127.0.0.1:1/none")
    assert overlay.with_lessons(Recipe()) == Recipe()
    told = capsys.readouterr().err
    assert "不含坐席台新教的句子" in told
    assert told.count("\n") == 1


def test_each_lesson_is_written_under_the_intent_that_the_files_give_its_label(tmp_path):
    (path,) = overlay.written([*LESSONS, ("还有这个", "faq/carry_over"), ("不见了", "faq/gone")], DATA, tmp_path)
    with open(path, encoding="utf-8") as source:
        held = yaml.safe_load(source)
    assert {block["intent"]: block["examples"] for block in held["nlu"]} == {
        "faq/carry_over": "- 多的学时能不能挪到来年用\n- 还有这个\n",
        "talk/out_of_scope": "- 隔壁老张家的猫丢了\n",
        "record/my_year": "- 我攒的学时还差几个\n",
    }


def test_nothing_is_written_where_nothing_is_taught(tmp_path):
    assert overlay.written([], DATA, tmp_path) == overlay.written([("不见了", "faq/gone")], DATA, tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_new_lesson_makes_the_model_stale_unless_lessons_do_not_matter(tiny):
    taught = replace(tiny, lessons=(("您早啊", "greet"),))
    assert not is_fresh(taught)
    assert is_fresh(taught, lessons=False)
    train(taught)
    assert is_fresh(taught)
    assert not is_fresh(tiny)
    assert is_fresh(replace(tiny, lessons=()), lessons=False)
