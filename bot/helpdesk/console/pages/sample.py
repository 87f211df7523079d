"""抽检: the answers drawn from the week before, judged one after the other by keys."""

from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from bot.helpdesk import sampling
from bot.helpdesk.console.access import Worker
from bot.helpdesk.console.desk import AtDesk, Desk
from bot.helpdesk.console.rendering import render
from bot.helpdesk.dashboard.figurewords import channel as channel_word
from bot.helpdesk.lookup.around import note_look, said_around

router = APIRouter(prefix="/sample")

OVERALL = timedelta(weeks=12)
"""So far back reaches the share above the page."""
_WEEKS = 8  # offered as tabs
_ONE = "/{sampled_id:int}"


@router.get("")
def page(request: Request, desk: AtDesk, member: Worker, week: date | None = None, at: int | None = None) -> Response:
    """One week's answers, the newest week unless another is named, open at ``at`` or at the first that nobody has judged.

    Whoever opens it first in a new week has the week before drawn.
    """
    with desk.database.read() as session:
        is_due = sampling.due(session, desk.today) is not None
    if is_due:
        with desk.database.write() as session:
            sampling.draw(session, desk.now)
    with desk.database.read() as session:
        weeks = sampling.weeks(session)[:_WEEKS]
        chosen = week or (weeks[0][0] if weeks else None)
        rows = sampling.of_week(session, chosen) if chosen else []
        share = sampling.share(session, desk.now - OVERALL)
        opened = _opened(desk, session, rows, at)
    facts: dict[str, Any] = {"weeks": weeks, "week": chosen, "last_day": timedelta(days=6), "rows": rows, **opened}
    facts |= {"share": share, "weeks_back": OVERALL.days // 7, "most": sampling.REMARK_LENGTH}
    return render(request, "sample/page.html", member, **facts)


@router.post(_ONE + "/judge")
def judge(desk: AtDesk, member: Worker, sampled_id: int, verdict: Annotated[str, Form()], remark: Annotated[str, Form()] = "") -> Response:
    """Right, partly or wrong; then the next one. Of a wrong one the page stays, so that it can be sent on."""
    if verdict not in sampling.VERDICTS:
        raise HTTPException(422)
    with desk.database.write() as session:
        sampling.judge(session, sampled_id, verdict, remark, member.id, desk.now)
        week = sampling.week_drawn(session, sampled_id)
    return _to(week, sampled_id if verdict == sampling.WRONG else None)


@router.post(_ONE + "/missed")
def to_missed(desk: AtDesk, member: Worker, sampled_id: int) -> Response:
    """The question of a wrong answer is to be learnt from."""
    with desk.database.write() as session:
        sampling.to_missed(session, sampled_id, desk.now)
        week = sampling.week_drawn(session, sampled_id)
    return _to(week, None)


@router.get(_ONE + "/said")
def said(request: Request, desk: AtDesk, member: Worker, sampled_id: int) -> Response:
    """What was said around a drawn answer, since 1 or 那中级呢 cannot be judged alone; a look that leaves a trace."""
    with desk.database.read() as session:
        row = sampling.one_of(session, sampled_id)
        if row is None or not row.sender_id:
            raise HTTPException(404)
        found = said_around(session, row.sender_id, row.asked_at)
    with desk.database.write() as session:
        note_look(session, member.actor, found, "sample", sampled_id, desk.now)
    where = channel_word(row.sender_id.partition(":")[0])
    return render(request, "sample/said.html", member, row=row, lines=found.lines, person=found.person, where=where)


@router.post("/undo")
def undo(desk: AtDesk, member: Worker, sampled_id: Annotated[int | None, Form()] = None) -> Response:
    """Take back one's own last judgement, or the one named, and show that answer again."""
    with desk.database.write() as session:
        undone = sampling.undo(session, member.id, sampled_id)
        week = sampling.week_drawn(session, undone) if undone else None
    return _to(week, undone)


def _opened(desk: Desk, session: Session, rows: Any, at: int | None) -> dict[str, Any]:
    """The row to show with its neighbours' ids, and the words of the clauses that it rests on."""
    ids = [row.id for row in rows]
    unjudged = next((row.id for row in rows if row.verdict is None), None)
    place = ids.index(at) if at in ids else ids.index(unjudged) if unjudged is not None else None
    if place is None:
        return {"row": None, "number": 0, "before": None, "after": None, "clauses": ""}
    neighbours = {"before": ids[place - 1] if place else None, "after": ids[place + 1] if place + 1 < len(ids) else None}
    return {"row": rows[place], "number": place + 1, **neighbours, "clauses": _clauses(desk, sampling.questions_of(session, rows[place]))}


def _clauses(desk: Desk, keys: tuple[str, ...]) -> str:
    known = desk.answers.catalogue
    cites = [clause for key in keys if key in known for clause in known.get(key).cites]
    return desk.answers.clause(cites, desk.today).text if cites else ""


def _to(week: date | None, at: int | None) -> Response:
    query = "&".join([*([f"week={week}"] if week else []), *([f"at={at}"] if at else [])])
    return RedirectResponse(f"/sample?{query}" if query else "/sample", 303)
