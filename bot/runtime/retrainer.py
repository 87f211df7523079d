"""What the console may do with the models: go back to another, and have one trained in a process of its own. No Rasa here."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from bot.runtime import models, training
from bot.runtime.project import MODELS, ROOT


class Models:
    """What the console may do with the models of a folder."""

    def __init__(self, folder: Path = MODELS) -> None:
        self._folder = folder

    def current(self) -> str | None:
        """The current model's name."""
        return next((model.name for model in models.listed(self._folder) if model.is_current), None)

    def holds(self, name: str) -> bool:
        """Whether one can go back to the model of that name."""
        return any(model.name == name for model in models.listed(self._folder))

    def exchange(self, before: str, after: str) -> bool:
        """Make another model the current one, until the files change; False when ``before`` is not current. StartError, OSError."""
        held, chosen = models.named(before, self._folder), training.fingerprint(training.Recipe())
        return models.exchange(held, models.named(after, self._folder), chosen)

    def train(self, run: int, ended: Callable[[], None]) -> None:
        """Start the process of this training, which goes on when the console ends; ``ended`` is called when it has ended. OSError."""
        command = [sys.executable, "-m", "bot", "retrain", str(run), "--models", str(self._folder)]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))}
        process = subprocess.Popen(
            command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )

        def wait() -> None:
            process.wait()
            ended()

        threading.Thread(target=wait, daemon=True).start()
