"""The floor: our classifier and our answers behind a bare Sanic server. No Rasa, no journal, no conversation.

``python -m evaluation.bench.floor PORT MODEL``; the database is that of ``BOT_DATABASE_URL``.
"""

import sys
from functools import partial
from pathlib import Path

from actions.desk import Desk, open_desk, visitor
from bot import asking
from bot.account import ANSWERS, Whose
from bot.nlu.turn import Context
from bot.nlu.understand import Understanding


def reply(desk: Desk, understanding: Understanding, sender: str, text: str) -> str:
    """What the bot says to one message that stands alone."""
    meaning = understanding.read(text, Context(desk.today.year))
    if meaning.turn.intent not in ANSWERS:
        return asking.answer(meaning, desk.answers, desk.notices, desk.today).text
    with visitor(desk, f"rest:{sender}") as (session, person):
        whose = Whose(session, person) if person is not None else None
        return asking.answer(meaning, desk.answers, desk.notices, desk.today, whose=whose).text


def main(port: int, model: Path) -> None:
    """Serve until SIGTERM."""
    from sanic import Sanic
    from sanic.request import Request
    from sanic.response import HTTPResponse, json

    say = partial(reply, open_desk(), asking.load_understanding(model))
    app = Sanic("floor", configure_logging=False)

    @app.post("/webhooks/rest/webhook")
    async def receive(request: Request) -> HTTPResponse:
        body = request.json
        return json([{"recipient_id": body["sender"], "text": say(body["sender"], body["message"])}], ensure_ascii=False)

    app.run("127.0.0.1", port, access_log=False, motd=False)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
