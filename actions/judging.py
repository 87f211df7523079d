"""Bare numbers held against the notice's figures: no record is needed, and none is read."""

from decimal import Decimal

from actions.desk import Desk
from bot.answers import Answer
from bot.nlu.understand import Turn
from policies.engine import judge


def judged(desk: Desk, turn: Turn, own: Answer | None) -> Answer:
    """The verdict on the numbers named; ``own`` is the bound person's year, told behind it."""
    named: dict[str | None, Decimal] = {amount.subject: amount.hours for amount in turn.amounts}
    alone = named.get(None, named.get("total")) if not named.keys() & {"public", "professional"} else None
    subject = turn.subject if turn.subject in ("public", "professional") else None
    if alone is not None and subject:
        named, alone = {subject: alone}, None
    if not named:
        return own or desk.answers.question(["hours_both"], desk.today)
    verdict = judge(desk.notices.in_force(desk.today.year), named.get("public"), named.get("professional"))
    answer = desk.report("judge", j=verdict, total=alone)
    if own is None:
        return answer
    return Answer(f"{answer.text}\n\n{own.text}", own.buttons, own.metadata)
