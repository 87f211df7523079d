"""What the bot goes on doing in a conversation that a human holds: it binds, since the agent never sees a bind code."""

from functools import cached_property

from bot.answers import Answers
from bot.binding import Binder
from bot.db import Database
from bot.inbox import turns
from bot.inbox.hold import alone_with
from bot.inbox.question import Question
from bot.inbox.text import mask_codes
from bot.inbox.turns import NOTHING, StoredTurn
from bot.nlu.formvalues import bind_sentence
from bot.runtime.dialogue import knowing
from bot.settings import Settings
from policies.notice import load_notices


class BindsInHand:
    """For `bot.inbox.inhand`: name and code in one message bind the chat; whatever else is said is the human's."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings, self._database = settings, database

    @cached_property
    def _binder(self) -> Binder:
        """Made for the first binding: few processes see one."""
        return Binder(self._settings, self._database, Answers.from_files(load_notices()))

    def __call__(self, question: Question) -> str | None:
        """What the bot itself says to a binding; None for any other message. DatabaseFault."""
        given = bind_sentence(question.text)
        # 绑定失败 error500 is told to the human: only what the journal hides is taken for a code
        if given is None or mask_codes(given["bind_code"]) == given["bind_code"]:
            return None
        answer, bound = self._binder.bind(question.sender_id, given["bind_name"], given["bind_code"], question.journal_id)
        if bound:
            self._let_the_dialogue_know(question.sender_id)
        return answer.text

    def _let_the_dialogue_know(self, sender_id: str) -> None:
        """Once the bot talks again, it knows that it talks with somebody who is bound."""
        now = self._settings.now()
        with self._database.write() as session:
            alone_with(session, sender_id)
            last = next(iter(turns.last(session, sender_id, 1)), None)
            number, state = (last.number, last.state) if last else (0, None)
            turns.add(session, StoredTurn(sender_id, number + 1, now, NOTHING, knowing(state, now, bound=True)))
