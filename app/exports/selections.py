"""A selection as files that other programs train on: LLaVA's JSON with images, parquet, and a manifest of how it came.

Bytes come a few samples at a time, so that a hundred thousand photos pass through and are never held. Reads rows and
images; where the bytes go (a folder, a download) is the caller's business.
"""

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from app.projects.lookup import find_project
from app.selections.draw import newest_selection
from app.selections.shortfalls import shortfalls
from core.errors import UserError
from core.types import Hit, Sample, Selection
from storage import store
from storage.database import Database
from storage.images import image_bytes, image_path
from storage.store import Project

AT_ONCE = 32
CHUNK = 1 << 20
NAME = "switchpoint_selection"
EXTENSIONS = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "image/bmp": ".bmp",
}
# What LLaMA-Factory reads beside the rows, to know them by NAME.
DATASET_INFO = {
    NAME: {
        "file_name": "data.json",
        "formatting": "sharegpt",
        "columns": {"messages": "conversations", "images": "images"},
        "tags": {"role_tag": "from", "content_tag": "value", "user_tag": "human", "assistant_tag": "gpt"},
    }
}


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A selection to write, with the project that it is of."""

    project: Project
    selection: Selection


def chosen_selection(db: Database, project: str, selection: int | None) -> Chosen:
    """The project's selection of that id (default: its newest); UserError where a file of its images is gone."""
    with db.read() as connection:
        found = find_project(connection, project)
        chosen = newest_selection(connection, found, selection)
        ids = [hit.sample for hit in chosen.hits]
        for start in range(0, len(ids), 1000):
            for sample in store.samples_by_id(connection, ids[start : start + 1000]).values():
                path = image_path(connection, sample.image) if sample.image else None
                if path is not None and not Path(path).is_file():
                    raise UserError(f"The image {path} is gone: put it back there, then export again.")
    return Chosen(project=found, selection=chosen)


def llava_files(db: Database, chosen: Chosen) -> Iterator[tuple[str, Iterator[bytes]]]:
    """The names and bytes of the files: rows, images once each, LLaMA-Factory's description of them, the manifest."""
    names: dict[str, str] = {}
    yield "data.json", _rows_json(db, chosen, names)
    for key, name in names.items():
        yield name, iter([_image(db, key)[0]])
    yield "dataset_info.json", iter([json_bytes(DATASET_INFO)])
    yield "manifest.json", iter([json_bytes(manifest(db, chosen))])


def zip_bytes(db: Database, chosen: Chosen) -> Iterator[bytes]:
    """A zip of ``llava_files`` as it is made, image by image; images are stored as they are, they do not shrink."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, pieces in llava_files(db, chosen):
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED if name.endswith(".json") else zipfile.ZIP_STORED
            with archive.open(entry, "w", force_zip64=True) as file:
                for piece in pieces:
                    file.write(piece)
                    yield sink.taken()
            yield sink.taken()
    yield sink.taken()


def parquet_bytes(db: Database, chosen: Chosen) -> Iterator[bytes]:
    """A parquet file with the images inside, which `datasets` shows as images; it lies on disk while it is sent."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "selection.parquet"
        write_parquet(db, chosen, path)
        with path.open("rb") as file:
            while piece := file.read(CHUNK):
                yield piece


