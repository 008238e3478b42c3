"""Files of every format as users have them, then changed: rows, fields, values, bytes, encodings and containers.

Each recipe gives one ``Given``; ``RECIPES`` has one for each line of the table.
"""

import csv
import decimal
import gzip
import io
import json
import tempfile
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import datasets
import pyarrow
from hypothesis import strategies as st
from pyarrow import parquet

from app.imports.report import ImportKind
from tests.fuzz.oddities import PICTURES, PNG, as_base64, damaged, encoded, encodings, values
from tests.fuzz.world import Given

Rows = list[dict[str, Any]]


def llava() -> Rows:
    ask = "<image>\nWhich is it?\nOptions: (a) yes (b) no"
    turns = [{"from": "human", "value": ask}, {"from": "gpt", "value": "no"}]
    free = [{"from": "human", "value": "What is it?"}, {"from": "gpt", "value": "a cup"}]
    return [
        {"id": "1", "image": "one.png", "category": "a", "conversations": turns},
        {"id": 2, "task_name": "b", "conversations": free, "skill_label": "reading"},
        {"id": "3", "image": "images/one.png", "conversations": [{"from": "system", "value": "."}, *turns, *turns]},
    ]


def mmbench() -> Rows:
    row = {
        "question": "Which?",
        "hint": "h",
        "A": "yes",
        "B": "no",
        "C": "",
        "answer": "B",
        "category": "c",
        "l2-category": "l",
    }
    return [{"index": n, **row, "image": as_base64(PNG) if n == 1 else str(n - 1), "split": "dev"} for n in (1, 2, 3)]


def problems() -> Rows:
    row = {"question": "Which?", "choices": ["yes", "no"], "answer": 1, "hint": "h", "category": "c", "topic": "t"}
    row |= {"skill": "s", "lecture": "l", "solution": "because", "image": None}
    return [{**row, "split": "val"}, {**row, "split": "test", "image": "image.png"}, {**row, "split": "train"}]


def table() -> Rows:
    row = {"image": "one.png", "question": "Which?", "options": ["yes", "no"], "answer": "no", "category": "c"}
    return [{"id": f"r{n}", **row, "task": "t", "hint": "", "split": ""} for n in range(4)]


def predicted() -> Rows:
    return [
        {"id": "q1", "rationale": "Step 1: one. Step 2: two. The answer is 5.", "prediction": "C", "mistake_step": 2},
        {"id": "q2", "steps": ["It is.", "So yes.", "The answer is no."], "prediction": "no"},
        {"id": "free", "rationale": "9 plus 7 equals 16.", "prediction": 16},
    ]


def mistakes() -> Rows:
    ask = "Which is red?\nOptions:\n(A) the cup {0}\n(B) the hat {0}"
    row = {"steps": ["The cup is red.", "So the answer is (A)."], "target": "(A)", "answer": "(B)", "mistake_index": 0}
    return [{"input": ask.format(n), **row} for n in range(3)]


@st.composite
def changed(draw: st.DrawFn, rows: Rows) -> list[Any]:
    """Some rows with other values, fields removed or added, repeated rows, and values that are not rows."""
    found: list[Any] = [dict(row) for row in rows]
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(found) - 1))
        row = found[at]
        match draw(st.sampled_from(("value", "value", "value", "inner", "gone", "more", "twice", "none"))):
            case "value" if isinstance(row, dict) and row:
                found[at] = {**row, draw(st.sampled_from(sorted(row, key=str))): draw(values)}
            case "inner" if (
                isinstance(row, dict) and isinstance(row.get("conversations"), list) and row["conversations"]
            ):
                turns = list(row["conversations"])
                turns[draw(st.integers(0, len(turns) - 1))] = draw(
                    st.fixed_dictionaries(
                        {"from": st.sampled_from(("human", "gpt", "x", "")) | values, "value": values}
                    )
                )
                found[at] = {**row, "conversations": turns}
            case "gone" if isinstance(row, dict) and row:
                gone = draw(st.sampled_from(sorted(row, key=str)))
                found[at] = {name: value for name, value in row.items() if name != gone}
            case "more" if isinstance(row, dict):
                found[at] = {
                    **row,
                    draw(st.sampled_from(("", "\0", "x\x1b[31m", "ID", "id ", "\ud800", "answers", "path"))): draw(
                        values
                    ),
                }
            case "twice":
                found.insert(draw(st.integers(0, len(found))), row)
            case "none":
                found[at] = draw(values)
    return found


