"""From a message and the conversation around it to what the person wants. Pure: no Rasa, no database, no clock."""

import json
from dataclasses import replace
from pathlib import Path

from bot.nlu import entities, followup, formvalues
from bot.nlu.catalogue import PREFIX, Catalogue
from bot.nlu.classifier import Classifier, Guess
from bot.nlu.parts import clauses, sentences
from bot.nlu.priors import weigh
from bot.nlu.text import bare, canonical, lexicon, simplify, spelt
from bot.nlu.turn import ACCOUNT, Context, Meaning, Turn

# Calibrated on held-out training sentences; see docs/decisions.
ANSWER_AT = 0.42
OFFER_AT = 0.10
ALONE_AT = 0.34
SURE_ALONE = 0.75
TIE_AT = 0.50
SECOND_AT = 0.20
PART_AT = 0.85
CLAUSE_AT = 0.93
SURE_AT = 0.80
LIKELY = 24  # labels worth weighing; the rest share next to nothing
FAMILIAR_AT = 0.34

# Refusing by mistake harms nobody, answering by mistake might.
REFUSALS = ("other_person", "change_record", "export_all")
REFUSE_AT = 0.25
# A message that may be about something else.
FOREIGN_AT, DOUBTFUL_AT, FOREIGN_SURE = 0.05, 0.90, 0.60

MISSES = ("nlu_fallback", "out_of_scope", "none_of_these")
MISSES_TO_OFFER = 2

FILES = ("classifier.bin", "catalogue.json")  # what a model archive holds of it


