"""Import hook that lets Rasa start without the packages it imports but we never use.

Why: `rasa/engine/recipes/default_components.py` imports every built-in component, and with them TensorFlow
(`rasa/nlu/classifiers/diet_classifier.py:11`), and `rasa/core/channels/__init__.py` imports the client library of every
chat service. That is about 40 s and 1 GB for code that a linear classifier and RulePolicy never call.

`install()` must run before the first `import rasa`. From then on the packages of `STUBBED` are answered with stubs: they
may be named at import time (base class, annotation, decorator, `except` clause), and raise `LeanImportError` when used.
"""

import importlib.abc
import importlib.machinery
import inspect
import os
import sys
import types
import warnings
from typing import Any

STUBBED = frozenset(
    {
        # neural networks
        "tensorflow", "keras",
        # stores, brokers and clouds
        "boto3", "pymongo", "aio_pika", "aiormq", "google.auth", "google.oauth2", "cachecontrol",
        # clients of Rasa's own channels; ours bring their own
        "twilio", "slack_sdk", "aiogram", "webexteamssdk", "fbmessenger", "socketio",
        # tokens of Rasa's HTTP API, which stays off (rasa/server.py:39)
        "sanic_jwt", "jwt",
        # crash reports
        "sentry_sdk", "structlog_sentry",
    }
)  # fmt: skip
"""What Rasa imports while it is itself imported (but for sentry_sdk: stubbed so that no crash report can leave), and we never call."""

_LEARNING = frozenset({"train", "test", "evaluate", "data", "interactive", "init", "x", "visualize"})

FOR_COMMAND = {
    # learning: our classifier and RulePolicy predict with numpy alone; rasa/utils/tensorflow/model_data.py:18 and others import them
    "sklearn": _LEARNING,
    "scipy": _LEARNING,
    "matplotlib": frozenset({"test", "evaluate"}),  # rasa/utils/plotting.py:8
    "questionary": frozenset({"shell", "interactive", "init", "x"}),  # rasa/core/channels/console.py:18
    "prompt_toolkit": frozenset({"shell", "interactive", "init", "x"}),
}
"""Packages that only some of Rasa's commands use: stubbed for all others."""

_EXCEPTION_MODULES = ("exceptions", "errors", "error")
_EXCEPTION_ENDINGS = ("Error", "Exception", "Failure")
_QUIET_WARNINGS = (DeprecationWarning, PendingDeprecationWarning, FutureWarning)


class LeanImportError(ImportError):
    """Something that is deliberately not part of this installation was used; the message names it."""


def _refuse(name: str, needed_by: type | None = None) -> LeanImportError:
    needs = f"{needed_by.__module__}.{needed_by.__qualname__} needs " if needed_by else ""
    return LeanImportError(
        f"{needs}{name}, which is stubbed out: this bot runs without {name.split('.', maxsplit=1)[0]} (bot/runtime/lean.py)"
    )


class Unavailable:
    """What a class becomes whose base class is a stub: it can be defined, but not instantiated."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        raise _refuse(next(base.__name__ for base in cls.__mro__ if base.__module__ == __name__), needed_by=cls)


class Stub:
    """Stands for any name of a stubbed package.

    It is no type: as a base class it steps aside (`__mro_entries__`), so it never meets the metaclass of another base.
    """

    def __init__(self, name: str) -> None:
        self.__name__ = self.__qualname__ = name
        self._base: type | None = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _named(f"{self.__name__}.{name}")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        frame = sys._getframe(1)
        if frame.f_code.co_flags & inspect.CO_OPTIMIZED:  # set for bodies of functions, not of modules and classes
            raise _refuse(self.__name__)
        if len(args) == 1 and not kwargs and (inspect.isfunction(args[0]) or inspect.isclass(args[0])):
            return args[0]  # used as a decorator
        return Stub(f"{self.__name__}()")

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        if self._base is None:
            self._base = type(self.__name__, (Unavailable,), {"__module__": __name__})
        return (self._base,)

    def __instancecheck__(self, instance: object) -> bool:
        return False

    def __subclasscheck__(self, subclass: type) -> bool:
        return False

    def __getitem__(self, item: object) -> "Stub":
        return self

    def __or__(self, other: object) -> Any:
        return Any

    __ror__ = __or__

    def __iter__(self) -> Any:
        raise _refuse(self.__name__)

    def __bool__(self) -> bool:
        raise _refuse(self.__name__)

    def __repr__(self) -> str:
        return f"<stub {self.__name__}>"


class NoCrashReports:
    """In place of `structlog_sentry.SentryProcessor`, which `rasa/utils/log_utils.py` builds for every command."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def __call__(self, logger: object, method: str, event: Any) -> Any:
        return event


class StubModule(types.ModuleType):
    """A module of a stubbed package; every name in it exists."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        value = _named(f"{self.__name__}.{name}")
        if isinstance(value, type):
            setattr(self, name, value)  # one exception class per name, however often it is asked for
        return value


def _named(path: str) -> Any:
    if path == "structlog_sentry.SentryProcessor":
        return NoCrashReports
    module, _, name = path.rpartition(".")
    in_exception_module = module.rpartition(".")[2] in _EXCEPTION_MODULES and name[:1].isupper()
    if in_exception_module or name.endswith(_EXCEPTION_ENDINGS):
        # `except` needs a real class: with anything else, an error of the database would turn into a TypeError
        return type(name, (Exception,), {"__module__": module})
    return Stub(path)


class _StubLoader(importlib.abc.Loader):
    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return StubModule(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        module.__version__ = "0"  # type: ignore[attr-defined]


class StubFinder(importlib.abc.MetaPathFinder):
    """Answers imports of the given packages and everything below them."""

    def __init__(self, packages: frozenset[str]) -> None:
        self.packages = packages

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if not self.covers(fullname):
            return None
        return importlib.machinery.ModuleSpec(fullname, _StubLoader(), is_package=True)

    def covers(self, fullname: str) -> bool:
        """Whether the module belongs to one of the packages."""
        parts = fullname.split(".")
        return any(".".join(parts[:length]) in self.packages for length in range(1, len(parts) + 1))


def installed() -> StubFinder | None:
    """The finder put in place by `install`, if any."""
    return next((finder for finder in sys.meta_path if isinstance(finder, StubFinder)), None)


def install(command: str = "train") -> None:
    """Put the stubs in place, switch telemetry and crash reports off and silence warnings about Rasa's own age.

    `command` is the command of Rasa's that follows: it keeps the packages of `FOR_COMMAND` it uses. A second call changes nothing.
    The default suits everything but serving ("run"), which has no use for what learning needs.
    """
    os.environ["RASA_TELEMETRY_ENABLED"] = "false"  # read by rasa/telemetry.py before each report and crash report
    os.environ["SQLALCHEMY_SILENCE_UBER_WARNING"] = "1"
    if installed() is None:
        unused = {package for package, commands in FOR_COMMAND.items() if command not in commands}
        sys.meta_path.insert(0, StubFinder(STUBBED | unused))
        _silence(*_QUIET_WARNINGS)


def _silence(*categories: type[Warning]) -> None:
    """Drop warnings of these categories when they are shown: `sanic/app.py:120` overrides any filter set earlier."""
    show = warnings.showwarning

    def show_others(message: Any, category: type[Warning], *place: Any, **more: Any) -> None:
        if not issubclass(category, categories):
            show(message, category, *place, **more)

    warnings.showwarning = show_others
