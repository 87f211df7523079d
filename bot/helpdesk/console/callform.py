"""The form of a call's record as the browser sends it, and whether its answer belongs to its person and question."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Form

from bot.helpdesk.console.written import row_number
from bot.helpdesk.telephone import calls

Text = Annotated[str, Form()]


@dataclass(frozen=True)
class Written:
    """The form as it came: everything a text, so that nothing typed is lost when something is missing."""

    person: str = ""
    question: str = ""
    answer: str = ""
    clause: str = ""
    label: str = ""  # what the answer shown was read as
    good: str = ""  # "0": the bot had no good answer
    choose: str = ""  # the question that staff want answered instead
    told_person: str = ""  # whose figures the answer may hold
    told_question: str = ""  # the question that the bot answered
    typed: str = ""  # "1": staff have written in the answer
    outcome: str = calls.ANSWERED
    detail: str = ""
    phone: str = ""
    wrong: str = ""

    @property
    def person_id(self) -> int | None:
        return row_number(self.person)

    @property
    def told_elsewhere(self) -> str:
        """Why the answer does not belong to the rest of the record, the key of a fault; empty where it does."""
        if not self.answer.strip():
            return ""
        if self.told_person and self.told_person != self.person:
            return "other_person"
        asked = self.told_question.split()
        return "other_question" if asked and asked != self.question.split() else ""


def _form(
    person: Text = "", question: Text = "", answer: Text = "", clause: Text = "", label: Text = "", good: Text = "", choose: Text = "",
    told_person: Text = "", told_question: Text = "", typed: Text = "", outcome: Text = calls.ANSWERED, detail: Text = "", phone: Text = "",
    wrong: Text = "",
) -> Written:  # fmt: skip
    return Written(person, question, answer, clause, label, good, choose, told_person, told_question, typed, outcome, detail, phone, wrong)


Form_ = Annotated[Written, Depends(_form)]
