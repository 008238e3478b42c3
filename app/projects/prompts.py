"""A project's prompts: the texts in use, and replacing them by its own.

Loads no model: the student's family is read from its config file, where that is on this machine.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from app.projects.lookup import find_project
from app.settings import model_path
from core.prompts.texts import DEFAULT_FAMILY, Prompt, check_prompt, prompts_in_use
from storage import store
from storage.database import Database


def project_prompts(db: Database, project: str) -> list[Prompt]:
    """The prompts in use, by name; the student's is that of its model family, unless the project has its own."""
    with db.read() as connection:
        found = find_project(connection, project)
    return list(prompts_in_use(found.settings, student_family(found.student)))


def set_prompts(db: Database, project: str, texts: Mapping[str, str | None]) -> list[Prompt]:
    """Save a project's own texts by name (None: back to the built-in one) and return the prompts in use.

    All or none: raises UserError for an unknown name, or a missing or unknown placeholder. Predictions and diagnoses
    made with other texts stay; every diagnosis has the hash of its prompts.
    """
    checked = {name: check_prompt(name, text) for name, text in texts.items() if text is not None}
    with db.write() as connection:
        found = find_project(connection, project)
        kept = {name: text for name, text in found.settings.prompts.items() if name not in texts}
        store.save_settings(connection, found.id, replace(found.settings, prompts=kept | checked))
    return project_prompts(db, project)


def student_family(model: str) -> str:
    """The ``model_type`` of the student's config, from its folder or the Hub's cache; "default" where there is none."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    folder = Path(model_path(model))
    try:
        cached = str(folder / "config.json") if folder.is_dir() else try_to_load_from_cache(model, "config.json")
        return str(json.loads(Path(cached).read_text())["model_type"]) if isinstance(cached, str) else DEFAULT_FAMILY
    except (HFValidationError, OSError, ValueError, KeyError):  # a missing folder, or an endpoint's model
        return DEFAULT_FAMILY
