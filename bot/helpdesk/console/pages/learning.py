"""待学习: what was missed and the decisions on it, what was taught, and the models trained with that."""

from contextlib import suppress
from datetime import date
from functools import lru_cache, partial
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from bot.answers import Answers
from bot.db import Database
from bot.helpdesk.console.access import Admin, Worker
from bot.helpdesk.console.desk import AtDesk, Desk
from bot.helpdesk.console.rendering import render
from bot.helpdesk.learning import lessons, queue, retraining, reviews
from bot.helpdesk.learning.corpus import corpus
from bot.helpdesk.learning.missedgroups import Sentence, Unreviewed
from bot.helpdesk.learning.teachable import OUT_OF_SCOPE, Choice, choices
from bot.helpdesk.lookup.around import note_look, said_around
from bot.helpdesk.models import ADMIN
from bot.helpdesk.staff.sessions import Member
from bot.helpdesk.words import word
from bot.inbox.models import Missed

router = APIRouter(prefix="/learning")

ASKED_PATIENCE = 20.0  # seconds, while somebody waits
_ONE = "/missed/{missed_id:int}"
_RUN = "/models/{run:int}"


@lru_cache(maxsize=4)
def _unreviewed(_: Database) -> Unreviewed:
    return Unreviewed()


def warm(desk: Desk) -> None:
    """Do now what the first visitor would wait for: read the files, cut the sentences into words."""
    with suppress(Exception):  # whatever is wrong, visitors are told of it
        _queue(desk)


@router.get("")
def page(request: Request, desk: AtDesk, member: Worker) -> Response:
    """What nobody has reviewed, by likeness."""
    return render(request, "learning/page.html", member, **_queue(desk), **_counts(desk))


@router.post("/decide")
def decide(
    request: Request, desk: AtDesk, member: Worker, into: Annotated[str, Form(alias="as")], ids: Annotated[list[int] | None, Form()] = None
) -> Response:
    """Teach the sentences as a label, put them out of scope, or discard them; then what is left."""
    if not ids:
        return _left(request, desk, member, [word("learning.decided.nobody")])
    if into == reviews.DISCARDED:
        return _left(request, desk, member, queue.told(reviews.discard(desk.database, member.id, ids, desk.now), into, ""))
    offered = _offered(desk)
    try:
        done = reviews.teach(desk.database, corpus(), offered.keys(), member.id, ids, into, desk.now)
    except reviews.UnknownLabel:
        raise HTTPException(422) from None
    title = offered[into].title if into in offered else ""
    return _left(request, desk, member, queue.told(done, OUT_OF_SCOPE if into == OUT_OF_SCOPE else reviews.LESSON, title))


@router.post("/undo")
def undo(request: Request, desk: AtDesk, member: Worker) -> Response:
    """Take my last decision back."""
    return _left(request, desk, member, queue.taken_back(reviews.undo(desk.database, member.id, desk.now)))


@router.get(_ONE)
def conversation(request: Request, desk: AtDesk, member: Worker, missed_id: int) -> Response:
    """What was said around a missed sentence, which is a look that leaves a trace; of a call its record."""
    with desk.database.read() as session:
        row = session.get(Missed, missed_id)
        if row is None:
            raise HTTPException(404)
        one = Sentence(row.id, row.sender_id, row.text, row.reason, row.at)
        found = said_around(session, one.sender_id, one.at)
    if one.call is not None:
        return RedirectResponse(f"/calls/{one.call}", 303)
    with desk.database.write() as session:
        note_look(session, member.actor, found, "learning", missed_id, desk.now)
    return render(request, "learning/conversation.html", member, one=one, lines=found.lines, person=found.person)


@router.get("/lessons")
def taught(request: Request, desk: AtDesk, member: Worker, back: int | None = None, gone: int = 0, exported: bool = False) -> Response:
    """The sentences that training takes beside the files; ``back`` and what follows say what was just taken back."""
    with desk.database.read() as session:
        found = lessons.pending(session)
    titles = {label: choice.title for label, choice in _offered(desk).items()}
    mine = {one.id for one in found if member.role == ADMIN or one.staff_id == member.id}
    said = [] if back is None else queue.taken_back(reviews.Undone(back, exported, gone))
    return render(request, "learning/lessons.html", member, lessons=found[::-1], mine=mine, titles=titles, said=said, **_counts(desk))


