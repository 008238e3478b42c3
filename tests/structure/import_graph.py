"""The import graph of app, core, storage and assets, read from the source: files, folders, circles, layers.

``python -m tests.structure.import_graph [ROOT]`` prints the number of files in each folder, circles between files and
between folders, and imports that go up a layer. Imports inside functions count like any other. ROOT is a checkout
(default: this one), so that two commits can be compared.
"""

import ast
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

PACKAGES = ("app", "core", "storage", "assets")
# From the top down; a folder or file imports only from lines below its own. What app does not name here is "app".
LAYERS = (
    ("app.cli",),
    ("app.web", "app.demo"),
    ("app.worker",),
    ("app.jobs",),
    ("app.experiments",),
    ("app.engines",),
    ("app.exports", "app.labels", "app.doctor"),
    (
        *("app.comparisons", "app.reviews", "app.rereadings", "app.selections", "app.tuning", "app.imports"),
        *("app.endpoints", "app.backup"),
    ),
    ("app.projects", "app.security", "app.processes"),
    ("app.rendering", "app"),
    ("storage",),
    ("assets",),
    ("core.diagnosis", "core.evaluation", "core.tuning"),
    ("core.importers", "core.teacher", "core.student"),
    ("core.importers.read_predictions",),
    ("core.importers.open_samples",),
    ("core.importers.formats", "core.importers.row_ids", "core.importers.unique_ids"),
    ("core.importers.prediction_files",),
    ("core.importers.fields", "core.importers.references"),
    ("core.importers.containers",),
    ("core.importers.encodings",),
    ("core.importers.results",),
    ("core.importers.images",),
    ("core.importers.unavailable", "core.importers.splits", "core.importers.cells", "core.importers.json_depth"),
    ("core.selection", "core.answer_switch", "core.phrases", "core.prompts", "core.models", "core.endpoints"),
    ("core.parsing", "core.retrieval"),
    ("core.own_files", "core.chunks", "core.literals", "core.atomic_files", "core.images", "core.label_groups"),
    ("core.types",),
    ("core.errors",),
    ("core.redaction",),
)
# ``python -m app`` and ``python -m app.demo`` start the program: they may import anything.
ENTRY_POINTS = {"app.__main__", "app.demo.__main__"}


@dataclass(frozen=True, kw_only=True)
class Import:
    """``source`` imports ``target`` (dotted module names) in ``line``; ``nested``: inside a function."""

    source: str
    target: str
    line: int
    nested: bool

    def __str__(self) -> str:
        return f"{self.source}:{self.line} -> {self.target}{' (in a function)' if self.nested else ''}"


def modules(root: Path) -> dict[str, Path]:
    """Every module of the packages, by its dotted name."""
    paths = [path for package in PACKAGES for path in sorted((root / package).rglob("*.py"))]
    return {dotted(path.relative_to(root)): path for path in paths}


def dotted(path: Path) -> str:
    """app/web/__init__.py → "app.web"."""
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def imports(root: Path) -> list[Import]:
    """Every import of one of the packages' modules by another."""
    known = modules(root)
    return [each for name, path in known.items() for each in imports_of(name, path, known)]


def imports_of(name: str, path: Path, known: Mapping[str, Path]) -> Iterator[Import]:
    """The imports of one module; ``from package import module`` counts as an import of the module."""
    for node, nested in import_statements(ast.parse(path.read_text())):
        for target in targets(node):
            found = target if target in known else target.rpartition(".")[0]
            if found in known and found != name:
                yield Import(source=name, target=found, line=node.lineno, nested=nested)


def import_statements(tree: ast.Module) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    """Every import statement of a file, with whether it is inside a function."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    nested = {id(inner) for node in ast.walk(tree) if isinstance(node, functions) for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node, id(node) in nested


def targets(node: ast.Import | ast.ImportFrom) -> list[str]:
    """What a statement may import: "module" of ``import module``, "package.name" of ``from package import name``."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [f"{node.module}.{alias.name}" for alias in node.names]


def folder(module: str, known: Mapping[str, Path]) -> str:
    """The folder a module is in: "app.web.page" for app/web/page/place.py and for app/web/page/__init__.py."""
    return module if known[module].name == "__init__.py" else module.rpartition(".")[0]


def circles(edges: Iterable[tuple[str, str]]) -> list[list[str]]:
    """The strongly connected components of more than one node (Tarjan, 1972), each sorted by name."""
    graph: dict[str, set[str]] = defaultdict(set)
    for source, target in edges:
        graph[source].add(target)
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        order[node] = low[node] = len(order)
        stack.append(node)
        for after in graph.get(node, ()):
            if after not in order:
                visit(after)
            if after in stack:
                low[node] = min(low[node], low[after])
        if low[node] == order[node]:
            component = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            found.extend([sorted(component)] if len(component) > 1 else [])

    for node in list(graph):
        if node not in order:
            visit(node)
    return found


def file_circles(found: Iterable[Import]) -> list[list[str]]:
    """Circles between files."""
    return circles((each.source, each.target) for each in found)


def folder_circles(found: Iterable[Import], known: Mapping[str, Path]) -> list[list[str]]:
    """Circles between folders; a folder and the folders inside it count as one where they import each other."""
    pairs = ((folder(each.source, known), folder(each.target, known)) for each in found if not is_entry(each))
    return circles(pair for pair in pairs if not is_inside(*pair) and not is_inside(*reversed(pair)))


def is_inside(inner: str, outer: str) -> bool:
    """Whether a folder is another one or lies in it."""
    return f"{inner}.".startswith(f"{outer}.")


def back_flow(found: Iterable[Import]) -> list[Import]:
    """Imports of a folder by one that stands below it or on the same layer."""
    return [each for each in found if not is_entry(each) and goes_up(each)]


def is_entry(each: Import) -> bool:
    """Whether an entry point imports."""
    return each.source in ENTRY_POINTS


def goes_up(each: Import) -> bool:
    """Whether an import breaks the layers."""
    source, target = unit(each.source), unit(each.target)
    return source != target and layer(source) >= layer(target)


def unit(module: str) -> str:
    """The folder or file that has a layer: "app.web" for everything in app/web, "storage" for everything in storage."""
    return max(
        (name for names in LAYERS for name in names if is_inside(module, name)),
        key=len,
        default=module.partition(".")[0],
    )


def layer(name: str) -> int:
    """0 is the top."""
    return next(index for index, names in enumerate(LAYERS) if name in names)


def files_a_folder(root: Path) -> Counter[str]:
    """How many modules each folder holds, ``__init__`` and ``__main__`` apart."""
    known = {name: path for name, path in modules(root).items() if path.stem not in ("__init__", "__main__")}
    return Counter(str(path.parent.relative_to(root)) for path in known.values())


def main() -> None:
    """Print the graph of a checkout."""
    root = Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    known, found = modules(root), imports(root)
    print(
        f"{len(known)} modules, {len(found)} imports of one another, {sum(each.nested for each in found)} in functions"
    )
    counts = files_a_folder(root)
    print(f"{len(counts)} folders; most files: {', '.join(f'{name} {n}' for name, n in counts.most_common(8))}")
    for name, rows in (("circles of files", file_circles(found)), ("circles of folders", folder_circles(found, known))):
        print(f"{name}: {len(rows)}")
        for row in rows:
            print("   " + ", ".join(row))
    up = back_flow(found)
    print(f"imports that go up a layer: {len(up)}")
    for each in up:
        print(f"   {each}")


if __name__ == "__main__":
    main()
