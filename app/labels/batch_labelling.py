"""Skill labels through an endpoint's Batch API: what is answered becomes labels, what is missing is handed in.

A run waits for nothing: it takes in what is ready, labels from the replies that are kept, hands in the rest and ends;
run again, it goes on. The labels are those that the same teacher gives when it is asked one by one.
"""

import secrets
import tempfile
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from app.endpoints.metered_models import endpoint_teacher
from app.labels.labelling import Labels, LabelUnit, label_targets, labels_for_members
from app.progress import Advance, CheckStopped, ShouldStop, nothing_to_save, raise_if_stopped, stop_between
from app.skipped_samples import SkippedSamples
from core.diagnosis import MAX_WORDS, clean_phrase
from core.endpoints.addresses import parse_endpoint
from core.errors import UserError
from core.prompts import label_prompt
from core.types import BatchRequest, Sample, Skipped
from storage import store
from storage.database import Database
from storage.jobs import Job
from storage.store import Project

if TYPE_CHECKING:
    from core.endpoints.batch_client import BatchClient
    from core.endpoints.batch_files import BatchFile
    from core.teacher.endpoint import EndpointTeacher

SAMPLES_PER_QUERY = 500


@dataclass(kw_only=True)
class LabelPass:
    """One pass over the samples (``ids``) of a support set that the teacher is asked about. ``hands_in``: whether what
    is missing is handed in."""

    db: Database
    project: Project
    support: str
    by: LabelUnit
    ids: "array[int]"
    teacher: "EndpointTeacher"
    desk: "BatchClient"
    skipped: SkippedSamples
    hands_in: bool = True
    left: bool = field(default=False, init=False)  # whether something is missing that was not handed in
    waits: set[int] = field(default_factory=set, init=False)  # the batches that ask already what is missing
    # Of files that were handed in, as long as that may be unknown to whoever looked into the database before.
    _before: dict[str, None] = field(default_factory=dict, init=False)
    _file: "BatchFile" = field(init=False)

    def labels(self) -> Iterator[Labels]:
        """Labels from the replies that are kept, some a list; on the way the files of what is missing are handed in."""
        from core.endpoints.batch_files import BatchFile

        # Without a name, so that nothing is left behind by a process that is killed.
        with tempfile.TemporaryFile(dir=self.db.data) as out:
            self._file = BatchFile(out=out)
            settings = self.project.settings.endpoint
            for start in range(0, len(self.ids), SAMPLES_PER_QUERY):
                samples, self._before = self._samples(start), {}
                some = list(samples)
                requests = self._requests(samples)
                keys = [key for key, _ in requests]
                with self.db.read() as connection:
                    kept, waiting = store.replies_of(connection, keys), store.requests_in_batches(connection, keys)
                yield self._labels(some, keys, kept)
                for place, key in enumerate(keys):
                    found = waiting.get(key)
                    if key in kept:
                        continue
                    if found is not None and found.batch is not None:
                        self.waits.add(found.batch)
                    elif found is not None and found.tries > settings.retries:
                        self.skipped.add(samples[some[place]], Skipped(reason=found.error, failed=True))
                    else:
                        self._add(key, requests[place][1])
            if self._file.keys:
                self._hand_in()

    def _samples(self, start: int) -> dict[int, Sample]:
        with self.db.read() as connection:
            return store.samples_by_id(connection, self.ids[start : start + SAMPLES_PER_QUERY])

    def _requests(self, samples: Mapping[int, Sample]) -> list[tuple[str, dict[str, Any]]]:
        """The request about each, after the key that its reply is kept under."""
        from core.endpoints.messages import reply_key

        settings = self.project.settings
        prompts = [label_prompt(each, settings.skill_shots, settings.prompts) for each in samples.values()]
        requests = [self.teacher.phrase_request(prompt, MAX_WORDS) for prompt in prompts]
        return [(reply_key(self.teacher.client.endpoint, each), each) for each in requests]

    def _labels(self, some: Sequence[int], keys: list[str], kept: dict[str, str]) -> Labels:
        from core.endpoints.messages import parse_kept_reply
        from core.teacher.endpoint import reply_phrase

        labels = {key: clean_phrase(reply_phrase(reply)) for key in kept if (reply := parse_kept_reply(kept[key]))}
        return [(each, labels[key]) for each, key in zip(some, keys, strict=True) if key in labels]

    def _add(self, key: str, request: dict[str, Any]) -> None:
        from core.endpoints.batch_files import batch_line

        if not self.hands_in:
            self.left = True
            return
        line = batch_line(key, request)
        if not self._file.fits(line):
            self._hand_in()
            self._before |= self._file.keys
            self._file.clear()
        if key not in self._file.keys and key not in self._before:
            self._file.add(key, request, line)

    def _hand_in(self) -> None:
        from app.endpoints.batch_requests import submit_batch

        batch = BatchRequest(
            project=self.project.id,
            support=self.support,
            by=self.by,
            model=self.teacher.name,
            url=self.teacher.client.endpoint.url,
            token=secrets.token_hex(16),
            requests=0,
            tokens_in=0,
            tokens_out=0,
        )
        submit_batch(self.db, self.desk, batch, self._file, self.project.settings.endpoint)


