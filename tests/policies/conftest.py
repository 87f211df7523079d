"""What the tests of the regulation share: the notices as shipped, and variants of them written beside each other."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from policies.notice import Notices, load_notices

SHIPPED = Path(__file__).parents[2] / "policies" / "notices"


@pytest.fixture(scope="session")
def notices() -> Notices:
    return load_notices()


def write_notice(folder: Path, year: int, changes: Mapping[str, str]) -> Path:
    """The shipped notice as if it were another year's, with passages replaced; every passage must be there."""
    text = (SHIPPED / "2023.yml").read_text(encoding="utf-8").replace("2023", str(year))
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    (folder / f"{year}.txt").write_text("", encoding="utf-8")
    file = folder / f"{year}.yml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.fixture
def notice_file(tmp_path: Path) -> Callable[..., Path]:
    """Write one changed notice into this test's own folder: ``notice_file(year, {old: new})``."""

    def write(year: int = 2023, changes: Mapping[str, str] | None = None) -> Path:
        return write_notice(tmp_path, year, changes or {})

    return write
