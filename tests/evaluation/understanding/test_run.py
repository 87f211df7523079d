"""`make evaluate` from end to end on a few sentences: what is printed, what is kept, and that the sealed sentences stay unread."""

import json
from datetime import date
from pathlib import Path

import pytest

from bot.nlu.catalogue import Catalogue
from evaluation.understanding import __main__ as run
from evaluation.understanding.cases import Case

EXAMPLES = [
    *((f"公需{rest}", "hours") for rest in ("要多少学时", "一年几个", "学多少", "最少几个", "达标线是多少", "够几个")),
    *((f"驻村{rest}", "village") for rest in ("算学时吗", "能抵吗", "一年怎么算", "视同吗", "顶不顶", "有用吗")),
    *((f"天气{rest}", "out_of_scope") for rest in ("怎么样", "好不好", "冷吗", "热吗", "下雨吗", "预报")),
]
CASES = {
    "dev": [
        Case("公需一年要学多少", ("hours",), "terse"),
        Case("驻村一年抵吗", ("hours",), "far"),
        Case("天气冷不冷", ("out_of_scope",), "plain"),
    ],
    "far": [Case("驻村算不算数", ("village",), "far")],
    "sealed": [Case("公需几个才够", ("village",), "terse")],
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(run, "PUBLISHED", tmp_path / "evaluation.json")
    monkeypatch.setattr(run, "read", lambda folder: (EXAMPLES, Catalogue(())))
    monkeypatch.setattr(run, "load", lambda folder: CASES[folder.name])
    return tmp_path


def test_the_figures_and_the_failures_of_the_development_set_are_printed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run.main(["--failures"])
    printed = capsys.readouterr().out
    assert "| dev | 3 |" in printed
    assert "| sealed, one typo | 1 |" in printed
    assert "驻村一年抵吗  [hours] -> village" in printed
    assert "公需几个才够" not in printed, "nobody reads the sealed set"
    assert not (folder / "evaluation.json").exists()


def test_published_figures_keep_the_stock_recipes_until_it_is_measured_anew(folder: Path) -> None:
    kept = folder / "evaluation.json"
    kept.write_text(json.dumps({"date": "2020-01-01", "ours": {}, "stock": {"epochs": 7}}), "utf-8")
    run.main(["--publish"])
    published = json.loads(kept.read_text("utf-8"))
    assert published["date"] == date.today().isoformat()
    assert published["ours"]["sentences"] == len(EXAMPLES)
    assert published["ours"]["sets"]["dev"]["accuracy"] == pytest.approx(2 / 3)
    assert published["stock"] == {"epochs": 7}
