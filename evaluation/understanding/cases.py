"""The evaluation sets: sentences as people type them, with the labels whose answer satisfies each."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

from bot.messages import Loader

HOME = Path(__file__).resolve().parent.parent
DEV = HOME / "dev"
FAR = HOME / "far"
SEALED = HOME / "sealed"
SETS = (DEV, FAR, SEALED)
OUT_OF_SCOPE = "out_of_scope"


@dataclass(frozen=True)
class Case:
    """One sentence that stands alone; any of ``want`` answers it, ``bound`` says whether the person has bound their record."""

    say: str
    want: tuple[str, ...]
    voice: str
    bound: bool = False

    @property
    def in_scope(self) -> bool:
        return OUT_OF_SCOPE not in self.want


def load(folder: Path) -> list[Case]:
    """All cases of a folder's files. ValueError naming the file and line of one that is incomplete."""
    cases = []
    for path in sorted(folder.glob("*.yml")):
        for number, row in enumerate(yaml.load(path.read_text("utf-8"), Loader) or (), 1):
            try:
                want = [row["want"]] if isinstance(row["want"], str) else row["want"]
                cases.append(Case(str(row["say"]), tuple(want), row["voice"], row.get("bound", False)))
            except (KeyError, TypeError) as fault:
                raise ValueError(f"{path.name}, case {number}: {row}") from fault
    return cases


def digest(folder: Path) -> str:
    """SHA-256 over the folder's files, names included: what a test holds to know that nobody touched the set."""
    return hashlib.sha256(b"".join(_bytes(sorted(folder.glob("*.yml"))))).hexdigest()


def _bytes(paths: Iterable[Path]) -> Iterable[bytes]:
    for path in paths:
        yield path.name.encode() + b"\n" + path.read_bytes()
