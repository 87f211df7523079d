"""Options, failures and figures of a run, without starting a bot."""

from dataclasses import replace

import pytest
import yaml
from stdnum.cn import ric

from bot.hours import documents
from bot.runtime.project import ENDPOINTS
from evaluation.bench import rounds
from evaluation.bench.measures import Amounts
from evaluation.bench.options import QUICK, parse
from evaluation.bench.records import id_number, write_files
from evaluation.bench.usage import CommandFailedError, used
from evaluation.bench.variants import MEMORY, VARIANTS, Setup, chosen
from evaluation.bench.words import word

AMOUNTS = Amounts(policy=1, account=1, load_seconds=1, senders=(1,), turns=(10,), pairs=1)


@pytest.fixture
def setup(tmp_path):
    (tmp_path / "pattern.db").touch()
    return Setup(tmp_path, tmp_path / "no-model.tar.gz", None, tmp_path / "pattern.db", None)


def test_variants_are_played_in_their_own_order_whatever_order_they_are_named_in():
    assert [variant.name for variant in chosen(["floor", "stock"])] == ["stock", "floor"]
    assert chosen([]) == list(VARIANTS)


def test_an_unknown_variant_is_refused(capsys):
    with pytest.raises(SystemExit):
        parse(["--variants", "ours-sqlite,mysql"])
    assert "mysql" in capsys.readouterr().err


def test_quick_means_one_round_unless_told_otherwise():
    assert (parse([]).rounds, parse(["--quick"]).rounds, parse(["--quick", "--rounds", "2"]).rounds) == (3, 1, 2)
    assert parse(["--quick"]).amounts == QUICK


def test_there_are_enough_bound_chats_for_conversations_of_five_turns():
    assert replace(AMOUNTS, account=100).bound_chats == 25


def test_a_variant_that_cannot_start_is_reported_and_the_others_go_on(setup):
    said = []
    found = rounds.play(
        chosen(["stock", "ours-postgres"]), setup, AMOUNTS, {}, 2, lambda key, **facts: said.append((key, facts.get("name")))
    )
    assert found.values() == {}
    assert {name: [failure.round for failure in failures] for name, failures in found.failures.items()} == {
        "stock": [1, 2],
        "ours-postgres": [1, 2],
    }
    assert said.count(("run.failed", "stock")) == 2


def test_a_server_that_ends_is_reported_with_the_last_lines_of_its_log(setup):
    (variant,) = chosen(["floor"])
    failure = rounds.one(variant, setup, AMOUNTS, {}, 1)
    assert failure.why == "ended"
    assert "no-model.tar.gz" in "\n".join(failure.logs["floor.log"])


def test_values_measured_once_a_run_stand_beside_the_medians():
    results = rounds.Results(rounds={"a": [{"x": 1.0}, {"x": 3.0}]}, once={"a": {"training_cpu": 7.0}, "never-measured": {"x": 1.0}})
    assert results.values() == {"a": {"x": 2.0, "training_cpu": 7.0}}


def test_invented_identity_numbers_are_valid_and_differ():
    numbers = [id_number(index) for index in (0, 1, 9_999, 10_000, 39_999)]
    assert all(number[-1] == ric.calc_check_digit(number) for number in numbers)
    assert len(set(numbers)) == len(numbers)
    assert documents.normalise(numbers[0]) == numbers[0]


def test_import_files_are_bounded(tmp_path):
    with pytest.raises(ValueError, match="1000001"):
        write_files(tmp_path, 1_000_001)
    people, hours = write_files(tmp_path, 100)
    assert len(people.read_text("utf-8").splitlines()) == 1 + 4
    assert len(hours.read_text("utf-8").splitlines()) == 1 + 100


def test_a_command_that_fails_says_why(tmp_path):
    with pytest.raises(CommandFailedError, match="too bad"):
        used(["sh", "-c", "echo too bad; exit 3"], {}, tmp_path, tmp_path / "log")


def test_a_commands_cpu_time_and_peak_memory_are_measured(tmp_path):
    usage = used(
        ["python3", "-c", "x = bytearray(50_000_000); sum(range(3_000_000))"], {"PATH": "/usr/bin:/bin"}, tmp_path, tmp_path / "log"
    )
    assert usage.peak_bytes > 50_000_000
    assert 0 < usage.cpu_seconds <= usage.seconds * 2


def test_a_word_that_is_not_there_is_an_error():
    with pytest.raises(KeyError):
        word("run.nothing")


def test_in_memory_only_the_tracker_store_differs_from_how_the_bot_runs():
    usual, memory = (yaml.safe_load(path.read_text("utf-8")) for path in (ENDPOINTS, MEMORY))
    assert memory.pop("tracker_store") != usual.pop("tracker_store")
    assert memory == usual
