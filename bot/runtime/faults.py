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
        return _one_line(error)
    from bot.db import DatabaseFault
    from policies.notice import NoticeError

    return _one_line(error) if isinstance(error, DatabaseFault | NoticeError) else None


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())
