"""Importing support sets of four formats against pandas and ``datasets``: rows a second into a table that can be
queried, and peak memory, at three sizes.

``python -m tests.bench.importing [--rows N …] [--turns N]``. Ours is the whole import: every row is checked and saved
with indexes, and a killed import can resume. pandas reads the file, makes the same columns and writes them into SQLite
with an index on the id; ``datasets`` writes its Arrow table. All must end with the same ids and questions.
"""

import argparse
import hashlib
import json
import re
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench.children import child, middle, peak_mb, report
from tests.bench.results import Bar, exponent, save_results

SIZES = (10_000, 100_000, 1_000_000)
IMAGES, FOLDERS = 50_000, 1_000
# The limit of growth for a hundred times as many rows; the hash of every id takes some 60 bytes.
FLAT_MB = 96
QUESTION = re.compile(r"^Question .*", re.MULTILINE)


def image_of(number: int) -> str:
    """The name of a row's image: fifty in a folder."""
    return f"images/{number % FOLDERS}/{number % IMAGES}.jpg"


def question(number: int) -> str:
    """Some 380 characters, as in Vision-Flan."""
    return f"Question {number}: {'which of the things on the table is it? ' * 9}".strip()


def llava_row(number: int) -> dict[str, Any]:
    """A conversation about an image that lies in a file."""
    turns = [
        {"from": "human", "value": f"<image>\n{question(number)}"},
        {"from": "gpt", "value": "It is the cup. " * 6},
    ]
    named = {"id": f"row-{number}", "image": image_of(number), "task_name": f"task {number % 190}"}
    return named | {"conversations": turns}


def choice_row(number: int) -> dict[str, Any]:
    """A question with four options, as in MMBench and ScienceQA, without an image."""
    choices = [f"option {each} of {number}" for each in "abcd"]
    return {"question": question(number), "hint": "A hint. " * 5, "choices": choices, "answer": number % 4}


def write_llava(path: Path, rows: int) -> None:
    """One JSON list."""
    with path.open("w") as file:
        for number in range(rows):
            file.write(("[\n" if number == 0 else ",\n") + json.dumps(llava_row(number)))
        file.write("\n]\n")


def write_mmbench(path: Path, rows: int) -> None:
    """MMBench's columns except the image."""
    with path.open("w") as file:
        file.write("index\tquestion\thint\tA\tB\tC\tD\tanswer\tcategory\tl2-category\n")
        for number in range(rows):
            row = choice_row(number)
            cells = (number, row["question"], row["hint"], *row["choices"], "ABCD"[row["answer"]])
            file.write("\t".join(map(str, (*cells, f"category {number % 20}", f"task {number % 6}"))) + "\n")


def write_scienceqa(path: Path, rows: int) -> None:
    """One JSON object of problems by id."""
    with path.open("w") as file:
        for number in range(rows):
            more = {"image": None, "category": f"category {number % 20}", "topic": f"task {number % 26}"}
            more |= {"skill": f"skill {number % 379}", "lecture": "A lecture. " * 20, "solution": "So it is. " * 10}
            file.write(("{\n" if number == 0 else ",\n") + f'"{number}": ' + json.dumps(choice_row(number) | more))
        file.write("\n}\n")


def write_parquet(path: Path, rows: int) -> None:
    """The same rows as the LLaVA list."""
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    schema = pyarrow.Table.from_pylist([llava_row(0)]).schema
    with ParquetWriter(path, schema) as writer:
        for start in range(0, rows, 50_000):
            part = [llava_row(number) for number in range(start, min(start + 50_000, rows))]
            writer.write_table(pyarrow.Table.from_pylist(part, schema=schema))


FILES: dict[str, tuple[str, Callable[[Path, int], None]]] = {
    "LLaVA JSON": ("llava.json", write_llava),
    "MMBench TSV": ("mmbench.tsv", write_mmbench),
    "ScienceQA": ("problems.json", write_scienceqa),
    "parquet": ("llava.parquet", write_parquet),
}


# The measures of each way, by number of rows, by format.
Formats = dict[str, dict[str, dict[str, dict[str, float]]]]


def digest(key: Any, asked: Any) -> int:
    """A number for an id with its question; XORed over all rows, an order-independent digest of a set."""
    return int.from_bytes(hashlib.blake2b(f"{key}\0{asked}".encode(), digest_size=6).digest())


def ours(path: str, folder: str) -> None:
    """The import of the command line."""
    from app.imports.pipeline import import_file
    from storage.database import FILE_NAME, open_database

    data = Path(folder) / "data"
    started = time.perf_counter()
    with closing(open_database(data)) as db:
        found = import_file(db, "support", Path(path), name="big")
    seconds = time.perf_counter() - started
    assert not found["refused_rows"], found["refused"][:1]
    finished(seconds, data / FILE_NAME, "source_id")


def finished(seconds: float, file: Path, key: str) -> None:
    """Report the measures; the digest is computed after peak memory was read.

    Our stored text has hint and options around the question.
    """
    peak = peak_mb()
    with closing(sqlite3.connect(file)) as db:
        rows = db.execute(f"SELECT {key}, question FROM samples")
        report_rows(seconds, peak, ((key, QUESTION.search(text)[0]) for key, text in rows))  # type: ignore[index]


def report_rows(seconds: float, peak: float, pairs: Iterator[tuple[Any, Any]]) -> None:
    """Report a child's measures and digest."""
    counted, found = 0, 0
    for key, asked in pairs:
        counted, found = counted + 1, found ^ digest(key, asked)
    report(rows=counted, digest=found, seconds=seconds, most=peak)


