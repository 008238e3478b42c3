"""A pytest plugin that marks the tests which start processes, so that ``make check`` can leave them out.

It looks for the names that start processes in a test, in its fixtures, and in the functions of ``tests`` that these
call. What starts processes deep inside the product carries ``pytest.mark.process`` by hand: a run of ``-m "not
process"`` refuses to start any, so that no mark is missing.
"""

import sys
from collections.abc import Callable, Iterator
from functools import cache
from types import CodeType
from typing import Any

import pytest

STARTERS = {"subprocess", "multiprocessing", "ensure_worker", "Previews"}
START_EVENTS = {"subprocess.Popen", "os.fork", "os.posix_spawn"}


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "process: starts processes of its own, not part of make check")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if isinstance(item, pytest.Function) and any(starts_process(function) for function in functions_of(item)):
            item.add_marker(pytest.mark.process)
    if "not process" in config.option.markexpr:
        sys.addaudithook(refuse_processes)


def functions_of(item: pytest.Function) -> list[Callable[..., Any]]:
    """The test's function and those of its fixtures."""
    fixtures = [fixture.func for found in item._fixtureinfo.name2fixturedefs.values() for fixture in found]
    return [item.function, *fixtures]


@cache
def starts_process(function: Callable[..., Any]) -> bool:
    """Whether a function, or one that it may call in turn, names something that starts processes."""
    seen: set[object] = set()
    waiting: list[Any] = [function]
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        names = set(names_in(current.__code__))
        if names & STARTERS:
            return True
        waiting += [called for name in names for called in functions_in(current.__globals__.get(name))]
    return False


def names_in(code: CodeType) -> Iterator[str]:
    """The global names and attributes that a function uses, its inner functions included."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from names_in(constant)


def functions_in(value: Any) -> Iterator[Callable[..., Any]]:
    """The functions of the tests that a global name stands for: itself, or the methods of a class or an object."""
    value = getattr(value, "__wrapped__", value)
    kind = value if isinstance(value, type) else type(value)
    if hasattr(value, "__code__") and value.__module__.startswith("tests."):
        yield value
    elif kind.__module__.startswith("tests."):
        for method in vars(kind).values():
            yield from functions_in(getattr(method, "fget", method))


def refuse_processes(event: str, _: object) -> None:
    if event in START_EVENTS:
        raise RuntimeError("a test without `pytest.mark.process` starts a process")
