"""``python -m evaluation.bench``: measure, print, keep, publish. See ``make help`` and ``--help``."""

import json
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

from bot.runtime.project import ROOT
from bot.settings import ZONE
from evaluation.bench import lookups, records, table
from evaluation.bench.measured import MEGABYTE, rows
from evaluation.bench.options import Options, parse
from evaluation.bench.picture import picture
from evaluation.bench.rounds import Results, load_now, play
from evaluation.bench.services import postgres
from evaluation.bench.stock import environment
from evaluation.bench.stock.environment import Stock
from evaluation.bench.stock.project import EPOCHS
from evaluation.bench.training import trained
from evaluation.bench.usage import Usage
from evaluation.bench.variants import TODAY, Setup, Variant, chosen
from evaluation.bench.verdicts import verdicts
from evaluation.bench.words import word

CACHE = ROOT / ".cache" / "bench"
LATEST = CACHE / "latest.json"
PUBLISHED = ROOT / "docs"


def say(key: str, /, **facts: object) -> None:
    """One line to whoever runs the bench."""
    print(word(key, **facts), flush=True)


def main(arguments: list[str]) -> int:
    """0 when everything asked for was measured, 1 when a variant failed in every round."""
    options = parse(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    CACHE.mkdir(parents=True, exist_ok=True)
    variants, today = chosen(options.variants), date.fromisoformat(TODAY)
    begun = load_now()
    say("run.plan", variants=", ".join(variant.name for variant in variants), rounds=options.rounds, cores=begun["cores"])
    stock = _stock(options, today) if any(variant.kind == "stock" for variant in variants) else None
    model, training = _our_model(options)
    with tempfile.TemporaryDirectory(prefix="xueshitong-bench-") as folder:
        results, server = _play(options, variants, stock, model, Path(folder), today)
    found = _lookups(options, today)
    _add_training(results, variants, training, model, stock)
    _tell(options, results, found, variants, _training_note(stock))
    document = {
        "made_at": datetime.now(ZONE).isoformat(timespec="seconds"),
        "commit": _commit(),
        "cores": begun["cores"],
        "options": {name: str(value) if isinstance(value, Path) else value for name, value in asdict(options).items()},
        "amounts": asdict(options.amounts),
        "postgres": server,
        "stock": stock.training() if stock else None,
        "lookups": found,
        **results.as_data(),
        "verdicts": [{**asdict(one), "met": one.met} for one in verdicts(results.values(), found, options.amounts.senders)],
    }
    _keep(options, document)
    return int(any(variant.name not in results.rounds for variant in variants))


def _stock(options: Options, today: date) -> Stock:
    stock = Stock()
    environment.ensure(stock, today, say, epochs=options.stock_epochs, share=options.stock_share, retrain=options.retrain_stock)
    held = stock.training() or {}
    facts = {"cpu": held["cpu_seconds"], "seconds": held["wall_seconds"], "load": held["load_before"], "when": held["trained_at"]}
    say("stock.trained", epochs=held["epochs"], share=f"{held['share']:.0%}", **facts)
    with tempfile.TemporaryDirectory() as scratch:
        if environment.stale(stock, today, Path(scratch)):
            say("stock.stale")
    return stock


def _our_model(options: Options) -> tuple[Path, Usage | None]:
    if options.model is not None:
        return options.model.resolve(), None
    say("run.our_training")
    model, usage = trained(CACHE / "models")
    say("run.our_trained", cpu=usage.cpu_seconds, seconds=usage.seconds, size=model.stat().st_size / MEGABYTE)
    return model, usage


def _play(
    options: Options, variants: list[Variant], stock: Stock | None, model: Path, folder: Path, today: date
) -> tuple[Results, dict[str, str] | None]:
    pattern, amounts = folder / "pattern.db", options.amounts
    expected = records.fill(f"sqlite:///{pattern}", amounts.bound_chats, today)
    with ExitStack() as stack:
        server = None
        if any(variant.postgres for variant in variants):
            server = stack.enter_context(postgres())
            records.fill(server.database("pattern"), amounts.bound_chats, today)
            say("run.postgres", **server.durability)
        setup = Setup(folder, model, stock, pattern, server)
        results = play(variants, setup, amounts, expected, options.rounds, say)
        return results, dict(server.durability) if server else None


def _lookups(options: Options, today: date) -> dict[str, float]:
    """Look-ups among many records; the import is measured whenever the large database is made."""
    if options.quick and not options.full:
        return {}
    found: dict[str, float] = {}
    for size in (lookups.SMALL, lookups.LARGE):
        if lookups.stands(CACHE, size) and not options.full:
            continue
        say("run.database_building", records=size)
        usage = lookups.imported(CACHE, size)
        found |= {f"import_seconds_{size}": usage.seconds, f"import_cpu_{size}": usage.cpu_seconds, f"import_peak_{size}": usage.peak_bytes}
        say("run.imported", records=size, seconds=usage.seconds, cpu=usage.cpu_seconds, peak=usage.peak_bytes / MEGABYTE)
    found |= lookups.look_up(CACHE, today)
    say("run.lookup", small=found[f"lookup_{lookups.SMALL}"], large=found[f"lookup_{lookups.LARGE}"])
    return found


def _add_training(results: Results, variants: list[Variant], ours: Usage | None, model: Path, stock: Stock | None) -> None:
    for variant in variants:
        if variant.kind == "stock" and stock is not None:
            held = stock.training() or {}
            results.once[variant.name] = {"training_cpu": held["cpu_seconds"], "model_bytes": float(stock.model.stat().st_size)}
        else:
            taken = {} if ours is None else {"training_cpu": ours.cpu_seconds}
            results.once[variant.name] = {**taken, "model_bytes": float(model.stat().st_size)}


def _training_note(stock: Stock | None) -> str | None:
    """What the stock model was trained for, beside what its training took: fewer epochs take less."""
    held = stock.training() if stock else None
    if not held:
        return None
    return word("table.trained", epochs=held["epochs"], default=EPOCHS, share=f"{held['share']:.0%}")


def _tell(options: Options, results: Results, found: dict[str, float], variants: list[Variant], note: str | None) -> None:
    amounts = options.amounts
    table.show(rows(amounts.senders, amounts.turns), results.values(), [variant.name for variant in variants], note)
    for name, failures in results.failures.items():
        for failure in failures:
            say("run.failed_log", name=name, round=failure.round, why=failure.why)
            for log, ends in failure.logs.items():
                print("\n".join(f"    {log}: {line}" for line in ends))
    for one in verdicts(results.values(), found, amounts.senders):
        print(table.verdict_line(one))


def _keep(options: Options, document: dict[str, Any]) -> None:
    text = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
    LATEST.write_text(text, "utf-8")
    say("run.written", path=LATEST)
    if options.publish:
        facts = {"date": document["made_at"][:10], "cores": document["cores"], "load": document["loads"][0]["load"][0]}
        (PUBLISHED / "bench.json").write_text(text, "utf-8")
        drawn = picture(document["values"], word("picture.caption", rounds=options.rounds, **facts))
        (PUBLISHED / "bench.svg").write_text(drawn, "utf-8")
        say("run.written", path=PUBLISHED / "bench.svg")


def _commit() -> str:
    """The commit measured, with a mark when files differ from it; empty without git."""
    done = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
