"""Golden files of every format, good and bad, each with the report that its import must give.

``NAME.report.json`` says how ``NAME`` is imported ("as", "given") and what must result. The texts were written by hand;
images are added here, so that no binary file is needed.
"""

import base64
import gzip
import json
import shutil
import zipfile
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import pytest

from core.errors import UserError
from core.importers import open_samples, read_predictions
from core.types import Refusal, Sample

GOLDEN = Path(__file__).with_name("golden")
CASES = sorted(path.name.removesuffix(".report.json") for path in GOLDEN.glob("*.report.json"))
IMAGE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEElEQVR4nGP4z8AARAwQCgAf7gP9i18U1AAAAABJRU5ErkJggg=="
)
IMAGES = ("one.png", "scienceqa/val/2/image.png", "scienceqa/images/5/image.png")
KNOWN = {
    "q1": Sample(source_id="q1", question="How many?", options=("3", "4", "5"), answer="4"),
    "q2": Sample(source_id="q2", question="Is it?", options=("yes", "no"), answer="no"),
    "q2b": Sample(source_id="q2b", question="Is it not?", options=("yes", "no"), answer="no"),
    "free": Sample(source_id="free", question="What sum?", answer="16"),
}


def expected(case: str) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((GOLDEN / f"{case}.report.json").read_text())
    return report


def copied(folder: Path) -> Path:
    """The golden files, with the images that some of them name."""
    shutil.copytree(GOLDEN, folder, dirs_exist_ok=True)
    for name in IMAGES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(IMAGE)
    return folder


def told(noun: Any) -> dict[str, Any]:
    """The non-empty fields of a dataclass as JSON has them."""
    default = {each.name: each.default for each in fields(noun)}
    kept = {name: value for name, value in asdict(noun).items() if value != default[name]}
    return json.loads(json.dumps(kept))  # type: ignore[no-any-return]


def report_of(path: Path, read_as: str, given: dict[str, Any]) -> dict[str, Any]:
    """The result of importing a file in JSON's types; images by the first letters of their hash."""
    try:
        return predictions_of(path, given) if read_as == "predictions" else samples_of(path, read_as, given)
    except UserError as error:
        return {"error": str(error)}


def samples_of(path: Path, role: Any, given: dict[str, Any]) -> dict[str, Any]:
    with open_samples(path, role=role, **given) as file:
        items = list(file.items)
        read = [item for item in items if not isinstance(item, Refusal)]
        for item in read:
            if item.sample.image:
                image = file.image(item.sample.image)
                assert (image.width, image.height, image.mime, image.hash) == (2, 2, "image/png", item.sample.image)
        samples = [{"line": item.line, "split": item.split} | told(item.sample) for item in read]
        return {
            "format": f"{file.format}, {file.container}",
            "mapping": dict(file.mapping),
            "notes": list(file.notes),
            "samples": [each | ({"image": each["image"][:8]} if "image" in each else {}) for each in samples],
            "refused": [f"{each.line} {each.field}: {each.reason}" for each in items if isinstance(each, Refusal)],
        }


def predictions_of(path: Path, given: dict[str, Any]) -> dict[str, Any]:
    read = read_predictions(path, KNOWN, **given)
    return {
        "format": read.format,
        "mapping": dict(read.mapping),
        "notes": list(read.notes),
        "samples": [told(each) for each in read.samples],
        "predictions": [told(each) for each in read.predictions],
        "refused": [f"{each.line} {each.field}: {each.reason}" for each in read.refused],
        "duplicates": read.duplicates,
    }


@pytest.mark.parametrize("case", CASES)
def test_a_golden_file_is_imported_as_its_report_says(case: str, tmp_path: Path) -> None:
    report = expected(case)
    found = report_of(copied(tmp_path) / case, report["as"], report["given"])
    assert found == {name: value for name, value in report.items() if name not in ("as", "given")}


def test_every_golden_file_has_a_report() -> None:
    held = {path.name for path in GOLDEN.iterdir() if not path.name.endswith(".report.json")}
    assert held == set(CASES)


@pytest.mark.parametrize("case", [case for case in CASES if (GOLDEN / case).is_file()])
def test_a_file_reads_the_same_gzipped_without_its_name_and_in_a_zip_named_otherwise(case: str, tmp_path: Path) -> None:
    report = expected(case)
    folder = copied(tmp_path / "plain")
    plain = report_of(folder / case, report["as"], report["given"])
    name = case.replace(".tsv", ".csv")
    (folder / name).write_bytes(gzip.compress((GOLDEN / case).read_bytes()))
    assert told_of_rows(report_of(folder / name, report["as"], report["given"])) == told_of_rows(plain)
    packed = tmp_path / "set.json"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(f"deep/{case}", (GOLDEN / case).read_bytes())
        archive.writestr("deep/one.png", IMAGE)
    assert told_of_rows(report_of(packed, report["as"], report["given"])) == told_of_rows(plain)


def told_of_rows(report: dict[str, Any]) -> dict[str, Any]:
    """The report without the name of its container; an error only as such."""
    if "error" in report:
        return {"error": True}
    return {name: value for name, value in report.items() if name != "format"}
