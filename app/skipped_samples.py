"""The samples that a job left out because every request about them failed.

A job that ends with some of them fails with a sentence that lists them. Nothing else records them: their rows are
missing, so that starting the job again tries them.
"""

import logging
from dataclasses import dataclass, field

from core.errors import UserError
from core.types import Sample, Skipped

MAX_NAMED = 20  # samples named for each reason
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class SkippedSamples:
    """What one job left out: ``samples`` by id, and their source ids by the reason."""

    samples: set[int] = field(default_factory=set)
    names: dict[str, list[str]] = field(default_factory=dict)

    def add(self, sample: Sample, why: Skipped) -> None:
        """An ``OnSkipped``: log a sample that is left out, and list it where asking again may help."""
        logger.warning("sample %s is left out: %s", sample.source_id, why.reason)
        if why.failed:
            self.samples.add(sample.id)
            self.names.setdefault(why.reason, []).append(sample.source_id)

    def raise_for(self, what: str, way: str = "start again to try only these") -> None:
        """Raise UserError with the listed samples and their reasons, where there are any.

        ``what`` is said of them ("were not diagnosed"), and ``way`` says what to do. For each reason the first 20
        samples are named; the log names all of them.
        """
        if not self.samples:
            return
        said = f"{len(self.samples):,} {what}, all others are done: {way}."
        for reason, names in sorted(self.names.items(), key=lambda each: -len(each[1])):
            rest = f" and {len(names) - MAX_NAMED:,} more in logs/worker.log" if len(names) > MAX_NAMED else ""
            said += f" {', '.join(names[:MAX_NAMED])}{rest}: {reason}"
        raise UserError(said)
