"""The command line: `python -m bot …`. Nothing heavy is imported before a command needs it."""

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from bot import keeping, learning
from bot.helpdesk.staff import commands as staff_commands
from bot.hours import commands as hours_commands
from bot.messages import message
from bot.settings import MOST_WORKERS

DEFAULT_PORT = 5005
CONSOLE_PORT = 5006
INTERRUPTED = 130

Command = TypeVar("Command", bound=Callable[..., Any])
Port = Annotated[int, typer.Option("--port", min=1, max=65535, help="port of the chat page and the channels")]

app = typer.Typer(pretty_exceptions_enable=False, no_args_is_help=True, add_completion=False)
app.add_typer(hours_commands.app)
app.add_typer(keeping.app)
app.add_typer(learning.app)
app.add_typer(staff_commands.app, name="staff")


def plain_errors(command: Command) -> Command:
    """What keeps a command from its work ends as one Chinese line on stderr and exit status 1; a mistake of ours keeps its traceback."""

    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except KeyboardInterrupt:
            typer.echo(message("runtime.stopped"), err=True)
            raise typer.Exit(INTERRUPTED) from None
        except Exception as error:
            from bot.runtime.faults import sentence_of

            sentence = sentence_of(error)
            if sentence is None:
                raise
            raise hours_commands.fail(sentence) from None

    return wrapped  # type: ignore[return-value]


@app.command()
@plain_errors
def run(
    port: Port = DEFAULT_PORT,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, max=MOST_WORKERS, help="server processes; more than 1 needs PostgreSQL")
    ] = None,
    model: Annotated[Path | None, typer.Option("--model", help="a model file, or another folder of models")] = None,
    endpoints: Annotated[Path | None, typer.Option("--endpoints", help="another endpoints file")] = None,
    credentials: Annotated[Path | None, typer.Option("--credentials", help="another credentials file")] = None,
    actions: Annotated[str | None, typer.Option("--actions", help="another package of actions")] = None,
) -> None:
    """Serve the bot: action server, Rasa, channels and chat page. Follows the current model; never trains."""
    from bot import settings
    from bot.runtime.launcher import Launch
    from bot.runtime.launcher import run as launch

    given = {"workers": workers, "model": model, "endpoints": endpoints, "credentials": credentials, "actions": actions}
    launch(settings.load(), Launch(port=port, **{name: value for name, value in given.items() if value is not None}))  # type: ignore[arg-type]


@app.command("console")
@plain_errors
def console_command(
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="port of the helpdesk console")] = CONSOLE_PORT,
    models: Annotated[Path | None, typer.Option("--models", help="another folder of models")] = None,
) -> None:
    """Serve the helpdesk console, beside the bot and on the same database."""
    from bot.runtime.consolehost import run as serve
    from bot.runtime.project import MODELS

    serve(port, models or MODELS)


@app.command("first-look", hidden=True)
@plain_errors
def first_look(port: Port = DEFAULT_PORT) -> None:
    """`make run`: database, sample people, model, then serve."""
    from bot.runtime.firstlook import run as look

    look(port)


@app.command()
@plain_errors
def train(force: Annotated[bool, typer.Option("--force", help="train even when the model is up to date")] = False) -> None:
    """Train the model when it is older than what it is made from. What staff have taught is taken if nothing gets worse."""
    from bot.runtime.gate import ensure
    from bot.runtime.overlay import with_lessons
    from bot.runtime.training import Recipe

    ensure(with_lessons(Recipe()), force)


@app.command("models")
@plain_errors
def list_models(use: Annotated[str | None, typer.Option("--use", help="make this model the current one")] = None) -> None:
    """List the trained models, newest first, the current one marked; or go back to another. A running bot follows within seconds."""
    from bot.runtime import models, training

    if use is not None:
        typer.echo(message("runtime.model_used", model=models.use(use, chosen=training.fingerprint(training.Recipe())).name))
        return
    for model in models.listed():
        mark = "*" if model.is_current else " "
        typer.echo(message("runtime.model_line", mark=mark, name=model.name, trained=f"{model.trained:%Y-%m-%d %H:%M}"))


@app.command()
@plain_errors
def ask(question: str) -> None:
    """One answer from the trained model, without a conversation and without anybody's record."""
    from bot import asking, settings
    from bot.answers import Answers
    from bot.runtime.models import require_current
    from policies.notice import load_notices

    understanding = asking.load_understanding(require_current())
    notices = load_notices()
    answer = asking.ask(question, understanding, Answers.from_files(notices), notices, settings.load().current_date())
    typer.echo(answer.text)


@app.command()
@plain_errors
def chat(port: Port = DEFAULT_PORT) -> None:
    """Talk to the bot running on this port, or to one started for the purpose."""
    from bot import settings
    from bot.runtime import chat as terminal

    url = f"http://127.0.0.1:{port}"
    token = settings.load().rest_token
    if terminal.is_running(url):
        terminal.talk(url, token)
        return
    typer.echo(message("runtime.chat_starting"))
    with terminal.own_server() as own:
        terminal.talk(own, token)


@app.command()
@plain_errors
def check(online: Annotated[bool, typer.Option("--online", help="also ask WeChat and Telegram what they refuse")] = False) -> None:
    """Look at settings, database, notices, answers, configured classes and the model; with --online at the platforms too."""
    from bot.runtime.checks import findings, online_findings

    failed = 0
    for finding in (*findings(), *(online_findings() if online else ())):
        failed += finding.why is not None
        typer.echo(str(finding), err=finding.why is not None)
    if failed:
        raise hours_commands.fail(message("runtime.check.some_failed", count=failed))
    typer.echo(message("runtime.check.all_passed"))


@app.command("wechat-menu")
@plain_errors
def wechat_menu(show: Annotated[bool, typer.Option("--show", help="print the menu, publish nothing")] = False) -> None:
    """Publish the menu of bot/channels/wechat/menu.yml in the Official Account."""
    from bot.channels.wechat import publishing

    if show:
        typer.echo(publishing.shown())
        return
    publishing.publish()
    typer.echo(message("channels.wechat.menu_published"))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})
@plain_errors
def rasa(context: typer.Context) -> None:
    """Run any command of Rasa's own command line."""
    from bot.runtime.passthrough import run as run_rasa

    run_rasa(context.args)


def main() -> None:
    """Entry point of `python -m bot`."""
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    sys.stderr.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    app(prog_name="python -m bot")
