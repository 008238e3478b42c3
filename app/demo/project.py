"""The demo project: its three sets and its models."""

import tempfile
from pathlib import Path
from typing import Any

from app.imports.pipeline import import_file
from app.projects.configuration import create_project
from app.projects.status import project_status
from assets import demo as files
from assets.demo.draw import write_support
from assets.demo.settings import demo_settings
from storage import store
from storage.database import Database

PROJECT = "demo"


def init_demo(db: Database) -> dict[str, Any]:
    """Create the project "demo" with its three sets, or what is missing of it (each set is imported whole).

    Returns ``{"project", "created": whether anything was missing, "imported": {set: import report}}``.
    """
    with db.read() as connection:
        known = PROJECT in [each.name for each in store.list_projects(connection)]
    if not known:
        create_project(
            db, PROJECT, student="assets/demo/student", teacher="assets/demo/teacher", settings=demo_settings()
        )
    row = project_status(db, PROJECT)["rounds"][0]
    imported: dict[str, Any] = {}
    if not row["samples"]:
        imported["validation"] = import_file(db, "validation", files.VALIDATION, PROJECT, test_share=0)
    if not row["test_samples"]:
        imported["test"] = import_file(db, "test", files.TEST, PROJECT)
    with db.read() as connection:
        support = [each.name for each in store.support_sets(connection)]
    if files.SUPPORT_NAME not in support:
        imported["support"] = _import_support(db)
    return {"project": PROJECT, "created": not known or bool(imported), "imported": imported}


def _import_support(db: Database) -> dict[str, Any]:
    """Draw the support set's 20,000 images into a temporary folder, and import them."""
    with tempfile.TemporaryDirectory() as folder:
        drawn = write_support(Path(folder))
        return import_file(db, "support", drawn, images=Path(folder), name=files.SUPPORT_NAME, copy_images=True)
