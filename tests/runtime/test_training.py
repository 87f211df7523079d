"""Training: only when something the model is made from changed, and never a half-made model in place."""

import pytest

from bot.runtime.gate import ensure
from bot.runtime.models import current, point_to, require_current
from bot.runtime.project import StartError
from bot.runtime.training import fingerprint, is_fresh, made, may_stay, train


def test_a_model_just_trained_is_fresh(tiny):
    assert is_fresh(tiny)


@pytest.mark.parametrize("part", ["config.yml", "domain.yml", "data/nlu.yml", "data/jieba/words.txt", "tiny_actions/probe.py"])
def test_an_edit_of_any_ingredient_makes_the_model_stale(tiny, part):
    path = tiny.config.parent / part
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert not is_fresh(tiny)


def test_a_new_file_of_questions_makes_the_model_stale(tiny):
    (tiny.data / "more.yml").write_text('version: "3.1"\n', encoding="utf-8")
    assert not is_fresh(tiny)


def test_compiled_python_makes_no_difference(tiny):
    cache = tiny.code[0] / "__pycache__"
    cache.mkdir(exist_ok=True)  # training left one where Python may write compiled code
    (cache / "probe.pyc").write_bytes(b"x")
    assert is_fresh(tiny)


def test_another_model_file_in_its_place_counts_as_stale(tiny):
    require_current(tiny.models).write_bytes(b"something else")
    assert not is_fresh(tiny)


def test_a_missing_model_is_stale(tiny):
    require_current(tiny.models).unlink()
    assert not is_fresh(tiny)


def test_a_fresh_model_is_not_trained_again(tiny, capsys):
    before = list(tiny.models.iterdir())
    ensure(tiny)
    assert list(tiny.models.iterdir()) == before
    assert "不必重新训练" in capsys.readouterr().out


def test_force_trains_a_fresh_model_again_and_keeps_the_old_one(tiny, capsys):
    before = require_current(tiny.models)
    ensure(tiny, force=True)
    assert require_current(tiny.models) != before
    assert is_fresh(tiny)
    assert before.is_file()
    assert "模型已训练好" in capsys.readouterr().out


def test_a_component_that_needs_tensorflow_is_refused_and_the_old_model_stays(tiny):
    before = sorted(tiny.models.iterdir()), require_current(tiny.models).read_bytes()
    tiny.config.write_text(tiny.config.read_text(encoding="utf-8").replace("KeywordIntentClassifier", "DIETClassifier"), encoding="utf-8")
    with pytest.raises(StartError, match=r"^配置里的组件 DIETClassifier 需要 tensorflow，.*$"):
        train(tiny)
    assert (sorted(tiny.models.iterdir()), current(tiny.models).read_bytes()) == before


@pytest.mark.parametrize(
    ("part", "text"),
    [
        ("config.yml", "pipeline: ["),
        ("data/nlu.yml", "nlu: 1"),
        ("domain.yml", "intents: {"),
        ("config.yml", "pipeline:\n- name: bot.nothing.Here\n"),
    ],
)
def test_a_broken_source_is_told_in_one_line(tiny, part, text):
    (tiny.config.parent / part).write_text(text, encoding="utf-8")
    with pytest.raises(StartError) as told:
        train(tiny)
    assert "训练没有成功" in str(told.value)
    assert "\n" not in str(told.value)


def test_a_missing_source_is_named(tiny):
    tiny.domain.unlink()
    with pytest.raises(StartError, match=r"找不到 .*domain\.yml"):
        train(tiny)


def test_a_model_that_is_not_adopted_can_be_served_by_nobody_and_goes(tiny):
    before = sorted(tiny.models.iterdir())
    with made(tiny) as candidate:
        assert candidate.is_file()
        assert [path for path in tiny.models.glob("*.tar.gz") if path not in before] == []
    assert sorted(tiny.models.iterdir()) == before


def test_a_model_gone_back_to_stays_until_the_files_change_again(tiny):
    old = require_current(tiny.models)
    tiny.domain.write_text(tiny.domain.read_text("utf-8") + "\n", "utf-8")
    assert not may_stay(tiny)
    train(tiny)
    assert may_stay(tiny)
    point_to(old, fingerprint(tiny))
    assert (current(tiny.models), is_fresh(tiny, lessons=False), may_stay(tiny)) == (old, False, True)
    tiny.domain.write_text(tiny.domain.read_text("utf-8") + "\n", "utf-8")
    assert not may_stay(tiny)
