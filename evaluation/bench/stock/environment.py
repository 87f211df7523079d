"""The stock environment and its trained model, both built on request into a cache folder and kept there."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

from bot.runtime.project import ROOT
from evaluation.bench.stock import project
from evaluation.bench.usage import used

CACHE = ROOT / ".cache"
HOME = CACHE / "stock-rasa"
PACKAGES = (
    "rasa==3.6.21",
    "rasa-sdk==3.6.2",
    "jieba==0.42.1",
    "setuptools<81",  # TensorFlow 2.12 and jieba still import pkg_resources
    "sqlalchemy==1.4.54", "pyyaml", "jinja2", "cn2an", "python-stdnum", "openpyxl",  # what the account answer needs
)  # fmt: skip
ACTIONS = "evaluation.bench.stock.actions"
KINDLY = ("nice", "-n", "10")


@dataclass(frozen=True)
class Stock:
    """Where the stock bot lies, and what its training took."""

    home: Path = HOME

    @property
    def python(self) -> Path:
        return self.home / "venv" / "bin" / "python"

    @property
    def project(self) -> Path:
        return self.home / "project"

    @property
    def model(self) -> Path:
        return self.home / "models" / "stock.tar.gz"

    @property
    def record(self) -> Path:
        """JSON on the training: what it took, what it was trained on, when, beside what load."""
        return self.home / "training.json"

    @property
    def variables(self) -> Mapping[str, str]:
        """No telemetry and crash reports from a measurement."""
        return {"RASA_TELEMETRY_ENABLED": "false"}

    def server_command(self, port: int) -> list[str]:
        """Rasa's server with the defaults of `rasa run`: conversations and locks in memory."""
        paths = ["--model", str(self.model), "--endpoints", "endpoints.yml", "--credentials", "credentials.yml"]
        return [str(self.python), "-m", "rasa", "run", "--interface", "127.0.0.1", "--port", str(port), *paths]

    def actions_command(self, port: int) -> list[str]:
        """Rasa's action server with the account answer."""
        return [str(self.python), "-m", "rasa", "run", "actions", "--port", str(port), "--actions", ACTIONS]

    def training(self) -> dict[str, Any] | None:
        """The record; None when nothing was trained to the end."""
        try:
            held: dict[str, Any] = json.loads(self.record.read_text("utf-8"))
        except (OSError, ValueError):
            return None
        return held if self.model.is_file() else None


def ensure(stock: Stock, today: date, say: Callable[..., None], *, epochs: int, share: float, retrain: bool) -> None:
    """Build what is missing. A model stays although the training data changed since, unless ``retrain``: `stale` tells."""
    if not stock.python.exists():
        say("stock.building", home=stock.home)
        build(stock)
    if stock.training() is None or retrain:
        say("stock.training", epochs=epochs, share=f"{share:.0%}", log=stock.home / "training.log")
        train(stock, today, epochs, share)


def build(stock: Stock) -> None:
    """A virtual environment with Rasa's own dependencies, TensorFlow among them. CommandFailedError."""
    stock.home.mkdir(parents=True, exist_ok=True)
    uv, log = find_uv(), stock.home / "environment.log"
    clean = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    half = stock.home / "venv.half"
    shutil.rmtree(half, ignore_errors=True)
    # --no-config: our own pyproject.toml above this folder would keep TensorFlow out
    used([uv, "venv", "--no-config", "--relocatable", "--python", sys.executable, str(half)], clean, stock.home, log)
    used([*KINDLY, uv, "pip", "install", "--no-config", "--python", str(half / "bin" / "python"), *PACKAGES], clean, stock.home, log)
    half.rename(stock.home / "venv")


def find_uv() -> str:
    """A uv that runs (a shim may not), else one of our own, as `.ci/setup` makes it. CommandFailedError."""
    own = CACHE / "uv-tool"
    for candidate in ("uv", str(own / "bin" / "uv")):
        if shutil.which(candidate) and subprocess.run([candidate, "--version"], capture_output=True, check=False).returncode == 0:
            return candidate
    used([sys.executable, "-m", "venv", str(own)], os.environ, CACHE, CACHE / "uv-tool.log")
    used([str(own / "bin" / "pip"), "install", "--quiet", "uv"], os.environ, CACHE, CACHE / "uv-tool.log")
    return str(own / "bin" / "uv")


def train(stock: Stock, today: date, epochs: int, share: float) -> None:
    """Write the project anew and train it at low priority, recording what it took. CommandFailedError."""
    shutil.rmtree(stock.project, ignore_errors=True)
    stock.record.unlink(missing_ok=True)
    project.write(stock.project, today, epochs, share)
    load, digest = os.getloadavg()[0], project.digest(stock.project)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("BOT_", "RASA_"))} | dict(stock.variables)
    flags = ["--force", "--fixed-model-name", "stock", "--out", str(stock.model.parent)]
    command = [*KINDLY, str(stock.python), "-m", "rasa", "train", *flags]
    usage = used(command, clean, stock.project, stock.home / "training.log")
    record = {
        "digest": digest,
        "epochs": epochs,
        "share": share,
        "wall_seconds": usage.seconds,
        "cpu_seconds": usage.cpu_seconds,
        "peak_bytes": usage.peak_bytes,
        "load_before": load,
        "cores": os.cpu_count(),
        "trained_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }
    stock.record.write_text(json.dumps(record, indent=1) + "\n", "utf-8")


def stale(stock: Stock, today: date, scratch: Path) -> bool:
    """Whether the stock model was trained on other data than would be written now."""
    held = stock.training()
    if held is None:
        return True
    project.write(scratch, today, held["epochs"], held["share"])
    return bool(project.digest(scratch) != held["digest"])
