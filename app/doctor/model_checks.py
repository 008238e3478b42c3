"""What ``switchpoint doctor`` says of each project's student and teacher: are they here, whole, and fit for the part.

Loads no model: a folder is judged by its files. Knows models on this machine and on the Hugging Face Hub.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from app.endpoints.metered_models import found_at
from app.settings import model_path
from core.endpoints.addresses import endpoint_at, endpoint_of
from core.errors import UserError
from core.models.files import check_folder
from storage import store
from storage.database import Database
from storage.store import Project

LFS_POINTER = b"version https://git-lfs"
TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt")
WAIT = 10.0  # seconds for the Hub to answer


def models_found(db: Database) -> Iterator[tuple[str, bool, str]]:
    """(what was looked at, whether it is fit, a sentence) for the student and the teacher of every project."""
    with db.read() as connection:
        projects = store.list_projects(connection)
    for project in projects:
        for part, name in (("student", project.student), ("teacher", project.teacher)):
            title = f"{part} of {project.name}"
            try:
                if endpoint_of(name) is None:
                    yield title, True, _found(name, is_teacher=part == "teacher")
            except UserError as error:
                yield title, False, str(error)
        for name, ok, found in found_at(db, project):
            yield f"{name} ({project.name})", ok, found


def key_variables(project: Project) -> tuple[str, ...]:
    """The names under which the keys of a project's models behind endpoints are looked for."""
    found: tuple[str, ...] = ()
    for name in (project.student, project.teacher):
        with suppress(UserError):  # which the check of that model says
            endpoint = endpoint_at(name, project.settings.endpoint)
            found += endpoint.keys if endpoint else ()
    return found


def _found(name: str, *, is_teacher: bool) -> str:
    folder = Path(model_path(name))
    if folder.is_dir():
        return _folder(folder, is_teacher=is_teacher)
    if folder.is_absolute() or name.count("/") > 1 or name.startswith("."):
        raise UserError(f"There is no folder {name}: put the model there, or make a project with one that is there.")
    return _on_the_hub(name)


def _folder(folder: Path, *, is_teacher: bool) -> str:
    config = _config(folder / "config.json")
    check_folder(str(folder))
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
    told = f"{folder}: {architecture}, {weight} of weights"
    if not is_teacher:
        return told
    if "CausalLM" not in architecture and "LMHead" not in architecture and config.get("architectures"):
        raise UserError(f"{folder} holds a {architecture}, which is no causal language model: choose one as teacher.")
    return f"{told}; log-probabilities are read from its own forward passes"


def _config(path: Path) -> dict[str, list[str]]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(
            f"{path.parent} holds no model (no config.json): name a folder saved by transformers."
        ) from error
    except ValueError as error:
        raise UserError(f"{path} is no JSON: copy or save the model there again.") from error
    return config if isinstance(config, dict) else {}


def _on_the_hub(name: str) -> str:
    from huggingface_hub import HfApi, try_to_load_from_cache

    try:
        if isinstance(try_to_load_from_cache(name, "config.json"), str):
            return f"{name} is in this machine's Hugging Face cache"
        HfApi().model_info(name, timeout=WAIT)
    except Exception as error:  # Which one depends on the HTTP library below; all of them mean the same here.
        raise UserError(
            f"{name!r} is no folder on this machine, not in its Hugging Face cache, and the Hub does not give it "
            f"({type(error).__name__}): check the name and the network, or name a folder."
        ) from error
    return f"{name} is on the Hugging Face Hub and is fetched when it is first used"
