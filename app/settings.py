"""The settings of the app, from ``SWITCHPOINT_*`` environment variables or the command line."""

import getpass
import os
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from core.errors import FolderError

PACKAGE_ROOT = Path(__file__).resolve().parent.parent

EngineName = Literal["local", "ray"]
ENGINE_NAMES: tuple[str, ...] = get_args(EngineName)


class AppSettings(BaseSettings):
    """``SWITCHPOINT_DATA=/big/disk switchpoint serve`` sets ``data``; every field works the same way.

    - ``idle_minutes``: how long a worker started by the app waits for another job before it ends.
    - ``roots``: the folders from which the page reads files (the command line reads any), separated as in PATH; the
      data directory is always one of them.
    - ``names``: further host names under which the page answers, separated by commas.
    - ``processes``: the number of processes of a tuning run ("auto": one for each GPU).
    - ``shard``: shard a student that is larger than one GPU over these processes.
    - ``engine``: where jobs run: in the worker, or on the Ray cluster at ``ray_address`` with at most ``ray_actors``
      actors (0: one for each GPU; without a GPU one for each ``ray_cpus`` CPUs).
    """

    model_config = SettingsConfigDict(env_prefix="SWITCHPOINT_")

    data: Path = Field(default_factory=lambda: Path.home() / ".local" / "share" / "switchpoint")
    host: str = "127.0.0.1"
    port: int = 7860
    device: str = "auto"
    processes: Annotated[int, Field(ge=1)] | Literal["auto"] = "auto"
    shard: bool = False
    idle_minutes: float = 10.0
    engine: EngineName = "local"
    ray_address: str = "auto"
    ray_actors: int = Field(0, ge=0)
    ray_cpus: int = Field(4, ge=1)
    reviewer: str = Field(default_factory=getpass.getuser)
    roots: Annotated[tuple[Path, ...], NoDecode] = Field(default_factory=lambda: (Path.home(), Path.cwd()))

    names: Annotated[tuple[str, ...], NoDecode] = ()

    @field_validator("roots", mode="before")
    @classmethod
    def _split_paths(cls, given: Any) -> Any:
        return tuple(filter(None, given.split(os.pathsep))) if isinstance(given, str) else given

    @field_validator("names", mode="before")
    @classmethod
    def _split_names(cls, given: Any) -> Any:
        return tuple(given.replace(",", " ").split()) if isinstance(given, str) else given


def logs_folder(data: Path) -> Path:
    """The folder of the log files, created when it is missing. Raises FolderError where it cannot be."""
    folder = data / "logs"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FolderError(
            f"The folder for logs {folder} cannot be made ({error.strerror}): free some room or set the rights of "
            f"{data}, or choose another --data."
        ) from error
    return folder


def model_path(name: str) -> str:
    """The model to load: a path inside Switchpoint ("assets/demo/student") becomes absolute, other names stay.

    Projects store the relative path, so that a moved or new checkout still finds the demo models.
    """
    inside = PACKAGE_ROOT / name
    return str(inside) if name.startswith("assets/") and inside.is_dir() else name
