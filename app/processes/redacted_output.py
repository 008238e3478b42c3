"""Redacts secrets from everything that this process prints, logs and tracebacks of any library included.

Logs go to the standard streams (a worker's are in ``logs/worker.log``), so it is enough to replace these.
"""

import io
import sys

from core.redaction import redact


class RedactingStream(io.TextIOWrapper):
    """A text stream that redacts secrets from what is written to it."""

    def write(self, text: str, /) -> int:
        """Write the text without secrets; returns the length of the text."""
        super().write(redact(text))
        return len(text)


def redact_output() -> None:
    """Replace stdout and stderr by redacting streams. Call it before logging is configured."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper) and not isinstance(stream, RedactingStream):
            stream.flush()
            safe = RedactingStream(
                stream.buffer,
                encoding=stream.encoding,
                errors=stream.errors,
                line_buffering=stream.line_buffering or name == "stderr",
            )
            setattr(sys, name, safe)
