"""`python -m bot rasa …`: Rasa's own command line inside the import hook, with our endpoints and credentials."""

import argparse
import os
import sys
from collections.abc import Sequence

from bot.runtime import lean
from bot.runtime.project import CREDENTIALS, ENDPOINTS

OURS = {"--endpoints": ENDPOINTS, "--credentials": CREDENTIALS}
ACTION_ENDPOINT = "http://127.0.0.1:5055/webhook"
"""Where `rasa run actions` listens; used unless the variable is set."""


def run(arguments: Sequence[str]) -> None:
    """Run Rasa with these arguments; ends as Rasa does, by SystemExit on failure."""
    lean.install(next((argument for argument in arguments if not argument.startswith("-")), "run"))
    os.environ.setdefault("ACTION_ENDPOINT", ACTION_ENDPOINT)
    os.environ["RASA_MAX_CACHE_SIZE"] = "0"  # the training cache misses edits of dictionaries, see bot/runtime/training.py
    from rasa.__main__ import create_argument_parser, main

    from bot.runtime import repairs

    repairs.apply()
    sys.argv = ["rasa", *with_ours(create_argument_parser(), arguments)]
    main()


def with_ours(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> list[str]:
    """The arguments and, where the subcommand takes them and none are given, our endpoints and credentials.

    They go right behind the subcommand: Rasa takes a last word for the model (rasa/cli/utils.py:314).
    """
    depth, command = _subcommand(parser, arguments)
    known = {option for action in command._actions for option in action.option_strings}
    given = {argument.partition("=")[0] for argument in arguments}
    ours = [part for name, path in OURS.items() if name in known and name not in given for part in (name, str(path))]
    return [*arguments[:depth], *ours, *arguments[depth:]]


def _subcommand(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> tuple[int, argparse.ArgumentParser]:
    """How many words name the subcommand, and its parser."""
    for depth, word in enumerate(arguments):
        nested = next((action for action in parser._actions if isinstance(action, argparse._SubParsersAction)), None)
        if nested is None or word not in nested.choices:
            return depth, parser
        parser = nested.choices[word]
    return len(arguments), parser
