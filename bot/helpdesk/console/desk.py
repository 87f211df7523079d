"""What every page works at, made once for the process and handed to the routes as ``AtDesk``."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Protocol

from fastapi import Depends, Request

from bot.answers import Answers
from bot.db import Database
from bot.nlu.understand import Understanding
from bot.settings import Settings
from policies.notice import Notices


class Models(Protocol):
    """The trained models, by name."""

    def current(self) -> str | None:
        """The one that answers now."""

    def holds(self, name: str) -> bool:
        """Whether there is one of that name."""

    def exchange(self, before: str, after: str) -> bool:
        """Let another answer from now on; False when ``before`` is not the one that answers. An error when the other is gone."""

    def train(self, run: int, ended: Callable[[], None]) -> None:
        """Begin the training of that number, in a process of its own; ``ended`` is called when the process has ended."""


@dataclass(frozen=True)
class Desk:
    """Settings, database, notices, prepared answers; ``reader()`` is the understanding of the model that is current now."""

    settings: Settings
    database: Database
    notices: Notices
    answers: Answers
    secret: bytes = field(repr=False)
    reader: Callable[[], Understanding]
    models: Models

    @property
    def today(self) -> date:
        return self.settings.current_date()

    @property
    def now(self) -> datetime:
        return self.settings.now()


def at_desk(request: Request) -> Desk:
    """The desk of the application that serves the request."""
    desk: Desk = request.app.state.desk
    return desk


AtDesk = Annotated[Desk, Depends(at_desk)]
