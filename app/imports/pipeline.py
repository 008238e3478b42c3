"""Imports files into a project: a dry run reports what is in a file, an import saves it in one transaction.

When a row is refused nothing is saved, unless the request skips refused rows. Support sets, which may be large, are
imported by ``support_set``, predictions by ``predictions``.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from app.imports.deduplication import check_path, lookup_in, open_request, read_new
from app.imports.predictions import import_predictions
from app.imports.report import TEST_SHARE, Findings, ImportKind, ImportReport, ImportRequest, sets_by_split
from app.imports.support_set import check_support, import_support
from app.progress import ProgressCallback, nothing_to_save
from app.projects.lookup import find_project
from core.errors import UserError
from core.evaluation.holdout import hold_out
from core.importers import ImageRef, ReadSample
from core.types import Role, Sample
from storage import store
from storage.database import Database


def import_file(
    db: Database,
    what: ImportKind,
    path: Path | str,
    project: str = "",
    *,
    images: Path | None = None,
    name: str = "",
    skip_refused: bool = False,
    format: str = "",
    mapping: Mapping[str, str] | None = None,
    test_share: float = TEST_SHARE,
    seed: int = 0,
    copy_images: bool = False,
    encoding: str = "",
    on_progress: ProgressCallback = lambda _: None,
) -> ImportReport:
    """Import samples or predictions like ``commit``; the options are those of ``ImportRequest``."""
    request = ImportRequest(
        what=what, path=str(path), project=project, images=str(images or ""), name=name, skip_refused=skip_refused,
        format=format, mapping=mapping or {}, test_share=test_share, seed=seed, copy_images=copy_images,
        encoding=encoding,
    )  # fmt: skip
    return commit(db, request, on_progress=on_progress)


def dry_run(db: Database, request: ImportRequest, *, on_progress: ProgressCallback = lambda _: None) -> ImportReport:
    """What ``commit`` would do, as the report of ``Findings``; nothing is written. Raises UserError like ``commit``."""
    found = Findings()
    with _explain_errors(request):
        if request.what == "predictions":
            import_predictions(db, request, found, save=False)
        elif request.what == "support":
            for advance in check_support(db, request, found):
                on_progress(advance)
        else:
            _import_set(db, request, request.what, found, save=False, on_progress=on_progress)
    return found.report()


def commit(db: Database, request: ImportRequest, *, on_progress: ProgressCallback = lambda _: None) -> ImportReport:
    """Import in one transaction (a support set becomes visible in one) and report as ``dry_run``.

    With a refused row nothing is imported (``accepted`` is 0) unless ``skip_refused``. Importing again changes
    nothing. Raises UserError when the file cannot be read.
    """
    found = Findings()
    with _explain_errors(request):
        if request.what == "predictions":
            import_predictions(db, request, found, save=True)
        elif request.what == "support":
            for advance in import_support(db, request, found, lambda: False):
                with db.write() as connection:
                    advance.save(connection)
                on_progress(advance)
        else:
            _import_set(db, request, request.what, found, save=True, on_progress=on_progress)
    return found.report()


@contextmanager
def _explain_errors(request: ImportRequest) -> Iterator[None]:
    if not 0 <= request.test_share < 1:
        raise UserError("The share held out as the test set lies from 0 to below 1: choose 0.3 for 30 %.")
    try:
        check_path(request)
        yield
    except OSError as error:
        said = error.strerror or str(error)
        where = error.filename or request.path
        raise UserError(f"{where} cannot be read ({said}): check the path and try again.") from error


def _import_set(
    db: Database, request: ImportRequest, role: Role, found: Findings, *, save: bool, on_progress: ProgressCallback
) -> None:
    """A validation or test set, whose new samples fit in memory."""
    with db.read() as connection:
        project = find_project(connection, request.project).id
        has_test = store.count_samples(connection, project=project, role="test") > 0
    new: list[ReadSample] = []
    images: dict[str, ImageRef] = {}
    with open_request(request, role) as file:
        for read in read_new(file, lookup_in(db, project, role), found):
            new += read
            on_progress(nothing_to_save(found.found, 0, f"checked {found.found:,} rows"))
            images |= {each.sample.image: file.image(each.sample.image) for each in read if each.sample.image}
        if found.refused_rows and not request.skip_refused:
            return
        sets = _split_samples(new, role, request, found, has_test)
        found.accepted, found.held_out = sum(map(len, sets.values())), len(sets["test"]) if role != "test" else 0
        if not (save and found.accepted):
            return
        with db.write() as connection:
            for place, samples in sets.items():
                used = {sample.image: images[sample.image] for sample in samples if sample.image}
                if samples:
                    store.save_samples(connection, project=project, role=place, samples=samples, images=used)


def _split_samples(
    new: list[ReadSample], role: Role, request: ImportRequest, found: Findings, has_test: bool
) -> dict[Role, list[Sample]]:
    """The new samples by set: by the file's splits, else a share of them goes to a new test set."""
    places = sets_by_split(role, found.splits)
    found.left_out = sum(found.splits[split] for split, place in places.items() if place is None)
    sets: dict[Role, list[Sample]] = {"validation": [], "test": []}
    for each in new:
        if (place := places[each.split]) is not None:
            sets[place].append(each.sample)
    if found.left_out:
        rows = ", ".join(f"{found.splits[split]:,} of “{split}”" for split, place in places.items() if place is None)
        found.notes.append(f"Rows of other splits are left out: {rows}.")
    if role != "validation" or set(found.splits) - {""} or not request.test_share or not new:
        return sets
    if has_test:
        found.notes.append("Nothing is held out: the project has a test set.")
        return sets
    pairs = [(sample.source_id, sample.category) for sample in sets["validation"]]
    held = hold_out(pairs, share=request.test_share, seed=request.seed)
    found.notes.append(
        f"{len(held):,} of {len(pairs):,} are held out as the test set, a share of each category (seed {request.seed})."
    )
    return {
        "validation": [sample for sample in sets["validation"] if sample.source_id not in held],
        "test": [sample for sample in sets["validation"] if sample.source_id in held],
    }
