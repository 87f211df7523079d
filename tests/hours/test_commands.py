"""The commands as an administrator types them."""

import csv
import io
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from bot.db import Database
from bot.hours.commands import app
from bot.hours.identity import bind
from tests.hours.conftest import ANN, CREDITS, HOURS, NOW, PEOPLE, write_csv

ROOT = Path(__file__).parent.parent.parent
Run = Callable[..., Result]


def environment(folder: Path) -> dict[str, str]:
    given = {name: value for name, value in os.environ.items() if not name.startswith("BOT_")}
    return given | {"BOT_DATABASE_URL": f"sqlite:///{folder / 'hours.db'}", "BOT_TODAY": "2023-11-20", "PYTHONPATH": str(ROOT)}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: object) -> Result:
        result = CliRunner().invoke(app, [str(one) for one in arguments], env=environment(tmp_path))
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return command


@pytest.fixture
def ready(run: Run, tmp_path: Path, migrated_sqlite: Path) -> Run:
    """The same with a database of Ann and Ben."""
    (tmp_path / "hours.db").write_bytes(migrated_sqlite.read_bytes())
    for kind, rows in (("people", PEOPLE), ("hours", HOURS), ("credits", CREDITS)):
        result = run("import", kind, write_csv(tmp_path / f"{kind}.csv", kind, rows))
        assert result.exit_code == 0, result.stderr
    return run


