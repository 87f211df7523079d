"""Who may import whom (docs: the map of rooms), and the taste that a machine can check."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from bot.runtime.project import ROOT

PACKAGES = ("policies", "actions", "bot", "migrations", "evaluation")
MOST_LINES = 250
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc"}
CHINESE = re.compile(r"[\u3400-\u9fff]")
NEVER = {"rasa", "rasa_sdk", "sqlalchemy", "sanic", "fastapi"}

# A module may import what its longest matching entry names, of our own packages; ours are the keys' roots.
MAY_IMPORT = {
    "policies": {"policies"},
    "bot.messages": {"bot.messages"},
    "bot.settings": {"bot.settings", "bot.messages"},
    "bot.db": {"bot.db", "bot.messages", "bot.settings"},
    "bot.schema": {"bot.schema", "bot.db", "bot.messages", "bot.settings"},
    "bot.hours": {"bot.hours", "bot.db", "bot.schema", "bot.messages", "bot.settings", "policies"},
    "bot.inbox": {"bot.inbox", "bot.db", "bot.messages", "bot.settings"},
    "bot.channels": {"bot.channels", "bot.inbox", "bot.db", "bot.messages", "bot.settings", "bot.contact"},
    "bot.nlu": {"bot.nlu", "bot.messages", "bot.settings", "policies"},
    "bot.answers": {"bot.answers", "bot.nlu", "bot.messages", "policies"},
    "bot.judging": {"bot.judging", "bot.answers", "bot.nlu", "policies"},
    "bot.account": {"bot.account", "bot.hours", "bot.nlu", "bot.answers", "bot.judging", "bot.messages", "policies"},
    "bot.asking": {"bot.asking", "bot.account", "bot.nlu", "bot.answers", "bot.judging", "bot.messages", "policies"},
    "bot.binding": {
        "bot.binding", "bot.hours", "bot.inbox", "bot.helpdesk.tickets", "bot.helpdesk.sampling", "bot.answers", "bot.db", "bot.messages",
        "bot.settings",
    },
    "bot.helpdesk": {
        "bot.helpdesk", "bot.inbox", "bot.hours", "bot.answers", "bot.asking", "bot.account", "bot.judging", "bot.nlu", "bot.contact",
        "bot.db", "bot.messages", "bot.settings", "policies",
    },
    "actions": {
        "actions", "bot.hours", "bot.inbox", "bot.helpdesk.tickets", "bot.helpdesk.office", "bot.answers", "bot.binding",
        "bot.db", "bot.messages", "bot.settings", "bot.contact", "bot.nlu", "bot.asking", "bot.account", "policies",
    },
}  # fmt: skip
"""Packages not named here (runtime, command line, migrations) put the others together."""


def tracked(*patterns: str) -> list[Path]:
    """Files that belong to the project, whether committed yet or not."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "--", *patterns], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


CODE = [path for path in tracked("*.py") if path.relative_to(ROOT).parts[0] in PACKAGES]


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> set[str]:
    """Full dotted names the file imports, at its top or anywhere inside; `from a import b` counts as a.b."""
    module = module_of(path)
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                start = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
                base = ".".join([*start[: len(start) - node.level + 1], *filter(None, [node.module])])
            found |= {f"{base}.{alias.name}" for alias in node.names}
    return found


def below(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_package_imports_only_what_the_map_allows(package):
    wrong = {
        f"{module_of(path)} -> {name}"
        for path in CODE
        if below(module_of(path), package)
        for name in imports(path)
        if name.split(".")[0] in PACKAGES and not any(below(name, allowed) for allowed in MAY_IMPORT[package]) and name != "bot"
    }
    assert wrong == set()


def test_policies_import_no_framework_and_no_clock():
    names = {(module_of(path), name) for path in CODE if below(module_of(path), "policies") for name in imports(path)}
    assert {pair for pair in names if pair[1].split(".")[0] in NEVER} == set()
    asked = {
        module_of(path) for path in CODE if below(module_of(path), "policies") if re.search(r"\.(today|now)\(", path.read_text("utf-8"))
    }
    assert asked == set()


@pytest.mark.parametrize(
    "module", ["bot.answers", "bot.account", "bot.asking", "bot.nlu.classifier", "bot.hours", "bot.inbox", "bot.helpdesk", "bot.cli"]
)
def test_what_console_and_command_line_use_imports_no_rasa(module):
    wrong = {
        f"{module_of(path)} -> {name}" for path in CODE if below(module_of(path), module) for name in imports(path) if below(name, "rasa")
    }
    assert wrong == set()


def test_channels_know_no_hours_and_no_policies():
    wrong = {
        f"{module_of(path)} -> {name}"
        for path in CODE
        if below(module_of(path), "bot.channels")
        for name in imports(path)
        if below(name, "policies") or below(name, "bot.hours")
    }
    assert wrong == set()


def test_actions_hold_no_sql():
    """They hand a session on; they build no query."""
    wrong = {
        f"{module_of(path)} -> {name}"
        for path in CODE
        if below(module_of(path), "actions")
        for name in imports(path)
        if below(name, "sqlalchemy") and name != "sqlalchemy.orm.Session"
    }
    assert wrong == set()


def test_rasa_is_imported_only_where_the_hook_has_been_installed_or_rasa_itself_imports_us():
    """Command-line modules must not import Rasa at their top: the hook comes first."""
    at_top = set()
    for path in CODE:
        if not below(module_of(path), "bot"):
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [getattr(node, "module", "") or ""]
            if isinstance(node, ast.Import | ast.ImportFrom) and any(below(name, "rasa") for name in names):
                at_top.add(module_of(path))
    runtime = ("nlg", "repairs", "trackerstore", "dialogue", "locks", "agent", "processor", "actionclient")
    loaded_by_rasa = ("bot.channels.", "bot.nlu.", *(f"bot.runtime.{name}" for name in runtime))
    assert {module for module in at_top if not module.startswith(loaded_by_rasa)} == set()


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_sentences_are_not_in_code(path):
    """Chinese belongs to YAML and templates; comments, docstrings and names of the help text may show a term."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    explained = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    } | {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)}
    found = [
        f"line {node.lineno}: {node.value[:20]}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in explained and CHINESE.search(node.value)
    ]
    assert found == []


def test_no_code_file_holds_two_things():
    assert {f"{path.relative_to(ROOT)}: {n}" for path in CODE if (n := len(path.read_text("utf-8").splitlines())) > MOST_LINES} == set()


def test_no_name_is_vague():
    names = {part for path in tracked("*.py") for part in path.relative_to(ROOT).with_suffix("").parts}
    assert names & VAGUE == set()


def test_nothing_is_left_to_do():
    marked = {
        str(path.relative_to(ROOT))
        for path in tracked("*.py", "*.js", "*.css", "Makefile")
        if re.search(r"\b(TODO|FIXME|XXX)\b", path.read_text("utf-8"))
    }
    assert marked - {"tests/test_architecture.py"} == set()
