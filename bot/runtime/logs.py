"""Logs of the running bot: stderr, one line an event, and never a word a person wrote.

Rasa and its libraries put message texts into their log lines (for example rasa/core/channels/rest.py:184 and the tracker dumps of
rasa/core/processor.py). Their lines are therefore written as the template in their source, with … for every inserted value; an
exception as its class and the places it passed. Our own modules log whole sentences and answer for what they say.

Facts that a program may want go beside the sentence: `logger.info("message handled", extra={"fields": {"channel": "rest", "message": 7}})`
becomes `message handled channel=rest message=7`, or keys of a JSON object with BOT_LOG_FORMAT=json. They are figures and identifiers,
never words. A person appears in no form, not even as a digest, which would still join one person's lines: the journal row (`message`)
leads whoever may read the database to the sender, and leads nowhere once the row is deleted.
"""

import ast
import json
import linecache
import logging
import re
import sys
import traceback
import warnings
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from types import TracebackType
from typing import Any

from bot import settings
from bot.inbox.text import mask
from bot.runtime.masking import hide
from bot.settings import JSON, ZONE, SettingsError

LINE = "%(asctime)s %(levelname)s %(name)s: %(message)s"
TIME = "%Y-%m-%d %H:%M:%S"
OWN = ("bot", "actions", "policies")
SANIC = ("sanic.root", "sanic.error", "sanic.access")
PLAIN_ERRORS = (OSError, ImportError, SyntaxError)
"""Exceptions whose text names files, addresses or code, not people."""

_LOG_METHODS = frozenset({"debug", "info", "warning", "warn", "error", "exception", "critical", "log"})
_PERCENT = re.compile(r"%(\(\w+\))?[-#0 +]*[\d*.]*[a-zA-Z]")
_GAP = "…"
_PERSONAL = frozenset({"code", "id_number", "name", "phone", "sender", "sender_id", "text", "title"})
_IDENTIFIER = re.compile(r"[!-~]{1,100}")
_LARGEST = 10**10  # numbers from here on may be telephone or ID numbers