def process(folder: Path, *arguments: object) -> subprocess.Popen:
    command = [sys.executable, "-m", "bot", *map(str, arguments)]
    return subprocess.Popen(command, cwd=folder, env=environment(folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def refused(result: Result, word: str) -> None:
    """Failed with one Chinese line on stderr that holds ``word``, and nothing on stdout."""
    assert result.exit_code == 1
    assert result.stdout == ""
    assert word in result.stderr
    assert result.stderr.count("\n") == 1


def test_from_nothing_to_a_bound_chat_through_the_shell(tmp_path: Path) -> None:
    both = [process(tmp_path, "init-db") for _ in range(2)]
    assert [one.communicate()[1] for one in both] == ["", ""]
    out, err = process(tmp_path, "import", "people", write_csv(tmp_path / "p.csv", "people", PEOPLE, "gbk")).communicate()
    assert re.search(r"新增 2，.*undo-import 1$", out.strip()), err
    out, err = process(tmp_path, "codes", "--id-number", ANN).communicate()
    [row] = csv.DictReader(io.StringIO(out))
    assert (list(row), row["证件号码"], row["姓名"], row["有效期至"]) == (
        ["证件号码", "姓名", "绑定码", "有效期至"],
        ANN,
        "安多",
        "2023-12-20",
    )
    secret = (tmp_path / ".secret").read_bytes()
    database = Database(f"sqlite:///{tmp_path / 'hours.db'}")
    assert bind(database, secret, "web:1", "安多", row["绑定码"], NOW).ok
    database.dispose()


def test_commands_import_no_rasa_and_start_in_about_a_second(ready: Run, tmp_path: Path) -> None:
    code = (
        "import sys, time\n"
        "from bot.hours.commands import app\n"
        "try:\n    app(['status', '--id-number', sys.argv[1], '--json'])\n"
        "finally:\n    print(time.process_time(), [one for one in ('rasa', 'openpyxl', 'alembic') if one in sys.modules], file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, ANN]
    done = subprocess.run(command, cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, check=True)
    seconds, _, loaded = done.stderr.partition(" ")
    assert json.loads(done.stdout)["id_number"] == ANN
    assert loaded.strip() == "[]"
    assert float(seconds) < 3  # about 0.8 on a quiet machine


def test_init_db_says_whether_it_changed_anything(run: Run) -> None:
    assert "已就绪" in run("init-db").stdout
    assert "最新" in run("init-db").stdout


def test_status_is_a_page_with_bars_and_a_masked_number(ready: Run) -> None:
    page = ready("status", "--id-number", ANN).stdout
    assert ANN not in page
    for word in ("6301**********8812", "2023 年度", "12.5", "待审验", "还差 3 年", "还没有达标"):
        assert word in page


def test_status_of_a_credited_year_shows_no_gap(ready: Run, tmp_path: Path) -> None:
    ready("import", "credits", write_csv(tmp_path / "now.csv", "credits", [[*CREDITS[0][:4], "2023", ""]]))
    page = ready("status", "--id-number", ANN).stdout
    year, _, titles = page.partition("申报职称")
    assert "视同完成" in year
    assert "还差" not in year
    assert "还差" in titles  # years before an application, another matter
    document = json.loads(ready("status", "--id-number", ANN, "--json").stdout)
    assert set(document["year"]["missing"].values()) != {0}


def test_status_json_and_jsonl_agree(ready: Run) -> None:
    one = json.loads(ready("status", "--id-number", f" {ANN} ", "--json").stdout)
    lines = [json.loads(line) for line in ready("status", "--all", "--jsonl").stdout.splitlines()]
    assert (len(lines), lines[0], one["as_of"]) == (2, one, "2023-11-20")


def test_codes_for_a_unit_and_for_all(ready: Run) -> None:
    assert [line.split(",")[1] for line in ready("codes", "--unit", "乙单位").stdout.splitlines()[1:]] == ["本巴·扎西"]
    assert len(ready("codes", "--all").stdout.splitlines()) == 3


@pytest.mark.parametrize("mark", ["=", "+", "-", "@"])
def test_codes_hold_no_formulas(ready: Run, tmp_path: Path, mark: str) -> None:
    ready("import", "people", write_csv(tmp_path / "f.csv", "people", [[ANN, f"{mark}1+1", *PEOPLE[0][2:]]]))
    [row] = csv.DictReader(io.StringIO(ready("codes", "--id-number", ANN).stdout))
    assert (row["证件号码"], row["姓名"]) == (ANN, f"'{mark}1+1")


def test_undo_import_takes_the_last_batch_back(ready: Run) -> None:
    assert "删除 2" in ready("undo-import", 3).stdout
    refused(ready("undo-import", 3), "已经撤销过")
    refused(ready("undo-import", 1), "先撤销")


def test_bad_lines_are_listed_and_nothing_is_imported(ready: Run, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "bad.csv", "people", [[ANN, "安多", "", "", "", "高级", ""], ["12", "无名", "", "", "", "无", ""]])
    result = ready("import", "people", path)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "第 2 行 现职称级别 “高级”：请写明是哪一种高级" in result.stderr
    assert "没有导入任何内容" in result.stderr
    report = re.search(r"全部问题已写入 (\S+)", result.stderr)
    assert report is not None
    assert Path(report[1]).read_text("utf-8-sig").count("\n") == 3


def test_skip_bad_and_dry_run_say_what_they_did(ready: Run, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "some.csv", "hours", [["R7", *HOURS[0][1:]], ["R8", ANN, "x", *HOURS[0][3:]]])
    dry = ready("import", "hours", path, "--dry-run")
    assert (dry.exit_code, "将新增 1" in dry.stdout) == (1, True)
    result = ready("import", "hours", path, "--skip-bad")
    assert (result.exit_code, "新增 1" in result.stdout, "跳过有问题的 1 行" in result.stdout) == (0, True, True)
    again = ready("import", "hours", path, "--skip-bad", "--dry-run")
    assert (again.exit_code, "未变 1" in again.stdout) == (0, True)


def test_what_cannot_be_done_is_one_line(ready: Run, tmp_path: Path) -> None:
    stranger = "630104198503170314"
    refused(ready("status", "--id-number", stranger), "6301**********0314")
    refused(ready("codes", "--id-number", stranger), "6301**********0314")
    refused(ready("codes", "--unit", "丙单位"), "丙单位")
    refused(ready("codes"), "--unit")
    refused(ready("codes", "--all", "--unit", "甲单位"), "--unit")
    for arguments in ((), ("--all",), ("--jsonl",), ("--all", "--jsonl", "--json"), ("--all", "--jsonl", "--id-number", ANN)):
        refused(ready("status", *arguments), "--id-number")
    refused(ready("import", "hours", tmp_path / "none.csv"), "找不到文件")
    refused(ready("import", "hours", tmp_path / "people.csv"), "缺少列：记录编号")
    refused(ready("undo-import", 77), "没有编号为 77")


def test_commands_on_no_database_point_to_init_db(run: Run, tmp_path: Path) -> None:
    write_csv(tmp_path / "p.csv", "people", PEOPLE)
    for arguments in (("status", "--all", "--jsonl"), ("codes", "--all"), ("import", "people", tmp_path / "p.csv"), ("undo-import", 1)):
        refused(run(*arguments), "init-db")
    assert not (tmp_path / "hours.db").exists()


def test_a_wrong_setting_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["init-db"], env=environment(tmp_path) | {"BOT_TODAY": "today"})
    refused(result, "BOT_TODAY")


def test_a_locked_database_is_one_line(ready: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.db.BUSY_SECONDS", 0.3)
    holder = Database(f"sqlite:///{tmp_path / 'hours.db'}")
    start = time.monotonic()
    with holder.write():
        refused(ready("import", "people", tmp_path / "people.csv"), "占用")
        assert ready("status", "--id-number", ANN).exit_code == 0
    assert time.monotonic() - start < 20
    holder.dispose()


def test_a_closed_pipe_ends_quietly(ready: Run, tmp_path: Path) -> None:
    running = process(tmp_path, "status", "--all", "--jsonl")
    assert running.stdout is not None
    running.stdout.close()
    assert "Traceback" not in running.stderr.read()  # type: ignore[union-attr]
    running.wait()