def label_in_batches(db: Database, job: Job, project: Project, should_stop: ShouldStop) -> Iterator[Advance]:
    """Labels for the support set ``args["support"]`` from what batches have answered; hands in what is missing."""
    from app.endpoints.batch_requests import collect_batches

    name, check_stopped = job.args["support"], partial(raise_if_stopped, should_stop)
    teacher, desk = teacher_and_client(db, project, check_stopped)
    full = collect_batches(db, desk)
    with db.read() as connection:
        size = next(each for each in store.support_sets(connection) if each.name == name)
    by: LabelUnit = job.args.get("by", "sample")
    ids, members = label_targets(db, name, by, seed=project.settings.seed)
    found = LabelPass(
        db=db,
        project=project,
        support=name,
        by=by,
        ids=ids,
        teacher=teacher,
        desk=desk,
        skipped=SkippedSamples(),
        hands_in=not (full and batches_of_support(db, name)),
    )
    done = size.labelled
    for labels in stop_between(should_stop, labels_for_members(found.labels(), members)):
        done += len(labels)
        yield Advance(save=partial(store.save_labels, labels=labels), done=done, total=size.samples)
    with db.read() as connection:
        waiting = [
            each for each in store.batches_under_way(connection) if each.support == name or each.id in found.waits
        ]
    if waiting:
        yield nothing_to_save(done, size.samples, waiting_text(waiting, left=found.left))
    else:
        found.skipped.raise_for("got no label", "label without batches to ask for these one by one")


def teacher_and_client(
    db: Database, project: Project, check_stopped: CheckStopped
) -> "tuple[EndpointTeacher, BatchClient]":
    """The project's teacher behind an endpoint, and where its batches are handed in. Raises UserError where it is on
    this machine."""
    teacher = endpoint_teacher(db, project, check_stopped)
    if teacher is None:
        raise no_endpoint_error(project)
    from core.endpoints.batch_client import BatchClient

    return teacher, BatchClient(client=teacher.client, check_stopped=check_stopped)


def no_endpoint_error(project: Project) -> UserError:
    """That the project's teacher takes no batches."""
    return UserError(f"The teacher {project.teacher} runs on this machine, and batches need one behind an endpoint.")


def check_batches(connection: Connection, project: Project, support: str, *, batch: bool) -> None:
    """Raise UserError for batches of a teacher on this machine, and for asking one by one what batches ask already."""
    if batch and parse_endpoint(project.teacher) is None:
        raise no_endpoint_error(project)
    waiting = [each for each in store.batches_under_way(connection) if each.support == support]
    if waiting and not batch:
        raise UserError(
            f"{waiting_text(waiting, way='')} The same is not asked one by one meanwhile, since it would "
            "be paid twice: label with --batch, or end a batch with `switchpoint batches --cancel ID`."
        )


def batches_of_support(db: Database, support: str) -> list[BatchRequest]:
    """The batches that are not collected and ask for labels of the support set, oldest first."""
    with db.read() as connection:
        return [each for each in store.batches_under_way(connection) if each.support == support]


def waiting_text(waiting: Sequence[BatchRequest], *, way: str = "; run it again to collect", left: bool = False) -> str:
    """What is under way, in a sentence or two."""
    requests, models = sum(each.requests for each in waiting), sorted({each.model for each in waiting})
    batches, are = ("batches", "are") if len(waiting) > 1 else ("batch", "is")
    said = f"{len(waiting)} {batches} ({requests:,} requests) {are} under way at {', '.join(models)}{way}."
    return said + (" It takes no more at once: the rest is handed in then." if left else "")


def state_text(batch: BatchRequest) -> str:
    """A batch's state in words, with why it failed."""
    words = batch.state.replace("_", " ") + (", collected" if batch.collected else "")
    return f"{words}: {batch.error}" if batch.error else words
