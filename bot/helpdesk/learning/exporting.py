"""Writes what staff have taught into the files of ``data/nlu``: lines are inserted, nothing else of a file changes by a byte."""

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from bot.db import Database, serialise
from bot.helpdesk.learning import lessons, reviews
from bot.helpdesk.learning.corpus import ROOT, corpus, spelling
from bot.helpdesk.learning.lessons import Taught
from bot.helpdesk.words import word
from bot.nlu.catalogue import plain

DATA = ROOT / "data" / "nlu"

OTHER_LABEL, TESTED, NO_PLACE, TWICE = "other_label", "tested", "no_place", "twice"
"""Why a lesson is not written."""

_INTENT = re.compile(r"""^(?P<indent>\s*)- intent:\s*['"]?(?P<name>[\w/.-]+)['"]?\s*(?:#.*)?$""")
_EXAMPLES = re.compile(r"^(?P<indent>\s*)examples:\s*\|[+-]?\d?\s*(?:#.*)?$")
_EXAMPLE = re.compile(r"^(?P<indent>\s+)- ")


class ExportError(Exception):
    """The files could not be written; the text says why in one line."""


@dataclass(frozen=True)
class Place:
    """Where an intent's sentences end: the line of the file before which the next one goes, and how far it is indented."""

    file: Path
    intent: str
    line: int
    indent: str


@dataclass(frozen=True)
class Written:
    """A lesson and where it goes."""

    text: str
    file: Path
    intent: str


@dataclass(frozen=True)
class Refused:
    """A lesson that goes nowhere, and why; ``label`` is the one it clashes with, or its own."""

    text: str
    label: str
    reason: str


@dataclass(frozen=True)
class Exported:
    """What was written, what stood there already, and what was refused."""

    written: Sequence[Written] = ()
    there: Sequence[Taught] = ()
    refused: Sequence[Refused] = ()
    ids: Sequence[int] = field(default=(), repr=False)


def export(database: Database, data: Path, now: datetime, dry_run: bool = False) -> Exported:
    """Write the lessons that have not been exported, and mark them. ExportError; an export that broke off is simply repeated.

    Nobody teaches or undoes meanwhile: what was written would no longer be what stands.
    """
    corpus(data.parents[1])  # read before others have to wait
    if dry_run:
        with database.read() as session:
            return _planned(lessons.pending(session), data)[0]
    with database.write() as session:
        serialise(session, reviews.TURN)
        plan, contents = _planned(lessons.pending(session), data)
        try:
            _replace(contents)
        except OSError as error:
            raise ExportError(word("learning.export.unwritable", why=error.strerror or type(error).__name__)) from error
        lessons.mark_exported(session, plan.ids, now)
    return plan


def places(files: Iterable[Path]) -> dict[str, Place]:
    """For each label the end of its first examples block."""
    found: dict[str, Place] = {}
    for file in files:
        for place in _places(file, _lines(file)):
            found.setdefault(plain(place.intent), place)
    return found


def inserted(lines: Sequence[str], additions: Iterable[tuple[Place, str]]) -> str:
    """The file's lines (with their endings) and the sentences at their places, in the order given."""
    ending = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    held = list(lines)
    after: dict[int, list[str]] = {}
    for place, sentence in additions:
        after.setdefault(place.line, []).append(f"{place.indent}- {sentence}")
    for at in sorted(after, reverse=True):
        if at and not held[at - 1].endswith("\n"):  # the file's last line
            held[at:at] = ["".join(f"{ending}{line}" for line in after[at])]
        else:
            held[at:at] = [f"{line}{ending}" for line in after[at]]
    return "".join(held)


def _planned(waiting: Iterable[Taught], data: Path) -> tuple[Exported, dict[Path, str]]:
    known, held = corpus(data.parents[1]), places(sorted(data.glob("*.yml")))
    written: list[Written] = []
    there: list[Taught] = []
    refused: list[Refused] = []
    additions: dict[Path, list[tuple[Place, str]]] = {}
    ids: list[int] = []
    seen: dict[str, str] = {}
    for lesson in waiting:
        stands, place = known.label_of(lesson.text), held.get(lesson.label)
        if stands == lesson.label or seen.get(spelling(lesson.text)) == lesson.label:
            there.append(lesson)
            ids.append(lesson.id)
        elif stands is not None:
            refused.append(Refused(lesson.text, stands, OTHER_LABEL))
        elif known.is_tested(lesson.text):
            refused.append(Refused(lesson.text, lesson.label, TESTED))
        elif place is None:
            refused.append(Refused(lesson.text, lesson.label, NO_PLACE))
        elif spelling(lesson.text) in seen:
            refused.append(Refused(lesson.text, seen[spelling(lesson.text)], TWICE))
        else:
            seen[spelling(lesson.text)] = lesson.label
            written.append(Written(lesson.text, place.file, place.intent))
            additions.setdefault(place.file, []).append((place, lesson.text))
            ids.append(lesson.id)
    contents = {file: inserted(_lines(file), of_file) for file, of_file in additions.items()}
    return Exported(written, there, refused, ids), contents


def _places(file: Path, lines: Sequence[str]) -> Iterable[Place]:
    """Blocks as our files write them: ``- intent: x``, ``examples: |``, indented ``- sentence`` lines, blank lines among them."""
    intent, end, indent = None, 0, ""
    for number, line in enumerate([*lines, "end"]):
        example = _EXAMPLE.match(line) if end else None
        if example and len(example["indent"]) >= len(indent or example["indent"]):
            end, indent = number + 1, indent or example["indent"]
            continue
        if end and not line.strip():
            continue
        if end and intent and indent:
            yield Place(file, intent, end, indent)
        end, indent = 0, ""
        begun = _INTENT.match(line.rstrip("\r\n"))
        if begun:
            intent = begun["name"]
        elif intent and _EXAMPLES.match(line.rstrip("\r\n")):
            end = number + 1


def _lines(file: Path) -> list[str]:
    """The file's lines with their endings as they are."""
    return re.findall(r"[^\n]*\n|[^\n]+", file.read_bytes().decode("utf-8"))


def _replace(contents: dict[Path, str]) -> None:
    """All new files are written out before the first takes the place of the old one."""
    fresh = {file: file.with_name(f".{file.name}.{os.getpid()}") for file in contents}
    try:
        for file, new in fresh.items():
            new.write_bytes(contents[file].encode("utf-8"))
            new.chmod(file.stat().st_mode & 0o777)
        for file, new in fresh.items():
            new.replace(file)
    finally:
        for new in fresh.values():
            new.unlink(missing_ok=True)
