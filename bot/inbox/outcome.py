"""How a message was answered, told from the kinds of the answers (``Outgoing.kind``): whether people are helped."""

from collections.abc import Iterable

ANSWERED = "answered"
ASKED_BACK = "asked_back"
FALLBACK = "fallback"
HANDED_OVER = "handed_over"
OUTCOMES = (HANDED_OVER, ANSWERED, ASKED_BACK, FALLBACK)
"""The strongest first: of several answers to one message the strongest counts."""

OF_KIND = {
    "faq": ANSWERED,
    "clause": ANSWERED,
    "account": ANSWERED,
    "smalltalk": ANSWERED,
    "form": ANSWERED,
    "ask_back": ASKED_BACK,
    "fallback": FALLBACK,
    "notice": FALLBACK,  # the intake's own words: there was no text, or too long a one
    "channel": ANSWERED,  # what a channel says itself: to a photo, a subscription, a command
    "human": HANDED_OVER,
}
"""What an answer of each kind counts as; one of any other kind counts as answered."""

_REMINDER = "form"  # a form repeats its question behind whatever was said in between


def outcome(kinds: Iterable[str]) -> str | None:
    """One of `OUTCOMES` for the kinds of the answers to one message; None without any."""
    every = list(kinds)
    telling = [kind for kind in every if kind != _REMINDER] or every
    found = {OF_KIND.get(kind, ANSWERED) for kind in telling}
    return next((one for one in OUTCOMES if one in found), None)
