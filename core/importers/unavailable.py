"""Tells a file that cannot be read just now from one that is damaged: the system's errors from what contents raise.

Knows no format.
"""

import errno

from core.errors import UnavailableError

# gzip, pyarrow and the Hub's library raise OSError without a number for what is in a file; the system says EINVAL where
# a damaged table of contents points before the file's beginning.
_OF_CONTENTS = (None, errno.EINVAL)


def is_away(error: BaseException) -> bool:
    """Whether a disk, a share, the network or a right was missing, so that nothing is known of the contents.

    >>> is_away(OSError(errno.EIO, "Input/output error")), is_away(OSError("Not a gzipped file"))
    (True, False)
    """
    if isinstance(error, ConnectionError | TimeoutError):
        return True
    return isinstance(error, OSError) and error.errno not in _OF_CONTENTS


def away_told(error: BaseException, name: str) -> UnavailableError:
    """The sentence for a file of which ``is_away`` is true."""
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return UnavailableError(f"{name} cannot be read just now ({said}): import it again once it can be.")
