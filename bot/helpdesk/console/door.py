"""The door: whoever wants to come in waits here, and not in the threads that make everybody's pages."""

from collections.abc import Callable
from typing import TypeVar

import anyio
from fastapi import Request

PLACES = 4  # passwords being looked at: two at a time are hashed, and others may wait for the database
PATIENCE = 2.0  # seconds that somebody waits for a place

T = TypeVar("T")


class CrowdedError(Exception):
    """No place became free in time."""


async def at_the_door(request: Request, work: Callable[[], T]) -> T:
    """What ``work`` returns, which then takes as long as it takes; it has a thread outside the pool of the pages. CrowdedError."""
    state = request.app.state
    if not hasattr(state, "door"):
        state.door = anyio.CapacityLimiter(PLACES)
    with anyio.move_on_after(PATIENCE):  # ends the waiting for a place alone: what has begun is not called off
        return await anyio.to_thread.run_sync(work, limiter=state.door)
    raise CrowdedError