def in_json(rows: list[Any], *, lines: bool) -> str:
    return "\n".join(map(json.dumps, rows)) + "\n" if lines else json.dumps(rows, indent=1)


def in_cells(rows: list[Any], delimiter: str) -> str:
    names = list(dict.fromkeys(name for row in rows if isinstance(row, dict) for name in row)) or ["a"]
    written = io.StringIO()
    writer = csv.writer(written, delimiter=delimiter, lineterminator="\n", escapechar="\\")
    writer.writerow(names)
    for row in rows:
        cells = [row.get(name, "") for name in names] if isinstance(row, dict) else [row]
        writer.writerow([json.dumps(each) if isinstance(each, list | dict) else each for each in cells])
    return written.getvalue()


@st.composite
def as_bytes(draw: st.DrawFn, text: str) -> bytes:
    """The text in some encoding, sometimes damaged."""
    content = encoded(text, draw(encodings))
    return draw(damaged(content)) if draw(st.integers(0, 2)) == 0 else content


sets = st.sampled_from(("validation", "validation", "test", "support"))
FORCED = st.sampled_from(
    ({},) * 12
    + tuple({"format": each} for each in ("llava", "mmbench", "scienceqa", "csv", "tsv", "jsonl", "parquet", "dataset"))
)


@st.composite
def texts(
    draw: st.DrawFn, kind: str, made: Callable[[], Rows], delimiter: str = "", what: ImportKind | None = None
) -> Given:
    rows = draw(changed(made()))
    name = (
        f"set.{(delimiter and ('tsv' if delimiter == chr(9) else 'csv')) or draw(st.sampled_from(('json', 'jsonl')))}"
    )
    text = in_cells(rows, delimiter) if delimiter else in_json(rows, lines=name.endswith("l"))
    more = draw(FORCED) if what is None else {}
    return Given(kind=kind, files={name: draw(as_bytes(text))}, path=name, what=what or draw(sets), more=more)


@st.composite
def sciences(draw: st.DrawFn) -> Given:
    rows = draw(changed(problems()))
    keys = st.sampled_from(("1", "2", "3", "4", "", " ", "\ud800", "\0", "../x", "x" * 300, "a\x1b[31m"))
    named = {draw(keys) if draw(st.booleans()) else str(at): row for at, row in enumerate(rows, 1)}
    splits = draw(st.just({"val": ["1"], "test": ["2"], "train": [3]}) | values)
    files = {"problems.json": draw(as_bytes(json.dumps(named))), "val/2/image.png": PNG, "2/image.png": PNG}
    if draw(st.booleans()):
        files["pid_splits.json"] = draw(as_bytes(json.dumps(splits)))
    return Given(kind="ScienceQA", files=files, path="", what=draw(sets))


def in_parquet(arrays: dict[str, Any], **more: Any) -> bytes:
    content = io.BytesIO()
    parquet.write_table(pyarrow.table(list(arrays.values()), names=list(arrays)), content, **more)
    return content.getvalue()


