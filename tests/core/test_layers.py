"""The layers of core: a module imports only from those that its package's docstring lists before it."""

import ast
import re
from pathlib import Path

import pytest

import core
from core import importers

ROOT = Path(core.__file__).parent


@pytest.mark.parametrize(("package", "name"), [(core, "core"), (importers, "core.importers")])
def test_a_module_imports_only_from_lower_layers(package: object, name: str) -> None:
    listed = re.search(r"before it:\s*([\w,\s]+)\.", str(package.__doc__))
    assert listed
    order = listed[1].replace(",", " ").split()
    folder = ROOT.joinpath(*name.split(".")[1:])
    parts = {path.relative_to(folder).with_suffix("").parts[0] for path in folder.rglob("*.py")}
    assert parts - {"__init__"} == set(order)
    for path in folder.rglob("*.py"):
        own = path.relative_to(folder).with_suffix("").parts[0]
        for node in ast.walk(ast.parse(path.read_text())):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for module in (each for each in modules if each.startswith(f"{name}.")):
                used = module.removeprefix(f"{name}.").split(".")[0]
                lower = own in {"__init__", used} or order.index(used) < order.index(own)
                assert lower, f"{path.relative_to(ROOT)} imports {module}"
