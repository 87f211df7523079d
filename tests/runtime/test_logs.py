"""Logs: what happened and where, never what a person wrote."""

import io
import json
import logging
import warnings
from datetime import datetime, timedelta

import pytest
import structlog

from bot.runtime import logs

SECRET = "我的证件号码是630104198503170314"


@pytest.fixture
def configure(monkeypatch):
    """Quiet logging into a buffer, as a function; earlier logging and structlog set-up returns afterwards."""
    root = logging.getLogger()
    handlers, level, levels = root.handlers[:], root.level, {name: logging.getLogger(name).level for name in logs.OWN}
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    monkeypatch.setattr(logging, "raiseExceptions", True)
    root.handlers[:] = []

    def into_buffer() -> io.StringIO:
        logs.configure()
        buffer = io.StringIO()
        root.handlers[0].setStream(buffer)
        return buffer

    yield into_buffer
    root.handlers[:], root.level = handlers, level
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    structlog.reset_defaults()


@pytest.fixture
def configured(configure, monkeypatch):
    monkeypatch.delenv("BOT_LOG_FORMAT", raising=False)
    return configure()


@pytest.fixture
def objects(configure, monkeypatch):
    """The objects that BOT_LOG_FORMAT=json writes, as a function."""
    monkeypatch.setenv("BOT_LOG_FORMAT", "json")
    buffer = configure()
    return lambda: [json.loads(line) for line in buffer.getvalue().split("\n")[:-1]]


def foreign(name: str = "rasa.core.processor") -> logging.Logger:
    return logging.getLogger(name)


def test_a_value_in_an_f_string_of_a_library_is_left_out(configured):
    foreign().error(f"Could not handle {SECRET} at all")
    line = configured.getvalue()
    assert SECRET not in line
    assert "Could not handle … at all" in line


def test_a_value_given_as_an_argument_is_left_out(configured):
    foreign().error("Could not handle %s (%d times)", SECRET, 3)
    assert configured.getvalue().rstrip().endswith("Could not handle … (… times)")


def test_a_value_put_in_by_format_is_left_out(configured):
    foreign().error("Message '{}' failed".format(SECRET))  # noqa: UP032
    line = configured.getvalue()
    assert SECRET not in line
    assert "Message '…' failed" in line


def test_a_text_logged_on_its_own_becomes_its_place(configured):
    foreign().error(SECRET)
    line = configured.getvalue()
    assert SECRET not in line
    assert "test_logs.py:" in line


def test_an_exceptions_text_is_left_out_and_its_place_kept(configured):
    try:
        raise ValueError(SECRET)
    except ValueError:
        logging.getLogger("bot.inbox").exception("failed")
    written = configured.getvalue()
    assert SECRET not in written
    assert "ValueError" in written
    assert "test_logs.py" in written


def test_the_cause_of_an_exception_is_named_without_its_text(configured):
    try:
        try:
            raise KeyError(SECRET)
        except KeyError as error:
            raise RuntimeError(SECRET) from error
    except RuntimeError:
        foreign().exception("failed")
    written = configured.getvalue()
    assert SECRET not in written
    assert written.index("KeyError") < written.index("RuntimeError")


def test_an_operating_system_error_keeps_its_text(configured):
    try:
        raise ConnectionRefusedError(111, "Connection refused")
    except OSError:
        foreign().exception("failed")
    assert "Connection refused" in configured.getvalue()


def test_our_own_sentences_stay_whole(configured):
    logging.getLogger("bot.runtime").info("started %s", "now")
    assert "INFO bot.runtime: started now" in configured.getvalue()


def test_libraries_are_heard_from_warning_on(configured):
    foreign().info("chatter")
    foreign("sanic.access").info("chatter")
    assert configured.getvalue() == ""


def test_sanics_errors_reach_us_though_rasa_cuts_them_off(configured):
    logger = foreign("sanic.error")
    logger.propagate = False
    logger.error(f"Exception with {SECRET}")
    assert "Exception with …" in configured.getvalue()


def test_structlog_events_keep_only_event_and_action(configured):
    structlog.get_logger("rasa.core.processor").error(
        "processor.failed", text=SECRET, event_info=f"got {SECRET}", action_name="action_x", rasa_events=[SECRET]
    )
    line = configured.getvalue()
    assert SECRET not in line
    assert "processor.failed action_name=action_x" in line


def test_structlog_debug_lines_are_dropped(configured):
    structlog.get_logger().debug("processor.message.parse", parse_data_text=SECRET)
    assert configured.getvalue() == ""


def test_a_warning_becomes_its_class_and_place(configured):
    warnings.showwarning(UserWarning(SECRET), UserWarning, "somewhere.py", 7)
    assert "UserWarning at somewhere.py:7" in configured.getvalue()


def test_a_line_that_cannot_be_written_is_not_printed_elsewhere(configured, capfd):
    configured.close()
    foreign().error("%s", SECRET)
    assert SECRET not in "".join(capfd.readouterr())


