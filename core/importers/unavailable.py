"""Distinguish a file that cannot be read now from one that is damaged."""

import errno

from core.errors import UnavailableError

# gzip, pyarrow and huggingface_hub raise OSError without errno for bad content; the system raises EINVAL where a
# damaged table of contents points before the start of the file.
_CONTENT_ERRNOS = (None, errno.EINVAL)


def is_unavailable(error: BaseException) -> bool:
    """Whether a disk, share, network or permission problem caused the error, so that the content is unknown.

    >>> is_unavailable(OSError(errno.EIO, "Input/output error")), is_unavailable(OSError("Not a gzipped file"))
    (True, False)
    """
    if isinstance(error, ConnectionError | TimeoutError):
        return True
    return isinstance(error, OSError) and error.errno not in _CONTENT_ERRNOS


def unavailable_error(error: BaseException, name: str) -> UnavailableError:
    """The error for a file of which ``is_unavailable`` is true."""
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return UnavailableError(f"{name} cannot be read just now ({reason}): import it again once it can be.")
