"""How a person may be reached: blocked or not, WeChat's windows for pushing, the numbered list that a number refers to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from bot.db import serialise
from bot.inbox.models import Reach

BLOCKED, UNSUBSCRIBED = "blocked", "unsubscribed"
MESSAGE, TAP = "message", "tap"
RIGHT, NO_RIGHT, NO_SECRET = "wx right", "no", "no secret"
"""Under which name the processes share whether the account may push at all, and what stands there when the platform refuses it, or when
we have no secret to ask it with."""
WINDOWS = {TAP: (timedelta(minutes=1), 3), MESSAGE: (timedelta(hours=48), 5)}
"""How long a person may be written to after they did something, and how often; the shorter-lived one is used up first."""

_table = Reach.__table__


@dataclass(frozen=True)
class Reached:
    """What is known of a person. ``offered``: title and sentence of each line of the newest numbered list."""

    unreachable: str | None = None
    promised: bool = False
    offered: tuple[tuple[str, str], ...] = ()
    offer_stale: bool = False


def of(session: Session | Connection, sender_id: str) -> Reached:
    """What is known of the person; all empty when nothing is."""
    row = session.execute(select(_table).where(_table.c.sender_id == sender_id)).first()
    if row is None:
        return Reached()
    offered = tuple((str(title), str(payload)) for title, payload in row.offered or ())
    return Reached(row.unreachable, row.promised_at is not None, offered, bool(row.offer_stale))


def opened(session: Session | Connection, sender_id: str, window: str, now: datetime) -> None:
    """The person did something that lets us write to them: a window begins, and nobody who acts is out of reach."""
    _set(session, sender_id, **{f"{window}_at": now, f"{window}_pushed": 0, "unreachable": None})


def lost(session: Session | Connection, sender_id: str, why: str) -> None:
    """The person blocked us or unsubscribed."""
    _set(session, sender_id, unreachable=why)


def back(session: Session | Connection, sender_id: str) -> None:
    """The person is reachable again."""
    _set(session, sender_id, unreachable=None)


@dataclass(frozen=True)
class Window:
    """A window that is open: how many messages may still be pushed in it, and until when."""

    name: str
    left: int
    until: datetime


def windows(session: Session | Connection, sender_id: str, now: datetime) -> list[Window]:
    """The person's open windows, also used-up ones, in the order in which they are used; none for somebody out of reach."""
    row = session.execute(select(_table).where(_table.c.sender_id == sender_id)).first()
    if row is None or row.unreachable:
        return []
    since = {name: getattr(row, f"{name}_at") for name in WINDOWS}
    return [
        Window(name, max(0, most - getattr(row, f"{name}_pushed")), since[name] + life)
        for name, (life, most) in WINDOWS.items()
        if since[name] is not None and now - since[name] < life
    ]


def closed(session: Session | Connection, sender_id: str) -> None:
    """The platform says that no window is open, whatever we remember."""
    _set(session, sender_id, message_at=None, tap_at=None)


def left(session: Session | Connection, sender_id: str, now: datetime) -> tuple[int, datetime | None]:
    """How many messages may still be pushed to the person, and until when: those of the window that is open longest.

    What a shorter window allows besides ends before that moment, so it is not promised.
    """
    usable = [window for window in windows(session, sender_id, now) if window.left]
    longest = max(usable, key=lambda window: window.until, default=None)
    return (0, None) if longest is None else (longest.left, longest.until)


def pushed(session: Session | Connection, sender_id: str, window: str) -> None:
    """One more message was pushed in the window."""
    column = _table.c[f"{window}_pushed"]
    session.execute(update(_table).where(_table.c.sender_id == sender_id).values({column: column + 1}))


def used_up(session: Session | Connection, sender_id: str) -> None:
    """The platform says that nothing more may be pushed, whatever we have counted."""
    spent: dict[str, Any] = {f"{window}_pushed": most for window, (_, most) in WINDOWS.items()}
    _set(session, sender_id, **spent)


def promise(session: Session | Connection, sender_id: str, now: datetime | None) -> None:
    """The person was told to write anything to fetch what is late; None: they have it."""
    if now is not None or of(session, sender_id).promised:
        _set(session, sender_id, promised_at=now)


def offer(session: Session | Connection, sender_id: str, options: Sequence[tuple[str, str]]) -> None:
    """A message was given to the person: with a numbered list, or with none, which makes the earlier list an old one."""
    if options:
        _set(session, sender_id, offered=[list(option) for option in options], offer_stale=False)
    else:
        session.execute(update(_table).where(_table.c.sender_id == sender_id).values(offer_stale=True))


def forget(session: Session | Connection, sender_id: str) -> None:
    """Forget what was offered: it tells what was talked about. Windows stay, they are the platform's."""
    session.execute(update(_table).where(_table.c.sender_id == sender_id).values(offered=None, promised_at=None))


def _set(session: Session | Connection, sender_id: str, **values: Any) -> None:
    serialise(session, "reach " + sender_id)
    if not session.execute(update(_table).where(_table.c.sender_id == sender_id).values(**values)).rowcount:
        first = {"message_pushed": 0, "tap_pushed": 0, "offer_stale": False}
        session.execute(_table.insert(), {"sender_id": sender_id, **first, **values})
