"""The model files: `xueshitong-<moment>.tar.gz`, a record beside each, and `current`, a small file that names the one to serve.

The pointer is replaced in one step, so a reader finds the old name or the new one; running workers look at it and exchange their model.
Whoever chose a model by hand leaves a second line in it: a digest of the files at that moment (`bot.runtime.training.may_stay`).
"""

import fcntl
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.messages import message
from bot.runtime.project import MODELS, StartError
from bot.settings import ZONE

POINTER = "current"
PREFIX, SUFFIX = "xueshitong-", ".tar.gz"
KEPT = 3
"""So many models besides the current one stay for going back."""


@dataclass(frozen=True)
class Model:
    """One model file."""

    path: Path
    is_current: bool

    @property
    def name(self) -> str:
        """How commands call it: the file's name without its ending."""
        return self.path.name.removesuffix(SUFFIX)

    @property
    def trained(self) -> datetime:
        """When it was put in place, in Asia/Shanghai."""
        return datetime.fromtimestamp(self.path.stat().st_mtime, ZONE)


def current(folder: Path = MODELS) -> Path | None:
    """The model file that the pointer names; None when there is none."""
    with suppress(OSError):
        path = folder / (folder / POINTER).read_text(encoding="utf-8").partition("\n")[0].strip()
        return path if path.parent == folder and path.is_file() else None
    return None


def chosen_at(folder: Path) -> str | None:
    """The digest of the files at the moment when the current model was chosen by hand; None when a training put it there."""
    with suppress(OSError):
        return (folder / POINTER).read_text(encoding="utf-8").partition("\n")[2].strip() or None
    return None


def require_current(folder: Path = MODELS) -> Path:
    """The current model file; StartError when none has been trained."""
    path = current(folder)
    if path is None:
        raise StartError(message("runtime.no_model"))
    return path


def listed(folder: Path = MODELS) -> list[Model]:
    """All models, newest first."""
    chosen = current(folder)
    return [Model(path, path == chosen) for path in sorted(folder.glob(f"{PREFIX}*{SUFFIX}"), reverse=True)]


def candidates(place: Path) -> list[Path]:
    """What a server may load, best first: the file itself, or of a folder the current model and then the others, newest first."""
    if not place.is_dir():
        return [place] if place.is_file() else []
    chosen = current(place)
    return [chosen, *(model.path for model in listed(place) if not model.is_current)] if chosen else []


def named(name: str, folder: Path = MODELS) -> Path:
    """The file of the model of that name. StartError when there is none such."""
    for model in listed(folder):
        if name.removesuffix(SUFFIX) == model.name:
            return model.path
    raise StartError(message("runtime.no_such_model", name=name))


def use(name: str, folder: Path = MODELS, *, chosen: str | None = None) -> Path:
    """Make the model of that name the current one, as `point_to`. StartError when there is none such."""
    path = named(name, folder)
    point_to(path, chosen)
    return path


def point_to(path: Path, chosen: str | None = None) -> None:
    """Name this file in its folder's pointer, with the digest of the files where somebody chose it."""
    with _turn(path.parent):
        _write_pointer(path, chosen)


def exchange(before: Path | None, after: Path, chosen: str | None = None) -> bool:
    """As `point_to` if the current model is still ``before``; else False, and nothing is changed."""
    with _turn(after.parent):
        if current(after.parent) != before:
            return False
        _write_pointer(after, chosen)
        return True


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """One process at a time moves the pointer. The lock goes with the process that holds it."""
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _write_pointer(path: Path, chosen: str | None) -> None:
    pointer = path.parent / POINTER
    written = pointer.with_name(f".{POINTER}-{os.getpid()}")
    with written.open("w", encoding="utf-8") as target:
        target.writelines(f"{line}\n" for line in (path.name, chosen) if line)
        target.flush()
        os.fsync(target.fileno())
    written.replace(pointer)


def stamp(folder: Path) -> tuple[int, int] | None:
    """A value that changes whenever the pointer is replaced; None when it is missing."""
    with suppress(OSError):
        seen = (folder / POINTER).stat()
        return seen.st_ino, seen.st_mtime_ns
    return None


def new_file(folder: Path, now: datetime) -> Path:
    """A name that sorts behind all earlier ones."""
    return folder / f"{PREFIX}{now.astimezone(ZONE):%Y%m%d-%H%M%S-%f}{SUFFIX}"


def record_of(path: Path) -> Path:
    """The file beside a model that says what it was made from."""
    return path.with_name(path.name.removesuffix(SUFFIX) + ".json")


def adopt(made: Path, folder: Path) -> Path:
    """Take a new model with its record into the folder, where it can be served from now on. Returns its place there."""
    record_of(made).replace(record_of(folder / made.name))
    return made.replace(folder / made.name)


def prune(folder: Path, spared: Collection[Path] = ()) -> None:
    """Delete all but the current model, the newest `KEPT` others and those ``spared``."""
    others = [model.path for model in listed(folder) if not model.is_current]
    for path in others[KEPT:]:
        if path not in spared:
            delete(path)


def delete(path: Path) -> None:
    """Delete a model with its record; nothing where there is none."""
    path.unlink(missing_ok=True)
    record_of(path).unlink(missing_ok=True)
