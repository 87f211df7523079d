"""Logs: what happened and where, never what a person wrote."""

import io
import logging
import warnings

import pytest
import structlog

from bot.runtime import logs

SECRET = "我的证件号码是630104198503170314"


@pytest.fixture
def configured(monkeypatch):
    """Quiet logging into a buffer; earlier logging and structlog set-up returns afterwards."""
    root = logging.getLogger()
    handlers, level, levels = root.handlers[:], root.level, {name: logging.getLogger(name).level for name in logs.OWN}
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    monkeypatch.setattr(logging, "raiseExceptions", True)
    root.handlers[:] = []
    logs.configure()
    buffer = io.StringIO()
    root.handlers[0].setStream(buffer)
    yield buffer
    root.handlers[:], root.level = handlers, level
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    structlog.reset_defaults()


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
