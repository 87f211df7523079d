"""The page of what was missed: groups with their three nearest questions, and what is known of each sentence before anybody decides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.helpdesk.learning.cleaning import Unfit, cleaned
from bot.helpdesk.learning.corpus import Corpus
from bot.helpdesk.learning.missedgroups import Group, Sentence
from bot.helpdesk.learning.reviews import IN_DATA, IN_EVALUATION, Decided, Undone
from bot.helpdesk.learning.teachable import Choice, nearest
from bot.helpdesk.words import word
from bot.nlu.classifier import Classifier

GROUPS = 20  # on one page
SENTENCES = 30  # of one group; the others come up when these are decided on


@dataclass(frozen=True)
class Card:
    """One group as it is shown; ``hints`` say of sentences, by id, why they cannot be taught."""

    group: Group
    shown: tuple[Sentence, ...]
    choices: Sequence[Choice]
    hints: Mapping[int, str]


def cards(groups: Sequence[Group], classifier: Classifier | None, corpus: Corpus, offered: dict[str, Choice]) -> list[Card]:
    """The first groups, ready to be shown; without a classifier no question is near."""
    return [_card(group, classifier, corpus, offered) for group in groups[:GROUPS]]


def told(decided: Decided, decision: str, title: str) -> list[str]:
    """What became of a decision, in sentences."""
    said = []
    if decided.done:
        said.append(word(f"learning.decided.{decision}", count=len(decided.done), title=title))
    for number in sorted(set(decided.taken.values())):
        count = sum(who == number for who in decided.taken.values())
        said.append(word("learning.decided.taken", count=count, number=number))
    for reason in dict.fromkeys(decided.refused.values()):
        count = sum(why == reason for why in decided.refused.values())
        said.append(word("learning.decided.refused", count=count, why=word(f"learning.why.{reason}")))
    return said or [word("learning.decided.none")]


def taken_back(undone: Undone) -> list[str]:
    """What was taken back, in sentences."""
    if undone.exported:
        return [word("learning.undone.exported")]
    counts = {"done": undone.count, "gone": undone.gone}
    return [word(f"learning.undone.{how}", count=count) for how, count in counts.items() if count] or [word("learning.undone.none")]


def _card(group: Group, classifier: Classifier | None, corpus: Corpus, offered: dict[str, Choice]) -> Card:
    shown = group.sentences[:SENTENCES]
    hints = {sentence.id: hint for sentence in shown if (hint := _hint(sentence.text, corpus, offered))}
    return Card(group, shown, nearest(classifier, group.text, offered) if classifier else (), hints)


def _hint(text: str, corpus: Corpus, offered: dict[str, Choice]) -> str | None:
    """Without looking names up: a decision looks again."""
    try:
        sentence = cleaned(text)
    except Unfit as fault:
        return word(f"learning.hint.{fault.reason}")
    label = corpus.label_of(sentence)
    if label is not None:
        return word(f"learning.hint.{IN_DATA}", title=offered[label].title if label in offered else label)
    return word(f"learning.hint.{IN_EVALUATION}") if corpus.is_tested(sentence) else None
