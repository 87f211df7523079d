"""`python -m bot.runtime.warm`: import what serving, training and the action server import, so that its compiled code is on disk."""

from importlib import import_module

from bot.runtime import lean

MODULES = ("rasa.core.run", "rasa.model_training", "rasa.engine.recipes.default_components", "rasa_sdk.endpoint", "alembic.command")


def main() -> None:
    """Import them all."""
    lean.install()
    for name in MODULES:
        import_module(name)


if __name__ == "__main__":
    main()
