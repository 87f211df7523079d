"""应急开关: what is off, with its reason, and the way to switch something off or on again."""

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from bot.helpdesk import questions, switching
from bot.helpdesk.console.access import Admin
from bot.helpdesk.console.desk import AtDesk, Desk
from bot.helpdesk.console.rendering import render
from bot.helpdesk.staff.sessions import Member
from bot.helpdesk.words import word
from bot.inbox.switches import CHANNELS, EVERYTHING

router = APIRouter(prefix="/switches")

SAID = ("thrown", "thrown_already", "restored", "restored_already")
_WORDS = 60  # characters of a search
Text = Annotated[str, Form()]


@router.get("")
def page(request: Request, desk: AtDesk, member: Admin, said: str = "", scope: str = "", name: str = "") -> Response:
    """Everything that is off, and a form for each kind of switch; ``said`` tells what has just been done to ``scope`` and ``name``."""
    done = ""
    if said in SAID:
        what = switching.target(scope, name, desk.answers, desk.today)
        done = word(f"switches.{said}", title=what.title if what else "")
    return _page(request, desk, member, done=done)


@router.get("/questions")
def find(request: Request, desk: AtDesk, member: Admin, find: str = "") -> Response:
    """The questions that the words or initials fit, to choose one."""
    return render(request, "switches/questions.html", member, found=questions.find(desk.answers.catalogue, find[:_WORDS]), find=find)


@router.post("/check")
def check(request: Request, desk: AtDesk, member: Admin, scope: Text = "", name: Text = "", reason: Text = "") -> Response:
    """What people would read: to be confirmed before anything is off."""
    what = switching.target(scope, name, desk.answers, desk.today)
    if what is None or not reason.strip():
        return _wrong(request, desk, member, what is None, scope, reason)
    return render(request, "switches/check.html", member, what=what, reason=reason.strip()[: switching.REASON_LENGTH])


@router.post("/off")
def off(request: Request, desk: AtDesk, member: Admin, scope: Text = "", name: Text = "", reason: Text = "") -> Response:
    """Switch it off, in every process within a second."""
    what = switching.target(scope, name, desk.answers, desk.today)
    if what is None or not reason.strip():
        return _wrong(request, desk, member, what is None, scope, reason)
    with desk.database.write() as session:
        done = switching.switch_off(session, what, reason, member.actor, desk.now)
    return _back("thrown" if done else "thrown_already", scope, name)


@router.post("/on")
def on(desk: AtDesk, member: Admin, scope: Text = "", name: Text = "") -> Response:
    """Switch it on again."""
    with desk.database.write() as session:
        done = switching.switch_on(session, scope, name, member.actor, desk.now)
    return _back("restored" if done else "restored_already", scope, name)


def _wrong(request: Request, desk: Desk, member: Member, no_target: bool, scope: str, reason: str) -> Response:
    said = word("switches.no_target" if no_target else "switches.no_reason")
    return _page(request, desk, member, 422, wrong=said, wrong_in=scope, kept=reason[: switching.REASON_LENGTH])


def _page(request: Request, desk: Desk, member: Member, status: int = 200, **given: str) -> Response:
    with desk.database.read() as session:
        standing = switching.shown(session, desk.answers.catalogue)
    off = {(one.scope, one.name) for one in standing}
    facts: dict[str, Any] = {
        "standing": standing,
        "off": off,
        "channels": CHANNELS,
        "everything": EVERYTHING,
        "most": switching.REASON_LENGTH,
    }
    return render(request, "switches/page.html", member, status, **{"done": "", "wrong": "", "wrong_in": "", "kept": "", **facts, **given})


def _back(said: str, scope: str, name: str) -> Response:
    return RedirectResponse("/switches?" + urlencode({"said": said, "scope": scope, "name": name}), 303)
