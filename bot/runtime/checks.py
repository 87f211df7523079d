"""`python -m bot check`: everything that could keep the bot from starting or answering, looked at without starting it."""

import asyncio
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

from bot.messages import message
from bot.runtime import lean, models, passthrough, training
from bot.runtime.faults import one_line
from bot.runtime.project import CONFIG, CREDENTIALS, ENDPOINTS, StartError


@dataclass(frozen=True)
class Finding:
    """One thing looked at; `why` is None when it is in order."""

    what: str
    why: str | None

    def __str__(self) -> str:
        if self.why is None:
            return message("runtime.check.passed", what=self.what)
        return message("runtime.check.failed", what=self.what, why=" ".join(self.why.split()))


def findings() -> Iterator[Finding]:
    """Look at each thing in turn."""
    lean.install()
    os.environ.setdefault("ACTION_ENDPOINT", passthrough.ACTION_ENDPOINT)
    from bot.runtime import logs

    logs.configure()
    yield _look("settings", _settings)
    yield _look("database", _database)
    yield _look("notices", _notices)
    yield _look("answers", _answers)
    yield _look("config", _config)
    for section, block in _yaml(ENDPOINTS).items():
        if isinstance(block, dict) and "." in str(block.get("type", "")):
            yield _look("endpoints", partial(_class, block["type"]), name=section)
    for channel in _yaml(CREDENTIALS):
        yield _look("channel", partial(_class, channel), name=channel)
    yield _look("model", _model)


def online_findings() -> Iterator[Finding]:
    """Ask the platforms of the channels that are switched on what they refuse."""
    from bot import settings as bot_settings

    settings = bot_settings.load()
    for look in (_wechat, _telegram):
        try:
            for what, why in look(settings):
                yield Finding(what, why)
        except Exception as error:  # one platform's trouble is not the other's
            yield Finding(message("runtime.check.channel", name=look.__name__.strip("_")), one_line(error))


def _wechat(settings: Any) -> Iterable[tuple[str, str | None]]:
    from bot.channels.wechat.account import account_of
    from bot.channels.wechat.online import findings
    from bot.db import open_database

    account = account_of(settings)
    return findings(account, settings, open_database(settings)) if account else ()


def _telegram(settings: Any) -> Iterable[tuple[str, str | None]]:
    from bot.channels.telegram.online import findings

    return asyncio.run(findings(settings)) if settings.get("BOT_TELEGRAM_TOKEN") else ()


def _look(what: str, look: Callable[[], None], **facts: str) -> Finding:
    name = message(f"runtime.check.{what}", **facts)
    try:
        look()
    except Exception as error:  # whatever is wrong with one thing, the others are looked at too
        return Finding(name, str(error) or type(error).__name__)
    return Finding(name, None)


def _settings() -> None:
    from bot import settings
    from bot.helpdesk.office import check_times

    current = settings.load()
    current.secret_key()
    check_times(current)


def _database() -> None:
    from bot import settings
    from bot.schema import require_current

    require_current(settings.load())


def _notices() -> None:
    from policies.notice import load_notices

    load_notices()


def _answers() -> None:
    from bot import answers

    answers.check()


def _config() -> None:
    """Import each component of the pipeline and policies as Rasa will; ComponentRefused for one that needs TensorFlow."""
    from rasa.engine.recipes.default_recipe import DefaultV1Recipe

    from bot.runtime import repairs

    repairs.apply()
    config = _yaml(CONFIG)
    for entry in (*config["pipeline"], *config["policies"]):
        name = entry["name"]
        if "." in name:
            _class(name)
        DefaultV1Recipe._from_registry(name)


def _model() -> None:
    recipe = training.Recipe()
    models.require_current(recipe.models)
    if not training.is_fresh(recipe, lessons=False):  # what staff have taught since then comes with the next training
        raise StartError(message("runtime.check.model_stale"))


def _class(path: str) -> None:
    """Import it, since Rasa turns a wrong tracker store or component into another one silently (rasa/core/tracker_store.py:1113)."""
    module, _, name = path.rpartition(".")
    if not module or not hasattr(import_module(module), name):
        raise StartError(message("runtime.check.no_class", name=path))


def _yaml(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8")) or {}
