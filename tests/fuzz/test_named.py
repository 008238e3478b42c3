"""Odd inputs by name, each through the real import and held to the same laws."""

import gzip
import io
import json
import struct
import zipfile
from typing import Any

import pyarrow
import pytest

from app.cli.terminal import _plain
from app.imports.pending_imports import Previews
from app.imports.report import ImportReport
from core.errors import UserError, single_line
from storage import store
from tests.fuzz.oddities import DEEP, NAMES, PICTURES, PNG, TEXTS
from tests.fuzz.recipes import in_parquet, odd_columns
from tests.fuzz.world import Given, World

ROW: dict[str, Any] = {"id": "1", "question": "Which?", "options": ["yes", "no"], "answer": "no"}
LINE = json.dumps(ROW | {"image": "odd.png"}).encode()


def judged(world: World, content: bytes | str, name: str = "set.jsonl", **more: Any) -> ImportReport | str:
    held = content.encode() if isinstance(content, str) else content
    return world.judge(Given(kind="by name", files={name: held}, path=name, **more))


def of_rows(world: World, *rows: Any, **more: Any) -> list[tuple[int, str]]:
    """Line and field of each refused row."""
    report = judged(world, "\n".join(map(json.dumps, rows)), **more)
    assert isinstance(report, dict), report
    assert report["accepted"] == len(rows) - report["refused_rows"]
    return [(each["line"], each["field"]) for each in report["refused"]]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (json.dumps([ROW])[:-20], "cut off"),
        (json.dumps([ROW, ROW])[:-1], "cut off"),
        ('[{"id": "1" "question": 2}]', "no valid JSON"),
        (b"\xef\xbb\xbf", "neither JSON nor a table"),
        (b"\xff\xfe", "neither JSON nor a table"),
        (b"", "empty"),
        (b"id,question,answer\n1,\x00Which?,x\n", "zero bytes"),
        (b"id,question,answer\n1,\x81\x8d,x\n", "is not UTF-8 (byte 21)"),
        (json.dumps([ROW]).encode("utf-16")[:-1], "unknown encoding"),
        ("[" * 100_000, "too many brackets"),
        ('{"a":' * 100_000, "nests brackets"),
        ("[" + "9" * 5000 + "]", "no valid JSON"),
        ("[NaN, Infinity, -Infinity]", "row"),
        ('id,question,answer\n1,"Which?,x\n', "cannot be cut into cells"),
        (gzip.compress(json.dumps([ROW]).encode(), mtime=0)[:-9], "damaged"),
        (gzip.compress(b"1\n" * 20_000_000, mtime=0), "500 times its size"),
    ],
)
def test_a_file_that_is_no_file_of_rows_says_why(world: World, content: bytes | str, says: str) -> None:
    said = judged(world, content, "set.json")
    assert says in (said if isinstance(said, str) else json.dumps(said["refused"]))


def test_a_file_with_nothing_but_a_byte_order_mark_holds_no_table(world: World) -> None:
    assert "holds no rows" in str(judged(world, b"\xef\xbb\xbf", "set.tsv", more={"format": "tsv"}))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"])
def test_texts_of_any_encoding_and_script_are_kept(world: World, encoding: str) -> None:
    question = "Où ?" if encoding == "latin-1" else "שלום, مرحبا, e\u0301, \u200fRTL, 🧑‍🚀?"
    text = json.dumps([ROW | {"question": question}], ensure_ascii=False)
    report = judged(world, text.encode(encoding), "set.json")
    assert isinstance(report, dict)
    assert [each["question"] for each in report["preview"]] == [question]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"answer": "maybe"}, "answer"),
        ({"answer": None}, "answer"),
        ({"options": ["no"]}, "options"),
        ({"options": ["no", "no"]}, "options"),
        ({"question": ""}, "question"),
        ({"question": " \n"}, "question"),
        ({"question": "a\0b"}, "question"),
        ({"question": "\ud800"}, "question"),
        ({"question": "x" * 100_001}, "question"),
        ({"id": ""}, "id"),
        ({"id": "x" * 501}, "id"),
        ({"id": "0"}, "id"),
        ({"question": DEEP}, "row"),
        ({"image": ["one.png", "one.png"]}, "image"),
        ({"image": 7}, "image"),
        ({"image": {"bytes": 7}}, "image"),
    ],
)
def test_a_row_that_cannot_be_a_sample_is_refused_with_its_line_and_field(
    world: World, change: dict[str, Any], field: str
) -> None:
    assert of_rows(world, ROW | {"id": "0"}, ROW | change, ROW | {"id": "2"}) == [(2, field)]


