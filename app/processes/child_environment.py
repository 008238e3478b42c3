"""The environment of a child process that imports our packages."""

import os

from app.settings import PACKAGE_ROOT


def child_environment(**more: str) -> dict[str, str]:
    """This process's environment with our packages first on ``PYTHONPATH``, changed by ``more``.

    A child finds them then whatever its working directory is, also where Switchpoint runs from a checkout.
    """
    path = os.pathsep.join(filter(None, [str(PACKAGE_ROOT), os.environ.get("PYTHONPATH")]))
    return os.environ | {"PYTHONPATH": path} | more
