"""Messages that lean on the conversation: a number out of a list, 那中级呢, 为什么, 再说一遍."""

from collections.abc import Sequence
from dataclasses import replace

from bot.nlu import entities
from bot.nlu.catalogue import PREFIX, Catalogue, Question
from bot.nlu.classifier import Guess
from bot.nlu.text import bare, lexicon, strip_edges
from bot.nlu.turn import ACCOUNT, Turn

# A message longer than this many characters carries its own subject.
SHORT = 12
SURE = 0.85
UNSURE = 0.6
HINT = 0.05
FEW = 8
FEW_WORDS = 4


def chosen(said: str, count: int) -> int | None:
    """Index of the choice that a bare message names, -1 for none of them, None when it names no choice."""
    choices = lexicon()["choices"]
    if said in choices["none"]:
        return -1
    for index, names in enumerate(choices["ordinals"][:count]):
        if said in names:
            return index
    return count - 1 if said in choices["last"] else None


def refer_back(text: str, about: Turn, catalogue: Catalogue, ranking: Sequence[Guess], this_year: int) -> Turn | None:
    """The turn that a subject-less message means after ``about``; None when the message stands on its own."""
    said = bare(text)
    words = lexicon()["followup"]
    if said in words["again"]:
        return about
    if said in words["why"]:
        return replace(about, why=True)
    core, cut = strip_edges(said, words["lead"], words["tail"])
    if len(core) > SHORT or not _leans(core, cut, ranking[0]):
        return None
    named = entities.facets(core)
    years = tuple(entities.years(core, this_year))
    if about.intent.startswith(ACCOUNT):
        if entities.names_somebody(text) or (ranking[0].label == "other_person" and ranking[0].confidence >= 0.5):
            return None
        return _own_record(about, named, years, ranking[0], cut, bare_subject=cut and len(core) <= FEW_WORDS)
    if about.key is None or about.key not in catalogue:
        return None
    question = catalogue.get(about.key)
    sibling = catalogue.sibling(question, named) if named else _likeliest(question, catalogue, ranking, core)
    if sibling is None or not _better(sibling.topic, ranking[0], catalogue, core):
        return None
    return replace(about, intent="faq", key=sibling.key)


def _likeliest(about: Question, catalogue: Catalogue, ranking: Sequence[Guess], core: str) -> Question | None:
    """For a few words that fit nothing well: the question of the same topic that they fit best."""
    if len(core) > FEW or ranking[0].confidence >= UNSURE:
        return None
    for guess in ranking:
        key = guess.label.removeprefix(PREFIX)
        if key != guess.label and catalogue.get(key).topic == about.topic and guess.confidence >= HINT:
            return catalogue.get(key)
    return None


def _leans(core: str, cut: bool, best: Guess) -> bool:
    """Whether the message is the kind that needs what was said before."""
    return cut or len(core) <= FEW_WORDS or best.confidence < SURE


def _better(topic: str, best: Guess, catalogue: Catalogue, core: str) -> bool:
    """A confident reading in another topic stands on its own, unless the message is too short to be one."""
    if not best.label.startswith(PREFIX):
        return best.confidence < SURE or len(core) <= FEW_WORDS
    same_topic = catalogue.get(best.label.removeprefix(PREFIX)).topic == topic
    return len(core) <= FEW_WORDS or (best.confidence < SURE and not (same_topic and best.confidence > 0.5))


def _own_record(about: Turn, named: dict[str, str], years: tuple[int, ...], best: Guess, cut: bool, *, bare_subject: bool) -> Turn | None:
    if best.label.startswith(ACCOUNT) and best.confidence >= 0.5 and not named and not years:
        return None
    standing_alone = best.confidence >= SURE and not best.label.startswith((PREFIX + "title", PREFIX + "hours", ACCOUNT))
    if standing_alone and not bare_subject:  # two characters and 呢 mean what was asked before, whatever they mean alone
        return None
    if named.get("level") in ("senior", "intermediate", "junior"):
        return replace(about, intent="my_title", level=named["level"], years=(), subject=None, amounts=())
    if years:
        return replace(about, intent="my_year", years=years, level=None, subject=named.get("subject"), amounts=())
    if named.get("subject") and (cut or best.confidence < SURE):
        intent = best.label if best.label.startswith(ACCOUNT) and best.confidence >= 0.5 else "my_year"
        return replace(about, intent=intent, subject=named["subject"], level=None, amounts=())
    return None
