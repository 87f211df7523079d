"""A hand for writing import files and importing them."""

import csv
import itertools
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from bot.db import Database
from bot.hours.importer import Outcome, import_file
from bot.settings import ZONE

NOW = datetime(2023, 11, 20, 9, 0, tzinfo=ZONE)
HEADINGS = {
    "people": ["证件号码", "姓名", "工作单位", "所属地区", "行业", "现职称级别", "现职称取得日期"],
    "hours": ["记录编号", "证件号码", "年度", "科目", "形式", "课程名称", "学时", "审验状态"],
    "credits": ["证件号码", "类型", "开始日期", "结束日期", "认定年度", "依据材料"],
}
ANN, BEN = "630102199003078812", "63010319851122104X"
PEOPLE = [[ANN, "安多", "甲单位", "西宁市", "教育", "中级", "2016-10-01"], [BEN, "本巴·扎西", "乙单位", "西宁市", "卫生", "初级", ""]]
HOURS = [
    ["R1", ANN, "2022", "公需", "网络课程", "课一", "45", "已审验"],
    ["R2", ANN, "2023", "专业", "培训进修类", "课二", "12.5", "待审验"],
    ["R3", BEN, "2023", "公需", "网络课程", "课三", "30", "已审验"],
]
CREDITS = [[ANN, "驻村", "2020-06-01", "2022年6月30日", "", "证明"], [BEN, "防疫", "2020/2/1", "", "2020", ""]]


def write_csv(path: Path, kind: str, rows: Iterable[Iterable[Any]], encoding: str = "utf-8", headings: list[str] | None = None) -> Path:
    """A CSV file of this kind."""
    with path.open("w", encoding=encoding, newline="") as target:
        csv.writer(target).writerows([headings or HEADINGS[kind], *rows])
    return path


def write_xlsx(path: Path, kind: str, rows: Iterable[Iterable[Any]]) -> Path:
    """An Excel file of this kind."""
    from openpyxl import Workbook

    book = Workbook()
    for row in [HEADINGS[kind], *rows]:
        book.active.append(list(row))
    book.save(path)
    return path


Importing = Callable[..., Outcome]


@pytest.fixture
def importing(database: Database, tmp_path: Path) -> Importing:
    """Import rows of a kind through a CSV file."""
    numbers = itertools.count()

    def run(kind: str, rows: Iterable[Iterable[Any]], **options: Any) -> Outcome:
        path = write_csv(tmp_path / f"{kind}-{next(numbers)}.csv", kind, rows)
        return import_file(database, kind, path, NOW, report_folder=tmp_path, **options)

    return run


@pytest.fixture
def filled(database: Database, importing: Importing) -> Database:
    """Ann and Ben with their hours and credits."""
    for kind, rows in (("people", PEOPLE), ("hours", HOURS), ("credits", CREDITS)):
        assert importing(kind, rows).applied
    return database
