"""The source code calls nothing that runs code out of a file, a model or a person's input."""

import ast
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("app", "core", "storage", "assets")
FORBIDDEN_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "yaml", "jsonpickle"}
# Only to name the error that reading a checkpoint raises (``test_a_pickle_is_named_only_to_be_refused``).
MAY_NAME_PICKLE = {"core/tuning/checkpoints.py"}
# Only its safe loader (``test_yaml_is_only_loaded_safely``).
MAY_LOAD_YAML = {"core/importers/containers/data_cards.py"}
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__", "input", "breakpoint"}
FORBIDDEN_METHODS = {
    *(("os", name) for name in ("system", "popen", "execv", "execve", "execvp", "spawnv", "spawnl", "startfile")),
    *(("subprocess", name) for name in ("getoutput", "getstatusoutput")),
    ("torch", "hub"),
    ("pandas", "read_pickle"),
    ("pd", "read_pickle"),
}
# transformers' loaders that run a model's own Python code with ``trust_remote_code``.
LOADERS = {"AutoProcessor", "AutoConfig", "AutoImageProcessor", "AutoTokenizer"}


@cache
def trees() -> tuple[tuple[str, ast.Module], ...]:
    """Every file of our source code, parsed."""
    paths = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return tuple((str(path.relative_to(ROOT)), ast.parse(path.read_text())) for path in paths)


def calls() -> Iterator[tuple[str, str, str, ast.Call]]:
    """(file and line, what the function is called on, its name, the call) of every call."""
    for name, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                owner = ast.unparse(node.func.value) if isinstance(node.func, ast.Attribute) else ""
                called = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
                yield f"{name}:{node.lineno}", owner, called, node


def imports() -> Iterator[tuple[str, int, str]]:
    """(file, line, module) of every import."""
    for name, tree in trees():
        for node in ast.walk(tree):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            modules += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
            yield from ((name, node.lineno, module) for module in modules)


def complaints(*rules: Callable[[], None]) -> str:
    """What the rules that are broken say."""
    said = []
    for rule in rules:
        try:
            rule()
        except AssertionError as error:
            said.append(str(error))
    return "\n".join(said)


def keyword(call: ast.Call, name: str) -> object:
    """The literal value of a keyword argument; None where it is missing or no literal."""
    found = next((each.value for each in call.keywords if each.arg == name), None)
    return found.value if isinstance(found, ast.Constant) else None


def test_no_module_is_imported_that_runs_what_it_reads() -> None:
    for name, _, module in imports():
        allowed = MAY_LOAD_YAML if module == "yaml" else MAY_NAME_PICKLE
        assert module.partition(".")[0] not in FORBIDDEN_MODULES or name in allowed, f"{name}: {module}"


def test_yaml_is_only_loaded_safely() -> None:
    for name, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "yaml":
                assert node.attr == "safe_load", f"{name}:{node.lineno}"


def test_a_pickle_is_named_only_to_be_refused() -> None:
    for name, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "pickle":
                assert node.attr == "UnpicklingError", f"{name}:{node.lineno}"


def test_nothing_evaluates_text_or_asks_a_shell() -> None:
    for where, owner, called, call in calls():
        assert owner or called not in FORBIDDEN_CALLS, f"{where}: {called}"
        assert owner != "builtins", where
        assert (owner, called) not in FORBIDDEN_METHODS, f"{where}: {owner}.{called}"
        assert not [each for each in call.keywords if each.arg == "shell"], where


def test_subprocesses_get_their_arguments_as_a_list() -> None:
    found = [(where, call) for where, owner, called, call in calls() if owner == "subprocess"]
    assert found, "the worker is a process of its own"
    for where, call in found:
        assert isinstance(call.args[0], ast.List | ast.Name), where


def test_trust_remote_code_is_only_ever_false() -> None:
    for name, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.keyword) and node.arg == "trust_remote_code":
                assert isinstance(node.value, ast.Constant), f"{name}:{node.lineno}"
                assert node.value.value is False, f"{name}:{node.lineno}"
            if isinstance(node, ast.Constant) and node.value == "trust_remote_code":
                assert name == "core/models/files.py", f"{name}:{node.lineno}: no keyword by way of a dictionary"


def test_every_loader_of_transformers_is_told_to_run_no_code_and_to_read_safetensors_only() -> None:
    seen = set()
    for where, owner, called, call in calls():
        file = where.partition(":")[0]
        if called == "load_weights":
            assert ast.unparse(call.args[0]).startswith("AutoModel"), f"{where}: an unknown loader"
            seen.add(file)
        if called != "from_pretrained" or owner == "PeftModel":
            continue
        # The one place that is given its loader: each call of ``load_weights`` names it.
        is_model = owner.startswith("AutoModel") or (file, owner) == ("core/models/loading.py", "auto_class")
        assert owner in LOADERS or is_model, f"{where}: an unknown loader {owner}"
        assert keyword(call, "trust_remote_code") is False, where
        if is_model:
            assert keyword(call, "use_safetensors") is True, where
        seen.add(file)
    files = {f"core/{name}.py" for name in ("student/local", "student/chat", "teacher/local", "models/loading")}
    assert files <= seen


def test_torch_reads_plain_values_only() -> None:
    found = [(where, call) for where, owner, called, call in calls() if owner == "torch" and called == "load"]
    assert found
    for where, call in found:
        assert keyword(call, "weights_only") is True, where


def test_numpy_reads_no_pickles() -> None:
    for where, owner, called, call in calls():
        if called == "load" and owner in ("np", "numpy"):
            assert not [each for each in call.keywords if each.arg == "allow_pickle"], where


@pytest.mark.parametrize(
    "planted",
    [
        "import pickle\npickle.loads(b'')",
        "eval('1')",
        "import os\nos.system('x')",
        "import subprocess\nsubprocess.run('x', shell=True)",
        "AutoModel.from_pretrained('x', trust_remote_code=True, use_safetensors=True)",
        "AutoModel.from_pretrained('x', trust_remote_code=False)",
        "AutoTokenizer.from_pretrained('x')",
        "import torch\ntorch.load('x')",
        "import torch\ntorch.load('x', weights_only=False)",
        "import numpy as np\nnp.load('x', allow_pickle=True)",
        "AutoModel.from_pretrained('x', **{'trust_remote_code': True})",
        "load_weights(Anything, 'x')",
    ],
)
def test_each_of_these_is_found_where_it_is_planted(planted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "trees", lambda: [("core/planted.py", ast.parse(planted))])
    said = complaints(
        test_no_module_is_imported_that_runs_what_it_reads,
        test_a_pickle_is_named_only_to_be_refused,
        test_nothing_evaluates_text_or_asks_a_shell,
        test_subprocesses_get_their_arguments_as_a_list,
        test_trust_remote_code_is_only_ever_false,
        test_every_loader_of_transformers_is_told_to_run_no_code_and_to_read_safetensors_only,
        test_torch_reads_plain_values_only,
        test_numpy_reads_no_pickles,
    )
    assert "core/planted.py" in said, planted
