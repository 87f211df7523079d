"""What is asked. Policy questions of several topics, and questions on one's own record whose answers must hold the person's figures."""

from evaluation.bench.words import entry

TURNS = 5
"""Messages of one short conversation."""


def policy_questions() -> list[str]:
    """Everyday questions on the notice."""
    return list(entry("questions.policy"))


def account_questions() -> list[str]:
    """Ways to ask for this year's standing."""
    return list(entry("questions.account"))
