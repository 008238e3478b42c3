"""Latency of the page with many errors and a large support set, measured inside a real Chromium.

From a key press, a change or the last letter typed to the second frame after the expected element is in the document,
so up to one frame (17 ms) too long. And bursts of keys without waiting, compared with ``Walk`` and the database.
``python -m tests.bench.page [--quick] [--data DIR]``; a million rows take minutes to generate.
"""

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page, sync_playwright
from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select

from storage import store
from storage.database import Database, open_database
from storage.tables import reviews
from tests.bench.big_project import ACTS, PROJECT, THINGS, Walk, made
from tests.bench.results import Bar, save_results
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.servers.app_server import serving

SIZES = ((1_000, 10_000), (10_000, 10_000), (10_000, 1_000_000))
TARGETS = {"next case (J)": 150.0, "verdict to next case (A)": 150.0, "hits while typing": 200.0}
MOST_GROWTH, MOST_ROWS, LIST_PAGE = 1.5, 100, 50
CHEAP, DEAR, WARM, BURSTS, BURST, KEYS = 40, 15, 3, 10, 30, "jkars12345"
ARM = """([event, what, value]) => {
  const one = query => document.querySelector(query);
  const shown = () => one('form.editor')?.dataset.sample;
  const asks = name => one('#cases .case-row') && new URL(one('#cases .case-row').href).searchParams.get(name);
  const was = shown();
  const holds = {
    case: () => shown() && shown() !== was && one('#curve .plot')?.dataset.sample === shown(),
    list: () => asks(value[0]) === value[1],
    live: () => one('#editor .live')?.dataset.skill === value && one('#editor .live .hits summary'),
  }[what];
  let start = 0;
  const note = () => (start = performance.now());
  addEventListener(event, note, true);
  window.took = new Promise((resolve, reject) => {
    const done = () => { removeEventListener(event, note, true); resolve(performance.now() - start); };
    const observer = new MutationObserver(() => {
      if (!start || !holds()) return;
      observer.disconnect();
      requestAnimationFrame(() => requestAnimationFrame(done));
    });
    observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    setTimeout(() => reject(new Error(`not painted within 30 s: ${what} ${value}`)), 30000);
  });
}"""


@dataclass(kw_only=True)
class Measured:
    """The results of one size: milliseconds by measure, seconds until hits showed, rows on a page, burst errors."""

    errors: int
    support: int
    ready: float = 0.0
    rows: int = 0
    times: dict[str, list[float]] = field(default_factory=dict)
    bursts: list[str] = field(default_factory=list)

    def at(self, name: str, share: int) -> float:
        """A percentile of a measure in milliseconds."""
        return float(np.percentile(self.times[name], share))


class Bench:
    """A browser window on a served project, and its list of cases from the database."""

    def __init__(self, window: Page, url: str, db: Database) -> None:
        self.window, self.url, self.db = window, url, db
        with db.read() as c:
            self.round = store.rounds_of(c, store.project_named(c, PROJECT).id)[0].id

    def walk(self, at: int) -> Walk:
        """The model of the list as the database has it now, at an index."""
        with self.db.read() as c:
            return Walk(cases=store.cases_page(c, self.round, limit=100_000), at=at)

    def open(self, place: int, row: int = 0) -> Walk:
        """Show the case at an index of the list, on a page of the list that has it at ``row``."""
        walk = self.walk(place)
        start = f"&from={json.dumps(store.cursor_of(walk.cases[place - row - 1]))}" if place > row else ""
        self.window.goto(f"{self.url}/?project={PROJECT}&tab=review&sample={walk.sample}{start}")
        self.window.wait_for_selector(f"#curve .plot[data-sample='{walk.sample}']", state="attached")
        self.window.wait_for_selector("#editor .live .hits summary", state="attached", timeout=900_000)
        return walk

    def times(self, event: str, what: str, acts: Sequence[tuple[Any, Callable[[], object]]]) -> list[float]:
        """Milliseconds of each act from its last event until the expected element is painted, after a warm-up."""
        found = []
        for wanted, act in acts:
            self.window.wait_for_timeout(random.uniform(150, 400))
            self.window.evaluate(ARM, [event, what, wanted])
            act()
            found.append(float(self.window.evaluate("took")))
        return found[WARM:]

    def keys(self, key: str, place: int) -> list[float]:
        """The same key many times, on one page of the list."""
        self.open(place)
        return self.times("keydown", "case", [(None, lambda: self.window.keyboard.press(key))] * (CHEAP + WARM))

    def filters(self, place: int) -> list[float]:
        """Choose another category each time."""
        self.open(place)
        choose = self.window.locator("select[data-param=category]").select_option
        values = [f"category {number % 12}" for number in range(DEAR + WARM)]
        return self.times("change", "list", [(["category", each], lambda each=each: choose(each)) for each in values])

    def searches(self, place: int) -> list[float]:
        """Type words that some cases contain into the search field."""
        self.open(place)
        self.window.click("[data-search]")
        words = [word for thing in THINGS for word in thing.split() if len(word) > 3][: DEAR + WARM]
        return self.times("keydown", "list", [(["text", word], lambda word=word: self.write(word)) for word in words])

    def skills(self, place: int) -> list[float]:
        """Type skills into the editor's field, with live hits below it."""
        self.open(place)
        self.window.keyboard.press("e")
        words = random.Random(0).sample([" ".join(pair) for pair in product(ACTS, THINGS)], CHEAP + WARM)
        return self.times("keydown", "live", [(word, lambda word=word: self.write(word)) for word in words])

    def write(self, text: str) -> None:
        """Replace the text of the focused field."""
        self.window.keyboard.press("Control+a")
        self.window.keyboard.type(text, delay=40)

    def burst(self, seed: int, place: int) -> str:
        """Press keys without waiting, every second time across the end of a page of the list; returns the errors."""
        rng, walk = random.Random(seed), self.open(place, 10 if seed % 2 else LIST_PAGE - 6)
        with self.db.read() as c:
            before = c.scalar(select(func.max(reviews.c.id))) or 0
        keys = "".join(rng.choice(KEYS) for _ in range(BURST))
        for key in keys:
            self.window.keyboard.press(key)
            walk.press(key)
        wanted, deadline = (walk.said, walk.sample), time.monotonic() + 20
        while self.state(before) != wanted and time.monotonic() < deadline:
            self.window.wait_for_timeout(250)
        self.window.wait_for_timeout(1000)  # and nothing changes afterwards
        seen = self.state(before)
        return "" if seen == wanted else f"seed {seed}, keys {keys}: wanted {wanted}, got {seen}"

    def state(self, before: int) -> tuple[list[tuple[int, str, int]], int]:
        """The reviews after one, oldest first, and the case on the screen."""
        query = select(reviews.c.sample, reviews.c.verdict, reviews.c.mistake_step).where(reviews.c.id > before)
        shown = self.window.evaluate("() => Number(document.querySelector('form.editor')?.dataset.sample)")
        with self.db.read() as c:
            return [tuple(row) for row in c.execute(query.order_by(reviews.c.id))], shown


