"""What a label is called, and finding a prepared question by words of its label, their pinyin initials, or its key."""

from functools import lru_cache

from pypinyin import Style, lazy_pinyin

from bot.answers import Answers
from bot.nlu.catalogue import Catalogue, Question

MOST = 12


def title_or(answers: Answers, label: str, instead: str) -> str:
    """A label as a button says it; ``instead`` where this version of the bot has none such, or none that a button says."""
    try:
        return answers.label(label)
    except KeyError:
        return instead


def find(catalogue: Catalogue, words: str, most: int = MOST) -> list[Question]:
    """The questions that hold every one of the words, those whose label begins with the first one before the others."""
    wanted = [word.lower() for word in words.split()]
    found = [question for question in catalogue if wanted and all(_holds(question, word) for word in wanted)]
    return sorted(found, key=lambda question: not _begins(question, wanted[0]))[:most]


def _holds(question: Question, word: str) -> bool:
    return word in question.label.lower() or word in initials(question.label) or word in question.key


def _begins(question: Question, word: str) -> bool:
    return question.label.lower().startswith(word) or initials(question.label).startswith(word)


@lru_cache(maxsize=1024)
def initials(label: str) -> str:
    """The pinyin initials of a title in small letters, punctuation left out. A person's name is read otherwise: `bot.hours.search`."""
    letters = lazy_pinyin(label, style=Style.FIRST_LETTER, errors=lambda other: "".join(filter(str.isalnum, other)))
    return "".join(letters).lower()
