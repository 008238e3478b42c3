"""What this process prints, without secrets: its output and its errors, tracebacks of any library included.

Logs and messages go to the standard streams (of a worker, into ``logs/worker.log``), so this is where they all pass.
"""

import io
import sys

from core.redaction import redact


class Redacting(io.TextIOWrapper):
    """A text stream that takes secrets out of what is written to it."""

    def write(self, text: str, /) -> int:
        """Write the text without secrets; says how much of the text was taken."""
        super().write(redact(text))
        return len(text)


def redact_output() -> None:
    """From now on nothing is printed with a secret in it; call it before logging is set up."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper) and not isinstance(stream, Redacting):
            stream.flush()
            safe = Redacting(
                stream.buffer,
                encoding=stream.encoding,
                errors=stream.errors,
                line_buffering=stream.line_buffering or name == "stderr",
            )
            setattr(sys, name, safe)