def odd_columns() -> list[Any]:
    """Arrays of three cells, of types that are rare in tables of samples."""
    now = datetime(2026, 1, 2, tzinfo=UTC)
    text = pyarrow.array(["yes", "no", "yes"])
    bad = pyarrow.array([b"\xff\xfe", b"ok", b"\xc3"], pyarrow.binary())
    return [
        text, text.dictionary_encode(), pyarrow.array([b"yes", b"no", None]), pyarrow.array([1, 2, None]), bad,
        pyarrow.Array.from_buffers(pyarrow.string(), 3, bad.buffers()),
        pyarrow.array([decimal.Decimal("1.50"), None, decimal.Decimal("2")], pyarrow.decimal128(20, 2)),
        pyarrow.array([now, None, now], pyarrow.timestamp("ns", "UTC")), pyarrow.array([1, 2**62, -(2**62)],
        pyarrow.timestamp("ns")),
        pyarrow.array([2**62, 0, 1], pyarrow.timestamp("us")), pyarrow.array([2**30, 0, 1], pyarrow.date32()),
        pyarrow.array([0, 1, 2], pyarrow.timestamp("s", "No/Where")), pyarrow.array([1, 2, 3], pyarrow.duration("ns")),
        pyarrow.array([["yes", "no"], [], None]), pyarrow.array([{"a": 1}, None, {"a": 2}]), pyarrow.array([[[1]],
        None, [[2]]]),
        pyarrow.array([[("a", 1)], None, []], pyarrow.map_(pyarrow.string(), pyarrow.int64())), pyarrow.nulls(3),
        pyarrow.array([1.0, float("nan"), float("inf")]), pyarrow.array([1.0, 2.0, None], pyarrow.float16()),
        pyarrow.array([{"bytes": PNG, "path": None}, {"bytes": None, "path": "one.png"}, {"bytes": b"",
        "path": "../x"}]),
        pyarrow.array([True, None, False]), pyarrow.array(["a\0", "\x1b[31m", "\u202ex"]), pyarrow.array([0, 1, 2],
        pyarrow.time64("ns")),
    ]  # fmt: skip


@cache
def columns_of_parquet() -> tuple[dict[str, Any], tuple[Any, ...]]:
    plain = {name: pyarrow.array(values) for name, values in {
        "id": ["1", "2", "3"], "question": ["Which?"] * 3, "options": [["yes", "no"]] * 3, "answer": ["no", "yes",
        "no"],
    }.items()}  # fmt: skip
    return plain, tuple(odd_columns())


@st.composite
def parquets(draw: st.DrawFn) -> Given:
    plain, odd = columns_of_parquet()
    arrays = dict(plain)
    for _ in range(draw(st.integers(0, 2))):
        arrays[draw(st.sampled_from(("id", "question", "options", "answer", "image", "split", "\x1b[0m", "")))] = odd[
            draw(st.integers(0, len(odd) - 1))
        ]
    more = {
        "row_group_size": draw(st.sampled_from((1, 3))),
        "compression": draw(st.sampled_from(("snappy", "zstd", "none"))),
    }
    content = in_parquet(arrays, **more)
    if draw(st.integers(0, 2)) == 0:
        content = draw(damaged(content))
    return Given(kind="parquet", files={"set.parquet": content}, path="set.parquet", what=draw(sets))


@cache
def saved_set() -> dict[str, bytes]:
    """The files that save_to_disk writes."""
    rows = [{"question": f"Which of {n}?", "options": ["a", "b"], "label": n % 2} for n in range(4)]
    with tempfile.TemporaryDirectory() as folder:
        datasets.DatasetDict({"test": datasets.Dataset.from_list(rows)}).save_to_disk(folder)
        written = [each for each in Path(folder).rglob("*") if each.is_file()]
        return {str(each.relative_to(folder)): each.read_bytes() for each in written}


@st.composite
def saved_sets(draw: st.DrawFn) -> Given:
    files = dict(saved_set())
    name = draw(st.sampled_from(sorted(files)))
    if draw(st.integers(0, 5)) == 0:
        del files[name]
    else:
        files[name] = draw(damaged(files[name]))
    return Given(kind="saved data set", files=files, path="", what=draw(sets))


INNER: tuple[tuple[str, Callable[[], str]], ...] = (
    ("set.json", lambda: in_json(llava(), lines=False)),
    ("deep/set.jsonl", lambda: in_json(table(), lines=True)),
    ("set.tsv", lambda: in_cells(mmbench(), "\t")),
    ("set.csv", lambda: in_cells(table(), ",")),
)


