"""The model that a worker serves, and its exchange for another while messages are being answered."""

import asyncio
import ctypes
import gc
import logging
from contextlib import suppress
from pathlib import Path
from typing import Any

from bot.messages import message
from bot.runtime import metrics, models
from bot.runtime.faults import one_line
from bot.runtime.project import StartError

LOOK_SECONDS = 1.0
"""How often the pointer is looked at."""

logger = logging.getLogger(__name__)


async def load_agent(model: Path, endpoints: Any) -> Any:
    """The bot's agent with this model; StartError when it cannot be loaded."""
    from rasa.exceptions import ModelNotFound

    from bot.runtime import agent

    try:
        return await agent.load(model, endpoints)
    except (ModelNotFound, OSError, EOFError, ValueError, KeyError) as error:
        logger.error("%s cannot be loaded: %s", model.name, type(error).__name__)
        raise StartError(message("runtime.model_unusable", model=model)) from error


class ServedModel:
    """A model file, or the current one of a folder of models."""

    def __init__(self, place: Path, endpoints: Any) -> None:
        self._place, self._endpoints = place, endpoints
        self._seen: tuple[int, int] | None = None
        self._loaded: Path | None = None

    async def load(self, app: Any, loop: Any) -> None:
        """Give the application its agent. Where the current model is broken the newest other one serves; StartError when none can."""
        self._seen = models.stamp(self._place)
        found = models.candidates(self._place)
        for place, path in enumerate(found, 1):
            try:
                app.ctx.agent = await load_agent(path, self._endpoints)
            except Exception:  # a component that is refused, say; where the fault is not the model's, the last one fails as well
                if place == len(found):
                    raise
                logger.error(message("runtime.model_fallback", model=path.name))
            else:
                self._loaded = path
                return

    async def follow(self, app: Any) -> None:
        """Look at the pointer for ever and exchange the model when it names another; a file stays what it is, so return at once."""
        while self._place.is_dir():
            await asyncio.sleep(LOOK_SECONDS)
            seen = models.stamp(self._place)
            if seen is not None and seen != self._seen:
                self._seen = seen
                path = models.current(self._place)
                if path != self._loaded:
                    await self._exchange(app.ctx.agent, path)

    async def _exchange(self, agent: Any, path: Path | None) -> None:
        """Messages that are being answered finish on the old model; any failure keeps it."""
        name = path.name if path else models.POINTER
        try:
            processor = await asyncio.to_thread(_prepared, agent, path)
        except Exception as error:  # whatever is wrong with the new model, the old one answers
            logger.error(message("runtime.model_kept", model=name, why=one_line(error)))
            return
        agent.adopt(processor)
        self._loaded = path
        metrics.model_swapped()
        logger.info(message("runtime.model_swapped", model=name))
        del processor
        await asyncio.sleep(LOOK_SECONDS)  # by then hardly a message is left that began with the old one
        await asyncio.to_thread(_give_back)


def _prepared(agent: Any, path: Path | None) -> Any:
    """The processor of another model; the agent goes on answering with its own."""
    if path is None:
        raise StartError(message("runtime.no_model"))
    return agent.prepare(path)


def _give_back() -> None:
    """Return the old model's memory to the system: its cycles would wait for a rare collection, and what is free would stay with malloc."""
    gc.collect()
    with suppress(AttributeError, OSError):  # only glibc has it
        ctypes.CDLL(None).malloc_trim(0)
