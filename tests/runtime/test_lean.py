"""The import hook: Rasa runs without the stubbed packages, and whoever uses one is told so."""

import ast
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from bot.runtime import lean
from bot.runtime.project import ROOT

RASA = Path(find_spec("rasa").submodule_search_locations[0])
OURS = {"sklearn", "scipy", "numpy", "httpx", "telegram", "wechatpy", "prometheus_client", "sqlalchemy", "psycopg2", "redis", "jieba"}


def python(code: str, **env: str) -> str:
    """Run code in a fresh interpreter; its output."""
    inherited = {name: value for name, value in os.environ.items() if name != "RASA_TELEMETRY_ENABLED"}  # other tests may have set it here
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False, env={**inherited, **env}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def imported() -> dict:
    """What a process looks like in which all of Rasa was imported behind the hook."""
    code = """
import json, sys, warnings
from bot.runtime import lean
lean.install("run")
import asyncio, rasa.__main__, rasa.core.run, rasa.model_training, rasa.engine.recipes.default_components
from rasa.core.brokers.broker import EventBroker
asyncio.run(EventBroker.create(None))  # as at each start
from rasa import telemetry
stubs = sorted(n for n, m in sys.modules.items() if isinstance(m, lean.StubModule))
real = sorted(n for n in sys.modules if n not in stubs)
import tensorflow
def use(): tensorflow.constant(1)
def build():
    from rasa.utils.tensorflow.models import RasaModel
    RasaModel()
said = []
for call in (use, build):
    try: call()
    except lean.LeanImportError as error: said.append(str(error))
print(json.dumps({"stubs": stubs, "real": real, "telemetry": telemetry.is_telemetry_enabled(), "said": said}))
"""
    return json.loads(python(code, RASA_TELEMETRY_ENABLED="true").splitlines()[-1])


def test_rasa_is_imported_without_any_real_tensorflow(imported):
    assert "tensorflow" in imported["stubs"]
    assert not [name for name in imported["real"] if name.split(".")[0] in {"tensorflow", "keras", "transformers", "matplotlib", "boto3"}]


def test_every_stubbed_package_is_one_that_rasa_imports(imported):
    finder = lean.StubFinder(lean.STUBBED - {"sentry_sdk"} | set(lean.FOR_COMMAND))
    unused = {
        package for package in finder.packages if not any(lean.StubFinder(frozenset({package})).covers(name) for name in imported["stubs"])
    }
    assert unused == set()


def test_no_package_of_our_own_use_is_stubbed():
    stubbed = {name.split(".")[0] for name in lean.STUBBED | set(lean.FOR_COMMAND)}
    assert OURS & stubbed == {"sklearn", "scipy"}, "with which we learn, and which only serving does without"


def test_serving_does_without_what_learning_keeps():
    ask = "from bot.runtime import lean; lean.install({}); import sklearn, scipy; print(isinstance(sklearn, lean.StubModule))"
    assert python(ask.format("")).strip() == python(ask.format("'train'")).strip() == "False"
    assert python(ask.format("'run'")).strip() == "True"


def test_telemetry_is_off_even_where_the_environment_switched_it_on(imported):
    assert imported["telemetry"] is False


def test_no_crash_report_can_leave(imported):
    code = """
from bot.runtime import lean
lean.install()
from rasa import telemetry
import sentry_sdk
telemetry.initialize_error_reporting()
assert isinstance(sentry_sdk, lean.StubModule)
import structlog_sentry
event = {"event": "x"}
assert structlog_sentry.SentryProcessor(event_level=50)(None, "error", event) is event
"""
    python(code)


def test_using_a_stub_raises_and_names_it(imported):
    assert "tensorflow.constant" in imported["said"][0]
    assert "rasa.utils.tensorflow.models.RasaModel needs keras.Model" in imported["said"][1]


def test_a_stubbed_exception_catches_nothing_and_breaks_no_except_clause():
    code = """
from bot.runtime import lean
lean.install()
import pymongo.errors
from aiormq.exceptions import AMQPConnectionError
from twilio.base.exceptions import TwilioRestException
try:
    try: raise KeyError("kept")
    except (pymongo.errors.ConnectionFailure, AMQPConnectionError, TwilioRestException): print("swallowed")
except KeyError: print("kept")
assert pymongo.errors.ConnectionFailure is pymongo.errors.ConnectionFailure
"""
    assert python(code).strip() == "kept"


def test_every_name_that_rasa_catches_from_a_stubbed_package_is_an_exception_class():
    finder = lean.StubFinder(lean.STUBBED | set(lean.FOR_COMMAND))
    caught = {name for path in RASA.rglob("*.py") for name in _caught(ast.parse(path.read_text(encoding="utf-8"))) if finder.covers(name)}
    assert {name for name in caught if not isinstance(lean._named(name), type)} == set()
    assert {"aiogram.utils.exceptions.TelegramAPIError", "twilio.base.exceptions.TwilioRestException"} <= caught


def _caught(tree: ast.Module) -> set[str]:
    """Full names in the module's `except` clauses that come from imports."""
    origin = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            origin |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            origin |= {
                alias.asname or alias.name.split(".")[0]: alias.name if alias.asname else alias.name.split(".")[0] for alias in node.names
            }
    names = set()
    for handler in (node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler) and node.type):
        for item in handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]:
            head, _, rest = ast.unparse(item).partition(".")
            if head in origin:
                names.add(".".join(filter(None, [origin[head], rest])))
    return names


def test_a_stub_can_be_a_base_a_decorator_and_an_annotation():
    code = """
import abc
from typing import Optional, Union
from bot.runtime import lean
lean.install()
import tensorflow as tf
from keras import Model, layers
class Both(Model, layers.Layer, abc.ABC):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def call(self, x: Optional[tf.Tensor]) -> Union[tf.Tensor, "int"]: ...
    @tf.function
    def plain(self): return 1
assert Both.plain(None) == 1
assert not isinstance(1, tf.Tensor)
annotated: tf.Tensor | None = None
"""
    python(code)


def test_rasas_test_command_keeps_matplotlib_and_serving_does_not():
    ask = "from bot.runtime import lean; lean.install({!r}); import matplotlib; print(isinstance(matplotlib, lean.StubModule))"
    assert python(ask.format("test")).strip() == "False"
    assert python(ask.format("run")).strip() == "True"


def test_nothing_happens_when_the_hook_is_only_imported():
    assert python(
        "import sys, os; from bot.runtime import lean; print(lean.installed(), os.environ.get('RASA_TELEMETRY_ENABLED'))"
    ).split() == ["None", "None"]
