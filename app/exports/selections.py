"""A selection as files that other programs train on: LLaVA's JSON with images, TRL's rows, a zip of them, a manifest.

Bytes are yielded a few samples at a time, so that memory never holds all images; the caller writes or sends them.
"""

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from app.exports.turns import conversation, messages
from app.projects.lookup import find_project
from app.selections.draw import selection_or_newest
from app.selections.shortfalls import shortfalls
from core.errors import UserError
from core.types import Hit, Sample, Selection
from storage import store
from storage.database import Database
from storage.images import image_bytes, image_path
from storage.store import Project

ROWS_PER_QUERY = 32
DATASET_NAME = "switchpoint_selection"
EXTENSIONS = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "image/bmp": ".bmp",
}
# LLaMA-Factory reads this beside the rows and registers them under DATASET_NAME.
DATASET_INFO = {
    DATASET_NAME: {
        "file_name": "data.json",
        "formatting": "sharegpt",
        "columns": {"messages": "conversations", "images": "images"},
        "tags": {"role_tag": "from", "content_tag": "value", "user_tag": "human", "assistant_tag": "gpt"},
    }
}


@dataclass(frozen=True, kw_only=True)
class ProjectSelection:
    """A selection to export, with its project."""

    project: Project
    selection: Selection


def find_selection(db: Database, project: str, selection: int | None) -> ProjectSelection:
    """The project's selection of that id (default: its newest). Raises UserError where an image file is missing."""
    with db.read() as connection:
        found = find_project(connection, project)
        chosen = selection_or_newest(connection, found, selection)
        ids = [hit.sample for hit in chosen.hits]
        for start in range(0, len(ids), 1000):
            for sample in store.samples_by_id(connection, ids[start : start + 1000]).values():
                path = image_path(connection, sample.image) if sample.image else None
                if path is not None and not Path(path).is_file():
                    raise UserError(f"The image {path} is gone: put it back there, then export again.")
    return ProjectSelection(project=found, selection=chosen)


def llava_files(db: Database, chosen: ProjectSelection) -> Iterator[tuple[str, Iterator[bytes]]]:
    """The name and bytes of each file: the rows, the same for TRL, each image once, LLaMA-Factory's description, the
    manifest."""
    names: dict[str, str] = {}
    yield "data.json", _rows_json(db, chosen, names)
    yield "trl.json", _trl_json(db, chosen, names)
    for key, name in names.items():
        yield name, iter([read_image(db, key)[0]])
    yield "dataset_info.json", iter([json_bytes(DATASET_INFO)])
    yield "manifest.json", iter([json_bytes(manifest(db, chosen))])


def zip_bytes(db: Database, chosen: ProjectSelection) -> Iterator[bytes]:
    """A zip of ``llava_files``, image by image; images are stored uncompressed, as they are compressed already."""
    sink = _ByteSink()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, pieces in llava_files(db, chosen):
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED if name.endswith(".json") else zipfile.ZIP_STORED
            with archive.open(entry, "w", force_zip64=True) as file:
                for piece in pieces:
                    file.write(piece)
                    yield sink.drain()
            yield sink.drain()
    yield sink.drain()


def manifest(db: Database, chosen: ProjectSelection) -> dict[str, Any]:
    """Everything that determined the selection: settings, skills, rulings, leaks, make-up, and each sample's hash."""
    made = asdict(chosen.selection)
    del made["hits"], made["project"]
    project, leaks, account = chosen.project, chosen.selection.leaks, chosen.selection.make_up
    with db.read() as connection:
        round_ = store.round_of(connection, chosen.selection.round)
        known = store.samples_by_id(connection, {key for leak in leaks for key in (leak.sample, leak.measured)})
        roles = store.sample_roles(connection, [leak.measured for leak in leaks])
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
        "round": round_.number,
        "shortfalls": [said for share in (account.skills if account else ()) for said in shortfalls(share)],
        "hits": [
            {"position": place, "sample": sample.source_id, "support_id": hit.sample, "image": sample.image,
             "skill": hit.skill, "score": hit.score, "terms": hit.terms, "skill_label": sample.skill_label,
             "task": sample.task}
            for batch in numbered_batches(db, chosen) for place, hit, sample in batch
        ],
    }  # fmt: skip


def json_bytes(value: Any) -> bytes:
    """Indented UTF-8 JSON."""
    return json.dumps(value, ensure_ascii=False, indent=1).encode("utf-8", "replace")


def _rows_json(db: Database, chosen: ProjectSelection, names: dict[str, str]) -> Iterator[bytes]:
    """The rows; adds the file name of each image to ``names``."""
    before = b"[\n"
    for batch in numbered_batches(db, chosen):
        for _, hit, sample in batch:
            if sample.image and sample.image not in names:
                names[sample.image] = f"images/{image_file_name(db, sample.image)}"
            yield before + json_bytes(_row(hit, sample, names.get(sample.image or "")))
            before = b",\n"
    yield b"\n]\n"


def _trl_json(db: Database, chosen: ProjectSelection, names: dict[str, str]) -> Iterator[bytes]:
    """The rows as TRL documents them; all have the same two columns, because datasets reads them as one table."""
    before = b"[\n"
    for batch in numbered_batches(db, chosen):
        for _, _, sample in batch:
            shown = [names[sample.image]] if sample.image else []
            yield before + json_bytes({"messages": messages(sample), "images": shown})
            before = b",\n"
    yield b"\n]\n"


def _row(hit: Hit, sample: Sample, image: str | None) -> dict[str, Any]:
    """``image`` is for LLaVA and Vision-Flan, ``images`` for LLaMA-Factory; both are paths relative to the rows."""
    shown = {"image": image, "images": [image]} if image else {"images": []}
    return {"id": sample.source_id, **shown, "conversations": conversation(sample), **origin_fields(hit, sample)}


def origin_fields(hit: Hit, sample: Sample) -> dict[str, Any]:
    """The sample's task, category and skill label, and the skill and score that it was selected for."""
    return {
        "task_name": sample.task, "category": sample.category, "skill_label": sample.skill_label,
        "for_skill": hit.skill, "score": hit.score,
    }  # fmt: skip


def numbered_batches(db: Database, chosen: ProjectSelection) -> Iterator[list[tuple[int, Hit, Sample]]]:
    """(number from 1, hit, sample) in the selection's order, ``ROWS_PER_QUERY`` at a time."""
    hits = chosen.selection.hits
    for start in range(0, len(hits), ROWS_PER_QUERY):
        part = hits[start : start + ROWS_PER_QUERY]
        with db.read() as connection:
            samples = store.samples_by_id(connection, [hit.sample for hit in part])
        yield [(place, hit, samples[hit.sample]) for place, hit in enumerate(part, start + 1)]


def read_image(db: Database, key: str) -> tuple[bytes, str]:
    """An image's bytes and media type."""
    with db.read() as connection:
        return image_bytes(connection, key)


def image_file_name(db: Database, key: str) -> str:
    """The image's key with the suffix of its media type; an image in a file keeps the file's suffix."""
    with db.read() as connection:
        path = image_path(connection, key)
        ending = Path(path).suffix.lower() if path else EXTENSIONS.get(image_bytes(connection, key)[1], "")
    return key.removeprefix("file:") + ending


class _ByteSink(io.RawIOBase):
    """A write-only file that cannot seek; ``drain`` returns what was written."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        """Always true."""
        return True

    def write(self, data: Any) -> int:
        """Keep the bytes until they are drained."""
        self._parts.append(bytes(data))
        return len(data)

    def drain(self) -> bytes:
        """What was written since the last call."""
        parts, self._parts = self._parts, []
        return b"".join(parts)
