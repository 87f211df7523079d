"""The report of bad lines."""

import pytest

from bot.hours.report import inert


@pytest.mark.parametrize(
    ("value", "written"),
    [("=1", "'=1"), ("+1", "'+1"), ("-1", "'-1"), ("@a", "'@a"), ("\t=1", "'\t=1"), ("\r=1", "'\r=1"), ("安=多", "安=多"), ("", "")],
)
def test_what_a_spreadsheet_would_compute_is_text(value: str, written: str) -> None:
    assert inert(value) == written
