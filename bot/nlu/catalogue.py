"""What is known of each prepared question: its label, topic and facets, as the ``faq_*.yml`` files state them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

PREFIX = "faq/"
# Rasa's rules see these groups; understanding knows their members by their own names.
GROUPS = ("talk", "record")


def plain(label: str) -> str:
    """A training label without its group: ``talk/greet`` is ``greet``; a question keeps its ``faq/``."""
    group, _, name = label.partition("/")
    return name if group in GROUPS else label


@dataclass(frozen=True)
class Question:
    """One prepared question of ``data/nlu/faq_*.yml``."""

    key: str
    label: str  # the question as a button says it
    kind: str  # rule, silent, operation or elsewhere
    topic: str
    facets: Mapping[str, str] = field(default_factory=dict)
    cites: tuple[str, ...] = ()
    next: tuple[str, ...] = ()
    own: str | None = None  # the record intent whose facts follow the rule when a bound person asks of themselves
    follow: Mapping[str, str] = field(default_factory=dict)  # facet.value -> question, where the topic alone would mislead


class Catalogue:
    """All prepared questions, found by key, and within a topic by facets."""

    def __init__(self, questions: Iterable[Question]):
        self._questions = {question.key: question for question in questions}

    def __contains__(self, key: str) -> bool:
        return key in self._questions

    def __iter__(self) -> Any:
        return iter(self._questions.values())

    def get(self, key: str) -> Question:
        """The question of this key; raises KeyError for an unknown one."""
        return self._questions[key]

    def sibling(self, about: Question, named: Mapping[str, str]) -> Question | None:
        """The question of ``about``'s topic that the newly named facets point to, None when they fit none of it."""
        for facet, value in named.items():
            override = about.follow.get(f"{facet}.{value}")
            if override:
                return self._questions.get(override)
        best: tuple[int, Question] | None = None
        wanted = {**about.facets, **named}
        for question in self._questions.values():
            if question.topic != about.topic or question.key == about.key:
                continue
            hits = sum(question.facets.get(f) == v for f, v in named.items())
            clashes = sum(f in named and named[f] != v for f, v in question.facets.items())
            if not hits or clashes:
                continue
            inherited = sum(wanted.get(f) == v for f, v in question.facets.items())
            strange = sum(f not in wanted for f in question.facets)
            score = 4 * hits + inherited - 2 * strange
            if best is None or score > best[0]:
                best = (score, question)
        return best[1] if best else None

    def to_data(self) -> list[dict[str, Any]]:
        """Plain data for the model archive."""
        return [{**vars(q), "facets": dict(q.facets), "follow": dict(q.follow)} for q in self._questions.values()]

    @classmethod
    def from_data(cls, data: Iterable[Mapping[str, Any]]) -> "Catalogue":
        """The inverse of ``to_data``."""
        return cls(Question(**{**row, "cites": tuple(row["cites"]), "next": tuple(row["next"])}) for row in data)

    @classmethod
    def from_responses(cls, responses: Mapping[str, list[Mapping[str, Any]]]) -> "Catalogue":
        """Read the metadata beside each ``utter_faq/<key>`` response; raises ValueError naming a question without it."""
        questions = []
        for name, variations in responses.items():
            key = name.removeprefix("utter_" + PREFIX)
            if key == name:
                continue
            meta = variations[0].get("metadata") or {}
            missing = [f for f in ("label", "kind", "topic") if not meta.get(f)]
            if missing:
                raise ValueError(f"{name}: metadata lacks {', '.join(missing)}")
            questions.append(
                Question(
                    key=key,
                    label=meta["label"],
                    kind=meta["kind"],
                    topic=meta["topic"],
                    facets=meta.get("facets") or {},
                    cites=tuple(meta.get("cites") or ()),
                    next=tuple(meta.get("next") or ()),
                    own=meta.get("own"),
                    follow=meta.get("follow") or {},
                )
            )
        return cls(questions)