def test_a_place_without_a_logging_call_is_named():
    assert logs._template(logging.__file__, 1).startswith("(")


def own() -> logging.Logger:
    return logging.getLogger("bot.inbox.intake")


FIELDS = {"channel": "rest", "message": 7, "seconds": 0.004, "again": False, "model": None}


def test_fields_stand_behind_the_sentence(configured):
    own().info("message handled", extra={"fields": FIELDS})
    assert configured.getvalue().endswith(
        "INFO bot.inbox.intake: message handled channel=rest message=7 seconds=0.004 again=false model=null\n"
    )


def test_fields_are_keys_of_the_object(objects):
    own().info("message %s", "handled", extra={"fields": FIELDS})
    (line,) = objects()
    moment = datetime.fromisoformat(line.pop("time"))
    assert abs(datetime.now(moment.tzinfo) - moment) < timedelta(seconds=10)
    assert moment.utcoffset() == timedelta(hours=8)
    assert line == {"level": "INFO", "logger": "bot.inbox.intake", "event": "message handled", **FIELDS}


def test_a_field_cannot_take_the_place_of_what_every_line_has(objects):
    own().info("message handled", extra={"fields": {"level": "low", "event": "other", "stage": "load"}})
    (line,) = objects()
    assert (line["level"], line["event"], line["stage"]) == ("INFO", "message handled", "load")


PRIVATE = [
    {"text": "x"}, {"name": "x"}, {"sender": "x"}, {"sender_id": "web:x"}, {"code": "K7M2Q9A3BX"},
    {"stage": SECRET}, {"stage": "张三"}, {"stage": "two words"}, {"stage": "two\nlines"}, {"stage": "x" * 101}, {"stage": [SECRET]},
    {"count": 630104198503170314}, {"count": 13812345678}, {"count": float("nan")}, {"stage": b"x"},
]  # fmt: skip


@pytest.mark.parametrize("fields", PRIVATE, ids=str)
def test_what_may_be_a_person_is_no_field(configured, fields):
    own().info("done", extra={"fields": fields})
    (name,) = fields
    assert configured.getvalue().endswith(f": done {name}=…\n")


@pytest.mark.parametrize("number", ["630104198503170314", "web:13812345678"])
def test_a_number_of_a_person_in_an_identifier_is_masked(configured, number):
    own().info("done", extra={"fields": {"stage": number}})
    assert number not in configured.getvalue()
    assert "stage=" in configured.getvalue()


def test_fields_of_libraries_are_left_out(objects):
    foreign().error("Failed for %s", SECRET, extra={"fields": {"channel": "secret-1"}, "channel": "secret-2"})
    (line,) = objects()
    assert line["event"] == "Failed for …"
    assert set(line) == {"time", "level", "logger", "event"}


def test_objects_hold_no_value_of_a_library(objects):
    foreign().error(f"Could not handle {SECRET} at all")
    foreign().error(SECRET)
    foreign("sanic.error").error("Message '{}' failed".format(SECRET))  # noqa: UP032
    structlog.get_logger("rasa.core.processor").error("processor.failed", text=SECRET, action_name="action_x", rasa_events=[SECRET])
    try:
        raise ValueError(SECRET)
    except ValueError:
        own().exception("failed")
    warnings.showwarning(UserWarning(SECRET), UserWarning, "somewhere.py", 7)
    lines = objects()
    assert len(lines) == 6
    assert SECRET not in json.dumps(lines, ensure_ascii=False)
    assert lines[3]["action_name"] == "action_x"
    assert "test_logs.py" in lines[4]["trace"]
    assert lines[4]["trace"].endswith("builtins.ValueError")


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_line_that_asks_for_an_exception_where_there_is_none_is_written(configure, monkeypatch, form):
    monkeypatch.setenv("BOT_LOG_FORMAT", form)
    buffer = configure()
    own().error("failed", exc_info=True)
    assert buffer.getvalue().count("\n") == 1
    assert "failed" in buffer.getvalue()


def test_settings_that_cannot_be_read_leave_plain_text(configure, monkeypatch):
    monkeypatch.setenv("BOT_LOG_FORMAT", "json")
    monkeypatch.setenv("BOT_TODAY", "yesterday")
    buffer = configure()
    own().info("started")
    assert buffer.getvalue().endswith("INFO bot.inbox.intake: started\n")


def test_what_is_said_from_a_destructor_at_the_end_is_dropped_and_nothing_else() -> None:
    parts = {"name": "asyncio", "levelno": logging.ERROR, "msg": "Task was destroyed but it is pending!"}
    assert not logs._said_by_code(logging.makeLogRecord({**parts, "pathname": "(unknown file)"}))
    assert logs._said_by_code(logging.makeLogRecord({**parts, "pathname": "asyncio/base_events.py"}))
