"""Lessons go to the end of the right block of the right file, and nothing else of a file changes."""

import shutil
from concurrent.futures import Future, ThreadPoolExecutor, TimeoutError
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.db import Database
from bot.helpdesk.learning import exporting, lessons, reviews
from bot.helpdesk.learning.corpus import ROOT
from bot.helpdesk.models import Lesson, Review
from bot.inbox.models import Missed
from bot.messages import Loader
from bot.nlu.catalogue import plain
from tests.helpdesk.conftest import NOW, add_staff
from tests.serving import bot_command, bot_environment

FILES = sorted(exporting.DATA.glob("*.yml"))
PLACES = exporting.places(FILES)
ODD = """\
version: "3.1"
# 前面的话
nlu:
- intent: faq/one   # 第一个

  examples: |
    - 甲句

    - 乙句
# 两块之间的话
- intent: talk/out_of_scope
  examples: |
      - 丙句
responses:
  utter_faq/one:
  - text: "- intent: faq/no"
"""


def blocks(text: str) -> dict[str, list[str]]:
    held = yaml.load(text, Loader)
    return {block["intent"]: [line.removeprefix("- ") for line in block["examples"].split("\n") if line] for block in held["nlu"]}


def teach(database, *pairs: tuple[str, str]) -> None:
    staff = add_staff(database, "one", 1)
    with database.write() as session:
        session.add_all(Lesson(text=text, label=label, batch="b", staff_id=staff, at=NOW) for text, label in pairs)


def waiting(database) -> list[str]:
    with database.read() as session:
        return [one.text for one in lessons.pending(session)]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "nlu"
    folder.mkdir(parents=True)
    for path in FILES:
        shutil.copy(path, folder)
    return folder


def test_every_label_of_the_project_has_its_place():
    held = {plain(intent) for path in FILES for intent in blocks_or_none(path)}
    assert PLACES.keys() == held


def blocks_or_none(path: Path) -> list[str]:
    return [block["intent"] for block in yaml.load(path.read_text("utf-8"), Loader).get("nlu") or ()]


SENTENCES = st.lists(st.text(st.sampled_from("学时公需吗#:'\"&%@?,。 a1"), min_size=2, max_size=20).map(str.strip).filter(len), max_size=4)


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(PLACES)), SENTENCES, max_size=4))
def test_without_the_inserted_lines_every_file_is_what_it_was_and_each_sentence_stands_in_its_own_block(additions):
    for file in {PLACES[label].file for label in additions}:
        mine = [(PLACES[label], text) for label, texts in additions.items() if PLACES[label].file == file for text in texts]
        before = file.read_bytes().decode()
        after = exporting.inserted(before.splitlines(keepends=True), mine)
        left = list(after.splitlines(keepends=True))
        was, now = blocks(before), blocks(after)
        for intent, sentences in was.items():
            added = [text for place, text in mine if place.intent == intent]
            assert now[intent] == [*sentences, *added]
        for place, _ in sorted(mine, key=lambda pair: pair[0].line):
            del left[place.line]
        assert "".join(left) == before


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_comments_blank_lines_and_line_endings_stay(tmp_path, ending):
    file = tmp_path / "odd.yml"
    file.write_bytes(ODD.replace("\n", ending).encode())
    held = exporting.places([file])
    assert set(held) == {"faq/one", "out_of_scope"}
    lines = file.read_bytes().decode().splitlines(keepends=True)
    after = exporting.inserted(lines, [(held["out_of_scope"], "丁句"), (held["faq/one"], "戊句")])
    assert after == ODD.replace("    - 乙句\n", "    - 乙句\n    - 戊句\n").replace("- 丙句\n", "- 丙句\n      - 丁句\n").replace(
        "\n", ending
    )
    assert blocks(after.replace(ending, "\n")) == {"faq/one": ["甲句", "乙句", "戊句"], "talk/out_of_scope": ["丙句", "丁句"]}


