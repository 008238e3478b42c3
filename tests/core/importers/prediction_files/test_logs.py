"""Logs that are one JSON object: inspect's and HELM's."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from core.errors import UserError
from core.importers import read_predictions
from core.types import Sample

KNOWN = {str(n): Sample(source_id=str(n), question=f"How many are in row {n}?", answer=str(n)) for n in range(3)}


def inspect_sample(n: int, content: Any) -> dict[str, Any]:
    return {
        "id": n, "epoch": 1, "input": [{"role": "user", "content": KNOWN[str(n)].question}], "target": str(n),
        "output": {"choices": [{"message": {"role": "assistant", "content": content}}]},
    }  # fmt: skip


SAMPLES = [
    inspect_sample(0, "I count. The answer is 7."),
    inspect_sample(1, [{"type": "reasoning", "reasoning": "Hm."}, {"type": "text", "text": "The answer is 1."}]),
    inspect_sample(2, "The answer is 9."),
]


def helm_state(n: int) -> dict[str, Any]:
    right = {"output": {"text": str(n)}, "tags": ["correct"]}
    instance = {"id": str(n), "input": {"text": KNOWN[str(n)].question}, "references": [right]}
    said = SAMPLES[n]["output"]["choices"][0]["message"]["content"]
    return {"instance": instance, "result": {"completions": [{"text": said if n != 1 else "The answer is 1."}]}}


def written(folder: Path, kind: str) -> Path:
    path = folder / f"log.{kind}"
    if kind == "eval":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("header.json", "{}")
            for n, sample in enumerate(SAMPLES):
                archive.writestr(f"samples/{n}_epoch_1.json", json.dumps(sample))
    elif kind == "json":
        path.write_text(json.dumps({"version": 2, "eval": {"task": "count"}, "samples": SAMPLES}, indent=2))
    else:
        states = [helm_state(n) for n in range(3)]
        path.write_text(json.dumps({"adapter_spec": {"method": "generation"}, "request_states": states}, indent=2))
    return path


@pytest.mark.parametrize("kind", ["json", "eval", "helm"])
def test_a_log_is_read_reply_by_reply(kind: str, tmp_path: Path) -> None:
    found = read_predictions(written(tmp_path, kind), KNOWN)
    assert found.refused == ()
    assert [(each.source_id, each.answer) for each in found.predictions] == [("0", "7"), ("1", "1"), ("2", "9")]


def test_a_sample_without_a_reply_is_refused(tmp_path: Path) -> None:
    failed = {"id": 0, "input": "How many?", "target": "0", "output": {"choices": []}, "error": {"message": "x"}}
    (tmp_path / "log.json").write_text(json.dumps({"version": 2, "eval": {}, "samples": [failed, 3]}))
    assert [each.line for each in read_predictions(tmp_path / "log.json", KNOWN).refused] == [1, 2]


def test_other_objects_are_refused_as_ever(tmp_path: Path) -> None:
    (tmp_path / "log.json").write_text('{\n "version": 2,\n "status": "error"\n}')
    with pytest.raises(UserError, match="is one JSON object"):
        read_predictions(tmp_path / "log.json", KNOWN)