@st.composite
def zips(draw: st.DrawFn) -> Given:
    name, text = draw(st.sampled_from(INNER))
    members = [(name, text().encode()), (f"{name.rpartition('/')[0]}/images/one.png".lstrip("/"), PNG)]
    for _ in range(draw(st.integers(0, 2))):
        odd = (
            "../one.png",
            "/one.png",
            "one.png",
            name,
            "second.json",
            "C:\\x.png",
            "a\x1b.csv",
            "x/",
            "inner.zip",
            "n" * 250 + ".json",
        )
        members.append((draw(st.sampled_from(odd)), draw(st.sampled_from((PNG, b"", b"[]", text().encode())))))
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", draw(st.sampled_from((0, 8, 12, 14)))) as archive:
        for member, content in members:
            info = zipfile.ZipInfo(member)
            info.compress_type = archive.compression
            is_link = draw(st.integers(0, 9)) == 0
            info.external_attr = 0o120777 << 16 if is_link else 0o644 << 16
            if member in archive.NameToInfo:
                del archive.NameToInfo[member]  # zipfile warns about a second one
            archive.writestr(info, b"../../etc/passwd" if is_link else content)
    content = written.getvalue()
    if draw(st.booleans()):
        content = draw(damaged(content))
    if draw(st.integers(0, 9)) == 0:
        content = content.replace(b"PK\x01\x02\x14\x03\x14\0\0", b"PK\x01\x02\x14\x03\x14\0\1")  # marked as encrypted
    return Given(kind="zip", files={"set.zip": content}, path="set.zip", what=draw(sets))


@st.composite
def gzips(draw: st.DrawFn) -> Given:
    name, text = draw(st.sampled_from(INNER))
    content = gzip.compress(draw(as_bytes(text())), mtime=0)
    match draw(st.sampled_from(("whole", "damaged", "twice", "rubbish", "nested"))):
        case "damaged":
            content = draw(damaged(content))
        case "twice":
            content += content
        case "rubbish":
            content += b"rubbish"
        case "nested":
            content = gzip.compress(content, mtime=0)
    name = f"{Path(name).name}.gz"
    return Given(kind="gzip", files={name: content}, path=name, what=draw(sets))


@st.composite
def pictures(draw: st.DrawFn) -> Given:
    name = draw(st.sampled_from(sorted(PICTURES)))
    content = PICTURES[name][0]
    if draw(st.booleans()):
        content = draw(damaged(content))
    row = {"id": "1", "question": "Which?", "answer": "no"}
    if draw(st.booleans()):
        held = in_parquet(
            {key: pyarrow.array([value]) for key, value in {**row, "image": {"bytes": content, "path": "x"}}.items()}
        )
        return Given(kind="images", files={"set.parquet": held}, path="set.parquet", what=draw(sets))
    files = {"set.jsonl": json.dumps({**row, "image": "odd.png"}).encode(), "odd.png": content}
    more = {"copy_images": draw(st.booleans())}
    return Given(kind="images", files=files, path="set.jsonl", what=draw(sets), more=more)


RECIPES: dict[str, st.SearchStrategy[Given]] = {
    "LLaVA": texts("LLaVA", llava),
    "MMBench": texts("MMBench", mmbench, "\t"),
    "ScienceQA": sciences(),
    "CSV": texts("CSV", table, ","),
    "TSV": texts("TSV", table, "\t"),
    "JSON rows": texts("JSON rows", table),
    "parquet": parquets(),
    "saved data set": saved_sets(),
    "predictions": texts("predictions", predicted, what="predictions"),
    "predictions in a table": texts("predictions in a table", predicted, ",", what="predictions"),
    "BIG-Bench Mistake": texts("BIG-Bench Mistake", mistakes, what="predictions"),
    "zip": zips(),
    "gzip": gzips(),
    "images": pictures(),
}
