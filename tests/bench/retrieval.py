"""Skill retrieval against rank_bm25 (whose scores ours must equal bit for bit), bm25s, tantivy and SQLite's FTS5.

``python -m tests.bench.retrieval [--turns N] [--rows N …]``: for each size every engine indexes the same labels and
finds the 100 best samples for the same queries, each in a new process with one thread, in turn.
"""

import argparse
import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from tests.bench.children import PEERS, child, middle, report
from tests.bench.results import Bar, exponent, save_results
from tests.bench.skill_corpus import ROWS, read_corpus, write_corpus

SIZES = (10_000, 100_000, ROWS)
TOP = 100
# The number of queries by engine: the slow ones take seconds a query at the largest size.
QUERIES = {"ours": 1000, "rank_bm25": 5, "bm25s": 50, "bm25s_numba": 300, "tantivy": 300, "fts5": 5}
BAR = {"rank_bm25": 1000.0, "tantivy": 10.0}


def timed(search: Callable[[str], object], queries: list[str], **more: float) -> None:
    """Report the seconds for a thousand queries and the p95, after a warm-up."""
    search(queries[0])
    took = []
    for query in queries:
        started = time.perf_counter()
        search(query)
        took.append(time.perf_counter() - started)
    report(per_1000=1000 * statistics.mean(took), p95=float(np.quantile(took, 0.95)), queries=len(took), **more)


def ours(folder: str, rows: str) -> None:
    """Build, save, open, search, as the Selection tab does."""
    from core.retrieval.index import SkillIndex
    from core.retrieval.index_files import open_index, save_index

    labels, tasks, queries = read_corpus(folder, rows)
    started = time.perf_counter()
    index = SkillIndex.build(labels, range(len(labels)), tasks, [None] * len(labels))
    build = time.perf_counter() - started
    save_index(index, Path(folder) / f"index-{rows}")
    started = time.perf_counter()
    opened = open_index(Path(folder) / f"index-{rows}")
    opening = time.perf_counter() - started
    assert opened is not None
    timed(
        lambda query: list(islice(opened.search(query, seed=0), TOP)),
        queries[: QUERIES["ours"]],
        build=build,
        opening=opening,
    )


def searching(folder: str, rows: str) -> None:
    """The memory of a process that only opens the index and searches, as a restarted app does."""
    from core.retrieval.index_files import open_index

    opened = open_index(Path(folder) / f"index-{rows}")
    assert opened is not None
    queries = (Path(folder) / "queries.txt").read_text().splitlines()
    timed(lambda query: list(islice(opened.search(query, seed=0), TOP)), queries)


def rank_bm25(folder: str, rows: str) -> None:
    """The reference, and whether our scores are equal bit for bit."""
    from rank_bm25 import BM25Okapi

    from core.retrieval.index_files import open_index
    from core.retrieval.terms import tokenise

    labels, _, queries = read_corpus(folder, rows)
    started = time.perf_counter()
    index = BM25Okapi([list(tokenise(label)) for label in labels])
    build = time.perf_counter() - started
    own = open_index(Path(folder) / f"index-{rows}")
    assert own is not None, "ours comes first"
    asked = queries[: QUERIES["rank_bm25"]]
    for query in asked[:3]:
        assert np.array_equal(own.scores(query)[own.codes], index.get_scores(list(tokenise(query)))), query

    def search(query: str) -> object:
        scores = index.get_scores(list(tokenise(query)))
        best = np.argpartition(-scores, TOP)[:TOP]
        return best[np.argsort(-scores[best], kind="stable")]

    timed(search, asked, build=build)


def bm25s(folder: str, rows: str, backend: str = "numpy") -> None:
    """bm25s with its own top-k; the backend "numba" is compiled beforehand."""
    import bm25s as library

    from core.retrieval.terms import tokenise

    labels, _, queries = read_corpus(folder, rows)
    started = time.perf_counter()
    index = library.BM25(method="atire", k1=1.5, b=0.75, backend=backend)
    index.index([list(tokenise(label)) for label in labels], show_progress=False)
    build = time.perf_counter() - started
    name = "bm25s" if backend == "numpy" else "bm25s_numba"
    asked = queries[: QUERIES[name]]
    timed(
        lambda query: index.retrieve([list(tokenise(query))], k=TOP, show_progress=False, n_threads=1),
        asked,
        build=build,
    )


def bm25s_numba(folder: str, rows: str) -> None:
    """bm25s with numba."""
    bm25s(folder, rows, "numba")


