"""Train the one model of this bot, and know when it is older than what it is made from.

Rasa's own training cache misses edits of jieba dictionaries and of our component's code (its keys are the configuration and the
training data, rasa/engine/training/fingerprinting.py:12), so it stays off and a fingerprint of every ingredient decides.
"""

import contextlib
import hashlib
import io
import json
import os
import re
import sys
import tempfile
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from bot.messages import message
from bot.runtime import lean, models, overlay
from bot.runtime.project import CONFIG, DATA, DOMAIN, MODELS, ROOT, StartError
from bot.settings import ZONE

VERSIONS = ("rasa", "scikit-learn", "numpy", "scipy", "pypinyin", "jieba")
"""Packages whose version the model depends on."""


ALWAYS_WARNED = (
    "Slot auto-fill has been removed",  # rasa/shared/core/slot_mappings.py:224, for every domain with slots
    "The following duplicated intents",  # every file of questions declares the intent faq
    "You have defined training data with examples for training a response selector",  # our component selects
)
"""Beginnings of warnings of Rasa's that hold for this bot by design."""
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


Lesson = tuple[str, str]
"""A sentence with its label, groups cut off: ``faq/<key>`` or an intent."""


@dataclass(frozen=True)
class Recipe:
    """What a model is made from, and where it goes. The defaults are the project's; tests bring smaller ones."""

    config: Path = CONFIG
    domain: Path = DOMAIN
    data: Path = DATA
    code: tuple[Path, ...] = (ROOT / "bot" / "nlu", ROOT / "policies" / "notices")
    models: Path = MODELS
    lessons: tuple[Lesson, ...] = ()
    """What is taught beside the files of ``data`` (`bot.runtime.overlay`)."""

    def ingredients(self) -> Iterator[Path]:
        """Every file the model depends on, in a fixed order."""
        for part in (self.config, self.domain, self.data, *self.code):
            yield from sorted(_files(part)) if part.is_dir() else [part]


def fingerprint(recipe: Recipe) -> str:
    """A digest of names and contents of all ingredients and of the versions in `VERSIONS`. StartError when one is missing."""
    digest = hashlib.sha256()
    for name in VERSIONS:
        digest.update(f"{name}=={version(name)}\n".encode())
    for path in recipe.ingredients():
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            raise StartError(message("runtime.missing_file", path=path)) from None
        digest.update(f"{path.name}:{len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def is_fresh(recipe: Recipe, lessons: bool = True) -> bool:
    """Whether the current model stands and was made from just these ingredients, and from these lessons unless they do not matter."""
    record = _record(recipe)
    same = record is not None and record["ingredients"] == fingerprint(recipe)
    return bool(same and record and (not lessons or record.get("lessons", taught(())) == taught(recipe.lessons)))


def may_stay(recipe: Recipe) -> bool:
    """Whether nothing calls for a training: the current model is made from these ingredients, or was chosen since they last changed."""
    return is_fresh(recipe, lessons=False) or (_record(recipe) is not None and models.chosen_at(recipe.models) == fingerprint(recipe))


def _record(recipe: Recipe) -> dict[str, str] | None:
    """What the current model was made from; None where there is none, or one that is not what its record says."""
    model = models.current(recipe.models)
    if model is None:
        return None
    try:
        record = json.loads(models.record_of(model).read_text(encoding="utf-8"))
        return record if record["model"] == _digest(model) and record["ingredients"] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def taught(lessons: Iterable[Lesson]) -> str:
    """A digest of lessons, whatever their order."""
    return hashlib.sha256(json.dumps(sorted(lessons)).encode()).hexdigest()


def train(recipe: Recipe) -> Path:
    """Train a new model from scratch and make it the current one; earlier ones stay for going back. Returns the new file. As `made`."""
    with made(recipe) as candidate:
        model = models.adopt(candidate, recipe.models)
    models.point_to(model)
    models.prune(recipe.models)
    return model


@contextmanager
def made(recipe: Recipe) -> Iterator[Path]:
    """A new model trained from scratch, with its record, in a folder that goes at the end: nobody serves it until it is adopted.

    StartError with Rasa's reason when it cannot be trained; ComponentRefused names a component that needs TensorFlow.
    """
    ingredients = fingerprint(recipe)
    recipe.models.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".training-", dir=recipe.models) as folder:
        result = _train_with_rasa(recipe, Path(folder))
        model = models.new_file(Path(folder), datetime.now(ZONE))
        record = {"ingredients": ingredients, "lessons": taught(recipe.lessons), "model": _digest(result)}
        models.record_of(model).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        result.rename(model)
        yield model


def _train_with_rasa(recipe: Recipe, folder: Path) -> Path:
    os.environ["RASA_MAX_CACHE_SIZE"] = "0"  # rasa/engine/caching.py:36
    if not sys.stderr.isatty():
        os.environ["LOG_LEVEL"] = "WARNING"  # no progress bars (rasa/shared/utils/io.py:487)
    lean.install("train")
    for text in ALWAYS_WARNED:
        warnings.filterwarnings("ignore", text)
    import rasa
    from rasa.shared.exceptions import RasaException

    from bot.runtime import logs, repairs

    logs.configure(private=False)
    repairs.apply()
    said = io.StringIO()  # Rasa prints its reasons, and the name of a file that is moved afterwards
    try:
        with contextlib.redirect_stdout(said):
            result = rasa.train(
                domain=str(recipe.domain),
                config=str(recipe.config),
                training_files=[str(recipe.data), *overlay.written(recipe.lessons, recipe.data, folder)],
                output=str(folder),
                fixed_model_name="model",
                force_training=True,
            )
    except repairs.ComponentRefused as error:
        raise StartError(str(error)) from error
    except (RasaException, ImportError) as error:
        raise StartError(message("runtime.train_failed", why=_one_line(str(error)))) from error
    except SystemExit:
        raise StartError(message("runtime.train_failed", why=_one_line(said.getvalue()))) from None
    if result.model is None:
        raise StartError(message("runtime.train_failed", why=_one_line(said.getvalue())))
    return Path(result.model)


def _one_line(text: str) -> str:
    return " ".join(_COLOUR.sub("", text).split())


def _files(folder: Path) -> Iterable[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
