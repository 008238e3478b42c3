"""Writes the benches' results as the table of bars in the docs and as plots: ``python -m tests.bench.report``.

Reads ``assets/bench/results.json`` and writes ``assets/bench/*.svg`` and the part of ``assets/docs/benchmarks.md``
between its two marks.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bench.children import ROOT
from tests.bench.results import RESULTS, Bar

PAGE = ROOT / "assets" / "docs" / "benchmarks.md"
BEGIN, END = "<!-- bars: written by python -m tests.bench.report -->", "<!-- end of bars -->"
INK = {"ours": "#d9480f", "rank_bm25": "#495057", "fts5": "#1971c2", "bm25s": "#2f9e44", "bm25s_numba": "#94d82d",
       "tantivy": "#7048e8", "naive": "#495057", "padded": "#1971c2", "cached": "#2f9e44", "lm-eval": "#7048e8",
       "floor": "#adb5bd", "pandas": "#1971c2", "datasets": "#2f9e44"}  # fmt: skip
NAMES = {
    "naive": "a forward each",
    "padded": "one padded batch",
    "cached": "prefix cache",
    "floor": "one plain forward",
}


def main() -> None:
    """Write the table and the plots."""
    kept = json.loads(RESULTS.read_text())
    text = PAGE.read_text()
    start, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    PAGE.write_text(text[:start] + "\n\n" + "\n".join(table(kept)) + "\n\n" + text[end:])
    retrieval(kept["retrieval"]["sizes"], RESULTS.parent / "retrieval.svg")
    switching(kept["answer switch"]["cases"]["Llama, candidates of 1 token"], RESULTS.parent / "answer-switch.svg")
    importing(kept["import"]["formats"], RESULTS.parent / "import.svg")


def table(kept: dict[str, Any]) -> Iterator[str]:
    """One line a bar."""
    yield "| bench | what | measured | wanted | |"
    yield "|---|---|---:|---|---|"
    for name, found in kept.items():
        for kept_bar in found["bars"]:
            verdict = "met" if kept_bar.pop("met") else "**missed**"  # judged before rounding
            bar = Bar(**kept_bar)
            yield f"| {name}, {found['measured']} | {bar.what} | {bar.figure} | {bar.wanted} | {verdict} |"


def axes(title: str, across: str, up: str) -> Any:
    """An empty plot with both axes logarithmic."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "switchpoint"  # the same figures give the same file
    from matplotlib import pyplot

    figure, plot = pyplot.subplots(figsize=(6, 3.6), layout="constrained")
    figure.patch.set_facecolor("white")
    plot.set(title=title, xlabel=across, ylabel=up, xscale="log", yscale="log")
    plot.grid(alpha=0.3)
    return plot


def line(plot: Any, name: str, points: list[tuple[float, float]]) -> None:
    """One way's line; ours is thicker."""
    across, up = zip(*points, strict=True)
    width = 2.6 if name == "ours" else 1.3
    plot.plot(across, up, marker="o", markersize=4, color=INK[name], linewidth=width, label=NAMES.get(name, name))


def saved(plot: Any, path: Path) -> None:
    """Write the plot."""
    plot.legend(fontsize=8)
    plot.figure.savefig(path, metadata={"Date": None})


def retrieval(sizes: dict[str, Any], path: Path) -> None:
    """Milliseconds a query over samples."""
    plot = axes("The 100 best samples for a skill", "samples", "ms a query")
    for name in sizes[next(iter(sizes))]:
        if name in INK:
            line(plot, name, sorted((int(rows), each[name]["per_1000"]) for rows, each in sizes.items()))
    saved(plot, path)


def switching(steps: dict[str, Any], path: Path) -> None:
    """Milliseconds a rationale over its steps."""
    plot = axes("The answer-switch curve of a rationale", "steps", "ms")
    for name in steps["6"]:
        line(plot, name, sorted((int(many), 1000 * each[name]) for many, each in steps.items()))
    plot.set_xticks([6, 10, 15, 30], labels=["6", "10", "15", "30"])
    plot.minorticks_off()
    saved(plot, path)


def importing(formats: dict[str, Any], path: Path) -> None:
    """Peak memory over rows: seconds are in the table."""
    plot = axes("Importing LLaVA JSON", "rows", "peak memory, MB")
    for name in ("ours", "pandas", "datasets"):
        line(plot, name, sorted((int(rows), each[name]["peak"]) for rows, each in formats["LLaVA JSON"].items()))
    saved(plot, path)


if __name__ == "__main__":
    main()
