"""A small .xlsx that unpacks to anything is refused in one sentence; what Excel can hold is read."""

import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from bot.hours import unpacking, vocabulary
from bot.hours.sheet import FileRefusedError, Line, read
from tests.hours.conftest import HEADINGS, PEOPLE, write_xlsx

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
SHEET, STRINGS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
SHARED_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
SHARED = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{SHARED_TYPE}"/>'
ROOM = 1 << 30  # bytes of addresses that a process may take for a file that is refused: millions of texts lie in memory by then


def lines(path: Path) -> list[Line]:
    return list(read(path, vocabulary.headings("people")))


@pytest.fixture
def changed(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes a real file with one part put in another's place, piece by piece."""

    def write(part: str, pieces: Iterable[str]) -> Path:
        plain, made = write_xlsx(tmp_path / "plain.xlsx", "people", PEOPLE), tmp_path / "made.xlsx"
        with zipfile.ZipFile(plain) as source, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as target:
            for name in source.namelist():
                if name != part:
                    declared = SHARED if part == STRINGS else ""
                    target.writestr(name, source.read(name).replace(b"</Types>", f"{declared}</Types>".encode()))
            with target.open(part, "w", force_zip64=True) as written:
                for piece in pieces:
                    written.write(piece.encode())
        return made

    return write


def rows_of(*rows: str) -> list[str]:
    """A sheet with these rows below a heading."""
    heading = "".join(f'<c t="inlineStr"><is><t>{name}</t></is></c>' for name in HEADINGS["people"])
    return [f'<worksheet {MAIN}><dimension ref="A1"/><sheetData><row r="1">{heading}</row>', *rows, "</sheetData></worksheet>"]


def said(path: Path) -> str:
    with pytest.raises(FileRefusedError) as refused:
        lines(path)
    return str(refused.value)


def test_what_excel_can_hold_is_read(changed: Callable[..., Path]) -> None:
    longest = f'<c t="inlineStr"><is><t>{"长" * unpacking.LONGEST_CELL}</t></is></c>'
    [first, last] = lines(changed(SHEET, rows_of(f'<row r="2">{longest}</row>', f'<row r="{unpacking.LAST_ROW}">{longest}</row>')))
    assert (first.number, last.number) == (2, unpacking.LAST_ROW)
    assert len(last.cells["id_number"]) == unpacking.LONGEST_CELL


@pytest.mark.parametrize("number", ["99999999999", "1e11", str(unpacking.LAST_ROW + 1)])
def test_a_row_beyond_excels_last_is_refused(changed: Callable[..., Path], number: str) -> None:
    assert "行号超过" in said(changed(SHEET, rows_of(f'<row r="{number}"><c><v>1</v></c></row>')))


def test_rows_without_a_number_are_counted(changed: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "LAST_ROW", 1000)
    assert "行号超过" in said(changed(SHEET, rows_of("<row/>" * 1000)))
    assert lines(changed(SHEET, rows_of("<row/>" * 999))) == []


def test_what_is_packed_too_well_is_refused_before_it_is_unpacked(changed: Callable[..., Path]) -> None:
    assert "展开后" in said(changed("xl/anything.bin", ["\0" * (1 << 20)] * 9))
    assert "展开后" not in said(changed(SHEET, [" " * 1000]))


LONG_CELL = rows_of(f'<row r="2"><c t="inlineStr"><is><t>{"a" * (unpacking.LONGEST_CELL + 1)}</t></is></c></row>')
WIDE_ROW = rows_of('<row r="2">', *["<c><v>1</v></c>" * 1000] * 140, "</row>")
LOOSE = [f"<worksheet {MAIN}>", *["<other/>" * 1000] * 300, "</worksheet>"]
FOREIGN_ROWS = [f'<worksheet {MAIN} xmlns:x="urn:x">', *["<x:row/>" * 1000] * 300, "</worksheet>"]
DECLARED = ['<!DOCTYPE a [<!ENTITY a "aaaa">]>', f"<worksheet {MAIN}/>"]
FEW_LARGE = rows_of('<row r="2">', *[f'<c s="{"1" * 30_000}"/>' for _ in range(600)], "</row>")


@pytest.mark.parametrize(
    "pieces", [LONG_CELL, WIDE_ROW, LOOSE, FOREIGN_ROWS, DECLARED, FEW_LARGE], ids=["cell", "row", "loose", "foreign", "declared", "large"]
)  # fmt: skip
def test_what_no_table_holds_is_refused(changed: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, pieces: list[str]) -> None:
    monkeypatch.setattr(unpacking, "PACKED", 1000)
    assert "展开后" in said(changed(SHEET, pieces))


def test_cells_far_to_the_right_of_each_row_are_counted_with_the_empty_ones_before_them(
    changed: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.hours.sheet.MOST_CELLS", 100_000)
    assert "展开后" in said(changed(SHEET, rows_of(*[f'<row r="{row}"><c r="XFD{row}"/></row>' for row in range(2, 10)])))


@pytest.mark.parametrize(("text", "count"), [("ab", 2_600_000), ("a" * 30_000 + "\U0001f600", 4_700)], ids=["many", "long"])
def test_shared_texts_are_counted_before_they_fill_the_memory(changed: Callable[..., Path], text: str, count: int) -> None:
    pieces = [f"<si><t>{text}</t></si>" * (count // 100)] * 100
    path = changed(STRINGS, [f"<sst {MAIN}>", *pieces, "</sst>"])
    script = (
        f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({ROOM}, {ROOM}))\n"
        "from pathlib import Path; from bot.hours import unpacking, vocabulary; from bot.hours.sheet import read, FileRefusedError\n"
        "unpacking.PACKED = 10**6\n"
        f"try: list(read(Path({str(path)!r}), vocabulary.headings('people')))\n"
        "except FileRefusedError as refused: print(refused)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=300)
    assert "展开后" in done.stdout, done.stderr


def test_texts_that_cells_share_are_read(changed: Callable[..., Path]) -> None:
    strings = "".join(f"<si><t>{name}</t></si>" for name in HEADINGS["people"])
    path = changed(STRINGS, [f"<sst {MAIN}>", strings, "</sst>"])
    assert lines(path) == lines(write_xlsx(path.with_name("same.xlsx"), "people", PEOPLE))
