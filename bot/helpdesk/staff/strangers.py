"""Logins that nobody has: they rest after wrong passwords as those of staff do, so that trying does not tell who works here."""

from collections import OrderedDict
from datetime import datetime, timedelta
from threading import Lock

TRIES = 5  # wrong passwords in a row, then the account rests
REST = timedelta(minutes=15)
MOST = 2000
"""Names kept in this process's memory; the one unused for longest goes first."""

_known: OrderedDict[str, tuple[int, datetime | None]] = OrderedDict()
_lock = Lock()


def count(name: str, now: datetime) -> datetime | None:
    """Count one try; None when it is allowed, else until when the name rests."""
    with _lock:
        tries, until = _known.pop(name, (0, None))
        if until is not None and until > now:
            _known[name] = (tries, until)
            return until
        last = tries + 1 >= TRIES
        _known[name] = (0 if last else tries + 1, now + REST if last else None)
        while len(_known) > MOST:
            _known.popitem(last=False)
    return None
