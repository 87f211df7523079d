"""What the console may do with the models: go back to another, and have one trained in a process of its own. No Rasa here."""

import os
import subprocess
import sys
import threading
from pathlib import Path

from bot.runtime import models
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

    def use(self, name: str) -> None:
        """Make it the current model. StartError when it is gone."""
        models.use(name, self._folder)

    def train(self, run: int) -> None:
        """Start the process of this training. It goes on when the console ends."""
        command = [sys.executable, "-m", "bot", "retrain", str(run), "--models", str(self._folder)]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))}
        process = subprocess.Popen(
            command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        threading.Thread(target=process.wait, daemon=True).start()  # so that it does not stay as a zombie
