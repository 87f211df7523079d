"""Turns prepared texts and engine results into what a person reads: placeholders filled from the notice, the clause named.

Imports no Rasa, so that the console and the command line say the same as the chat.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from bot.messages import Loader, message
from bot.nlu.catalogue import Catalogue, Question
from bot.nlu.clauses import ClauseSearch
from policies.notice import Notice, Notices, load_notices

ROOT = Path(__file__).resolve().parent.parent
PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_.]*)\}")
BAR_CELLS = 10
OWN = {"kind": "account", "feedback": False}  # metadata of what is said from somebody's record


@dataclass(frozen=True)
class Answer:
    """What is sent: text, buttons whose payload is a plain sentence, and what a channel may want to know about it.

    ``clauses`` are the ids of those that the text names or quotes; they are not sent."""

    text: str
    buttons: tuple[tuple[str, str], ...] = ()  # title, sentence
    metadata: Mapping[str, Any] = field(default_factory=dict)
    clauses: tuple[str, ...] = ()

    def as_message(self) -> dict[str, Any]:
        """The keyword arguments of a bot message."""
        sent: dict[str, Any] = {"text": self.text, "metadata": dict(self.metadata)}
        if self.buttons:
            sent["buttons"] = [{"title": title, "payload": sentence} for title, sentence in self.buttons]
        return sent


class Answers:
    """All prepared texts of one assistant, read against the notice in force on a day."""

    def __init__(self, responses: Mapping[str, list[Mapping[str, Any]]], notices: Notices):
        self._responses = responses
        self._notices = notices
        self.catalogue = Catalogue.from_responses(responses)
        self._searches: dict[int, ClauseSearch] = {}
        self._off: frozenset[str] = frozenset()

    @classmethod
    def from_files(cls, notices: Notices, root: Path = ROOT) -> "Answers":
        """Read ``domain.yml`` and every ``data/nlu/faq_*.yml`` below ``root``."""
        responses: dict[str, Any] = {}
        for path in [root / "domain.yml", *sorted((root / "data" / "nlu").glob("faq_*.yml"))]:
            responses |= yaml.load(path.read_text("utf-8"), Loader).get("responses") or {}
        return cls(responses, notices)

    def without(self, keys: Iterable[str]) -> "Answers":
        """The same texts, with a sentence and the telephone number in place of these questions' answers."""
        seen = copy(self)
        seen._off = frozenset(keys)
        return seen

    def question(self, keys: Iterable[str], today: date) -> Answer:
        """The answers of one or more prepared questions, each once, each with its clause. KeyError for an unknown key."""
        notice = self._notices.in_force(today.year)
        questions = [self.catalogue.get(key) for key in dict.fromkeys(keys)]
        text = "\n\n".join(self._with_clause(question, notice, today) for question in questions)
        given = [question for question in questions if question.key not in self._off]
        if not given:
            return Answer(text, metadata={"kind": "fallback", "feedback": False})
        told = [question.key for question in given]
        metadata = {"kind": "faq", "question": told[0], "questions": told, "feedback": all(q.kind == "rule" for q in given)}
        return Answer(text, self._next(given), metadata, tuple(dict.fromkeys(c for q in given for c in q.cites)))

    def personal_off(self, today: date) -> Answer:
        """What is said in place of anybody's own figures while these are switched off."""
        text = self._fill(message("answers.personal_off"), self._notices.in_force(today.year), {})
        return Answer(text, metadata={"kind": "fallback", "feedback": False})

    def _with_clause(self, question: Question, notice: Notice, today: date) -> str:
        if question.key in self._off:
            return self._fill(message("answers.question_off", label=question.label), notice, {})
        lines = [self._fill(str(self._responses["utter_faq/" + question.key][0]["text"]), notice, {})]
        if question.cites:
            lines.append(notice.cite(question.cites))
        if question.kind == "rule" and notice.year != today.year:
            lines.append(message("answers.other_year", year=notice.year, today=today.year))
        return "\n".join(lines)

    def _next(self, questions: list[Question]) -> tuple[tuple[str, str], ...]:
        asked = {question.key for question in questions}
        keys = [key for question in questions for key in question.next if key in self.catalogue and key not in asked | self._off]
        labels = [self.catalogue.get(key).label for key in dict.fromkeys(keys)][:2]
        if any(question.cites for question in questions):
            labels.append(message("answers.show_clause"))
        return tuple((label, label) for label in labels)

    def original(self, intent: str, key: str | None, today: date) -> Answer:
        """The notice's own words behind what was last answered, unless that answer is switched off."""
        return self.question([key], today) if key in self._off else self.clause(self.clauses_of(intent, key), today)

    def clause(self, clause_ids: Iterable[str], today: date) -> Answer:
        """The notice's own words; without clauses, that the notice holds none on it."""
        notice = self._notices.in_force(today.year)
        quotes = [notice.quote(clause_id) for clause_id in dict.fromkeys(clause_ids)]
        heading = message("answers.quoted_from", title=notice.title) if quotes else self._fill(message("answers.no_clause"), notice, {})
        return Answer("\n\n".join([heading, *quotes]), metadata={"kind": "clause", "feedback": False})

    def not_understood(self, said: str, today: date) -> Answer:
        """The answer to a message that fits no prepared question: the nearest clause, quoted, if one is near; else how to go on."""
        notice = self._notices.in_force(today.year)
        if notice.year not in self._searches:
            self._searches[notice.year] = ClauseSearch(notice)
        near = self._searches[notice.year].nearest(said)
        if near is None:
            return self.say("utter_talk/nlu_fallback", today)
        return replace(self.say("utter_near_clause", today, clause=notice.quote(near)), clauses=(near,))

    def clauses_of(self, intent: str, key: str | None) -> tuple[str, ...]:
        """The clauses behind what was last answered: a question's own, else those of the account intent."""
        if key is not None:
            return self.catalogue.get(key).cites
        return tuple(message(f"answers.clauses.{intent}").split())

    def ask_back(self, labels: Iterable[str]) -> Answer:
        """Offers up to three likely questions as a numbered list with buttons."""
        titles = [self.label(label) for label in labels]
        lines = [f"{number}. {title}" for number, title in enumerate(titles, 1)]
        text = "\n".join([message("answers.ask_back"), *lines, message("answers.ask_back_how")])
        none = message("answers.none_of_these")
        return Answer(text, tuple((t, t) for t in [*titles, none]), {"kind": "ask_back", "feedback": False})

    def label(self, label: str) -> str:
        """A classifier label as a button says it."""
        key = label.removeprefix("faq/")
        return self.catalogue.get(key).label if key in self.catalogue else message(f"answers.labels.{label}")

    def say(self, response: str, today: date, /, **facts: Any) -> Answer:
        """A response of the domain (``utter_…``), filled. KeyError for an unknown one."""
        notice = self._notices.in_force(today.year)
        variation = self._responses[response][0]
        given = tuple((button["title"], button["payload"]) for button in variation.get("buttons") or ())
        stated = {key: value for key, value in (variation.get("metadata") or {}).items() if key != "facts"}
        metadata = {"kind": "smalltalk", "feedback": False, **stated}
        return Answer(self._fill(variation["text"], notice, facts), given, metadata)

    def report(self, template: str, today: date, /, **facts: Any) -> Answer:
        """An engine result in words: ``bot/templates/<template>.j2`` with the facts, the notice's values and its citations.

        The last line of a template may be ``buttons: A | B``: sentences to offer next.
        """
        page, citing = _templates().get_template(f"{template}.j2"), _Citing(self._notices.in_force(today.year))
        lines = [line.rstrip() for line in page.render(citing.facts(today), **facts).strip().splitlines()]
        buttons: tuple[tuple[str, str], ...] = ()
        if lines and lines[-1].startswith("buttons:"):
            titles = [title.strip() for title in lines.pop().removeprefix("buttons:").split("|")]
            buttons = tuple((title, title) for title in titles if title)
        text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
        return Answer(text, buttons, dict(OWN), tuple(citing.cited))

    def phrases(self, today: date) -> Any:
        """The words and macros of ``shared.j2`` by name, for a page that lays the engine's results out in its own way."""
        return _templates().get_template("shared.j2").make_module(_Citing(self._notices.in_force(today.year)).facts(today))

    @staticmethod
    def _fill(text: str, notice: Notice, facts: Mapping[str, Any]) -> str:
        def value(match: re.Match[str]) -> str:
            key = match.group(1)
            return str(facts[key]) if key in facts else notice.display(key)

        return PLACEHOLDER.sub(value, text)

    def problems(self) -> list[str]:
        """Everything that would reach a person broken: unknown placeholders, clauses or next questions, in every loaded notice."""
        found = []
        for name, variations in sorted(self._responses.items()):
            for variation in variations:
                for key in PLACEHOLDER.findall(str(variation.get("text", ""))):
                    known = (variation.get("metadata") or {}).get("facts") or ()
                    found += [f"{name}: {{{key}}} ({n.year})" for n in self._notices.all if key not in n.values() and key not in known]
        for question in self.catalogue:
            found += [f"{question.key}: clause {c} ({n.year})" for n in self._notices.all for c in question.cites if c not in n.clauses]
            found += [f"{question.key}: next {key}" for key in [*question.next, *question.follow.values()] if key not in self.catalogue]
        return found