@router.post("/lessons/{lesson_id:int}/back")
def take_back(desk: AtDesk, member: Worker, lesson_id: int) -> Response:
    """Take one of them back: an admin any, others their own."""
    done = reviews.take_back(desk.database, lesson_id, None if member.role == ADMIN else member.id, desk.now)
    return RedirectResponse(f"/learning/lessons?back={done.count}&gone={done.gone}&exported={done.exported}", 303)


@router.get("/models")
def models(request: Request, desk: AtDesk, member: Worker, said: str = "") -> Response:
    """The model that answers, and the trainings so far."""
    told = word(f"learning.training.{said}", model=desk.models.current()) if said in ("begun", "running", "back", "not_back") else ""
    return render(request, "learning/models.html", member, told=told, well=said in ("begun", "back"), **_runs(desk), **_counts(desk))


@router.get("/models/running")
def running(request: Request, desk: AtDesk, member: Worker) -> Response:
    """The trainings alone, for a page that follows one."""
    return render(request, "learning/runs.html", member, **_runs(desk))


@router.post("/models/train")
def train(desk: AtDesk, member: Admin) -> Response:
    """Train a model with what has been taught, unless one is being trained."""
    run = retraining.begin(desk.database, member.id, member.actor, desk.now)
    if run is None:
        return RedirectResponse("/learning/models?said=running", 303)
    try:
        desk.models.train(run, partial(retraining.gone, desk.database, run, desk.settings.now))
    except OSError as error:
        retraining.end(desk.database, run, retraining.FAILED, desk.now, detail=error.strerror)
    return RedirectResponse("/learning/models?said=begun", 303)


@router.post(_RUN + "/back")
def back(desk: AtDesk, member: Admin, run: int) -> Response:
    """Let the model before that training answer again."""
    with desk.database.write() as session:
        try:
            held = retraining.get(session, run)
        except LookupError:
            raise HTTPException(404) from None
        fits = held.before is not None and desk.models.current() == held.model and desk.models.holds(held.before)
        done = fits and retraining.roll_back(session, run, member.actor, desk.now)
    if not done or held.before is None:
        return RedirectResponse("/learning/models?said=not_back", 303)
    try:
        moved = desk.models.exchange(held.model or "", held.before)
        why = word("learning.training.not_back")
    except Exception as error:  # whatever kept it from moving: the row says what the pointer says
        moved, why = False, word("learning.training.unmoved", why=getattr(error, "strerror", None) or error)
    if not moved:
        moved_not = partial(retraining.withdraw, desk.database, run, retraining.ROLLED_BACK, retraining.LIVE, member.actor, desk.now, why)
        retraining.patiently(moved_not, ASKED_PATIENCE)
    return RedirectResponse(f"/learning/models?said={'back' if moved else 'not_back'}", 303)


def _left(request: Request, desk: Desk, member: Member, said: list[str]) -> Response:
    return render(request, "learning/queue.html", member, said=said, **_queue(desk), **_counts(desk))


def _queue(desk: Desk) -> dict[str, Any]:
    with desk.database.read() as session:
        groups = _unreviewed(desk.database).groups(session)
    offered = _offered(desk)
    classifier = desk.reader().classifier if desk.models.current() else None
    return {
        "cards": queue.cards(groups, classifier, corpus(), offered),
        "groups": len(groups),
        "sentences": sum(len(group.sentences) for group in groups),
        "offered": list(offered.values()),
    }


def _counts(desk: Desk) -> dict[str, int]:
    with desk.database.read() as session:
        return {"pending": lessons.count_pending(session)}


def _offered(desk: Desk) -> dict[str, Choice]:
    """What can be taught: labels of the training files that a button can name."""
    return _choices(desk.answers, corpus().labels, desk.today)


@lru_cache(maxsize=4)
def _choices(answers: Answers, labels: frozenset[str], today: date) -> dict[str, Choice]:
    return choices(answers, labels, today)


def _runs(desk: Desk) -> dict[str, Any]:
    retraining.bury(desk.database, desk.now)
    with desk.database.read() as session:
        found = retraining.newest(session)
    current = desk.models.current()
    returns = {
        run.id: run.before
        for run in found
        if run.state == retraining.LIVE and run.model == current and run.before and desk.models.holds(run.before)
    }
    titles = {label: choice.title for label, choice in _offered(desk).items()}
    at_work = bool(found) and found[0].state == retraining.RUNNING
    return {"runs": found, "current": current, "returns": returns, "titles": titles, "at_work": at_work}
