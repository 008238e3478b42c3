"""Which files of this machine the page may read: those below the roots, wherever links lead.

Knows paths only. The command line does not ask here: who types there can read the files anyway.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from app.settings import PACKAGE_ROOT, AppSettings
from core.endpoints.addresses import endpoint_of
from core.errors import UserError

_HUB = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}(:[\w.+-]{1,60})?", re.ASCII)
_LONGEST = 400


def server_path(typed: str, roots: Sequence[Path]) -> str:
    """The file or folder that a person names, or "hf:owner/name" for a data set of the Hub.

    Raises UserError for what is not there and for what lies outside of the roots, also by way of a link.
    """
    name = typed.strip()
    if name.startswith("hf:"):
        return name
    path = _path(name)
    if not path.exists():
        if _HUB.fullmatch(name):
            return f"hf:{name}"
        raise UserError(
            f"There is no file or folder {name[:200]}: check the path, or name a data set of the Hub as hf:owner/name."
        )
    return str(inside(path, roots))


def page_roots(data: Path) -> tuple[Path, ...]:
    """The folders below which the page reads: those of the settings, and the data directory."""
    return (*AppSettings().roots, data)


def server_folder(typed: str, roots: Sequence[Path]) -> str:
    """The folder that a person names, without links. Raises UserError for no path, and for what lies outside."""
    return str(inside(_path(typed.strip()), roots))


def server_model(typed: str, roots: Sequence[Path]) -> str:
    """The model that a person names on the page: behind an endpoint, of the Hub, the demo, or a folder without links.

    Whether a folder is there is found out by trying it. Raises UserError for one that lies outside of the roots, and
    for what can be no name.
    """
    name = typed.strip()
    if not name or endpoint_of(name) is not None:
        return name
    ours = (PACKAGE_ROOT / "assets").resolve()
    if name.startswith("assets/") and (PACKAGE_ROOT / name).resolve().is_relative_to(ours):
        return name
    path = _path(name)
    is_path = name.startswith(("/", "~", ".")) or name.count("/") > 1 or path.exists()
    return str(inside(path, roots)) if is_path else name


def inside(path: Path, roots: Sequence[Path]) -> Path:
    """The path without links. Raises UserError where it does not lie below one of the roots, and names these."""
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
    if not name or "\x00" in name or len(name) > _LONGEST * 10:
        raise unusable
    try:
        path = Path(name).expanduser()
        path.exists()
    except (RuntimeError, OSError, ValueError) as error:
        raise unusable from error
    return path.absolute()