def tantivy(folder: str, rows: str) -> None:
    """tantivy's index on disk, one writer thread."""
    import tantivy as library

    from core.retrieval.terms import tokenise

    labels, _, queries = read_corpus(folder, rows)
    started = time.perf_counter()
    schema = library.SchemaBuilder().add_text_field("label").add_unsigned_field("row", stored=True).build()
    with tempfile.TemporaryDirectory(dir=folder) as at:
        index = library.Index(schema, path=at)
        writer = index.writer(heap_size=500_000_000, num_threads=1)
        for row, label in enumerate(labels):
            writer.add_document(library.Document(label=label, row=row))
        writer.commit()
        writer.wait_merging_threads()
        index.reload()
        build = time.perf_counter() - started
        searcher = index.searcher()
        asked = queries[: QUERIES["tantivy"]]
        timed(
            lambda query: searcher.search(index.parse_query(" ".join(tokenise(query)), ["label"]), TOP).hits,
            asked,
            build=build,
        )


def fts5(folder: str, rows: str) -> None:
    """SQLite's own full-text index, ordered by its bm25()."""
    from core.retrieval.terms import tokenise

    labels, _, queries = read_corpus(folder, rows)
    db = sqlite3.connect(Path(folder) / "fts.db")
    started = time.perf_counter()
    db.execute("DROP TABLE IF EXISTS labels")
    db.execute("CREATE VIRTUAL TABLE labels USING fts5(label)")
    db.executemany("INSERT INTO labels VALUES (?)", ((label,) for label in labels))
    db.commit()
    build = time.perf_counter() - started
    ask = "SELECT rowid FROM labels WHERE labels MATCH ? ORDER BY bm25(labels) LIMIT ?"

    def search(query: str) -> object:
        return db.execute(ask, [" OR ".join(f'"{word}"' for word in tokenise(query)), TOP]).fetchall()

    timed(search, queries[: QUERIES["fts5"]], build=build)
    db.close()


def main() -> None:
    """Print a table for each size, and hold the largest against the bars."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--rows", type=int, nargs="+", default=SIZES)
    given = parser.parse_args()
    engines = ["ours", "rank_bm25", "fts5", *(["bm25s", "bm25s_numba", "tantivy"] if PEERS.exists() else [])]
    found: dict[int, dict[str, dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        write_corpus(Path(folder))
        for rows in given.rows:
            runs: dict[str, list[dict[str, float]]] = {name: [] for name in engines}
            for _ in range(given.turns):
                for name in engines:
                    runs[name].append(child("retrieval", name, folder, rows, peers=PEERS.exists()))
            found[rows] = {name: middle(each) for name, each in runs.items()}
            found[rows]["ours, opened"] = child("retrieval", "searching", folder, rows)
            show(rows, found[rows])
    grows = exponent(given.rows, [found[rows]["ours"]["per_1000"] for rows in given.rows])
    kept = {"top": TOP, "turns": given.turns, "grows": grows, "sizes": json.loads(json.dumps(found))}
    save_results("retrieval", kept, list(bars(found[max(given.rows)])))


def show(rows: int, found: dict[str, dict[str, float]]) -> None:
    """Print the table of a size."""
    table = Table(
        "engine", "index (s)", "1,000 queries (s)", "/ ours", "p95 (ms)", "peak MB", title=f"{rows:,} samples"
    )
    for name, each in found.items():
        ratio = each["per_1000"] / found["ours"]["per_1000"]
        cells = (f"{each['per_1000']:,.2f}", f"{ratio:,.1f}", f"{1000 * each['p95']:,.1f}", f"{each['peak']:,.0f}")
        table.add_row(name, f"{each['build']:.2f}" if "build" in each else "–", *cells)
    table.caption = f"ours is opened again in {1000 * found['ours']['opening']:.1f} ms; the 100 best samples of a query"
    Console(width=120).print(table)


def bars(found: dict[str, dict[str, float]]) -> Iterator[Bar]:
    """The bars at the largest size."""
    ours = found["ours"]
    for peer, least in BAR.items():
        if peer in found:
            yield Bar(what=f"times faster than {peer}", value=found[peer]["per_1000"] / ours["per_1000"], least=least)
    yield Bar(what="seconds to build the index", value=ours["build"], below=5.0)
    yield Bar(what="seconds to open it", value=ours["opening"], below=0.1)
    yield Bar(what="GB of memory while searching", value=found["ours, opened"]["peak"] / 1024, below=0.5)
    yield Bar(what="a search in ms, p95", value=1000 * ours["p95"], below=20)


if __name__ == "__main__":
    main()
