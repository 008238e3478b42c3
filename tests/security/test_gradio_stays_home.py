"""Gradio offers no share link, no foreign app, no files but uploads, and no telemetry, checked on our source code.

The requests that it makes at run time are tested in tests/browser/test_one_host.py.
"""

import ast
import re
from collections.abc import Iterator
from importlib.metadata import version

import pytest

from tests.security import test_nothing_runs_what_it_reads
from tests.security.test_nothing_runs_what_it_reads import ROOT, complaints, keyword

ONLY_IMPORTER = "app/web/page/gradio_offline.py"
FLOOR = (6, 25)
# The parts of Gradio that the page uses. Others need a review first: some read files or make requests.
PARTS = {
    *("Accordion", "Blocks", "Button", "Checkbox", "CheckboxGroup", "Column", "Dropdown", "HTML", "Number", "Radio"),
    *("Row", "Slider", "Tab", "Tabs", "Textbox", "Error", "EventData", "Request", "themes", "mount_gradio_app"),
    *("Plot", "skip", "update"),
}
MUST_BE = {
    "Blocks": {"analytics_enabled": False},
    "mount_gradio_app": {
        **dict.fromkeys(("enable_monitoring", "run_history", "show_error", "ssr_mode", "pwa", "mcp_server"), False),
        "allowed_paths": [],
    },
}


def parts() -> Iterator[tuple[str, str]]:
    """(file and line, name) of everything used from Gradio."""
    for name, tree in test_nothing_runs_what_it_reads.trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "gr":
                yield f"{name}:{node.lineno}", node.attr


def test_one_module_imports_gradio_and_tells_it_to_be_quiet_first() -> None:
    for name, line, module in test_nothing_runs_what_it_reads.imports():
        assert name == ONLY_IMPORTER or not module.startswith("gradio"), f"{name}:{line}"
    lines = (ROOT / ONLY_IMPORTER).read_text().splitlines()
    imported = min(number for number, line in enumerate(lines) if re.match(r"(import|from) gradio", line))
    for line in ('os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"', 'os.environ["GRADIO_RUN_HISTORY"] = "False"'):
        assert lines.index(line) < imported


def test_the_page_is_built_from_parts_that_were_looked_at() -> None:
    for where, name in parts():
        assert name in PARTS, f"{where}: gr.{name}"


def test_no_share_link_no_monitoring_and_no_path_is_opened() -> None:
    seen = set()
    for where, _, called, call in test_nothing_runs_what_it_reads.calls():
        assert called != "launch", where
        for name, value in MUST_BE.get(called, {}).items():
            given = next((each.value for each in call.keywords if each.arg == name), None)
            found = [] if isinstance(given, ast.List) and not given.elts else keyword(call, name)
            assert found == value, f"{where}: {name}"
            assert found is not None, f"{where}: {name}"
        for each in call.keywords:
            if each.arg in ("enable_monitoring", "allowed_paths"):
                assert called == "mount_gradio_app", f"{where}: {each.arg}"
            assert each.arg != "share" or keyword(call, "share") is not True, f"{where}: share"
        seen.add(called)
    assert set(MUST_BE) <= seen


def test_gradio_is_pinned_at_a_version_without_its_known_holes() -> None:
    pinned = re.search(r'"gradio>=(\d+)\.(\d+)(?:\.\d+)?,<7"', (ROOT / "pyproject.toml").read_text())
    assert pinned
    assert (int(pinned[1]), int(pinned[2])) >= FLOOR
    assert tuple(map(int, version("gradio").split(".")[:2])) >= FLOOR
    locked = re.search(r"^gradio==(\d+)\.(\d+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    assert locked
    assert (int(locked[1]), int(locked[2])) >= FLOOR


@pytest.mark.parametrize(
    "planted",
    [
        "import gradio",
        "from gradio.routes import App",
        "gr.load('models/x')",
        "gr.FileExplorer()",
        "gr.File()",
        "blocks.launch()",
        "blocks.serve(share=True)",
        "gr.Blocks()",
        "gr.Blocks(analytics_enabled=True)",
        "gr.mount_gradio_app(api, blocks, path='/')",
        "blocks.open(allowed_paths=['/'])",
        "blocks.open(enable_monitoring=True)",
    ],
)
def test_each_of_these_is_found_where_it_is_planted(planted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = [*test_nothing_runs_what_it_reads.trees(), ("core/planted.py", ast.parse(planted))]
    monkeypatch.setattr(test_nothing_runs_what_it_reads, "trees", lambda: whole)
    said = complaints(
        test_one_module_imports_gradio_and_tells_it_to_be_quiet_first,
        test_the_page_is_built_from_parts_that_were_looked_at,
        test_no_share_link_no_monitoring_and_no_path_is_opened,
    )
    assert "core/planted.py" in said, planted
