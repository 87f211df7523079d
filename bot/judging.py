"""Bare numbers held against the notice's figures: no record is needed, and none is read."""

from datetime import date
from decimal import Decimal

from bot.answers import Answer, Answers, joined
from bot.nlu.turn import Turn
from policies.engine import judge
from policies.notice import Notices

SUBJECTS = ("public", "professional")


def judged(answers: Answers, notices: Notices, today: date, turn: Turn, own: Answer | None = None) -> Answer:
    """The verdict on the numbers (学时) named; ``own`` is the bound person's year, told behind it."""
    named: dict[str | None, Decimal] = {amount.subject: amount.hours for amount in turn.amounts}
    alone = named.get(None, named.get("total")) if not named.keys() & set(SUBJECTS) else None
    if alone is not None and turn.subject in SUBJECTS:
        named, alone = {turn.subject: alone}, None
    if not named:
        return own or answers.question(["hours_both"], today)
    verdict = judge(notices.in_force(today.year), named.get("public"), named.get("professional"))
    answer = answers.report("judge", today, j=verdict, total=alone)
    return answer if own is None else joined([answer, own])
