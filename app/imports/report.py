"""Import requests and their reports, and which split of a file goes into which set. Knows no file and no database."""

import json
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args

from core.types import Refusal, Role, Sample

ImportKind = Literal["validation", "test", "support", "predictions"]
IMPORT_KINDS: tuple[ImportKind, ...] = get_args(ImportKind)
ImportReport = dict[str, Any]
TEST_SHARE = 0.3
MAX_REFUSED = 2000
PREVIEW_SIZE = 5


@dataclass(frozen=True, kw_only=True)
class ImportRequest:
    """An import to make. ``path`` is a file, a folder, or "hf:owner/name[:split]".

    ``images`` is a folder or zip for files that only name their images; ``name`` names a support set (default: the
    file's stem), ``project`` may stay "" for one. ``format`` and ``mapping`` override what is found in the file (see
    ``core.importers.open_samples``). ``test_share`` of a validation file without splits is held out as the test set
    where there is none, drawn by ``seed``. ``copy_images`` brings a support set's images into the database; otherwise
    they stay in their folder. ``encoding`` is that of a text file, "" for the detected one.
    """

    what: ImportKind
    path: str
    project: str = ""
    images: str = ""
    name: str = ""
    format: str = ""
    mapping: Mapping[str, str] = field(default_factory=dict)
    skip_refused: bool = False
    test_share: float = TEST_SHARE
    seed: int = 0
    copy_images: bool = False
    encoding: str = ""

    @property
    def set_name(self) -> str:
        """The name of the support set."""
        return self.name.strip() or Path(self.path.rpartition(":")[2]).name.split(".")[0]

    @property
    def source(self) -> str:
        """The identity of an import that can be continued: all options that decide which rows are read, and the state
        of the file. Raises OSError where the file is unavailable.
        """
        asked = self._asked
        if not self.path.startswith("hf:"):
            found = os.stat(self.path)
            asked |= {"size": found.st_size, "written": found.st_mtime_ns}
        return json.dumps(asked, sort_keys=True)

    def may_continue(self, source: str) -> bool:
        """Whether an import of that ``source`` had the same options, whatever the state of the file."""
        known: dict[str, Any] = json.loads(source)
        return self._asked.items() <= known.items()

    @property
    def _asked(self) -> dict[str, Any]:
        asked = asdict(self) | {"path": os.path.abspath(self.path)}
        return asked if self.encoding else {name: asked[name] for name in asked if name != "encoding"}


@dataclass(kw_only=True)
class Findings:
    """The content of a file, counted while it is read; ``report`` is its JSON form.

    ``refused`` holds the first MAX_REFUSED refused rows, ``refused_rows`` counts all: ``images_missing`` because of
    their image, ``duplicates`` of an id in the file, and ``conflicts`` with a sample of that id in the set. ``splits``
    counts the rows of each split, ``new`` those of them that the set does not have. ``accepted`` rows are new and
    wanted, ``held_out`` of these go to the test set; ``left_out`` are of other splits. ``examples`` are predictions and
    how they are read, ``preview`` samples.
    """

    format: str = ""
    container: str = ""
    columns: list[str] = field(default_factory=list)
    mapping: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    found: int = 0
    accepted: int = 0
    held_out: int = 0
    already_present: int = 0
    left_out: int = 0
    refused: list[dict[str, Any]] = field(default_factory=list)
    refused_rows: int = 0
    images_missing: int = 0
    duplicates: int = 0
    conflicts: int = 0
    splits: dict[str, int] = field(default_factory=dict)
    new: Counter[str] = field(default_factory=Counter)
    preview: list[dict[str, Any]] = field(default_factory=list)
    examples: list[dict[str, Any]] = field(default_factory=list)

    def refuse(self, refusal: Refusal, *, duplicate: bool = False, conflict: bool = False) -> None:
        """Count a refused row, and store it up to the limit."""
        self.refused_rows += 1
        self.images_missing += refusal.field == "image"
        self.duplicates += duplicate
        self.conflicts += conflict
        if len(self.refused) < MAX_REFUSED:
            self.refused.append(asdict(refusal))

    def add_preview(self, sample: Sample, split: str) -> None:
        """Add a sample to the preview, up to its size."""
        if len(self.preview) < PREVIEW_SIZE:
            shown = asdict(sample) | {"split": split}
            self.preview.append({name: list(each) if isinstance(each, tuple) else each for name, each in shown.items()})

    def report(self) -> ImportReport:
        """All findings as JSON values."""
        return {part.name: getattr(self, part.name) for part in fields(self) if part.name != "new"}

    def sentence(self) -> str:
        """Why nothing of a file with refused rows was imported, and what to do."""
        first = self.refused[0]
        return (
            f"Nothing was imported: {self.refused_rows:,} of {self.found:,} rows are refused, the first at "
            f"{first['file']}:{first['line']} ({first['field']}: {first['reason']}) Mend them, or leave them out with "
            "--skip-refused."
        )


def sets_by_split(role: Role, splits: Mapping[str, int] | Counter[str]) -> dict[str, Role | None]:
    """The set that the rows of each split go to (None: left out), for a file with these splits.

    Without splits every row goes to the requested set. A validation file also fills the test set from its test split;
    its training rows are used only where it has no validation split. A test or support set takes the rows of its own
    split where the file has one, else all rows.
    """
    own = {"validation": "validation", "test": "test", "support": "train"}[role]
    if role == "validation" and "validation" not in splits and set(splits) - {"test", ""}:
        own = "train"
    if own not in splits:
        return {split: "test" if role == "validation" and split == "test" else role for split in splits}
    rest: dict[str, Role | None] = {"test": "test"} if role == "validation" else {}
    return {split: role if split in (own, "") else rest.get(split) for split in splits}