def test_a_hundred_options_and_numbers_out_of_the_ordinary_are_taken(world: World) -> None:
    hundred = [f"option {n}" for n in range(100)]
    rows = [ROW | {"id": 10**300}, ROW | {"id": "2", "options": hundred, "answer": "option 99"}]
    assert of_rows(world, *rows, {"id": 3, "question": "Which?", "answer": float("inf")}) == []


@pytest.mark.parametrize("name", NAMES)
def test_an_images_name_leads_to_an_image_beside_the_file_or_is_refused(world: World, name: str) -> None:
    beside = name.strip() in ("one.png", "images/one.png", "./one.png")
    refused = of_rows(world, ROW | {"image": name})
    assert refused == ([] if beside or not name.strip() else [(1, "image")])


@pytest.mark.parametrize("what", ["validation", "support"])
@pytest.mark.parametrize("text", TEXTS)
def test_an_odd_text_in_any_field_is_kept_or_refused(world: World, text: str, what: Any) -> None:
    rows = [{"id": f"r{at}", **ROW, name: text} for at, name in enumerate((*ROW, "category", "image", "hint"))]
    judged(world, "\n".join(map(json.dumps, rows)), what=what)
    rows = [{"id": 1, "rationale": text, "prediction": text}] * 2
    judged(world, "\n".join(map(json.dumps, rows)), what="predictions")


@pytest.mark.parametrize("copied", [False, True])
@pytest.mark.parametrize("what", ["validation", "support"])
@pytest.mark.parametrize("name", PICTURES)
def test_an_odd_picture_is_kept_whole_or_refused(world: World, name: str, what: Any, copied: bool) -> None:
    content, good = PICTURES[name]
    files = {"set.jsonl": LINE, "odd.png": content}
    report = world.judge(Given(kind="by name", files=files, path="set.jsonl", what=what, more={"copy_images": copied}))
    assert isinstance(report, dict)
    lazy = what == "support" and not copied
    assert [each["field"] for each in report["refused"]] == ([] if good or lazy else ["image"])


@pytest.mark.parametrize("name", PICTURES)
def test_looking_at_a_support_set_shows_its_pictures_and_stumbles_over_none(world: World, name: str) -> None:
    """Its images stay in their files and were not opened before."""
    content, good = PICTURES[name]
    files = {"set.jsonl": LINE, "odd.png": content}
    request = world.written(Given(kind="", files=files, path="set.jsonl", what="support"))
    previews = Previews(world.db)
    made = previews.begin(request, reviewer="Ada", file="set.jsonl", upload="")
    previews._running[made.id].join()
    with world.db.read() as connection:
        found = store.pending_import_of(connection, None, "Ada")
    assert found is not None
    assert found.error == ""
    assert found.report is not None
    assert bool(found.report["preview"][0]["picture"]) == good


def packed(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
            archive.NameToInfo.clear()  # zipfile warns about a second member of that name
    return written.getvalue()


def link(name: str, to: str) -> tuple[zipfile.ZipInfo, bytes]:
    info = zipfile.ZipInfo(name)
    info.external_attr = 0o120777 << 16
    return info, to.encode()


def encrypted(content: bytes) -> bytes:
    at = content.index(b"PK\x01\x02")
    return content[:6] + b"\1" + content[7 : at + 8] + b"\1" + content[at + 9 :]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (packed(("set.jsonl", LINE), link("odd.png", "/etc/passwd")), "only a link"),
        (packed(link("set.jsonl", "/etc/passwd")), "neither JSON nor a table"),
        (packed(("../set.jsonl", LINE), ("../odd.png", PNG)), ""),
        (packed(("set.jsonl", json.dumps(ROW | {"image": "../odd.png"}).encode()), ("../odd.png", PNG)), "leads out"),
        (packed(("set.jsonl", LINE), ("odd.png", b"x"), ("odd.png", PNG)), "twice, with different contents"),
        (encrypted(packed(("set.jsonl", LINE))), "a password"),
        (packed(("set.jsonl", LINE), ("odd.png", PNG))[:-30], "broken zip"),
        (packed(("set.zip", packed(("set.jsonl", LINE)))), "another archive (set.zip)"),
        (packed(("set.jsonl", LINE + b" " * 30_000_000)), "500 times its size"),
        (packed(("set.jsonl", LINE), ("odd.png", bytes(80_000_000))), "500 times its size"),
        (packed(("a\x1b[31m.jsonl", LINE + b"\n{")), "cut off"),
    ],
)
def test_a_zip_is_read_within_bounds_and_never_unpacked_beside_itself(world: World, content: bytes, says: str) -> None:
    before = set(world.files.rglob("*"))
    said = judged(world, content, "set.zip")
    assert says in (said if isinstance(said, str) else json.dumps(said["refused"]))
    assert set(world.files.rglob("*")) - before <= {world.files / "set.zip"}


