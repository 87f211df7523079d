"""One database for everything: SQLite by default, PostgreSQL in a department. Tables come from ``migrations/`` alone."""

import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from sqlalchemy import Column, DateTime, MetaData, create_engine, delete, event, exc, select, text
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.engine.url import make_url
from sqlalchemy.orm import Session, declarative_base
from sqlalchemy.pool import QueuePool
from sqlalchemy.types import TypeDecorator

from bot.messages import message
from bot.settings import ZONE, Settings

BUSY_SECONDS = 5  # how long a SQLite writer waits for another
CACHE_KB = 16384  # of a SQLite file for each connection: what leads to a person's records stays in memory among a million of them
BATCH = 1000  # values of a key whose rows are deleted in one transaction: others write in between
CONNECT_SECONDS = 3  # how long a server may take to accept a connection

Base: Any = declarative_base(
    metadata=MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
)


class DatabaseFault(Exception):  # noqa: N818 (the trouble is the database's, not the caller's)
    """The database cannot serve; the text is one Chinese sentence for whoever runs the command."""


class DatabaseNotReady(DatabaseFault):
    """The schema is missing or older than the program."""


class DatabaseBusy(DatabaseFault):
    """Another program held the write lock longer than we wait."""


class Moment(TypeDecorator):
    """A zone-aware datetime, stored as UTC without a zone and read back in Asia/Shanghai."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a zone")
        return value.astimezone(timezone.utc).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        return value if value is None else value.replace(tzinfo=timezone.utc).astimezone(ZONE)


class Database:
    """Sessions on one URL. ``read()`` for looking, ``write()`` for changing; both translate a failing database into ``DatabaseFault``."""

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        self.file = Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None
        if self.file is None:
            patience: dict[str, Any] = {"connect_timeout": CONNECT_SECONDS, "application_name": "xueshitong"}
            self.engine: Engine = create_engine(parsed, future=True, pool_pre_ping=True, connect_args=patience)
        else:
            connect: dict[str, Any] = {"timeout": BUSY_SECONDS, "check_same_thread": False}
            # by default SQLAlchemy 1.4 reopens a SQLite file for each session, and each closing writes the log back:
            # most of a message's time
            self.engine = create_engine(parsed, future=True, connect_args=connect, poolclass=QueuePool)
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        # a read that turns into a write fails at once on SQLite when another writer came between: writers lock at their beginning
        self.writer: Engine = self.engine.execution_options(sqlite_begin="BEGIN IMMEDIATE")

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session over one consistent view; nothing is committed."""
        with self._translated(), Session(self.engine, future=True, autoflush=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that holds the write lock from its start (SQLite), commits at the end and rolls back on any exception."""
        with self._translated(), Session(self.writer, future=True, expire_on_commit=False) as session, session.begin():
            session.connection()
            yield session

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """As ``write()``, without the ORM's session: a third of its cost, for what happens with every message."""
        with self._translated(), self.writer.begin() as connection:
            yield connection

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """As ``read()``, without the ORM's session."""
        with self._translated(), self.engine.connect() as connection:
            yield connection

    def dispose(self) -> None:
        """Close the pooled connections."""
        self.engine.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        if self.file is not None and not self.file.exists():
            raise DatabaseNotReady(message("database.not_ready"))  # connecting would leave an empty file behind
        try:
            yield
        except exc.IntegrityError:
            raise
        except exc.DBAPIError as error:
            fault = fault_of(error)
            if fault is None:
                raise
            raise fault from error


def delete_where(database: Database, key: Column, which: Any) -> int:
    """Delete the rows that meet ``which``, in transactions of so many values of ``key`` each; the number of rows. DatabaseFault."""
    gone = 0
    while True:
        with database.begin() as connection:
            chosen = connection.execute(select(key).where(which).distinct().limit(BATCH)).scalars().all()
            if not chosen:
                return gone
            gone += int(connection.execute(delete(key.table).where(key.in_(chosen), which)).rowcount)


def open_database(settings: Settings) -> Database:
    """The database of ``settings``; nothing is connected yet."""
    return Database(settings.database_url)


def serialise(session: Session | Connection, what: str) -> None:
    """Let one transaction at a time do ``what``. SQLite's writers already take turns; PostgreSQL gets an advisory lock until commit."""
    bound = session.get_bind() if isinstance(session, Session) else session
    if bound.dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": zlib.crc32(what.encode())})


def fault_of(error: exc.DBAPIError) -> DatabaseFault | None:
    """What a driver's error means for the person at the keyboard; None for a programming error of ours."""
    first = str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else type(error.orig).__name__
    if re.search(r"no such (table|column)|has no column named|relation .* does not exist|column .* does not exist", first):
        return DatabaseNotReady(message("database.not_ready"))
    if "locked" in first or "lock timeout" in first or "deadlock" in first:
        return DatabaseBusy(message("database.busy", seconds=BUSY_SECONDS))
    if isinstance(error, exc.OperationalError | exc.InterfaceError) or "not a database" in first or "malformed" in first:
        return DatabaseFault(message("database.unreachable", why=first))
    return None


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes too late; ours is below
    cursor = connection.cursor()
    for pragma in (
        "foreign_keys=ON",
        f"busy_timeout={BUSY_SECONDS * 1000}",
        "journal_mode=WAL",
        "synchronous=NORMAL",
        f"cache_size=-{CACHE_KB}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN"))
