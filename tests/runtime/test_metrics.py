"""Figures for Prometheus: counted over processes, cheap, bounded, and shown only to whom they concern."""

import inspect
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.inbox import observe
from bot.inbox.models import FAILED, HELD, PROCESSED
from bot.runtime import metrics
from bot.runtime.project import ROOT

MOST_SECONDS = 0.0002
"""Bound of one observation: some 30 times what it takes, and a fiftieth of what a message takes."""

Sample = tuple[str, frozenset[tuple[str, str]]]


def read(exposition: bytes | str) -> dict[tuple[str, tuple[str, ...]], float]:
    """Every sample by its name and its label values in order of label names."""
    text = exposition if isinstance(exposition, str) else exposition.decode()
    return {
        (sample.name, tuple(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def in_process(folder: Path | None, code: str, name: str | None = None) -> str:
    """Run the code in a process of its own that counts into the folder; what it prints."""
    env = {key: value for key, value in os.environ.items() if key not in (metrics.FOLDER, metrics.NAME)}
    env |= {} if folder is None else {metrics.FOLDER: str(folder)}
    env |= {} if name is None else {metrics.NAME: name}
    command = [sys.executable, "-c", f"from bot.runtime import metrics\n{code}"]
    return subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=True, timeout=300).stdout


def scraped(folder: Path) -> dict[tuple[str, tuple[str, ...]], float]:
    return read(in_process(folder, "print(metrics.exposition()[0].decode())"))


def test_one_scrape_sees_the_sum_of_two_processes(tmp_path: Path) -> None:
    in_process(tmp_path, 'for _ in range(3): metrics.message("rest", "processed")\nmetrics.observe("whole", 0.004)')
    in_process(tmp_path, 'metrics.message("rest", "processed"); metrics.message("web", "held"); metrics.observe("whole", 0.2)')
    found = scraped(tmp_path)
    assert found["bot_messages_total", ("rest", "processed")] == 4
    assert found["bot_messages_total", ("web", "held")] == 1
    assert found["bot_stage_seconds_count", ("whole",)] == 2
    assert found["bot_stage_seconds_sum", ("whole",)] == pytest.approx(0.204)
    assert found["bot_stage_seconds_bucket", ("0.005", "whole")] == 1


def test_a_successor_of_the_same_name_counts_on_in_the_same_files(tmp_path: Path) -> None:
    in_process(tmp_path, "metrics.retried()", name="worker-1")
    files = sorted(path.name for path in tmp_path.iterdir())
    in_process(tmp_path, "metrics.retried()", name="worker-1")
    assert sorted(path.name for path in tmp_path.iterdir()) == files
    assert scraped(tmp_path)["bot_messages_retried_total", ()] == 2


def test_a_killed_process_leaves_its_counts_and_no_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    killed = 'import os, signal\nmetrics.model_swapped(); metrics._made()["bot_workers"].set(1); os.kill(os.getpid(), signal.SIGKILL)'
    for name in ("worker-1", "worker-11"):
        with pytest.raises(subprocess.CalledProcessError):
            in_process(tmp_path, killed, name=name)
    assert scraped(tmp_path)["bot_workers", ()] == 2
    monkeypatch.setenv(metrics.FOLDER, str(tmp_path))
    metrics.process_died("worker-1")
    metrics.process_died("worker-1")
    found = scraped(tmp_path)
    assert found["bot_workers", ()] == 1
    assert found["bot_model_swaps_total", ()] == 2


def test_without_a_folder_a_process_counts_for_itself() -> None:
    code = 'metrics.process_died(1); metrics.channel_error("telegram"); print(metrics.exposition()[0].decode())'
    assert read(in_process(None, code))["bot_channel_errors_total", ("telegram",)] == 1


def test_the_shared_folder_is_fresh_and_goes_with_the_launcher() -> None:
    with metrics.shared_folder() as folder:
        assert os.environ[metrics.FOLDER] == str(folder)
        assert list(folder.iterdir()) == []
        in_process(folder, "metrics.retried()")
    assert metrics.FOLDER not in os.environ
    assert not folder.exists()


def test_a_launcher_that_counts_nothing_loads_no_prometheus_and_no_database() -> None:
    code = 'import sys; metrics.process_died("worker-1"); print([m for m in sys.modules if m.split(".")[0] in NEVER])'
    assert in_process(None, f'NEVER = ("prometheus_client", "sqlalchemy", "sanic", "rasa")\n{code}').strip() == "[]"


@pytest.fixture
def figures() -> Iterator[dict[tuple[str, tuple[str, ...]], float]]:
    """The figures of this very process as a test finds them."""
    return read(metrics.exposition()[0])  # type: ignore[return-value]


def risen(before: dict[tuple[str, tuple[str, ...]], float]) -> dict[tuple[str, tuple[str, ...]], float]:
    after = read(metrics.exposition()[0])
    return {key: value - before.get(key, 0) for key, value in after.items() if value != before.get(key, 0)}


def test_the_buckets_tell_half_a_millisecond_from_five_seconds(figures) -> None:
    for seconds in (0.0004, 0.004, 4.0, 60.0):
        metrics.observe("load", seconds)
    found = risen(figures)
    shown = {key[1][0]: value for key, value in found.items() if key[0] == "bot_stage_seconds_bucket"}
    assert [shown.get(limit, 0) for limit in ("0.0005", "0.003", "0.005", "2.5", "5.0", "+Inf")] == [1, 1, 2, 2, 3, 4]
    assert min(metrics.BUCKETS) == 0.0005
    assert max(metrics.BUCKETS) == 5
    assert list(metrics.BUCKETS) == sorted(set(metrics.BUCKETS))


async def test_a_stage_is_measured_over_awaits_and_failures(figures) -> None:
    import asyncio

    async def work() -> None:
        with metrics.stage("decide"):
            await asyncio.sleep(0.02)
            raise LookupError

    began = time.perf_counter()
    results = await asyncio.gather(*(work() for _ in range(3)), return_exceptions=True)
    whole = time.perf_counter() - began
    assert all(isinstance(result, LookupError) for result in results)
    found = risen(figures)
    assert found["bot_stage_seconds_count", ("decide",)] == 3
    assert 0.06 <= found["bot_stage_seconds_sum", ("decide",)] <= 3 * whole


def test_an_action_outside_the_domain_is_no_label_of_its_own(figures, monkeypatch) -> None:
    monkeypatch.setattr(metrics, "_known_actions", frozenset())
    metrics.know_actions(["action_bind_now", "action_human"])
    for name in ("action_bind_now", "action_human", "张三的学时", "action_unknown"):
        metrics.action_error(name)
    assert risen(figures) == {
        ("bot_action_errors_total", ("action_bind_now",)): 1,
        ("bot_action_errors_total", ("action_human",)): 1,
        ("bot_action_errors_total", ("other",)): 2,
    }


def test_each_call_counts_what_it_says(figures) -> None:
    metrics.answer(["fallback"])
    metrics.answer([])
    metrics.restarted("actions")
    metrics.muted_repaired()
    metrics.model_swapped()
    metrics.retried()
    assert risen(figures) == {
        ("bot_answers_total", ("fallback",)): 1,
        ("bot_process_restarts_total", ("actions",)): 1,
        ("bot_muted_conversations_repaired_total", ()): 1,
        ("bot_model_swaps_total", ()): 1,
        ("bot_messages_retried_total", ()): 1,
    }


def test_outcomes_and_stages_are_shown_before_the_first_message(tmp_path: Path) -> None:
    in_process(tmp_path, "metrics.retried()")
    found = scraped(tmp_path)
    assert {key[1] for key in found if key[0] == "bot_answers_total"} == {("answered",), ("asked_back",), ("fallback",), ("handed_over",)}
    assert {key[1][0] for key in found if key[0] == "bot_stage_seconds_count"} == set(observe.STAGES)


@pytest.mark.parametrize("shared", [False, True])
def test_an_observation_costs_microseconds(shared: bool, tmp_path: Path) -> None:
    code = """
import time
def once():
    with metrics.stage("journal"):
        metrics.message("rest", "processed")
        metrics.answer(["faq"])
once()
rounds = []
for _ in range(5):
    began = time.perf_counter()
    for _ in range(500):
        once()
    rounds.append(time.perf_counter() - began)
print(min(rounds) / 500 / 3)
"""
    assert float(in_process(tmp_path if shared else None, code)) < MOST_SECONDS


def test_the_module_is_an_observer_of_the_inbox() -> None:
    for name, wanted in inspect.getmembers(observe.Observer, inspect.isfunction):
        if name.startswith("_"):
            continue
        for listener in (metrics, observe.SILENT):
            given = [parameter for parameter in inspect.signature(getattr(listener, name)).parameters if parameter != "self"]
            assert given == [parameter for parameter in inspect.signature(wanted).parameters if parameter != "self"], name


def test_nobody_listens_unless_asked() -> None:
    took = []
    for _ in range(5):
        began = time.perf_counter()
        with observe.SILENT.stage("whole"):
            observe.SILENT.message("rest", PROCESSED)
            observe.SILENT.answer(["faq"])
        took.append(time.perf_counter() - began)
    assert min(took) < 0.1


def test_the_operations_guide_names_every_figure() -> None:
    told = (ROOT / "docs" / "operations.md").read_text("utf-8")
    missing = {name for name in [*metrics.COUNTERS, "bot_stage_seconds", "bot_workers"] if f"`{name}" not in told}
    missing |= {word for word in [*observe.STAGES, PROCESSED, FAILED, HELD, observe.DUPLICATE, observe.DELAYED] if f"`{word}`" not in told}
    assert missing == set()


def test_names_follow_prometheus() -> None:
    assert all(re.fullmatch(r"bot_[a-z_]+[a-z]", name) and not name.endswith("_total") for name in metrics.COUNTERS)


def test_processes_of_different_names_keep_different_files(tmp_path: Path) -> None:
    for name in ("worker-1", "worker-2"):
        in_process(tmp_path, "metrics.retried()", name=name)
    assert {path.stem.rpartition("_")[2] for path in tmp_path.iterdir()} == {"worker-1", "worker-2"}