def test_a_block_that_ends_the_file_without_a_newline_is_continued(tmp_path):
    file = tmp_path / "last.yml"
    text = 'version: "3.1"\nnlu:\n- intent: bind\n  examples: |\n    - 甲句'
    file.write_text(text, encoding="utf-8")
    (place,) = exporting.places([file]).values()
    assert exporting.inserted(text.splitlines(keepends=True), [(place, "乙句"), (place, "丙句")]) == f"{text}\n    - 乙句\n    - 丙句"


def test_an_export_writes_each_lesson_once_and_marks_it(database, data):
    teach(database, ("多的学时能不能挪到来年用掉呢", "faq/carry_over"), ("隔壁老张家的猫丢了", "out_of_scope"))
    before = {path.name: path.read_bytes() for path in data.iterdir()}
    dry = exporting.export(database, data, NOW, dry_run=True)
    assert {path.name: path.read_bytes() for path in data.iterdir()} == before
    assert len(waiting(database)) == 2
    done = exporting.export(database, data, NOW)
    assert done == dry
    assert {(one.text, one.file.name, one.intent) for one in done.written} == {
        ("多的学时能不能挪到来年用掉呢", PLACES["faq/carry_over"].file.name, "faq/carry_over"),
        ("隔壁老张家的猫丢了", "out_of_scope.yml", "talk/out_of_scope"),
    }
    assert waiting(database) == []
    assert exporting.export(database, data, NOW).written == []
    changed = {path.name for path in data.iterdir() if path.read_bytes() != before[path.name]}
    assert changed == {PLACES["faq/carry_over"].file.name, "out_of_scope.yml"}


def test_rasa_reads_what_was_exported(database, data):
    teach(database, ("多的学时能不能挪到来年用掉呢", "faq/carry_over"))
    exporting.export(database, data, NOW)
    from bot.runtime import lean

    lean.install("train")
    from rasa.shared.nlu.training_data.loading import load_data

    read = load_data(str(data / PLACES["faq/carry_over"].file.name))
    assert [
        example.get("intent_response_key") for example in read.intent_examples if example.get("text") == "多的学时能不能挪到来年用掉呢"
    ] == ["faq/carry_over"]


def test_what_stands_in_the_files_already_is_not_written_again_and_counts_as_exported(database, data):
    sentence = blocks((data / "faq_dates.yml").read_text("utf-8"))["faq/filing_deadline"][0]
    teach(database, (f"{sentence}？", "faq/filing_deadline"))
    done = exporting.export(database, data, NOW)
    assert [one.text for one in done.there] == [f"{sentence}？"]
    assert done.written == []
    assert waiting(database) == []


def test_what_clashes_is_refused_by_name_and_waits(database, data):
    sentence = blocks((data / "faq_dates.yml").read_text("utf-8"))["faq/filing_deadline"][0]
    teach(database, (sentence, "faq/carry_over"), ("驻村多久算数呢咱们", "faq/gone"))
    (data.parents[1] / "evaluation" / "dev").mkdir(parents=True)
    (data.parents[1] / "evaluation" / "dev" / "some.yml").write_text("- say: 评测里的一句话怎么问\n", encoding="utf-8")
    with database.write() as session:
        session.add(Lesson(text="评测里的一句话怎么问", label="faq/carry_over", batch="b", staff_id=1, at=NOW))
    done = exporting.export(database, data, NOW)
    assert [(one.reason, one.label) for one in done.refused] == [
        (exporting.OTHER_LABEL, "faq/filing_deadline"), (exporting.NO_PLACE, "faq/gone"), (exporting.TESTED, "faq/carry_over"),
    ]  # fmt: skip
    assert len(waiting(database)) == 3