def write_parquet(db: Database, chosen: Chosen, path: Path) -> None:
    """Write the parquet file, a row group for every few samples."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    turn = pa.struct([("from", pa.string()), ("value", pa.string())])
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    texts = ("id", "task_name", "category", "skill_label", "for_skill")
    schema = pa.schema(
        [
            *((name, pa.string()) for name in texts), ("conversations", pa.list_(turn)), ("image", image),
            ("score", pa.float64()), ("terms", pa.list_(pa.string())), ("position", pa.int64()),
        ],
        metadata={"huggingface": json.dumps({"info": {"features": _features(texts)}})},
    )  # fmt: skip
    with pq.ParquetWriter(path, schema) as writer:
        for batch in _batches(db, chosen):
            rows = [_parquet_row(db, place, hit, sample) for place, hit, sample in batch]
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))


def manifest(db: Database, chosen: Chosen) -> dict[str, Any]:
    """Everything that made the selection: settings, skills, rulings, leaks, make-up, and each sample with its hash."""
    made = asdict(chosen.selection)
    del made["hits"], made["project"]
    project, leaks, account = chosen.project, chosen.selection.leaks, chosen.selection.make_up
    with db.read() as connection:
        at = store.round_of(connection, chosen.selection.round)
        known = store.samples_by_id(connection, {key for leak in leaks for key in (leak.sample, leak.measured)})
        roles = store.roles_of(connection, [leak.measured for leak in leaks])
    made["leaks"] = [
        {"sample": known[leak.sample].source_id, "why": leak.why, "key": leak.key,
         "measured": known[leak.measured].source_id, "set": roles[leak.measured]}
        for leak in leaks
    ]  # fmt: skip
    return {
        "format": "switchpoint selection 1",
        "project": project.name,
        "student": project.student,
        "teacher": project.teacher,
        "settings": asdict(project.settings),
        "samples": len(chosen.selection.hits),
        **made,
        "round": at.number,
        "shortfalls": [said for share in (account.skills if account else ()) for said in shortfalls(share)],
        "hits": [
            {"position": place, "sample": sample.source_id, "support_id": hit.sample, "image": sample.image,
             "skill": hit.skill, "score": hit.score, "terms": hit.terms, "skill_label": sample.skill_label,
             "task": sample.task}
            for batch in _batches(db, chosen) for place, hit, sample in batch
        ],
    }  # fmt: skip


def json_bytes(value: Any) -> bytes:
    """JSON as it is written to files: readable, UTF-8."""
    return json.dumps(value, ensure_ascii=False, indent=1).encode("utf-8", "replace")


def _rows_json(db: Database, chosen: Chosen, names: dict[str, str]) -> Iterator[bytes]:
    """The rows; ``names`` fills with the file name of each image on the way."""
    before = b"[\n"
    for batch in _batches(db, chosen):
        for _, hit, sample in batch:
            if sample.image and sample.image not in names:
                names[sample.image] = f"images/{_file_name(db, sample.image)}"
            yield before + json_bytes(_row(hit, sample, names.get(sample.image or "")))
            before = b",\n"
    yield b"\n]\n"


def _row(hit: Hit, sample: Sample, image: str | None) -> dict[str, Any]:
    """``image`` is for LLaVA and Vision-Flan, ``images`` for LLaMA-Factory; both are paths beside the rows."""
    shown = {"image": image, "images": [image]} if image else {"images": []}
    return {"id": sample.source_id, **shown, "conversations": _turns(sample), **_origin(hit, sample)}


def _parquet_row(db: Database, place: int, hit: Hit, sample: Sample) -> dict[str, Any]:
    image = None
    if sample.image:
        image = {"bytes": _image(db, sample.image)[0], "path": _file_name(db, sample.image)}
    found = {"terms": list(hit.terms), "position": place, "image": image}
    return {"id": sample.source_id, "conversations": _turns(sample), **_origin(hit, sample), **found}


def _turns(sample: Sample) -> list[dict[str, str]]:
    asked = f"<image>\n{sample.question}" if sample.image else sample.question
    return [{"from": "human", "value": asked}, {"from": "gpt", "value": sample.response or sample.answer}]


def _origin(hit: Hit, sample: Sample) -> dict[str, Any]:
    return {
        "task_name": sample.task, "category": sample.category, "skill_label": sample.skill_label,
        "for_skill": hit.skill, "score": hit.score,
    }  # fmt: skip


def _batches(db: Database, chosen: Chosen) -> Iterator[list[tuple[int, Hit, Sample]]]:
    """(place, hit, sample) in the order chosen, some at a time."""
    hits = chosen.selection.hits
    for start in range(0, len(hits), AT_ONCE):
        part = hits[start : start + AT_ONCE]
        with db.read() as connection:
            samples = store.samples_by_id(connection, [hit.sample for hit in part])
        yield [(place, hit, samples[hit.sample]) for place, hit in enumerate(part, start + 1)]


def _image(db: Database, key: str) -> tuple[bytes, str]:
    with db.read() as connection:
        return image_bytes(connection, key)


def _file_name(db: Database, key: str) -> str:
    """The image's key with the ending of its kind; a file keeps its own ending, where it has one."""
    with db.read() as connection:
        path = image_path(connection, key)
        ending = Path(path).suffix.lower() if path else EXTENSIONS.get(image_bytes(connection, key)[1], "")
    return key.removeprefix("file:") + ending


def _features(texts: tuple[str, ...]) -> dict[str, Any]:
    text, number = {"dtype": "string", "_type": "Value"}, {"dtype": "float64", "_type": "Value"}
    turns = [{"from": text, "value": text}]
    return {
        **dict.fromkeys(texts, text), "conversations": turns, "image": {"_type": "Image"}, "score": number,
        "terms": {"feature": text, "_type": "Sequence"}, "position": {"dtype": "int64", "_type": "Value"},
    }  # fmt: skip


class _Sink(io.RawIOBase):
    """A file that cannot seek, whose bytes are taken as they come."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        """Whether it can be written to: always."""
        return True

    def write(self, data: Any) -> int:
        """Keep the bytes until they are taken."""
        self._parts.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        """What was written since the last time."""
        parts, self._parts = self._parts, []
        return b"".join(parts)
