"""Folders and layers: who imports whom, how many files a folder holds, and what is imported inside functions."""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.structure import import_graph
from tests.structure.import_graph import Import, import_statements, is_inside, targets

ROOT = Path(__file__).resolve().parents[2]
KNOWN = import_graph.modules(ROOT)
FOUND = import_graph.imports(ROOT)
MAX_FILES = 12
# storage's lists of one noun a file may be longer.
LONG_LISTS = {"storage/tables", "storage/store", "storage/migrations/versions"}
# What may be imported inside a function, and the library that is kept out until then: torch, openai, ray and gradio
# take seconds to import, the others tenths of a second that most commands do not need.
NESTED = {
    "app.endpoints.batch_requests": "openai",
    "app.labels.batch_labelling": "openai",
    "app.web.server": "gradio",
    "core.endpoints.batch_files": "openai",
    "core.images": "PIL",
    "core.models.devices": "torch",
    "core.student.batching": "torch",
    "core.student.chat": "torch",
    "core.student.endpoint": "openai",
    "core.student.local": "torch",
    "core.teacher.embedding": "torch",
    "core.teacher.endpoint": "openai",
    "core.teacher.local": "torch",
    "core.teacher.probe": "openai",
    "core.tuning.estimate": "torch",
    "core.tuning.process_group": "torch",
    "core.tuning.run": "torch",
    "datasets": "datasets",
    "huggingface_hub": "huggingface_hub",
    "keyring": "keyring",  # not installed everywhere
    "plotly": "plotly",
    "pyarrow": "pyarrow",
    "ray": "ray",  # not installed everywhere
    "sklearn": "sklearn",  # a tool for development
}


def test_a_folder_imports_only_what_is_below_it() -> None:
    assert not [str(each) for each in import_graph.back_flow(FOUND)]


def test_no_files_and_no_folders_import_each_other_in_a_circle() -> None:
    assert not import_graph.file_circles(FOUND)
    assert not import_graph.folder_circles(FOUND, KNOWN)


def test_folders_stay_small() -> None:
    counts = import_graph.files_a_folder(ROOT)
    assert {name: n for name, n in counts.items() if n > MAX_FILES and name not in LONG_LISTS} == {}


def test_every_folder_of_the_product_says_what_it_is() -> None:
    for path in KNOWN.values():
        init = path.parent / "__init__.py"
        if "versions" not in path.parts:
            assert init.exists(), f"{path.parent} has no __init__.py"
            assert ast.get_docstring(ast.parse(init.read_text())), f"{init} has no docstring"


def test_tests_mirror_the_folders_of_the_product() -> None:
    for package in ("app", "core", "storage"):
        for path in (ROOT / "tests" / package).rglob("test_*.py"):
            mirrored = ROOT / path.parent.relative_to(ROOT / "tests")
            assert mirrored.is_dir(), f"{path.relative_to(ROOT)} mirrors no folder: {mirrored.relative_to(ROOT)}"


def nested_imports() -> Iterator[tuple[str, str]]:
    """(module, what it imports inside a function), for every such import."""
    for name, path in KNOWN.items():
        for node, nested in import_statements(ast.parse(path.read_text())):
            for target in targets(node) if nested else ():
                own = next((each for each in (target, target.rpartition(".")[0]) if each in KNOWN), None)
                yield name, own or target.partition(".")[0]


def test_a_function_imports_only_what_is_listed() -> None:
    unlisted = {f"{name} -> {target}" for name, target in nested_imports() if target not in NESTED}
    assert not unlisted
    assert {target for _, target in nested_imports()} == set(NESTED), "what is listed and not used"


def test_what_a_function_imports_really_brings_in_the_library() -> None:
    for target, library in NESTED.items():
        assert library == target or library in libraries(target), f"{target} does not import {library}"


@cache
def libraries(module: str) -> frozenset[str]:
    """The top-level names of all that importing a module imports, packages above it included."""
    reached, waiting = set(), [module]
    while waiting:
        name = waiting.pop()
        if name not in KNOWN:
            reached.add(name.partition(".")[0])
        elif name not in reached:
            reached.add(name)
            waiting += [*at_import_time(name), *(each for each in KNOWN if is_inside(name, each))]
    return frozenset(reached)


def at_import_time(module: str) -> Iterator[str]:
    """What a module imports when it is imported: neither in functions nor for type checkers only."""
    tree = ast.parse(KNOWN[module].read_text())
    unseen = [node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)]
    hidden = {id(inner) for node in unseen for inner in ast.walk(node)}
    for node, nested in import_statements(tree):
        if not nested and id(node) not in hidden:
            yield from (each if each in KNOWN else each.rpartition(".")[0] or each for each in targets(node))


def test_the_rules_find_what_breaks_them(tmp_path: Path) -> None:
    for name, text in {
        "app/cli/main.py": "from app.web import page\n",
        "app/web/page.py": "def show():\n    from app.cli import main\n",
        "core/a.py": "import core.b\n",
        "core/b.py": "from core import a\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = import_graph.imports(tmp_path)
    assert import_graph.file_circles(found) == [["app.cli.main", "app.web.page"], ["core.a", "core.b"]]
    assert import_graph.folder_circles(found, import_graph.modules(tmp_path)) == [["app.cli", "app.web"]]
    assert import_graph.back_flow(found) == [Import(source="app.web.page", target="app.cli.main", line=2, nested=True)]


def test_the_graph_can_be_printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["import_graph", str(ROOT)])
    import_graph.main()
    assert "circles of files: 0" in capsys.readouterr().out