class Understanding:
    """Reads messages with a trained classifier and the catalogue of prepared questions."""

    def __init__(self, classifier: Classifier, catalogue: Catalogue):
        self.classifier = classifier
        self.catalogue = catalogue

    def save(self, folder: Path) -> None:
        """Write ``FILES`` into the folder."""
        self.classifier.save(folder / FILES[0])
        (folder / FILES[1]).write_text(json.dumps(self.catalogue.to_data(), ensure_ascii=False), "utf-8")

    @classmethod
    def load(cls, folder: Path) -> "Understanding":
        """Read what ``save`` wrote."""
        catalogue = Catalogue.from_data(json.loads((folder / FILES[1]).read_text("utf-8")))
        return cls(Classifier.load(folder / FILES[0]), catalogue)

    def read(self, text: str, context: Context) -> Meaning:
        """The meaning of ``text`` in ``context``; never raises on any text."""
        meaning = self._read(text, context)
        topical = meaning.parts[-1] if meaning.parts else meaning.turn
        meaning = replace(meaning, about=topical if topical.topical else context.about)
        return self._with_misses(meaning, context)

    @staticmethod
    def _with_misses(meaning: Meaning, context: Context) -> Meaning:
        """Counts misses in a row; the second one offers a human. Asking back is neither a miss nor an answer."""
        if meaning.turn.intent == "ask_back":
            return replace(meaning, misses=context.misses)
        if meaning.turn.intent not in MISSES:
            return meaning
        offered = context.misses + 1 >= MISSES_TO_OFFER and not context.requested
        return replace(meaning, turn=Turn("offer_human") if offered else meaning.turn, misses=context.misses + 1)

    def _read(self, text: str, context: Context) -> Meaning:
        if context.requested == formvalues.MESSAGE:
            intent, values = formvalues.dictated(text)
            return Meaning(Turn(intent), values=values)
        said = bare(text)
        if context.human_offered and spelt(text) in lexicon()["agreed"]:
            return Meaning(Turn("human"))
        if not said:
            return self._polite(text, context)
        bind = formvalues.bind_sentence(text)
        if bind:
            return Meaning(Turn("bind_direct"), values=bind)
        left = formvalues.left_at_once(text)
        if left:
            return Meaning(Turn(left[0]), values=left[1])
        code = formvalues.begun_with_code(text)
        if code:
            return Meaning(Turn("inform" if context.requested else "bind"), values={"bind_code": code})
        for command, words in lexicon()["commands"].items():
            if said in words:
                return Meaning(Turn("start_over" if command == "cancel" and not context.requested else command))
        if context.choices:
            chosen = followup.chosen(said, len(context.choices))
            if chosen is not None:
                return self._choice(chosen, context)
        ranking = self._rank(text, context)
        if context.requested:
            value = formvalues.fitting(context.requested, text, ranking[0])
            if value is not None:
                return Meaning(Turn("inform"), ranking=ranking, values={context.requested: value})
        if said.isdecimal():
            return Meaning(Turn("nlu_fallback"), 0.0, ranking)  # a number out of no list
        own_record = ranking[0].label.startswith(ACCOUNT) or (context.about is not None and context.about.intent.startswith(ACCOUNT))
        if own_record and entities.names_somebody(text):
            return Meaning(Turn("other_person"), ranking[0].confidence, ranking)
        if context.about is not None:
            back = followup.refer_back(text, context.about, self.catalogue, ranking, context.this_year)
            if back is not None:
                return Meaning(back, ranking=ranking)
        return self._decide(text, ranking, context)

    def _polite(self, text: str, context: Context) -> Meaning:
        """A message of nothing but polite words (你好, 嗯) asks nothing, but it may greet or agree."""
        best = self._rank(text, context)[0]
        sure = best.confidence >= SURE_AT and not best.label.startswith((PREFIX, ACCOUNT))
        return Meaning(self._turn(best.label, text, context), best.confidence) if sure else Meaning(Turn("nlu_fallback"), 0.0)

    def _choice(self, chosen: int, context: Context) -> Meaning:
        if chosen < 0:
            return Meaning(Turn("none_of_these"))
        return Meaning(self._turn(context.choices[chosen], "", context), chosen=True)

    def _decide(self, text: str, ranking: tuple[Guess, ...], context: Context) -> Meaning:
        best = ranking[0]
        if best.label == "out_of_scope" or (best.confidence < 0.9 and self.classifier.familiarity(text) < FAMILIAR_AT):
            # Where that is not sure, a clause of the notice may be near: the answer to nlu_fallback quotes it.
            unsure = best.label == "out_of_scope" and best.confidence < FOREIGN_SURE
            return Meaning(Turn("nlu_fallback" if unsure else "out_of_scope"), best.confidence, ranking)
        several = self._several(text, best, context) if best.confidence < 1.0 else ()  # a known sentence is one question
        if several:
            return Meaning(Turn(self._joint_intent(several)), best.confidence, ranking, parts=several)
        near = self._near_tie(ranking)
        if near:
            return Meaning(Turn("faq"), best.confidence, ranking, parts=near)
        if best.confidence >= self._needed(ranking):
            turn = self._turn(best.label, text, context)
            own = self._own(turn, text, context)
            if own is not None:
                return Meaning(Turn("several"), best.confidence, ranking, parts=(turn, own))
            return Meaning(turn, best.confidence, ranking, parts=self._named_twice(turn, text))
        choices = tuple(g.label for g in ranking[:3] if g.confidence >= OFFER_AT and self._offerable(g.label))
        alone = len(choices) == 1 and best.label == choices[0] and self._needed(ranking) <= ANSWER_AT
        if alone and best.confidence >= ALONE_AT:
            return Meaning(self._turn(best.label, text, context), best.confidence, ranking)
        if choices:
            return Meaning(Turn("ask_back"), best.confidence, ranking, choices=choices)
        return Meaning(Turn("nlu_fallback"), best.confidence, ranking)

    @staticmethod
    def _needed(ranking: tuple[Guess, ...]) -> float:
        """The confidence from which the best guess is answered: more where the message may well be about something else."""
        if ranking[0].label in REFUSALS:
            return REFUSE_AT
        foreign = max((guess.confidence for guess in ranking if guess.label == "out_of_scope"), default=0.0)
        return DOUBTFUL_AT if foreign >= FOREIGN_AT else ANSWER_AT

    def _near_tie(self, ranking: tuple[Guess, ...]) -> tuple[Turn, ...]:
        """Two prepared questions of one topic that together are likely: both are answered rather than asked about."""
        first, second = ranking[:2]
        if first.confidence >= SURE_ALONE or second.confidence < SECOND_AT:
            return ()
        if not (first.label.startswith(PREFIX) and second.label.startswith(PREFIX)) or first.confidence + second.confidence < TIE_AT:
            return ()
        pair = [guess.label.removeprefix(PREFIX) for guess in (first, second)]
        same_topic = len({self.catalogue.get(key).topic for key in pair}) == 1
        return tuple(Turn("faq", key) for key in pair) if same_topic else ()

    def _offerable(self, label: str) -> bool:
        return label.startswith(PREFIX) or label.startswith(ACCOUNT) or label in ("human", "bind")

    def _rank(self, text: str, context: Context) -> tuple[Guess, ...]:
        return weigh(text, self.classifier.rank(text, LIKELY), context.bound)[:8]

    def _turn(self, label: str, text: str, context: Context) -> Turn:
        """A classified label with the values that its sentence names."""
        intent, _, key = label.partition("/")
        if intent == "faq":
            return Turn("faq", key)
        if intent == "start_over" and context.requested:
            return Turn("cancel")
        if intent == "repeat" and context.about is not None:
            return context.about
        named = entities.facets(text)
        subjects = entities.mentioned(text, "subject")
        levels = entities.mentioned(text, "level")
        return Turn(
            intent,
            years=tuple(entities.years(text, context.this_year)),
            subject=named.get("subject") if len(subjects) == 1 else None,
            level=named.get("level") if len(levels) == 1 else None,
            amounts=tuple(entities.amounts(text)),
        )

    def _own(self, turn: Turn, text: str, context: Context) -> Turn | None:
        """Behind a rule, the record facts of a bound person who asks of themselves (我能结转吗)."""
        if not context.bound or turn.key is None or not any(word in simplify(text) for word in lexicon()["personal"]):
            return None
        question = self.catalogue.get(turn.key)
        if question.own is None:
            return None
        years = tuple(year for year in entities.years(text, context.this_year) if year <= context.this_year)
        return Turn(question.own, years=years, level=question.facets.get("level"))

    def _several(self, text: str, best: Guess, context: Context) -> tuple[Turn, ...]:
        """The turns of a message that asks two or three different things, in order; empty when it asks one."""
        for pieces, sure in ((sentences(text), PART_AT), (clauses(text), CLAUSE_AT if best.confidence >= SURE_AT else PART_AT)):
            found: dict[tuple[str, str | None], Turn] = {}
            about = None
            for piece in pieces:
                about = self._piece(piece, sure, context, about)
                if about is not None:
                    found[about.intent, about.key] = about
            if len(found) > 1:
                return tuple(found.values())[:3]
        return ()

    def _piece(self, piece: str, sure: float, context: Context, about: Turn | None) -> Turn | None:
        """The turn of one piece of a message; a piece without a subject leans on the piece before it."""
        ranking = self._rank(piece, context)
        if about is not None:
            back = followup.refer_back(piece, about, self.catalogue, ranking, context.this_year)
            if back is not None:
                return back
        asks = any(word in canonical(piece) for word in lexicon()["question_words"]) and not entities.names_somebody(piece)
        if not asks or ranking[0].confidence < sure or not self._offerable(ranking[0].label):
            return None
        return self._turn(ranking[0].label, piece, context)

    def _named_twice(self, turn: Turn, text: str) -> tuple[Turn, ...]:
        """A question that names two values of the facet it turns on (提交和审验各是几号) gets an answer for each."""
        if turn.key is None:
            return ()
        question = self.catalogue.get(turn.key)
        for facet in ("date", "level", "base", "excluded", "group"):
            if facet not in question.facets:
                continue
            values = entities.mentioned(text, facet)
            others = [self.catalogue.sibling(question, {facet: v}) for v in values if v != question.facets[facet]]
            keys = list(dict.fromkeys([question.key, *(q.key for q in others if q)]))
            if len(values) > 1 and len(keys) > 1:
                return tuple(Turn("faq", key) for key in keys[:3])
        return ()

    @staticmethod
    def _joint_intent(turns: tuple[Turn, ...]) -> str:
        return "faq" if all(turn.intent == "faq" for turn in turns) else "several"