def measure(bench: Bench, found: Measured) -> None:
    """Every measure at one size; each uses another part of the list."""
    started = time.monotonic()
    bench.open(0)
    found.ready = time.monotonic() - started
    measures: dict[str, Callable[[], list[float]]] = {
        "next case (J)": lambda: bench.keys("j", 60),
        "verdict to next case (A)": lambda: bench.keys("a", 120),
        "filter to list": lambda: bench.filters(180),
        "search to list": lambda: bench.searches(180),
        "hits while typing": lambda: bench.skills(240),
    }
    for name, times in measures.items():
        found.times[name] = times()
        found.rows = max(found.rows, bench.window.locator(".case-row").count())
    found.bursts = [bench.burst(seed, 300 + 60 * seed) for seed in range(BURSTS)]


@contextmanager
def opened(data: Path) -> Iterator[Bench]:
    """The app on a data folder, and a window on it."""
    with closing(open_database(data)) as db, serving(data) as served, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        window = browser.new_page(viewport={"width": 1280, "height": 900})
        window.set_default_timeout(60_000)
        yield Bench(window, served.url, db)
        browser.close()


def table(sizes: Sequence[Measured]) -> Table:
    """p50 and p95 of every measure at every size, and how p95 grows from one size to the next."""
    shown = Table("p50 · p95 in ms")
    for number, each in enumerate(sizes):
        shown.add_column(f"{'ABC'[number]}: {each.errors:,} · {each.support:,}")
    for earlier, later in pairwise("ABC"[: len(sizes)]):
        shown.add_column(f"p95, {later} / {earlier}")
    for name in sizes[0].times:
        slow = [each.at(name, 95) for each in sizes]
        cells = [f"{each.at(name, 50):.0f} · {mark(each.at(name, 95), TARGETS.get(name), '.0f')}" for each in sizes]
        shown.add_row(name, *cells, *(mark(later / earlier, MOST_GROWTH, ".2f") for earlier, later in pairwise(slow)))
    shown.add_row("most rows on a page", *(mark(each.rows, MOST_ROWS, "d") for each in sizes))
    shown.add_row("first hits, s after opening", *(f"{each.ready:.1f}" for each in sizes))
    shown.add_row("bursts that went right", *(f"{each.bursts.count('')} of {len(each.bursts)}" for each in sizes))
    return shown


def figures(each: Measured) -> dict[str, list[float]]:
    """p50 and p95 of every measure of a size."""
    return {name: [each.at(name, 50), each.at(name, 95)] for name in each.times}


def bars(sizes: Sequence[Measured]) -> Iterator[Bar]:
    """The bars: p95 at every size."""
    for each in sizes:
        for name, most in TARGETS.items():
            what = f"{name}, ms, p95 at {each.errors:,} errors and {each.support:,} samples"
            yield Bar(what=what, value=each.at(name, 95), below=most)


def mark(value: float, most: float | None, form: str) -> str:
    """A figure; in red, with its target, where it is over."""
    return f"[red]{value:{form}} (over {most:g})[/red]" if most is not None and value > most else f"{value:{form}}"


def main() -> None:
    """Generate, measure and print; ends with 1 where a burst went wrong."""
    parser = argparse.ArgumentParser(description="How long the page lets a person wait.")
    parser.add_argument("--quick", action="store_true", help="the smallest size only")
    parser.add_argument("--data", type=Path, help="a folder for generated data, kept and used again")
    asked, console, sizes = parser.parse_args(), Console(), []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        for errors, support in SIZES[:1] if asked.quick else SIZES:
            console.print(f"{errors:,} errors, {support:,} support rows: made where not there, then measured …")
            folder = made(asked.data or Path(scratch), errors=errors, support=support)
            data = shutil.copytree(folder, Path(scratch) / f"copy-{folder.name}")
            sizes.append(Measured(errors=errors, support=support))
            with opened(data) as bench:
                measure(bench, sizes[-1])
            shutil.rmtree(data, ignore_errors=True)  # the worker may still be closing its files
    console.print(table(sizes))
    wrong = [f"{each.errors:,} · {each.support:,}: {said}" for each in sizes for said in each.bursts if said]
    console.print(*wrong, sep="\n")
    if not asked.quick:
        kept = {f"{each.errors} errors, {each.support} samples": figures(each) for each in sizes}
        save_results("page", {"sizes": kept}, list(bars(sizes)))
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
