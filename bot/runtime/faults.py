"""Which errors are for the person who started a command, and the one line each becomes."""

from bot.messages import message


def sentence_of(error: BaseException) -> str | None:
    """The Chinese line for what keeps a command from its work; None for a mistake of ours, which keeps its traceback."""
    from bot.runtime.lean import LeanImportError
    from bot.runtime.project import StartError
    from bot.settings import SettingsError

    if isinstance(error, LeanImportError):
        return message("runtime.not_installed", why=error)
    if isinstance(error, StartError | SettingsError):
        return one_line(error)
    from bot.db import DatabaseFault
    from policies.notice import NoticeError

    return one_line(error) if isinstance(error, DatabaseFault | NoticeError) else None


def one_line(error: BaseException) -> str:
    """The error's whole text in one line; its class where it has none."""
    return " ".join(str(error).split()) or type(error).__name__


def first_line(error: BaseException) -> str:
    """The first line of the error's text, since drivers add more, down to the statement; its class where it has none."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
