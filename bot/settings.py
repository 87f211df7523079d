"""Settings from the environment (prefix ``BOT_``) and from ``.env`` in the working folder; the environment wins."""

import os
import time as clock
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.messages import message

ZONE = ZoneInfo("Asia/Shanghai")
PREFIX = "BOT_"
DEFAULT_URL = "sqlite:///xueshitong.db"
LEAST_SECRET = 8  # characters of BOT_SECRET_KEY
MOST_WORKERS = 64
TEXT, JSON = LOG_FORMATS = ("text", "json")
SECRET_BYTES = 32  # random bytes in the file beside a SQLite database


class SettingsError(Exception):
    """A setting that cannot be used; the text is Chinese and names the variable."""


@dataclass(frozen=True)
class Settings:
    """What this process was told. ``values`` holds every ``BOT_`` variable, channel secrets among them, and is kept out of ``repr``."""

    database_url: str = field(repr=False)  # may hold a password
    today: date | None
    host: str
    workers: int
    log_format: str  # one of LOG_FORMATS
    rest_token: str | None = field(repr=False)
    folder: Path
    values: Mapping[str, str] = field(repr=False)

    def get(self, name: str) -> str | None:
        """The value of ``name`` (with its prefix), None when unset or blank."""
        return self.values.get(name, "").strip() or None

    def current_date(self) -> date:
        """BOT_TODAY, else the date in Asia/Shanghai."""
        return self.today or datetime.now(ZONE).date()

    def now(self) -> datetime:
        """The moment in Asia/Shanghai, zone-aware; with BOT_TODAY the present time of day on that date."""
        moment = datetime.now(ZONE)
        return moment if self.today is None else datetime.combine(self.today, moment.timetz())

    @property
    def database_file(self) -> Path | None:
        """The SQLite file, None on another database."""
        scheme, _, path = self.database_url.partition(":///")
        return Path(path.partition("?")[0]) if scheme.split("+")[0] == "sqlite" else None

    def secret_key(self) -> bytes:
        """BOT_SECRET_KEY, else ``.secret`` beside a SQLite database, made on first use. SettingsError where neither can be had."""
        name = PREFIX + "SECRET_KEY"
        given = self.get(name)
        if given is not None:
            if len(given) < LEAST_SECRET:
                raise SettingsError(message("settings.short_secret", name=name, least=LEAST_SECRET))
            return given.encode()
        if self.database_file is None:
            raise SettingsError(message("settings.secret_needed", name=name))
        return _secret_file(self.database_file.parent / ".secret", name)


def load(env: Mapping[str, str] | None = None, folder: Path | None = None) -> Settings:
    """Read and check the settings; ``env`` defaults to the process's environment, ``folder`` to the working folder. SettingsError."""
    folder = (folder or Path.cwd()).resolve()
    given = os.environ if env is None else env
    values = _dotenv(folder / ".env") | {name: value for name, value in given.items() if name.startswith(PREFIX)}

    def text(name: str, default: str = "") -> str:
        return values.get(PREFIX + name, "").strip() or default

    host = text("HOST", "127.0.0.1")
    if any(mark.isspace() for mark in host):
        raise SettingsError(message("settings.bad_host", name=PREFIX + "HOST"))
    return Settings(
        database_url=_database_url(text("DATABASE_URL", DEFAULT_URL), folder),
        today=_date(text("TODAY")),
        host=host,
        workers=_workers(text("WORKERS", "1")),
        log_format=_log_format(text("LOG_FORMAT", TEXT)),
        rest_token=text("REST_TOKEN") or None,
        folder=folder,
        values=values,
    )


def _date(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise SettingsError(message("settings.bad_date", name=PREFIX + "TODAY", value=text)) from None


def _workers(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= MOST_WORKERS:
        raise SettingsError(message("settings.bad_workers", name=PREFIX + "WORKERS", value=text, most=MOST_WORKERS))
    return int(text)


def _log_format(text: str) -> str:
    if text not in LOG_FORMATS:
        raise SettingsError(message("settings.bad_log_format", name=PREFIX + "LOG_FORMAT", value=text, known=", ".join(LOG_FORMATS)))
    return text


def _database_url(text: str, folder: Path) -> str:
    """Check the kind of database and make a SQLite path absolute, so that processes in other folders share the file."""
    name = PREFIX + "DATABASE_URL"
    scheme, mark, rest = text.partition("://")
    kind = scheme.split("+")[0]
    if not mark or not kind:
        raise SettingsError(message("settings.bad_url", name=name))  # the value may hold a password: never shown
    if kind in ("postgresql", "postgres"):
        if scheme not in ("postgres", "postgresql", "postgresql+psycopg2"):
            raise SettingsError(message("settings.unsupported_database", name=name, value=scheme))
        return f"postgresql+psycopg2://{rest}"
    if scheme not in ("sqlite", "sqlite+pysqlite"):
        raise SettingsError(message("settings.unsupported_database", name=name, value=scheme))
    path, _, query = rest.removeprefix("/").partition("?")
    if path in ("", ":memory:") or "mode=memory" in query or path.startswith("file:"):
        raise SettingsError(message("settings.memory_database", name=name))
    return f"sqlite:///{folder / path}" + (f"?{query}" if query else "")


def _dotenv(path: Path) -> dict[str, str]:
    """``NAME=value`` lines; blank lines, ``#`` lines, a leading ``export`` and quotes around the value are understood."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(message("settings.unreadable", path=path.name, why=error)) from None
    values = {}
    for number, line in enumerate(lines, 1):
        line = line.strip().removeprefix("export ")
        if not line or line.startswith("#"):
            continue
        name, mark, value = line.partition("=")
        if not mark or not name.strip():
            raise SettingsError(message("settings.bad_line", line=number))
        value = value.strip()
        if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
            value = value[1:-1]
        values[name.strip()] = value
    return {name: value for name, value in values.items() if name.startswith(PREFIX)}


def _secret_file(path: Path, name: str) -> bytes:
    """Read the key, or create it: exclusively, so that of two processes starting at once both end with the same key."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        pass
    except OSError as error:
        raise SettingsError(message("settings.secret_unwritable", path=path, why=error.strerror, name=name)) from None
    else:
        with os.fdopen(handle, "wb") as target:
            target.write(os.urandom(SECRET_BYTES).hex().encode())
    for _ in range(50):  # the other process may not have written yet
        try:
            key = path.read_bytes().strip()
        except OSError as error:
            raise SettingsError(message("settings.secret_unwritable", path=path, why=error.strerror, name=name)) from None
        if len(key) >= 2 * SECRET_BYTES:
            return key
        clock.sleep(0.02)
    raise SettingsError(message("settings.secret_damaged", path=path))
