"""Checks each project's student and teacher: whether they are there, complete, and of a suitable architecture.

Covers folders, the Hugging Face Hub and endpoints. Loads no model: a folder is checked by its files.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from app.endpoints.metered_models import check_endpoints
from app.settings import model_path
from core.endpoints.addresses import parse_endpoint, project_endpoint
from core.errors import UserError
from core.models.files import check_model_folder
from storage import store
from storage.database import Database
from storage.store import Project

LFS_POINTER = b"version https://git-lfs"
TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt")
HUB_TIMEOUT_SECONDS = 10.0  # seconds for the Hub to answer


def check_models(db: Database) -> Iterator[tuple[str, bool, str]]:
    """(what was checked, whether it is usable, a sentence) for the student and the teacher of every project."""
    with db.read() as connection:
        projects = store.list_projects(connection)
    for project in projects:
        for part, name in (("student", project.student), ("teacher", project.teacher)):
            title = f"{part} of {project.name}"
            try:
                if parse_endpoint(name) is None:
                    yield title, True, _check_model(name, is_teacher=part == "teacher")
            except UserError as error:
                yield title, False, str(error)
        for name, ok, found in check_endpoints(db, project):
            yield f"{name} ({project.name})", ok, found


def key_variables(project: Project) -> tuple[str, ...]:
    """The names of the variables that the keys of a project's endpoints are read from."""
    found: tuple[str, ...] = ()
    for name in (project.student, project.teacher):
        with suppress(UserError):  # reported by the check of that model
            endpoint = project_endpoint(name, project.settings.endpoint)
            found += endpoint.keys if endpoint else ()
    return found


def _check_model(name: str, *, is_teacher: bool) -> str:
    folder = Path(model_path(name))
    if folder.is_dir():
        return _check_model_folder(folder, is_teacher=is_teacher)
    if folder.is_absolute() or name.count("/") > 1 or name.startswith("."):
        raise UserError(f"There is no folder {name}: put the model there, or make a project with one that is there.")
    return _check_on_hub(name)


def _check_model_folder(folder: Path, *, is_teacher: bool) -> str:
    config = _read_config(folder / "config.json")
    check_model_folder(str(folder))
    weights = list(folder.glob("*.safetensors"))
    if not weights:
        raise UserError(f"{folder} holds no weights (*.safetensors): copy or save the whole model there again.")
    for path in weights:
        with path.open("rb") as file:
            if file.read(len(LFS_POINTER)) == LFS_POINTER:
                raise UserError(f"{path} is only a Git LFS pointer: run `git lfs pull` in its repository.")
    if not any((folder / name).is_file() for name in TOKENIZERS):
        raise UserError(f"{folder} holds no tokenizer ({', '.join(TOKENIZERS)}): save it there with the model.")
    architecture = next(iter(config.get("architectures") or ()), "a model of unknown kind")
    size = sum(path.stat().st_size for path in weights)
    weight = f"{size / 1e9:.1f} GB" if size > 1e9 else f"{size / 1e6:.1f} MB"
    summary = f"{folder}: {architecture}, {weight} of weights"
    if not is_teacher:
        return summary
    if "CausalLM" not in architecture and "LMHead" not in architecture and config.get("architectures"):
        raise UserError(f"{folder} holds a {architecture}, which is no causal language model: choose one as teacher.")
    return f"{summary}; log-probabilities are read from its own forward passes"


def _read_config(path: Path) -> dict[str, list[str]]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(
            f"{path.parent} holds no model (no config.json): name a folder saved by transformers."
        ) from error
    except ValueError as error:
        raise UserError(f"{path} is no JSON: copy or save the model there again.") from error
    return config if isinstance(config, dict) else {}


def _check_on_hub(name: str) -> str:
    from huggingface_hub import HfApi, try_to_load_from_cache

    try:
        if isinstance(try_to_load_from_cache(name, "config.json"), str):
            return f"{name} is in this machine's Hugging Face cache"
        HfApi().model_info(name, timeout=HUB_TIMEOUT_SECONDS)
    except Exception as error:  # the type depends on huggingface_hub's HTTP library; all mean the same here
        raise UserError(
            f"{name!r} is no folder on this machine, not in its Hugging Face cache, and the Hub does not give it "
            f"({type(error).__name__}): check the name and the network, or name a folder."
        ) from error
    return f"{name} is on the Hugging Face Hub and is fetched when it is first used"
