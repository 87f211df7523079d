"""`python -m bot export-training`, and the process in which the console has a model trained."""

from pathlib import Path
from typing import Annotated

import typer

from bot.hours.commands import fail, opened, plain_errors

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


@app.command("export-training")
@plain_errors
def export_training(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would be written")] = False,
    data: Annotated[Path | None, typer.Option("--data", help="another folder of training files", hidden=True)] = None,
) -> None:
    """Write what staff have taught into the files of data/nlu, for a commit."""
    from bot.helpdesk.learning import exporting
    from bot.helpdesk.words import word

    with opened() as (settings, database):
        try:
            plan = exporting.export(database, data or exporting.DATA, settings.now(), dry_run)
        except exporting.ExportError as error:
            raise fail(str(error)) from None
    for one in plan.written:
        typer.echo(word("learning.export.line", file=one.file.name, intent=one.intent, text=one.text))
    for known in plan.there:
        typer.echo(word("learning.export.there", text=known.text))
    for refusal in plan.refused:
        typer.echo(word(f"learning.export.refused.{refusal.reason}", text=refusal.text, label=refusal.label), err=True)
    done = "learning.export.would" if dry_run else "learning.export.done"
    typer.echo(word(done, count=len(plan.written), files=len({one.file for one in plan.written}), refused=len(plan.refused)))


@app.command(hidden=True)
@plain_errors
def retrain(
    run: Annotated[int, typer.Argument(help="number of the training that was asked for")],
    models: Annotated[Path | None, typer.Option("--models", help="another folder of models")] = None,
    recipe: Annotated[Path | None, typer.Option("--recipe", help="a folder with another config.yml, domain.yml and data")] = None,
    dev: Annotated[Path | None, typer.Option("--dev", help="another development set")] = None,
) -> None:
    """Train a candidate with what staff have taught, and put it live if it is no worse. Started by the console."""
    from bot.runtime.relearning import Plan, carry_out

    with opened() as (settings, database):
        carry_out(database, settings, Plan.of(run, models, recipe, dev))