def test_a_file_that_cannot_be_replaced_leaves_the_lessons_waiting_and_the_rerun_writes_none_twice(database, data, monkeypatch):
    teach(database, ("多的学时能不能挪到来年用掉呢", "faq/carry_over"), ("隔壁老张家的猫丢了", "out_of_scope"))
    real, calls = Path.replace, []

    def fails_at_the_second(self, target):
        calls.append(target)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", fails_at_the_second)
    with pytest.raises(exporting.ExportError, match="No space left"):
        exporting.export(database, data, NOW)
    monkeypatch.undo()
    assert len(waiting(database)) == 2
    assert [path.name for path in data.iterdir() if path.name.startswith(".")] == []
    again = exporting.export(database, data, NOW)
    assert (len(again.written), len(again.there)) == (1, 1)
    assert waiting(database) == []
    said = "".join(path.read_text("utf-8") for path in data.iterdir())
    assert said.count("多的学时能不能挪到来年用掉呢") == said.count("隔壁老张家的猫丢了") == 1


def decided_on(database, text: str, label: str) -> None:
    """One sentence of staff 1, taught by a decision that can be undone."""
    staff = add_staff(database, "one", 1)
    with database.write() as session:
        session.add(Missed(id=1, sender_id="web:1", text=text, reason="useless", at=NOW))
        session.flush()
        session.add(Lesson(text=text, label=label, batch="b", staff_id=staff, at=NOW))
        session.add(Review(missed_id=1, batch="b", decision="lesson", text=text, staff_id=staff, at=NOW))


def test_who_undoes_during_an_export_waits_and_reads_that_it_is_exported(database, data, monkeypatch):
    decided_on(database, "隔壁老张家的猫丢了", "out_of_scope")
    real, undone = exporting._replace, []

    def undone_meanwhile(contents):
        undone.append(pool.submit(reviews.undo, database, 1, NOW))
        with pytest.raises(TimeoutError):
            undone[0].result(0.3)
        real(contents)

    monkeypatch.setattr(exporting, "_replace", undone_meanwhile)
    with ThreadPoolExecutor(1) as pool:
        done = exporting.export(database, data, NOW)
        future: Future[reviews.Undone] = undone[0]
        assert future.result(20) == reviews.Undone(0, exported=True)
    assert [one.text for one in done.written] == ["隔壁老张家的猫丢了"]
    assert waiting(database) == []


def test_what_is_undone_while_an_export_is_prepared_is_not_written(database, data, monkeypatch):
    decided_on(database, "隔壁老张家的猫丢了", "out_of_scope")
    real, calls = exporting.corpus, []

    def undone_first(root):
        if not calls:
            assert reviews.undo(database, 1, NOW).count == 1
        calls.append(root)
        return real(root)

    monkeypatch.setattr(exporting, "corpus", undone_first)
    assert exporting.export(database, data, NOW).written == []
    assert "隔壁老张家的猫丢了" not in (data / "out_of_scope.yml").read_text("utf-8")


def test_the_project_itself_is_what_an_export_changes_by_default():
    assert exporting.DATA == ROOT / "data" / "nlu"


def test_the_command_says_what_goes_where(tmp_path, data):
    env = bot_environment(tmp_path)
    assert bot_command("init-db", env=env).returncode == 0
    desk = Database(env["BOT_DATABASE_URL"])
    teach(desk, ("多的学时能不能挪到来年用掉呢", "faq/carry_over"), ("驻村多久算数呢咱们", "faq/gone"))
    dry = bot_command("export-training", "--dry-run", "--data", str(data), env=env)
    assert "faq_hours.yml  faq/carry_over  + 多的学时能不能挪到来年用掉呢" in dry.stdout
    assert "没有改动" in dry.stdout
    assert "语料里没有问题 faq/gone" in dry.stderr
    done = bot_command("export-training", "--data", str(data), env=env)
    assert (dry.returncode, done.returncode) == (0, 0)
    assert "已写入 1 句，涉及 1 个文件，1 句没有写入" in done.stdout
    assert waiting(desk) == ["驻村多久算数呢咱们"]
    desk.dispose()
