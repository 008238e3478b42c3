"""Which files of this machine the page may read: those below the root folders, after links are resolved.

The command line is not restricted: its user can read the files anyway.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from app.settings import PACKAGE_ROOT, AppSettings
from core.endpoints.addresses import parse_endpoint
from core.errors import UserError

_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}(:[\w.+-]{1,60})?", re.ASCII)
_MAX_LENGTH = 4000


def server_path(typed: str, roots: Sequence[Path]) -> str:
    """The resolved path of a file or folder, or "hf:owner/name" for a data set of the Hub.

    Raises UserError where nothing exists, and for a path outside of the roots (links resolved).
    """
    name = typed.strip()
    if name.startswith("hf:"):
        return name
    path = _path(name)
    if not path.exists():
        if _HUB_NAME.fullmatch(name):
            return f"hf:{name}"
        raise UserError(
            f"There is no file or folder {name[:200]}: check the path, or name a data set of the Hub as hf:owner/name."
        )
    return str(resolve_inside(path, roots))


def page_roots(data: Path) -> tuple[Path, ...]:
    """The root folders: SWITCHPOINT_ROOTS and the data directory."""
    return (*AppSettings().roots, data)


def server_folder(typed: str, roots: Sequence[Path]) -> str:
    """The resolved path of a folder. Raises UserError for an unusable path, and for one outside of the roots."""
    return str(resolve_inside(_path(typed.strip()), roots))


def server_model(typed: str, roots: Sequence[Path]) -> str:
    """A model as the page may name it: behind an endpoint, on the Hub, the demo's, or the resolved path of a folder.

    Whether the folder exists is not checked. Raises UserError for an unusable name, and for a folder outside of the
    roots.
    """
    name = typed.strip()
    if not name or parse_endpoint(name) is not None:
        return name
    assets = (PACKAGE_ROOT / "assets").resolve()
    if name.startswith("assets/") and (PACKAGE_ROOT / name).resolve().is_relative_to(assets):
        return name
    path = _path(name)
    is_path = name.startswith(("/", "~", ".")) or name.count("/") > 1 or path.exists()
    return str(resolve_inside(path, roots)) if is_path else name


def resolve_inside(path: Path, roots: Sequence[Path]) -> Path:
    """The path with links resolved. Raises UserError, naming the roots, where it lies below none of them."""
    try:
        real = path.resolve()
    except (OSError, RuntimeError) as error:  # links in a circle
        raise UserError(f"{path} cannot be followed ({error}): check its links.") from error
    if any(real.is_relative_to(root.expanduser().resolve()) for root in roots):
        return real
    listed = ", ".join(str(root) for root in roots)
    where = "" if str(real) == str(path) else f" (it leads to {real})"
    raise UserError(
        f"{path}{where} lies outside of the folders that the page may read, {listed}: move it there, upload it, or "
        "start Switchpoint with SWITCHPOINT_ROOTS naming its folder."
    )


def _path(name: str) -> Path:
    unusable = UserError(f"'{name[:80]}' is no path on this machine: check it and try again.")
    if not name or "\x00" in name or len(name) > _MAX_LENGTH:
        raise unusable
    try:
        path = Path(name).expanduser()
        path.exists()
    except (RuntimeError, OSError, ValueError) as error:
        raise unusable from error
    return path.absolute()
