import os
import subprocess
import sys
import time

import pytest

from evaluation.bench.processes import cpu_seconds, kilobytes, last_lines, look, parent, role, started, tree

STATUS = "Name:\tpython\nVmHWM:\t  9000 kB\nVmRSS:\t  2048 kB\nThreads:\t3\n"
CHILD = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
print(child.pid, flush=True)
time.sleep(60)
"""


def process(proc, pid, parent_pid, name, command, rss, pss):
    folder = proc / str(pid)
    folder.mkdir(parents=True)
    numbers = " ".join(["0"] * 9 + ["100", "50", "20", "30"] + ["0"] * 10)
    (folder / "stat").write_text(f"{pid} ({name}) S {parent_pid} {numbers}")
    (folder / "cmdline").write_bytes(command.replace(" ", "\0").encode())
    (folder / "status").write_text(f"VmRSS:\t{rss} kB\n")
    (folder / "smaps_rollup").write_text(f"Rss: {rss} kB\nPss: {pss} kB\n")


@pytest.fixture
def proc(tmp_path):
    process(tmp_path, 10, 1, "python", "python -m bot run --port 1", 30, 20)
    process(tmp_path, 11, 10, "python", "python -m bot.runtime.worker 5", 200, 150)
    process(tmp_path, 12, 10, "odd) name (", "python -m bot.runtime.actionhost 6 actions", 70, 60)
    process(tmp_path, 13, 11, "python", "python -c helper", 5, 4)
    process(tmp_path, 99, 1, "python", "python -m somebody.else", 999, 999)
    (tmp_path / "meminfo").write_text("MemTotal: 1 kB\n")
    return tmp_path


def test_kilobytes_are_read_by_the_whole_name_and_given_in_bytes():
    assert kilobytes(STATUS, "VmRSS") == 2048 * 1024
    assert kilobytes(STATUS, "RSS") == 0
    assert kilobytes("", "VmRSS") == 0


def test_the_parent_is_found_behind_a_name_with_brackets(proc):
    assert parent(proc / "12") == 10


def test_a_tree_holds_what_its_root_started_and_nothing_else(proc):
    assert tree([10], proc) == [10, 11, 12, 13]
    assert tree([12345], proc) == []


def test_each_process_of_a_variant_has_its_part_and_its_memory(proc):
    found = {one.pid: (one.role, one.rss, one.pss) for one in look([10], proc)}
    kb = 1024
    assert found == {
        10: ("launcher", 30 * kb, 20 * kb),
        11: ("server", 200 * kb, 150 * kb),
        12: ("actions", 70 * kb, 60 * kb),
        13: ("other", 5 * kb, 4 * kb),
    }


def test_a_root_without_servers_below_it_is_the_server(proc):
    assert [one.role for one in look([99], proc)] == ["server"]


def test_stock_processes_are_told_apart_by_their_commands():
    assert role("python -m rasa run actions --port 2", True) == "actions"
    assert role("python -m rasa run --port 1", True) == "server"


def test_cpu_time_is_summed_over_the_tree_with_what_its_ended_children_took(proc):
    assert cpu_seconds([11], proc) == pytest.approx(2 * 200 / os.sysconf("SC_CLK_TCK"))


def test_a_started_process_and_its_children_in_other_sessions_are_gone_afterwards(tmp_path, monkeypatch):
    monkeypatch.setattr("evaluation.bench.processes.STOP_SECONDS", 1)  # the child is told nothing: it goes by force
    with started([sys.executable, "-c", CHILD], dict(os.environ), tmp_path, tmp_path / "log") as root:
        until = time.monotonic() + 20
        while not (below := last_lines(tmp_path / "log")) and time.monotonic() < until:
            time.sleep(0.05)
        child = int(below[0])
        assert child in tree([root.pid])
    assert not alive(root.pid)
    assert not alive(child)


def alive(pid):
    return subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout.strip()[:1] not in (
        "",
        "Z",
    )


def test_the_end_of_a_log_leaves_blank_lines_out(tmp_path):
    (tmp_path / "log").write_text("one\n\ntwo\nthree\n")
    assert last_lines(tmp_path / "log", 2) == ["two", "three"]
    assert last_lines(tmp_path / "none") == []
