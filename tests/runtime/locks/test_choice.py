"""Which locks the settings give, and that Rasa takes ours for its own."""

import hashlib
import inspect
import subprocess
import sys

import pytest
from rasa.core.lock_store import LockError, LockStore, _create_from_endpoint_config, _load_from_module_name_in_endpoint_config
from rasa.utils.endpoints import EndpointConfig

from bot.runtime.locks import Locks
from bot.runtime.project import ROOT

LOADED = """
import asyncio, sys
from bot.runtime import lean
lean.install()
from bot.runtime.locks import Locks

async def main():
    async with Locks().lock("one"):
        print(*(name for name in sys.modules if name.startswith(("redis.asyncio", "psycopg2", "bot.runtime.locks.on"))))

asyncio.run(main())
"""


def digest(function) -> str:
    return hashlib.sha256(inspect.getsource(function).encode()).hexdigest()[:12]


@pytest.mark.parametrize(
    ("function", "seen"),
    [
        (LockStore.lock, "8b9b716c031a"),
        (LockStore._acquire_lock, "ead2fff37329"),
        (LockStore.create, "f7dae7efd246"),
        (_create_from_endpoint_config, "ae5a478106fa"),
        (_load_from_module_name_in_endpoint_config, "5479347bbb27"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_the_place_in_rasa_is_unchanged(function, seen):
    assert digest(function) == seen, "read Rasa's new source, then decide whether our locks still stand in its place"


def test_rasa_makes_ours_from_the_class_path():
    assert type(LockStore.create(EndpointConfig(type="bot.runtime.locks.Locks"))) is Locks


def test_what_rasa_passes_to_the_lock_is_what_ours_takes():
    assert [*inspect.signature(Locks.lock).parameters] == [*inspect.signature(LockStore.lock).parameters]


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ({}, "NoneType"),
        ({"BOT_WORKERS": "2"}, "NoneType"),
        ({"BOT_DATABASE_URL": "postgresql://db/bot"}, "NoneType"),
        ({"BOT_DATABASE_URL": "postgresql://db/bot", "BOT_WORKERS": "2"}, "PostgresLocks"),
        ({"BOT_DATABASE_URL": "postgresql://db/bot", "BOT_WORKERS": "2", "BOT_REDIS_URL": "redis://cache"}, "RedisLocks"),
        ({"BOT_REDIS_URL": "redis://cache"}, "RedisLocks"),
    ],
)
async def test_the_settings_choose_the_server(environment, monkeypatch, told, kind):
    from bot.runtime.locks import _shared_locks

    for name, value in told.items():
        monkeypatch.setenv(name, value)
    assert type(_shared_locks()).__name__ == kind


@pytest.mark.parametrize("told", [{"BOT_REDIS_URL": "http://me:hidden@cache"}, {"BOT_WORKERS": "hidden"}])
async def test_settings_that_cannot_be_used_are_a_lock_error_without_their_values(environment, monkeypatch, told):
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(LockError) as refusal:
        async with Locks().lock("one"):
            raise AssertionError
    assert "hidden" not in str(refusal.value)


def test_nothing_of_a_server_is_loaded_before_it_is_used(environment):
    done = subprocess.run([sys.executable, "-c", LOADED], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == ""
