"""Write the demo's data: validation and test sets (zips in LLaVA's format), support scenes, and the truth separately.

Everything is seeded. Each set uses handwriting of its own split, so that no digit is in two of them.
"""

import gzip
import io
import json
import random
import zipfile
from pathlib import Path

from PIL import Image

from assets.demo.items import draw_item, rationale, skill_label
from assets.demo.scene import render
from assets.demo.world import FAMILIES, SKILLS, TARGET_TITLES, TARGETS, WEAK, WEAK_FAMILIES, Item, operations_in

WEAK_SHARE = 0.15
WEAK_PARTS = {"sub": 0.4, "mul": 0.35, "code": 0.25}
_EPOCH = (2026, 1, 1, 0, 0, 0)  # a fixed timestamp, so that a seed gives the same bytes


def write_labelled(folder: Path, name: str, size: int, seed: int) -> None:
    """``{name}.zip`` with annotations and images, and ``truth/{name}.jsonl``; the targets alternate."""
    rng, targets, rows, truths = random.Random(seed), tuple(TARGETS), [], []
    (folder / "truth").mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(size):
            item = draw_item(targets[number % len(targets)], rng, name)
            identity = f"{name}-{number:04d}"
            choices = " ".join(f"({'abcd'[i]}) {option}" for i, option in enumerate(item.options))
            rows.append(_row(identity, item, f"{item.question}\nOptions: {choices}", item.answer))
            truths.append(
                {"id": identity, "steps": [s.text for s in item.steps], "skills": [s.skill for s in item.steps]}
            )
            _add(archive, f"images/{identity}.png", _png(item))
        _add(archive, f"{name}.json", json.dumps(rows, indent=0).encode())
    (folder / "truth" / f"{name}.jsonl").write_text("".join(json.dumps(truth) + "\n" for truth in truths))


def write_support_scenes(folder: Path, size: int, seed: int) -> None:
    """``support.jsonl.gz``: annotations with the scenes from which ``assets.demo.draw`` draws the images."""
    rng = random.Random(seed)
    strong = [name for name in FAMILIES if name not in WEAK_FAMILIES]
    shares = dict.fromkeys(strong, (1 - WEAK_SHARE) / len(strong))
    for skill in WEAK:
        using = [name for name in WEAK_FAMILIES if skill in operations_in(FAMILIES[name])]
        shares.update(dict.fromkeys(using, WEAK_SHARE * WEAK_PARTS[skill] / len(using)))
    with gzip.GzipFile(folder / "support.jsonl.gz", "wb", mtime=0) as file:
        for number, family in enumerate(rng.choices(tuple(shares), tuple(shares.values()), k=size)):
            item = draw_item(family, rng, "support")
            row = _row(f"support-{number:05d}", item, item.question, rationale(item.steps))
            row["skill_label"] = skill_label(item, rng)
            cells = [[cell.kind, cell.value, cell.colour, cell.variant] for cell in item.cells]
            row["scene"] = {"cells": cells, "seed": item.seed}
            file.write((json.dumps(row) + "\n").encode())


def write_skills(folder: Path) -> None:
    """``truth/skills.json``: the phrases that may name each gold skill."""
    (folder / "truth").mkdir(exist_ok=True)
    (folder / "truth" / "skills.json").write_text(json.dumps(SKILLS, indent=1) + "\n")


def _row(identity: str, item: Item, asked: str, reply: str) -> dict[str, object]:
    return {
        "id": identity,
        "image": f"images/{identity}.png",
        "task_name": item.family,
        "category": TARGET_TITLES.get(item.family, item.family),
        "conversations": [{"from": "human", "value": f"<image>\n{asked}"}, {"from": "gpt", "value": reply}],
    }


def _png(item: Item) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(render(item.cells, item.seed)).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, _EPOCH), data, zipfile.ZIP_DEFLATED)


def write_all(folder: Path) -> None:
    """All of the demo's data files."""
    write_labelled(folder, "validation", 1000, 31)
    write_labelled(folder, "test", 2000, 32)
    write_support_scenes(folder, 20_000, 5)
    write_skills(folder)