class _Citing:
    """A notice that remembers which of its clauses a template named."""

    def __init__(self, notice: Notice) -> None:
        self._notice = notice
        self.cited: dict[str, None] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._notice, name)

    def cite(self, clause_ids: Sequence[str]) -> str:
        self.cited |= dict.fromkeys(clause_ids)
        return self._notice.cite(clause_ids)

    def facts(self, today: date) -> dict[str, Any]:
        """What every template is given."""
        return {"notice": self, "today": today, "v": {key.replace(".", "_"): shown for key, shown in self._notice.values().items()}}


@lru_cache(maxsize=1)
def _templates() -> Any:
    import jinja2

    loader = jinja2.FileSystemLoader(Path(__file__).parent / "templates")
    page = jinja2.Environment(loader=loader, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False)
    page.filters |= {"hours": hours, "bar": bar}
    return page


def joined(answers: Sequence[Answer]) -> Answer:
    """Several answers as one message: the last one's buttons and kind, all prepared questions; somebody's own as soon as one part is."""
    told = list(dict.fromkeys(key for answer in answers for key in answer.metadata.get("questions", ())))
    own = OWN if any(answer.metadata.get("kind") == OWN["kind"] for answer in answers) else {}
    metadata = {**answers[-1].metadata, **own, **({"questions": told} if told else {})}
    clauses = tuple(dict.fromkeys(clause for answer in answers for clause in answer.clauses))
    return Answer("\n\n".join(answer.text for answer in answers), answers[-1].buttons, metadata, clauses)


def hours(value: Decimal | float | int) -> str:
    """学时 without needless zeros: 45, 12.5."""
    shown = f"{Decimal(str(value)):f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def bar(value: Decimal, required: Decimal) -> str:
    """A text progress bar of ten cells; full only when the requirement is met."""
    cells = BAR_CELLS if value >= required else min(BAR_CELLS - 1, int(value * BAR_CELLS / required))
    return "▓" * cells + "░" * (BAR_CELLS - cells)


def check() -> None:
    """ValueError naming every text that would reach a person broken."""
    found = Answers.from_files(load_notices()).problems()
    if found:
        raise ValueError("; ".join(found))