def pandas(path: str, folder: str) -> None:
    """A script's way: read, rename columns, ``to_sql``, index."""
    import pandas as library

    started = time.perf_counter()
    table = frame(library, Path(path))
    with closing(sqlite3.connect(Path(folder) / "pandas.db")) as db:
        table.to_sql("samples", db, index=False, chunksize=50_000)
        db.execute("CREATE UNIQUE INDEX once ON samples (id)")
        db.commit()
    seconds = time.perf_counter() - started
    finished(seconds, Path(folder) / "pandas.db", "id")


def frame(library: Any, path: Path) -> Any:
    """The file as a data frame with plain columns."""
    if path.suffix == ".tsv":
        return library.read_csv(path, sep="\t").rename(columns={"index": "id"})
    if path.name == "problems.json":
        table = library.read_json(path, orient="index", convert_dates=False).reset_index(names="id")
        table["choices"] = table["choices"].map(json.dumps)
        return table
    table = library.read_parquet(path) if path.suffix == ".parquet" else library.read_json(path)
    table["question"] = [spoken[0]["value"].replace("<image>", "").strip() for spoken in table["conversations"]]
    table["response"] = [spoken[1]["value"] for spoken in table["conversations"]]
    return table.drop(columns="conversations")


def datasets(path: str, folder: str) -> None:
    """Its Arrow table on disk, without an index by id; from a generator for an object of rows, which it cannot read."""
    from datasets import Dataset, load_dataset

    started = time.perf_counter()
    if path.endswith("problems.json"):
        table = Dataset.from_generator(problems, gen_kwargs={"path": path}, cache_dir=folder)
    else:
        kind = "parquet" if path.endswith(".parquet") else "csv" if path.endswith(".tsv") else "json"
        more = {"sep": "\t"} if kind == "csv" else {}
        table = load_dataset(kind, data_files=path, split="train", cache_dir=folder, **more)
    seconds, peak = time.perf_counter() - started, peak_mb()
    report_rows(seconds, peak, map(asked_in, table))


def problems(path: str) -> Iterator[dict[str, Any]]:
    """ScienceQA's problems one by one, from the whole file in memory."""
    for key, row in json.loads(Path(path).read_text()).items():
        yield {"id": key} | row


def asked_in(row: dict[str, Any]) -> tuple[Any, Any]:
    """The id and the question of a row of ``datasets``."""
    if "conversations" in row:
        return row["id"], row["conversations"][0]["value"].replace("<image>", "").strip()
    return row["id"] if "id" in row else row["index"], row["question"]


def main() -> None:
    """Print a table for each format, and whether the bars are met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=SIZES)
    parser.add_argument("--turns", type=int, default=1, help="at the largest size; smaller sizes take three")
    given = parser.parse_args()
    found: Formats = {}
    with tempfile.TemporaryDirectory() as folder:
        write_images(Path(folder))
        for name, (file, write) in FILES.items():
            path, found[name] = Path(folder) / file, {}
            for rows in given.rows:
                write(path, rows)
                turns = given.turns if rows == max(given.rows) else 3
                found[name][str(rows)] = measured(path, rows, turns)
            path.unlink()
            show(name, found[name])
    counts = [str(rows) for rows in sorted(given.rows)]
    seconds = {name: [sizes[rows]["ours"]["seconds"] for rows in counts] for name, sizes in found.items()}
    grows = {name: exponent(sorted(given.rows), each) for name, each in seconds.items()}
    save_results("import", {"formats": found, "turns": given.turns, "grows": grows}, list(bars(found, counts)))


def write_images(folder: Path) -> None:
    """Write image files, all links to one."""
    for number in range(FOLDERS):
        (folder / "images" / str(number)).mkdir(parents=True)
    (folder / "images" / "any.jpg").write_bytes(b"never opened")
    for number in range(IMAGES):
        (folder / image_of(number)).hardlink_to(folder / "images" / "any.jpg")


def measured(path: Path, rows: int, turns: int) -> dict[str, dict[str, float]]:
    """The medians of each way, in turn; raises where two ways end with different rows."""
    runs: dict[str, list[dict[str, float]]] = {"ours": [], "pandas": [], "datasets": []}
    for _ in range(turns):
        for name, each in runs.items():
            with tempfile.TemporaryDirectory() as folder:
                each.append(child("importing", name, path, folder))
    found = {name: middle(of) for name, of in runs.items()}
    assert all(each["rows"] == rows for each in found.values()), found
    assert len({each["digest"] for each in found.values()}) == 1, found
    return {
        name: {"rate": rows / each["seconds"], "seconds": each["seconds"], "peak": each["most"]}
        for name, each in found.items()
    }


def show(name: str, found: dict[str, dict[str, dict[str, float]]]) -> None:
    """Print the table of a format."""
    table = Table("rows", "by", "seconds", "rows / s", "ours / it", "peak MB", title=name)
    for rows, ways in found.items():
        for way, each in ways.items():
            ratio = f"{ways['ours']['rate'] / each['rate']:.2f}"
            table.add_row(
                f"{int(rows):,}", way, f"{each['seconds']:.1f}", f"{each['rate']:,.0f}", ratio, f"{each['peak']:,.0f}"
            )
    Console(width=120).print(table)


def bars(found: Formats, counts: list[str]) -> Iterator[Bar]:
    """The bars: pandas' speed at the largest size, and memory no larger than at the smallest."""
    for name, sizes in found.items():
        first, last = (sizes[rows] for rows in (counts[0], counts[-1]))
        yield Bar(what=f"{name}: times pandas' speed", value=last["ours"]["rate"] / last["pandas"]["rate"], least=1)
        yield Bar(what=f"{name}: MB more memory", value=last["ours"]["peak"] - first["ours"]["peak"], below=FLAT_MB)


if __name__ == "__main__":
    main()
