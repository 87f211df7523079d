"""What is wrong with the training sentences: ``make check-data``. Exit status 1 where there are faults; noise is for a reader to judge.

Faults: a sentence in two questions, thin questions, sets made from one template, sentences taken from an evaluation set or an exam.
Noise: sentences that cross-validation reads as another question with confidence.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import yaml

from bot.messages import Loader
from bot.nlu.catalogue import PREFIX
from bot.nlu.examples import read
from bot.nlu.text import bare, canonical
from bot.runtime.project import DATA
from evaluation.understanding.cases import SETS, load

LEAST, LEAST_NEAR = 40, 80
NEAR = frozenset(
    f"{PREFIX}{key}" for key in (
        "verify_deadline", "submit_deadline", "system_close", "carry_over", "silent_makeup", "title_nonconsecutive", "hotline_policy",
        "hotline_tech", "public_how", "professional_how", "bases_kept", "bases_removed", "title_senior", "title_intermediate",
        "hours_total", "hours_public", "hours_professional", "filing_missed", "missed_deadline",
    )
)  # fmt: skip
"""Questions that differ from a neighbour in one word."""
TELLING = 6  # characters from which a sentence found inside another is no chance
ALIKE, TEMPLATE_SHARE = 88.0, 0.12
SURE = 0.9

Examples = Sequence[tuple[str, str]]


def in_two_questions(examples: Examples) -> dict[str, list[str]]:
    """Sentences that stand in more than one label, whatever their spelling. Of bare emoji nothing is left to compare."""
    labels: dict[str, set[str]] = defaultdict(set)
    for sentence, label in examples:
        labels[canonical(sentence)].add(label)
    return {spelt: sorted(held) for spelt, held in labels.items() if spelt and len(held) > 1}


def thin(examples: Examples) -> dict[str, int]:
    """Questions with too few different examples, and how many they have."""
    held = {label: {canonical(s) for s in said} for label, said in _by_label(examples).items() if label.startswith(PREFIX)}
    return {label: len(said) for label, said in held.items() if len(said) < (LEAST_NEAR if label in NEAR else LEAST)}


def made_from_templates(examples: Examples) -> dict[str, list[str]]:
    """Labels in which too many sentences have a twin that differs in a character or two, with the twins."""
    from rapidfuzz import fuzz, process

    found = {}
    for label, said in _by_label(examples).items():
        long = sorted({bare(s) for s in said if len(bare(s)) >= 2 * TELLING})
        if len(long) < 10:
            continue
        scores = process.cdist(long, long, scorer=fuzz.ratio, score_cutoff=ALIKE)
        twins = [sentence for sentence, row in zip(long, scores, strict=True) if sum(score > 0 for score in row) > 1]
        if len(twins) > TEMPLATE_SHARE * len(long):
            found[label] = twins
    return found


def taken(examples: Examples, tested: Iterable[str]) -> list[str]:
    """Training sentences that are, hold or stand inside a sentence of an evaluation set or an exam."""
    sentences = {bare(said) for said in tested}
    joined = "\n".join(sentences)
    long = [said for said in sentences if len(said) >= TELLING]
    found = []
    for sentence, _ in examples:
        spelt = bare(sentence)
        same = spelt in sentences and len(spelt) >= TELLING
        inside = len(spelt) >= TELLING and spelt in joined
        if same or inside or any(said in spelt for said in long if len(said) <= len(spelt)):
            found.append(sentence)
    return found


def noise(examples: Examples, sure: float = SURE) -> list[tuple[str, str, str, float]]:
    """(sentence, its label, the label read by a classifier that has not seen it, that confidence), the surest first."""
    from bot.nlu.fitting import held_out

    found = [(s, label, other, confidence) for s, label, other, confidence in held_out(examples) if other != label and confidence >= sure]
    return sorted(found, key=lambda row: -row[3])


def _by_label(examples: Examples) -> Mapping[str, list[str]]:
    held: dict[str, list[str]] = defaultdict(list)
    for sentence, label in examples:
        held[label].append(sentence)
    return held


def said_in(path: Path) -> list[str]:
    """The sentences of a file of cases: every ``say`` below its rows."""
    rows = yaml.load(path.read_text("utf-8"), Loader)
    return [str(turn["say"]) for row in rows for turn in row.get("turns", [row])]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print every fault, then the noise."""
    parser = argparse.ArgumentParser(prog="python -m evaluation.understanding.datacheck", description=__doc__)
    parser.add_argument("--against", type=Path, nargs="*", default=[], help="further case files no sentence may come from")
    parser.add_argument("--noise", type=int, default=40, help="how many doubtful labels to show (0: none)")
    given = parser.parse_args(arguments)
    examples, _ = read(DATA / "nlu")
    tested = [case.say for folder in SETS for case in load(folder)] + [said for path in given.against for said in said_in(path)]
    faults = {
        "in two questions": in_two_questions(examples),
        "thin questions": thin(examples),
        "made from a template": made_from_templates(examples),
        "taken from a test": taken(examples, tested),
    }
    for title, held in faults.items():
        print(f"{title}: {len(held)}", *(f"  {line}" for line in (held.items() if isinstance(held, dict) else held)), sep="\n")
    if given.noise:
        for sentence, label, other, sure in noise(examples)[: given.noise]:
            print(f"  {sure:.2f}  {sentence}  [{label}] reads as {other}")
    return 1 if any(faults.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
