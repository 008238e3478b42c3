"""A ``SkillIndex`` as a folder of arrays, opened by mapping them into memory: nothing is read before it is asked for.

The folder appears whole (``core.atomic_files``). Its arrays are not held against their hashes when it is opened, which
would read them all: it can be made anew from the support set, so whoever doubts it removes it. Knows no database.
"""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from core.atomic_files import write_folder
from core.retrieval.index import SkillIndex

FORMAT = 2  # another number makes the indexes of earlier versions be made anew
TEXTS = ("labels", "vocabulary", "task_codes")
ARRAYS = tuple(each.name for each in fields(SkillIndex) if each.name not in TEXTS)


def save_index(index: SkillIndex, folder: Path) -> None:
    """Write the index as ``folder``, in place of one that is there. Raises OSError where there is no room for it."""

    def write(target: Path) -> None:
        for name in ARRAYS:
            np.save(target / f"{name}.npy", getattr(index, name))
        texts = {"format": FORMAT, **{name: getattr(index, name) for name in TEXTS}}
        (target / "texts.json").write_text(json.dumps(texts), encoding="utf-8")

    write_folder(folder, write)


def open_index(folder: Path) -> SkillIndex | None:
    """The index in ``folder``, its arrays mapped; None where there is none that this version wrote whole."""
    try:
        texts = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
        if texts.pop("format") != FORMAT:
            return None
        # As plain arrays over the mapping: a memmap makes every slice of it slower.
        arrays: dict[str, Any] = {name: np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r")) for name in ARRAYS}
        return SkillIndex(**texts | {"labels": tuple(texts["labels"])}, **arrays)
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError):
        return None
