"""A candidate held against the model before it: the console puts it live only if it is no worse."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from bot.nlu.understand import Understanding
from evaluation.understanding.cases import Case
from evaluation.understanding.reading import Outcome, read
from evaluation.understanding.scores import scores

SHOWN = 50  # sentences of each kind that are kept to be read


@dataclass(frozen=True)
class Comparison:
    """The same cases read by both. ``forgotten`` are (sentence, its label, what it is read as now) of the training files."""

    candidate: Sequence[Outcome]
    current: Sequence[Outcome] | None
    forgotten: Sequence[tuple[str, str, str]]

    @property
    def no_worse(self) -> bool:
        """Not fewer right, not more answered wrong, and no sentence of the files forgotten. Without a model before it all is well."""
        if self.current is None:
            return True
        (right, wrong), (right_before, wrong_before) = _counts(self.candidate), _counts(self.current)
        return right >= right_before and wrong <= wrong_before and not self.forgotten

    def figures(self) -> dict[str, Any]:
        """Plain data: the scores of both, and the sentences that changed sides."""
        pairs = list(zip(self.current or self.candidate, self.candidate, strict=True))
        lost = [_change(before, now) for before, now in pairs if before.right and not now.right]
        gained = [_change(before, now) for before, now in pairs if now.right and not before.right]
        worse = [_change(before, now) for before, now in pairs if now.wrong and not before.wrong and not before.right]
        return {
            "candidate": _scores(self.candidate),
            "current": _scores(self.current) if self.current is not None else None,
            "lost": lost[:SHOWN], "lost_count": len(lost),
            "gained": gained[:SHOWN], "gained_count": len(gained),
            "worse": worse[:SHOWN], "worse_count": len(worse),
            "forgotten": [dict(zip(("say", "want", "now"), row, strict=True)) for row in self.forgotten[:SHOWN]],
            "forgotten_count": len(self.forgotten),
        }  # fmt: skip


def compared(
    candidate: Understanding, current: Understanding | None, cases: Sequence[Case], examples: Sequence[tuple[str, str]], today: date
) -> Comparison:
    """Let both read the cases, and the candidate the (sentence, label) pairs that the files teach. ValueError without cases."""
    if not cases:
        raise ValueError("a development set without cases")
    return Comparison(
        [read(candidate, case, today) for case in cases],
        [read(current, case, today) for case in cases] if current is not None else None,
        _forgotten(candidate, current, examples) if current is not None else [],
    )


def _forgotten(candidate: Understanding, current: Understanding, examples: Sequence[tuple[str, str]]) -> list[tuple[str, str, str]]:
    """Sentences of the files that were certain before and are not now: a known sentence is answered as it is taught."""
    found = []
    for sentence, label in examples:
        now = candidate.classifier.rank(sentence, 1)[0]
        if now.label == label and now.confidence == 1.0:
            continue
        before = current.classifier.rank(sentence, 1)[0]
        if before.label == label and before.confidence == 1.0:
            found.append((sentence, label, now.label))
    return found


def _counts(outcomes: Sequence[Outcome]) -> tuple[int, int]:
    return sum(outcome.right for outcome in outcomes), sum(outcome.wrong for outcome in outcomes)


def _scores(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    right, wrong = _counts(outcomes)
    held = scores(outcomes)
    return {"count": held.count, "right": right, "wrong": wrong, "asked": held.asked, "accuracy": held.accuracy}


def _change(before: Outcome, now: Outcome) -> dict[str, Any]:
    return {"say": now.case.say, "want": list(now.case.want), "before": before.said, "now": now.said}
