"""The Ray engine against the local one: answers and labels a second with one actor and with two, its overhead at equal
parallelism, and how well the cost model predicts the measured times.

``python -m tests.bench.cluster [--samples N] [--turns N]``, on the demo's student and teacher, one thread a model; two
node processes on this machine. The pace is that of the second half, when all actors are busy; the time to the first
result is reported beside it. The cost model: seconds = start + samples × seconds a sample (local engine) ÷ actors.
"""

import argparse
import hashlib
import tempfile
import time
from array import array
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench.children import child, middle, report
from tests.bench.results import Bar, save_results

BAR = 1.1
WORK = ("predict", "label")
ENGINES = {"local": 0, "ray, one actor": 1, "ray, two actors": 2}


def work(engine: Any, data: str, what: str, samples: int) -> Iterator[list[Any]]:
    """The results, batch by batch."""
    from app.demo.project import PROJECT
    from assets.demo import SUPPORT_NAME
    from storage import store
    from storage.database import open_database

    with closing(open_database(Path(data))) as db:
        with db.read() as c:
            project = store.project_named(c, PROJECT)
            round_ = store.rounds_of(c, project.id)[0]
            asked = store.missing_predictions(c, round_.id, "validation")[:samples]
            ids = array("q", islice(store.support_sample_ids(c, SUPPORT_NAME), samples))
        if what == "predict":
            yield from engine.predictions(db, project, round_, asked, on_remark=print, on_unseen=print)
        else:
            yield from engine.labels(db, project, ids, on_skipped=print)


def measured(data: str, what: str, samples: str, actors: str) -> None:
    """One engine at one job: the pace of the second half, the seconds to the first result and to the last."""
    if actors == "0":
        from app.engines.local_engine import LocalEngine

        paced(LocalEngine("cpu"), data, what, int(samples))
        return
    from app.engines.ray_engine import RayEngine
    from tests.chaos.nodes import two_nodes

    with two_nodes() as nodes:
        engine = RayEngine("cpu", address=nodes.address, max_actors=int(actors), cpus_per_actor=1)
        paced(engine, data, what, int(samples))


def paced(engine: Any, data: str, what: str, samples: int) -> None:
    """Report the times, and a digest of the results."""
    started, results, times = time.perf_counter(), list[str](), []
    for some in work(engine, data, what, samples):
        results += map(repr, some)
        times.append((len(results), time.perf_counter() - started))
    assert len(results) == samples, f"{len(results)} of {samples}"
    same = int.from_bytes(hashlib.sha256("".join(sorted(results)).encode()).digest()[:6])
    half, at_half = next((each, seconds) for each, seconds in times if each >= samples / 2)
    whole = times[-1][1]
    report(pace=(samples - half) / (whole - at_half), first=times[0][1], whole=whole, same=same)


def main() -> None:
    """Print the table, and whether the engine's overhead is below a tenth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=960)
    parser.add_argument("--turns", type=int, default=2)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        from app.demo.project import init_demo
        from storage.database import open_database

        with closing(open_database(Path(folder))) as db:
            init_demo(db)
        same: dict[str, float] = {}
        runs: dict[tuple[str, str], list[dict[str, float]]] = {}
        for _ in range(given.turns):
            for what in WORK:
                for name, actors in ENGINES.items():
                    found = child("cluster", "measured", folder, what, given.samples, actors)
                    said = found.pop("same")
                    assert same.setdefault(what, said) == said, f"{name} finds something else"
                    runs.setdefault((what, name), []).append(found)
    shown = {key: middle(each) for key, each in runs.items()}
    report_results(shown, given.samples)


def report_results(shown: dict[tuple[str, str], dict[str, float]], samples: int) -> None:
    """Print the table and the bars, and save the results."""
    table = Table(
        "work", "engine", "a second", "× local", "first after", "all", "model says", title=f"{samples} samples"
    )
    kept: dict[str, Any] = {"samples": samples}
    for (what, name), each in shown.items():
        local, one = shown[what, "local"], shown[what, "ray, one actor"]
        actors = max(1, ENGINES[name])
        start = local["first"] if name == "local" else one["first"]
        model = start + samples / local["pace"] / actors
        table.add_row(
            what,
            name,
            f"{each['pace']:.1f}",
            f"{each['pace'] / local['pace']:.2f}",
            f"{each['first']:.1f} s",
            f"{each['whole']:.1f} s",
            f"{model:.1f} s",
        )
        kept[f"{what}, {name}"] = each | {"model": model, "times_local": each["pace"] / local["pace"]}
    Console().print(table)
    ratio = {what: shown[what, "local"]["pace"] / shown[what, "ray, one actor"]["pace"] for what in WORK}
    bars = [Bar(what=f"{what}: seconds a sample, one actor over local", value=ratio[what], below=BAR) for what in WORK]
    save_results("cluster", kept, bars)


if __name__ == "__main__":
    main()
