"""Store a ``SkillIndex`` as a folder of arrays, and open it memory-mapped.

Written atomically (``core.atomic_files``), but not verified against the manifest when opened, which would read every
array; the index can always be rebuilt from the support set.
"""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from core.atomic_files import write_folder
from core.retrieval.index import SkillIndex

FORMAT = 3  # raise it to have indexes of earlier versions rebuilt
TEXTS = ("labels", "vocabulary", "task_codes")
ARRAYS = tuple(each.name for each in fields(SkillIndex) if each.name not in TEXTS)


def save_index(index: SkillIndex, folder: Path) -> None:
    """Write the index to ``folder``, replacing an earlier one. Raises OSError when the disk is full."""

    def write(target: Path) -> None:
        for name in ARRAYS:
            np.save(target / f"{name}.npy", getattr(index, name))
        texts = {"format": FORMAT, **{name: getattr(index, name) for name in TEXTS}}
        (target / "texts.json").write_text(json.dumps(texts), encoding="utf-8")

    write_folder(folder, write)


def open_index(folder: Path) -> SkillIndex | None:
    """The index in ``folder`` with mapped arrays; None when there is none that this version wrote completely."""
    try:
        texts = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
        if texts.pop("format") != FORMAT:
            return None
        # np.asarray over the mapping, because slicing a memmap is slower.
        arrays: dict[str, Any] = {name: np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r")) for name in ARRAYS}
        return SkillIndex(**texts | {"labels": tuple(texts["labels"])}, **arrays)
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError):
        return None
