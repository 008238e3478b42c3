"""The samples that a job left out, with the reasons.

A job that ends with samples for which every request failed fails with a sentence that lists them; others (refused, too
long) are listed in its last message. Nothing else records them: their rows are missing, so that starting the job again
tries them.
"""

import logging
from dataclasses import dataclass, field

from core.errors import UserError
from core.types import Sample, Skipped

MAX_NAMED = 20  # samples named for each reason
MAX_REASONS = 5  # of samples that are left out for good
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class SkippedSamples:
    """What one job left out: ``samples`` by id and their source ids by the reason where every request failed, and the
    source ids by the reason of all others (``left``)."""

    samples: set[int] = field(default_factory=set)
    names: dict[str, list[str]] = field(default_factory=dict)
    left: dict[str, list[str]] = field(default_factory=dict)

    def add(self, sample: Sample, why: Skipped) -> None:
        """An ``OnSkipped``: log a sample that is left out, and list it."""
        logger.warning("sample %s is left out: %s", sample.source_id, why.reason)
        if why.failed:
            self.samples.add(sample.id)
            self.names.setdefault(why.reason, []).append(sample.source_id)
        else:
            self.left.setdefault(why.reason, []).append(sample.source_id)

    def raise_for(self, what: str, way: str = "start again to try only these", *, said: str = "") -> None:
        """Raise UserError with the listed samples and their reasons, where there are any.

        ``what`` is said of them ("were not diagnosed"), ``way`` says what to do, and ``said`` is said in the end.
        For each reason the first 20 samples are named; the log names all of them.
        """
        if not self.samples:
            return
        first = f"{len(self.samples):,} {what}, all others are done: {way}."
        parts = (f"{first}{_listed(self.names, len(self.names))}", self.left_text("more are left out"), said)
        raise UserError(" ".join(filter(None, parts)))

    def left_text(self, what: str) -> str:
        """A sentence that lists the samples left out for another reason than failed requests; "" where there are none.

        ``what`` is said of them ("cannot be diagnosed").
        """
        count = sum(map(len, self.left.values()))
        return f"{count:,} {what}.{_listed(self.left, MAX_REASONS)}" if count else ""


def named(names: list[str]) -> str:
    """The first 20 of the names, and how many more the log has."""
    rest = f" and {len(names) - MAX_NAMED:,} more in logs/worker.log" if len(names) > MAX_NAMED else ""
    return f"{', '.join(names[:MAX_NAMED])}{rest}"


def _listed(reasons: dict[str, list[str]], most: int) -> str:
    """The names by reason, those with most names first."""
    ranked = sorted(reasons.items(), key=lambda each: -len(each[1]))
    said = "".join(f" {named(names)}: {reason}" for reason, names in ranked[:most])
    more = f" {len(ranked) - most:,} more reasons are in logs/worker.log." if len(ranked) > most else ""
    return said + more
