"""A notice that cannot be trusted is refused, and the message names file, clause and field."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from policies.notice import NoticeError, load_notices

REFUSALS: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "refusals.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("wrong", REFUSALS, ids=[wrong["a notice with"] for wrong in REFUSALS])
def test_a_notice_is_refused_that_has(tmp_path: Path, notice_file: Callable[..., Path], wrong: dict[str, Any]) -> None:
    notice_file(2023, wrong["changes"])
    with pytest.raises(NoticeError) as refused:
        load_notices(tmp_path)
    message = str(refused.value)
    clause, field = wrong["clause"], wrong["field"]
    assert (refused.value.file, refused.value.clause, refused.value.field) == ("2023.yml", clause, field)
    assert wrong["problem"] in message
    assert message.startswith("2023.yml")
    assert clause is None or f"clause {clause}" in message
    assert field is None or f"field {field}" in message


def test_the_unchanged_copy_those_refusals_start_from_is_accepted(tmp_path: Path, notice_file: Callable[..., Path]) -> None:
    notice_file()
    assert load_notices(tmp_path).all[0].values() == load_notices().all[0].values()


def test_a_folder_without_a_notice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoticeError, match="holds no notice"):
        load_notices(tmp_path)


def test_a_file_that_is_no_notice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "2023.yml").write_text("- 一句话\n", encoding="utf-8")
    with pytest.raises(NoticeError, match=r"2023\.yml: must be a mapping"):
        load_notices(tmp_path)


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "2023.yml").write_bytes("title: 关于继续教育的通知".encode("gbk"))
    with pytest.raises(NoticeError, match=r"2023\.yml: cannot be read"):
        load_notices(tmp_path)
