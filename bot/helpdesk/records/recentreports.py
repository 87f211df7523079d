"""Overviews of units, kept until an import changes the data; those of units with many credits to weigh are made in the background."""

import logging
import threading
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.db import Database
from bot.helpdesk.records import unitreport
from bot.helpdesk.records.unitreport import Begun, Overview
from bot.hours.models import ImportBatch
from policies.notice import Notices

AT_ONCE = 300  # people whose credits are weighed while a page waits: about a tenth of a second
MOST = 16  # overviews kept

logger = logging.getLogger(__name__)
Key = tuple[Any, ...]


class Making:
    """An overview in the making: ``share`` (0..1) of it is done, or ``failed`` is why it will not be."""

    def __init__(self) -> None:
        self.share = 0.0
        self.failed: Exception | None = None


class RecentReports:
    """The overviews of one process."""

    def __init__(self, database: Database, notices: Notices) -> None:
        self._database, self._notices = database, notices
        self._lock = threading.Lock()
        self._held: dict[Key, Overview | Making] = {}

    def overview(self, unit: str, year: int, today: date) -> Overview | Making:
        """The unit's year, or how far it has been made. What kept it from being made is raised, once."""
        with self._database.read() as session:
            key = (unit, year, today, *_version(session))
            held = self._known(key)
            if held is not None:
                return held
            start = unitreport.begun(session, self._notices, unit, year, today)
            if len(start.doubtful) + len(start.skilled) <= AT_ONCE:
                return self._keep(key, unitreport.finished(session, self._notices, start, today))
        making = Making()
        if self._keep(key, making) is making:
            threading.Thread(target=self._make, args=(key, start, today, making), daemon=True).start()
        return making

    def _known(self, key: Key) -> Overview | Making | None:
        with self._lock:
            held = self._held.get(key)
            if isinstance(held, Making) and held.failed is not None:
                del self._held[key]
                raise held.failed
            return held

    def _keep(self, key: Key, made: Overview | Making) -> Overview | Making:
        """What is kept now: an overview in the making stays when two begin at once."""
        with self._lock:
            if isinstance(made, Making) and key in self._held:
                return self._held[key]
            self._held.pop(key, None)
            self._held[key] = made
            while len(self._held) > MOST:
                del self._held[next(iter(self._held))]
            return made

    def _make(self, key: Key, start: Begun, today: date, making: Making) -> None:
        def advance(share: float) -> None:
            making.share = share

        try:
            with self._database.read() as session:
                self._keep(key, unitreport.finished(session, self._notices, start, today, advance))
        except Exception as error:
            logger.error("a unit report could not be made: %s", type(error).__name__)
            making.failed = error


def _version(session: Session) -> tuple[Any, ...]:
    """Changes with every import and every undoing; the counts, since on a day that was set the clock goes back at midnight."""
    batch, undone = ImportBatch.id, ImportBatch.undone_at
    return tuple(session.execute(select(func.max(batch), func.count(batch), func.max(undone), func.count(undone))).one())
