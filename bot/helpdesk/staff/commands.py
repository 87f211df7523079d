"""`python -m bot staff add|disable|enable|password|list`: the accounts of the helpdesk console."""

import sys
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from bot.hours.commands import fail, opened, plain_errors

if TYPE_CHECKING:
    from bot.helpdesk.staff.accounts import AccountError

app = typer.Typer(pretty_exceptions_enable=False, no_args_is_help=True, add_completion=False, help="Accounts of the helpdesk console.")
Login = Annotated[str, typer.Argument(help="login name")]


class Role(str, Enum):
    """What somebody may do at the console."""

    agent = "agent"
    admin = "admin"
    unit = "unit"


@app.command()
@plain_errors
def add(
    login: Login,
    name: Annotated[str, typer.Option("--name", help="real name, for colleagues and the audit trail")],
    role: Annotated[Role, typer.Option("--role", help="agent, admin, or unit (sees one unit alone)")] = Role.agent,
    unit: Annotated[str | None, typer.Option("--unit", help="the unit of a unit administrator")] = None,
    number: Annotated[int | None, typer.Option("--number", min=1, help="number that people read; by default the next")] = None,
) -> None:
    """Add an account; asks for its password, or reads it from standard input."""
    from bot.helpdesk.staff import accounts
    from bot.helpdesk.words import word

    with opened() as (settings, database):
        password = _password()
        try:
            staff = accounts.add(database, login, name, password, settings.now(), role=role.value, unit=unit, number=number)
        except accounts.AccountError as error:
            raise _refused(error) from None
    facts = {"login": staff.login, "name": staff.name, "number": staff.number}
    typer.echo(word("accounts.added", role=word(f"accounts.roles.{staff.role}"), **facts))


@app.command()
@plain_errors
def password(login: Login) -> None:
    """Set another password; asks for it, or reads it from standard input. All sessions of the account end."""
    from bot.helpdesk.staff import accounts
    from bot.helpdesk.words import word

    with opened() as (settings, database):
        try:
            accounts.set_password(database, login, _password(), settings.now())
        except accounts.AccountError as error:
            raise _refused(error) from None
    typer.echo(word("accounts.password_set", login=login))


@app.command()
@plain_errors
def disable(login: Login) -> None:
    """Take an account out of use; its sessions end at once."""
    _switch(login, disabled=True)


@app.command()
@plain_errors
def enable(login: Login) -> None:
    """Bring a disabled account back."""
    _switch(login, disabled=False)


@app.command("list")
@plain_errors
def list_accounts() -> None:
    """List the accounts."""
    from bot.helpdesk.staff import accounts
    from bot.helpdesk.words import word

    with opened() as (_, database):
        everyone = accounts.everyone(database)
    for one in everyone:
        facts = {"number": one.number, "login": one.login, "name": one.name, "unit": one.unit or ""}
        state = word("accounts.state_disabled") if one.disabled_at else ""
        typer.echo(word("accounts.line", role=word(f"accounts.roles.{one.role}"), state=state, **facts))
    if not everyone:
        typer.echo(word("accounts.none"))


def _switch(login: str, disabled: bool) -> None:
    from bot.helpdesk.office import office_hours
    from bot.helpdesk.staff import accounts
    from bot.helpdesk.words import word

    with opened() as (settings, database):
        try:
            accounts.disable(database, login, settings.now(), disabled, office_hours(settings))
        except accounts.AccountError as error:
            raise _refused(error) from None
    typer.echo(word("accounts.disabled" if disabled else "accounts.enabled", login=login))


def _password() -> str:
    """Asked for twice at a terminal; else the first line of standard input."""
    from bot.helpdesk.words import word

    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first: str = typer.prompt(word("accounts.ask_password"), hide_input=True)
    if first != typer.prompt(word("accounts.ask_again"), hide_input=True):
        raise fail(word("accounts.passwords_differ"))
    return first


def _refused(error: "AccountError") -> typer.Exit:
    return fail(str(error))
