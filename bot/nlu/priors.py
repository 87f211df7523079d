"""What the situation says beside the words: a bound person who speaks of gaps means their own record."""

from collections.abc import Sequence

from bot.nlu import entities
from bot.nlu.classifier import Guess
from bot.nlu.text import bare, lexicon, simplify
from bot.nlu.turn import ACCOUNT

# Odds, not probabilities: each factor multiplies the weight of the labels it speaks for.
BOUND = 6.0
PERSONAL = 2.0
GAP = 4.0
LEVEL = 3.0
SUBJECT_OR_YEAR = 1.6
OTHERS = 3.0
ELSEWHERE = 3.0
LONG_TALK = 0.2
LONG = 10  # characters: whoever says more than that has a question, not a greeting


def weigh(text: str, ranking: Sequence[Guess], bound: bool) -> tuple[Guess, ...]:
    """The ranking with the odds of record labels raised where the situation speaks for them; probabilities sum to one again."""
    if ranking[0].confidence == 1.0:
        return tuple(ranking)
    said = simplify(text)
    words = lexicon()
    record = 1.0
    personal = any(word in said for word in words["personal"])
    if bound:
        record *= BOUND * (PERSONAL if personal else 1.0) * (GAP if any(word in said for word in words["gap"]) else 1.0)
    by_label = {}
    if bound:
        named = entities.facets(text)
        if "level" in named:
            by_label["my_title"] = LEVEL
        if "subject" in named or entities.years(text, 2100):
            by_label["my_year"] = SUBJECT_OR_YEAR
    if any(word in said for word in words["others"]):
        by_label["other_person"] = OTHERS
    if any(place in said for place in words["elsewhere"]) and not any(place in said for place in words["here"]):
        by_label |= dict.fromkeys(("out_of_scope", "faq/silent_other_province"), ELSEWHERE)
    if len(bare(text)) > LONG:
        by_label |= dict.fromkeys(words["small_talk"], LONG_TALK)
    weights = [
        guess.confidence * by_label.get(guess.label, 1.0) * (record if guess.label.startswith(ACCOUNT) else 1.0) for guess in ranking
    ]
    total = sum(weights)
    weighed = (Guess(guess.label, weight / total) for guess, weight in zip(ranking, weights, strict=True))
    return tuple(sorted(weighed, key=lambda guess: -guess.confidence))
