"""Bring the database to the schema of this program, or say whether it has it. Alembic alone makes tables."""

import re
from pathlib import Path
from typing import Any

from sqlalchemy import exc, text

from bot.db import Database, DatabaseFault, DatabaseNotReady, fault_of, open_database
from bot.messages import message
from bot.settings import Settings

MIGRATIONS = Path(__file__).parent.parent / "migrations"
_REVISION = re.compile(r'^revision\b[^=]*= "(\w+)"', re.MULTILINE)
_DOWN_REVISION = re.compile(r'^down_revision\b[^=]*= "(\w+)"', re.MULTILINE)


def upgrade(database: Database, revision: str = "head") -> bool:
    """Migrate to ``revision`` in one transaction; True when anything changed. DatabaseFault when it is busy or newer than we are."""
    from alembic import command

    if database.file is not None and not database.file.parent.is_dir():
        raise DatabaseFault(message("database.unreachable", why=f"{database.file.parent}"))
    try:
        with database.writer.connect() as connection, connection.begin():
            if connection.dialect.name == "postgresql":  # two set-ups at once take turns
                connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('xueshitong schema'))"))
            before = _version(connection)
            _refuse_newer(before)
            command.upgrade(_config(connection), revision)
            return before != _version(connection)
    except exc.DBAPIError as error:
        fault = fault_of(error)
        if fault is None:
            raise
        raise fault from error


def is_current(database: Database) -> bool:
    """Whether the database has exactly this program's schema. Without Alembic, which takes a server 10 MB."""
    try:
        with database.read() as session:
            return session.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == [newest_revision()]
    except DatabaseNotReady:
        return False


def require_current(settings: Settings) -> None:
    """DatabaseFault unless the database has this program's schema."""
    database = open_database(settings)
    try:
        if not is_current(database):
            raise DatabaseNotReady(message("database.not_ready"))
    finally:
        database.dispose()


def newest_revision() -> str:
    """The revision that the migrations lead to: the one that none of them follows."""
    sources = [path.read_text(encoding="utf-8") for path in (MIGRATIONS / "versions").glob("*.py")]
    followed = {name for source in sources for name in _DOWN_REVISION.findall(source)}
    (newest,) = {name for source in sources for name in _REVISION.findall(source)} - followed
    return newest


def _config(connection: Any) -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _script() -> Any:
    from alembic.script import ScriptDirectory

    return ScriptDirectory(str(MIGRATIONS))


def _version(connection: Any) -> str | None:
    from alembic.runtime.migration import MigrationContext

    return MigrationContext.configure(connection).get_current_revision()


def _refuse_newer(version: str | None) -> None:
    if version is not None and version not in {revision.revision for revision in _script().walk_revisions()}:
        raise DatabaseFault(message("database.newer", version=version))
