"""Coming in and going out, and one's own password."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from bot.helpdesk.console.access import COOKIE, Anyone, Worker, give_cookie, take_cookie
from bot.helpdesk.console.desk import AtDesk, Desk
from bot.helpdesk.console.door import CrowdedError, at_the_door
from bot.helpdesk.console.navigation import home
from bot.helpdesk.console.rendering import clock, render
from bot.helpdesk.staff import accounts, sessions
from bot.helpdesk.staff.accounts import AccountError
from bot.helpdesk.talks import lists
from bot.helpdesk.words import word

router = APIRouter()


@router.get("/")
def front(member: Anyone) -> Response:
    """Everybody's own first page."""
    return RedirectResponse(home(member.role), 303)


@router.get("/login")
def login_page(request: Request, expired: bool = False) -> Response:
    return render(request, "login.html", None, said=word("accounts.expired") if expired else "", login="")


@router.post("/login")
async def login(request: Request, desk: AtDesk, login: Annotated[str, Form()] = "", password: Annotated[str, Form()] = "") -> Response:
    """A new session in place of the one the browser came with. Not in the threads of the pages: anybody may ask for any number of these."""
    try:
        return await at_the_door(request, partial(_let_in, request, desk, login, password))
    except CrowdedError:
        return render(request, "login.html", None, 503, said=word("accounts.crowded"), login=login[: accounts.LONGEST_LOGIN])


def _let_in(request: Request, desk: Desk, login: str, password: str) -> Response:
    checked = accounts.check(desk.database, login, password[: accounts.LONGEST_PASSWORD + 1], desk.now)
    if checked.staff_id is None:
        said = word(f"accounts.{checked.reason}", at=clock(checked.until))
        return render(request, "login.html", None, 401, said=said, login=login[: accounts.LONGEST_LOGIN])
    token = sessions.begin(desk.database, checked.staff_id, desk.now, request.cookies.get(COOKIE))
    response = RedirectResponse("/", 303)
    give_cookie(request, response, token)
    return response


@router.post("/logout")
def logout(request: Request, desk: AtDesk, member: Anyone) -> Response:
    sessions.end(desk.database, request.cookies[COOKIE])
    response = RedirectResponse("/login", 303)
    take_cookie(response)
    return response


@router.get("/waiting")
def waiting(desk: AtDesk, member: Worker) -> dict[str, int]:
    """How many people wait for a human, and how many messages of those in one's own hands are unread."""
    with desk.database.read() as session:
        return lists.counts(session, member.id)


@router.get("/account")
def account(request: Request, member: Anyone) -> Response:
    return render(request, "account.html", member, said="")


@router.post("/account")
def change_password(
    request: Request,
    desk: AtDesk,
    member: Anyone,
    old: Annotated[str, Form()] = "",
    new: Annotated[str, Form()] = "",
    again: Annotated[str, Form()] = "",
) -> Response:
    """One's own password; every session of the account ends."""
    try:
        if new != again:
            raise AccountError(word("accounts.passwords_differ"))
        if accounts.check(desk.database, member.login, old, desk.now).staff_id is None:
            raise AccountError(word("accounts.old_wrong"))
        accounts.set_password(desk.database, member.login, new, desk.now, member.actor)
    except AccountError as error:
        return render(request, "account.html", member, 422, said=str(error))
    response = render(request, "login.html", None, said=word("accounts.changed"), login=member.login)
    take_cookie(response)
    return response
