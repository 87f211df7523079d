"""Our training, measured in a process of its own: ``python -m evaluation.bench.training FOLDER`` trains into that folder."""

import os
import shutil
import sys
from pathlib import Path

from bot.runtime.project import ROOT
from evaluation.bench.usage import Usage, used


def trained(folder: Path) -> tuple[Path, Usage]:
    """Train our model into an emptied folder of the bench's own; the project's models are left alone. CommandFailedError."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    command = [sys.executable, "-m", "evaluation.bench.training", str(folder)]
    usage = used(command, {**os.environ, "PYTHONPATH": str(ROOT)}, ROOT, folder / "training.log")
    (model,) = folder.glob("*.tar.gz")
    return model, usage


if __name__ == "__main__":
    from bot.runtime.training import Recipe, train

    train(Recipe(models=Path(sys.argv[1])))
