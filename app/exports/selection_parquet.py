"""A selection as a parquet file with the images inside, which `datasets` and the Hub's viewer show as images."""

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from app.exports.selections import (
    ProjectSelection,
    image_file_name,
    numbered_batches,
    origin_fields,
    read_image,
)
from app.exports.turns import conversation
from core.types import Hit, Sample
from storage.database import Database

CHUNK_BYTES = 1 << 20


def parquet_bytes(db: Database, chosen: ProjectSelection) -> Iterator[bytes]:
    """The parquet file in chunks, from a temporary file."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "selection.parquet"
        write_parquet(db, chosen, path)
        with path.open("rb") as file:
            while piece := file.read(CHUNK_BYTES):
                yield piece


def write_parquet(db: Database, chosen: ProjectSelection, path: Path) -> None:
    """Write the parquet file, one row group a batch of samples."""
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
        for batch in numbered_batches(db, chosen):
            rows = [_parquet_row(db, place, hit, sample) for place, hit, sample in batch]
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))


def _parquet_row(db: Database, place: int, hit: Hit, sample: Sample) -> dict[str, Any]:
    image = None
    if sample.image:
        image = {"bytes": read_image(db, sample.image)[0], "path": image_file_name(db, sample.image)}
    found = {"terms": list(hit.terms), "position": place, "image": image}
    return {"id": sample.source_id, "conversations": conversation(sample), **origin_fields(hit, sample), **found}


def _features(texts: tuple[str, ...]) -> dict[str, Any]:
    text, number = {"dtype": "string", "_type": "Value"}, {"dtype": "float64", "_type": "Value"}
    turns = [{"from": text, "value": text}]
    return {
        **dict.fromkeys(texts, text), "conversations": turns, "image": {"_type": "Image"}, "score": number,
        "terms": {"feature": text, "_type": "Sequence"}, "position": {"dtype": "int64", "_type": "Value"},
    }  # fmt: skip
