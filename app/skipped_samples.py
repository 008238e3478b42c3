"""The samples that every try to ask a model about failed: what the others go on without, listed with the reason.

Kept as the error of the job that ends with some of them; no row says so, as what is missing is tried by starting again.
"""

import logging
from dataclasses import dataclass, field

from core.errors import UserError
from core.types import Sample, Skipped

NAMED = 20
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Failures:
    """What one job left out: ``samples`` by id, and their names in the set by the reason."""

    samples: set[int] = field(default_factory=set)
    names: dict[str, list[str]] = field(default_factory=dict)

    def note(self, sample: Sample, why: Skipped) -> None:
        """Log a sample that is left out; list it where asking once more may help."""
        logger.warning("sample %s is left out: %s", sample.source_id, why.reason)
        if why.failed:
            self.samples.add(sample.id)
            self.names.setdefault(why.reason, []).append(sample.source_id)

    def told(self, what: str, way: str = "start again to try only these") -> None:
        """Raise UserError that lists the samples with their reasons and the ``way`` on; "were not diagnosed" is a
        ``what``.

        Nothing is raised where none is listed. Of each reason the first 20 samples are named, all of them in the log.
        """
        if not self.samples:
            return
        said = f"{len(self.samples):,} {what}, all others are done: {way}."
        for reason, names in sorted(self.names.items(), key=lambda each: -len(each[1])):
            rest = f" and {len(names) - NAMED:,} more in logs/worker.log" if len(names) > NAMED else ""
            said += f" {', '.join(names[:NAMED])}{rest}: {reason}"
        raise UserError(said)
