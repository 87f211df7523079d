"""Where the parts of this bot lie. Everything is found from the code itself, so commands work in any folder."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "config.yml"
DOMAIN = ROOT / "domain.yml"
DATA = ROOT / "data"
ENDPOINTS = ROOT / "bot" / "endpoints.yml"
CREDENTIALS = ROOT / "bot" / "credentials.yml"
MODELS = ROOT / "models"
"""Folder of the trained models, see `bot.runtime.models`."""
ACTIONS = "actions"
"""Package whose actions the action server registers."""


class StartError(Exception):
    """A command cannot do its work; the text is one Chinese line for whoever started it."""
