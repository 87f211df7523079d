"""Uploaded files on disk: taken in piece by piece, out of others' reach, and deleted with what was found in them."""

import csv
import shutil
import tempfile
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from bot.helpdesk.words import word
from bot.hours import vocabulary
from bot.hours.importer import KINDS
from bot.hours.sheet import FileRefusedError, HeadingsError, read
from bot.settings import Settings

MOST_BYTES = 400 << 20  # three million hour records as CSV
NAME_BYTES = 120
ERRORS_PAGE = 100
ARRIVING = 3600  # seconds that a file may take to come in


class UploadRefusedError(Exception):
    """The file or the wish cannot be taken; the text is one Chinese sentence."""


def place_of(settings: Settings) -> Path:
    """Where uploads lie, beside the database; before the first one there is no such folder."""
    return settings.folder / "uploads"


def folder_of(settings: Settings) -> Path:
    """The place of uploads, readable for this program's user alone. Made on first use."""
    folder = place_of(settings)
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)
    return folder


@contextmanager
def received(settings: Settings, name: str, blocks: Iterable[bytes]) -> Iterator[Path]:
    """The file on disk; it goes again if the caller fails. UploadRefusedError for one that is empty or too large."""
    place = Path(tempfile.mkdtemp(dir=folder_of(settings)))
    try:
        path = place / _harmless(name)
        size = 0
        with path.open("wb") as target:
            path.chmod(0o600)
            for block in blocks:
                size += len(block)
                if size > MOST_BYTES:
                    raise UploadRefusedError(too_large())
                target.write(block)
        if not size:
            raise UploadRefusedError(word("data.refused.empty"))
        yield path
    except OSError as error:
        shutil.rmtree(place, ignore_errors=True)
        raise UploadRefusedError(word("data.refused.disk", why=error.strerror or type(error).__name__)) from None
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise


def too_large() -> str:
    """What somebody with too large a file is told."""
    return word("data.refused.too_large", most=MOST_BYTES >> 20)


def guess_kind(path: Path) -> str:
    """Which of the three files it is, by its headings. UploadRefusedError for one that is none of them."""
    for kind in KINDS:
        try:
            next(read(path, vocabulary.headings(kind)), None)
        except HeadingsError:
            continue
        except FileRefusedError as refused:  # it cannot be read as any, and is not opened again to see that
            raise UploadRefusedError(str(refused)) from None
        return kind
    raise UploadRefusedError(word("data.refused.no_kind", file=path.name))


def fault_lines(errors: Path, page: int) -> tuple[list[list[str]], bool]:
    """Page ``page`` (from 1) of an error file: line, column, value, reason; and whether more follow."""
    with errors.open(encoding="utf-8-sig", newline="") as source:
        start = 1 + (page - 1) * ERRORS_PAGE
        lines = list(islice(csv.reader(source), start, start + ERRORS_PAGE + 1))
    return lines[:ERRORS_PAGE], len(lines) > ERRORS_PAGE


def delete_files(path: Path | None) -> None:
    """Remove an uploaded file with what was found in it."""
    if path is not None:
        shutil.rmtree(path.parent, ignore_errors=True)


def strays(folder: Path, known: Collection[Path]) -> list[Path]:
    """The places of uploads that no row knows; a young one may belong to a file that is just coming in."""
    if not folder.is_dir():
        return []
    with tempfile.TemporaryDirectory(dir=folder) as fresh:  # its age, told by the same clock as the others'
        before = Path(fresh).stat().st_mtime - ARRIVING
        return [place for place in folder.iterdir() if place not in known and place.stat().st_mtime < before]


def _harmless(name: str) -> str:
    """A file name without folders and control characters, short enough for any file system; the ending stays."""
    bare = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    bare = "".join(mark for mark in bare if mark.isprintable()).strip(". ") or "upload"
    stem, dot, ending = bare.rpartition(".")
    ending = dot + ending[:8] if stem else ""
    kept = (stem or bare).encode()[: NAME_BYTES - len(ending.encode())].decode(errors="ignore")
    return kept + ending