def test_a_zip_of_more_members_than_a_set_has_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.importers.containers.zip_checks.MAX_MEMBERS", 100)
    content = packed(*((f"{n}.png", b"") for n in range(101)), ("set.jsonl", LINE))
    assert "holds more than 100 files" in str(judged(world, content, "set.zip"))


def test_a_zip_whose_members_lie_where_no_file_is_has_damaged_rows(world: World) -> None:
    content = packed(("set.jsonl", LINE))
    at = content.index(b"PK\x01\x02") + 42
    for offset in (2**31, 2**32 - 2, 5):
        said = judged(world, content[:at] + struct.pack("<I", offset) + content[at + 4 :], "set.zip")
        assert isinstance(said, str)
        assert "damaged" in said


@pytest.mark.parametrize("at", range(len(odd_columns())))
@pytest.mark.parametrize("column", ["id", "question", "options", "answer", "image", "split"])
def test_parquet_columns_of_any_type_are_read_or_refused(world: World, column: str, at: int) -> None:
    plain = {name: pyarrow.array([value] * 3) for name, value in ROW.items()} | {"id": pyarrow.array(["1", "2", "3"])}
    report = judged(world, in_parquet({**plain, column: odd_columns()[at]}), "set.parquet")
    assert isinstance(report, dict) or column in ("question", "answer"), report


def test_a_cell_that_python_would_read_as_a_set_is_read_in_the_order_written(world: World) -> None:
    """A set has another order in every process, so a second import would find other samples."""
    cells = ["{'b', 'a', 'c'}", "{[1]: 2}", "['\\d', 'x']", "[0x" + "f" * 5000 + "]"]
    table = "id\tquestion\tanswers\n" + "".join(f"{n}\tWhich?\t{cell}\n" for n, cell in enumerate(cells))
    report = judged(world, table, "set.tsv")
    assert isinstance(report, dict)
    assert [each["answer"] for each in report["preview"]] == ["b", cells[1], "\\d", cells[3]]


def test_rows_with_more_fields_than_any_table_has_columns_are_refused_as_a_file(world: World) -> None:
    rows = "\n".join(json.dumps(ROW | {f"{n}-{m}": 1 for m in range(300)}) for n in range(10))
    assert "more than 2,000 columns" in str(judged(world, rows))


def test_what_a_sentence_quotes_cannot_steer_a_terminal_or_fill_a_page() -> None:
    said = str(UserError("a\x1b[31m\n\u202eb\ud800" + "x" * 10_000 + "the end."))
    assert said.startswith("a\\x1b[31m \\u202eb\\ud800xxx")
    assert said.endswith("xxxthe end.")
    assert len(said) < 4_100
    assert len(single_line("\x07" * 100_000)) < 17_000


def test_square_brackets_of_a_file_are_no_markup_on_the_command_line() -> None:
    assert str(_plain("[/bold] [red]\x1b")) == "[/bold] [red]\\x1b"


def test_links_and_folders_beside_a_file_are_no_images(world: World) -> None:
    assert of_rows(world, *(ROW | {"id": name, "image": name} for name in ("link.png", "loop.png", "folder.png"))) == [
        (line, "image") for line in (1, 2, 3)
    ]


def test_a_picture_inside_a_row_of_a_support_set_is_opened_before_it_is_kept(world: World) -> None:
    """An image in a folder is only looked up; one in a row is stored in the database."""
    row = {**ROW, "image": {"bytes": PICTURES["a cut PNG"][0], "path": "x.png"}}
    held = in_parquet({name: pyarrow.array([value]) for name, value in row.items()})
    report = judged(world, held, "set.parquet", what="support")
    assert isinstance(report, dict)
    assert [each["field"] for each in report["refused"]] == ["image"]


def test_a_parquet_file_whose_columns_have_damaged_names_is_damaged(world: World) -> None:
    content = in_parquet({name: pyarrow.array([value]) for name, value in ROW.items()})
    assert "no whole parquet file" in str(judged(world, content.replace(b"question", b"\xf1uestion"), "set.parquet"))