class QuietFormatter(logging.Formatter):
    """Writes records of other people's code without the values in them, and our own with their fields."""

    def format(self, record: logging.LogRecord) -> str:
        facts = [f"{name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in safe_fields(record).items()]
        said = " ".join([safe_message(record), *facts])
        time = self.formatTime(record, TIME)
        line = LINE % {"asctime": time, "levelname": record.levelname, "name": record.name, "message": said}
        return hide(f"{line}\n{trace}" if (trace := _trace(record)) else line)


class JsonFormatter(QuietFormatter):
    """Writes the same as one JSON object a line: time, level, logger, event, the fields, and `trace` for an exception."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, ZONE).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "event": safe_message(record),
        }
        line |= {name: value for name, value in safe_fields(record).items() if name not in line}
        if trace := _trace(record):
            line["trace"] = trace
        return hide(json.dumps(line, ensure_ascii=False))


class OpenFormatter(logging.Formatter):
    """Writes what libraries say, but no secret."""

    def format(self, record: logging.LogRecord) -> str:
        return hide(super().format(record))


def safe_message(record: logging.LogRecord) -> str:
    """The record's sentence, with … for inserted values unless it is one of ours."""
    if _answered_for(record):
        return record.getMessage()
    if record.args:
        return _PERCENT.sub(_GAP, str(record.msg)).replace("%%", "%")
    return _template(record.pathname, record.lineno)


def safe_fields(record: logging.LogRecord) -> dict[str, Any]:
    """The record's fields if it is one of ours; … for whatever is neither a figure nor an identifier, or goes by a person's names."""
    fields = getattr(record, "fields", None)
    if not isinstance(fields, Mapping) or not _answered_for(record):
        return {}
    return {str(name): _GAP if name in _PERSONAL else _safe_value(value) for name, value in fields.items()}


def _safe_value(value: object) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value if abs(value) < _LARGEST else _GAP
    return _safe_text(value) if isinstance(value, str) else _GAP


@lru_cache(maxsize=256)
def _safe_text(value: str) -> str:
    return mask(value) if _IDENTIFIER.fullmatch(value) else _GAP


def _answered_for(record: logging.LogRecord) -> bool:
    return record.name.split(".")[0] in OWN or getattr(record, "clean", False)


@lru_cache(maxsize=256)
def _template(path: str, line: int) -> str:
    """The constant parts of the first argument of the logging call at that line."""
    place = f"({path.rpartition('site-packages/')[2]}:{line})"
    try:
        tree = ast.parse("".join(linecache.getlines(path)))
    except SyntaxError:
        return place
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in _LOG_METHODS
        and node.args
        and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    if not calls:
        return place
    innermost = max(calls, key=lambda call: call.lineno)
    text = _constant_parts(innermost.args[-1] if innermost.func.attr == "log" else innermost.args[0])  # type: ignore[attr-defined]
    return place if text.strip(f"{_GAP} ") == "" else f"{text} {place}"


def _constant_parts(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_constant_parts(part) for part in node.values)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        return re.sub(r"\{[^{}]*\}", _GAP, _constant_parts(node.func.value))
    return _GAP


def _trace(record: logging.LogRecord) -> str:
    """The record's exception in lines; empty without one, also when one was asked for where there was none."""
    kind, error, trace = record.exc_info or (None, None, None)
    return "" if kind is None or error is None else safe_traceback(kind, error, trace)


def safe_traceback(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> str:
    """The exceptions of a chain, oldest first, each with the places it passed; texts only of `PLAIN_ERRORS`."""
    lines: list[str] = []
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if earlier is not None:
        lines += [safe_traceback(type(earlier), earlier, earlier.__traceback__), "then"]
    lines += [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in traceback.extract_tb(trace)]
    lines.append(f"{kind.__module__}.{kind.__qualname__}" + (f": {error}" if isinstance(error, PLAIN_ERRORS) else ""))
    return "\n".join(lines)


def configure(private: bool = True, rasa: bool = True) -> None:
    """Send every logger, Sanic's and structlog's among them, through one handler on stderr; ours from INFO, others from WARNING.

    The form is that of BOT_LOG_FORMAT; plain text while the settings cannot be read, which is for somebody else to tell.
    `private=False` is for commands that meet nobody's messages, such as training: libraries then say all they have to say.
    `rasa=False` is for a process that never imports Rasa and stays small: structlog takes 12 MB.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter() if private else OpenFormatter(LINE, TIME))
    handler.addFilter(_said_by_code)
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for name in OWN:
        logging.getLogger(name).setLevel(logging.INFO)
    for name in SANIC:  # rasa/utils/common.py:296 cuts them off from the root logger
        logging.getLogger(name).handlers[:] = [handler]
    if private:
        logging.raiseExceptions = False  # a failing log line would print itself whole
        warnings.showwarning = _log_warning
    if rasa:
        _configure_structlog()


def _formatter() -> logging.Formatter:
    try:
        return JsonFormatter() if settings.load().log_format == JSON else QuietFormatter()
    except SettingsError:
        return QuietFormatter()


def _configure_structlog() -> None:
    import structlog

    structlog.configure(
        processors=[_event_only],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        cache_logger_on_first_use=True,
    )


def _event_only(_logger: object, _method: str, event: Any) -> tuple[tuple[str], dict[str, Any]]:
    """Keep the event's name and the action's: Rasa's events carry texts, slots and whole trackers under many keys."""
    fields = {"action_name": event["action_name"]} if "action_name" in event else {}
    return (str(event["event"]),), {"extra": {"clean": True, "fields": fields}, "exc_info": event.get("exc_info")}


def _said_by_code(record: logging.LogRecord) -> bool:
    """Drop what asyncio says from a destructor while the interpreter ends: no frame is left to say it from, and no task to mend."""
    return record.pathname != "(unknown file)"


def _log_warning(message: Warning | str, category: type[Warning], filename: str, lineno: int, *_: Any, **__: Any) -> None:
    if not issubclass(category, (DeprecationWarning, PendingDeprecationWarning, FutureWarning)):
        logging.getLogger("bot.runtime").warning("%s at %s:%s", category.__name__, filename, lineno)
