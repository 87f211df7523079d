"""What an entry of the audit trail says besides who, what and whom, in words. It is noted as code: words change, a trail does not."""

import re
from collections.abc import Callable
from typing import Any

from bot.helpdesk.lookup.person import LOOKUP, PLACES, REVEAL, WHY
from bot.helpdesk.lookup.trail import Entry
from bot.helpdesk.switching import title
from bot.helpdesk.words import word
from bot.messages import message
from bot.nlu.catalogue import Catalogue

_BATCH = r"batch (?P<batch>\d+) (?P<kind>\w+)"
_UNIT = r"(?P<unit>.*) (?P<year>\d+) (?P<people>\d+)"
_SWITCHED = r"(?P<scope>\w+) (?P<name>[^\s:]+)"
_COUNT = r"(?P<people>\d+)"
_LOOK = re.compile(r"(?P<place>\w+)(?: (?P<row>\d+))?")
SHAPES = {
    "import": rf"{_BATCH} \+(?P<added>\d+) ~(?P<changed>\d+)",
    "undo-import": rf"{_BATCH} -(?P<removed>\d+) ~(?P<restored>\d+)",
    "console-report": _UNIT,
    "console-export": _UNIT,
    "console-number": r"(?P<outcome>hit|miss) [0-9a-f]+",
    "codes": _COUNT,
    "console-code": _COUNT,
    "staff-add": r"(?P<login>\S+) (?P<role>\w+) (?P<number>\d+)",
    "switch-off": rf"{_SWITCHED}: (?P<reason>.*)",
    "switch-on": _SWITCHED,
    "retrain": r"(?P<run>\d+) lessons=(?P<lessons>\d+)",
    "model-live": r"(?P<run>\d+) (?P<model>\S+)",
    "model-unmoved": r"(?P<run>\d+) \w+",
    "model-back": r"(?P<run>\d+)",
    "purge": r"\w+=\d+(?: \w+=\d+)*",
}
"""Action -> how its detail is written. What has another shape, as one of an older version, is shown as it stands."""


def told(entry: Entry, catalogue: Catalogue) -> str:
    """The detail in words, empty where who and whom say it all; ``catalogue`` names the questions that were switched."""
    if entry.action == LOOKUP and (seen := _LOOK.fullmatch(entry.detail)) and seen["place"] in PLACES:
        where = word(f"audit.where.{seen['place']}")
        return where if seen["row"] is None else word("audit.details.row", where=where, row=seen["row"])
    if entry.action == REVEAL and entry.detail in WHY:
        return word(f"people.why.{entry.detail}")
    found = re.fullmatch(SHAPES[entry.action], entry.detail, re.DOTALL) if entry.action in SHAPES else None
    if found is None:
        return entry.detail
    try:
        return _SAID.get(entry.action, _filled)(entry, found.groupdict(), catalogue)
    except KeyError:  # names a kind, a channel or a table that this version has not
        return entry.detail


def _filled(entry: Entry, facts: dict[str, Any], _: Catalogue) -> str:
    return word(f"audit.details.{entry.action}", **facts)


def _batch(entry: Entry, facts: dict[str, Any], _: Catalogue) -> str:
    return word(f"audit.details.{entry.action}", **facts | {"kind": word(f"data.kind.{facts['kind']}")})


def _codes(entry: Entry, facts: dict[str, Any], _: Catalogue) -> str:
    return "" if entry.person_id else _filled(entry, facts, _)


def _number(entry: Entry, facts: dict[str, Any], _: Catalogue) -> str:
    return word(f"audit.details.{entry.action}.{facts['outcome']}")


def _account(entry: Entry, facts: dict[str, Any], _: Catalogue) -> str:
    return word(f"audit.details.{entry.action}", **facts | {"role": word(f"accounts.roles.{facts['role']}")})


def _switched(entry: Entry, facts: dict[str, Any], catalogue: Catalogue) -> str:
    return word(f"audit.details.{entry.action}", title=title(facts["scope"], facts["name"], catalogue), reason=facts.get("reason"))


def _purged(entry: Entry, _: dict[str, Any], __: Catalogue) -> str:
    counts = (pair.split("=") for pair in entry.detail.split())
    return word("audit.details.and").join(
        word("audit.details.purge", what=message(f"keeping.{what}"), count=count) for what, count in counts
    )


_SAID: dict[str, Callable[[Entry, dict[str, Any], Catalogue], str]] = {
    **dict.fromkeys(("import", "undo-import"), _batch),
    **dict.fromkeys(("codes", "console-code"), _codes),
    **dict.fromkeys(("switch-off", "switch-on"), _switched),
    **{"console-number": _number, "staff-add": _account, "purge": _purged},
}
"""What takes more than filling the groups into a sentence."""
