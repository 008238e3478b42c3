"""The shape of the project: who imports whom, what the page may load, and sizes."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.structure.import_graph import import_statements

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("app", "core", "storage")
HEAVY = {"torch", "transformers", "peft", "accelerate"}
MAY_LOAD_MODELS = ("core/student/", "core/tuning/", "core/teacher/", "core/models/devices")
TOP_LEVEL = {"app", "core", "storage", "assets", "tests", "pyproject.toml", "README.md", "Makefile", "LICENSE"}


def python_files(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def imported_modules(path: Path) -> Iterator[str]:
    """Every module a file imports."""
    for node, _ in import_statements(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        else:
            assert node.level == 0, f"{path}: relative import"
            yield str(node.module)


@pytest.mark.parametrize(
    ("folder", "forbidden"),
    [("core", {"app", "storage", "gradio", "sqlalchemy", "fastapi"}), ("storage", {"app", "gradio", "fastapi"})],
)
def test_packages_do_not_import_what_stands_above_them(folder: str, forbidden: set[str]) -> None:
    for path in python_files(folder):
        for module in imported_modules(path):
            assert module.split(".")[0] not in forbidden, f"{path} imports {module}"


def test_storage_knows_only_the_nouns_of_core() -> None:
    for path in python_files("storage"):
        for module in imported_modules(path):
            if module.split(".")[0] == "core":
                assert module in {"core.types", "core.errors", "core.own_files", "core.chunks"}, (
                    f"{path} imports {module}"
                )


def test_only_model_files_import_torch() -> None:
    for path in python_files("core", "storage", "app"):
        if str(path.relative_to(ROOT)).startswith(MAY_LOAD_MODELS):
            continue
        for module in imported_modules(path):
            assert module.split(".")[0] not in HEAVY, f"{path} imports {module}"


@pytest.mark.parametrize(
    "module", ["app.web.ui", "app.web.server", "app.cli.main", "app.jobs.queue", "storage.store", "core.importers"]
)
def test_importing_the_page_loads_no_model_library(module: str) -> None:
    code = f"import sys, {module}; print(','.join(m for m in {sorted(HEAVY)!r} if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == ""


def own_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """A function's lines without its docstring and without the functions inside it, which are counted by themselves."""
    inner = [node for node in ast.walk(function) if isinstance(node, ast.FunctionDef) and node is not function]
    hidden = {line for node in inner for line in range(node.lineno, (node.end_lineno or 0) + 1)}
    told = len((ast.get_docstring(function) or "").splitlines())
    return (function.end_lineno or 0) - function.lineno + 1 - told - len(hidden)


def test_files_and_functions_stay_small() -> None:
    too_long = []
    for path in python_files(*PACKAGES, "assets"):
        text = path.read_text()
        if len(text.splitlines()) > 260:
            too_long.append(f"{path.relative_to(ROOT)}: {len(text.splitlines())} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and own_lines(node) > 45:
                too_long.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {own_lines(node)} lines")
    assert not too_long, "\n".join(too_long)


def test_every_module_says_what_it_does() -> None:
    for path in python_files(*PACKAGES):
        assert ast.get_docstring(ast.parse(path.read_text())), f"{path} has no docstring"
        assert "util" not in path.stem


def test_the_top_level_holds_only_what_was_agreed() -> None:
    listed = subprocess.run(["git", "ls-files"], capture_output=True, text=True, cwd=ROOT, check=True).stdout.split(
        "\n"
    )
    for name in {line.split("/")[0] for line in listed if line}:
        assert name in TOP_LEVEL or name.startswith((".", "requirements")), f"unexpected top-level entry {name}"
