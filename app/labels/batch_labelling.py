"""Skill labels through an endpoint's Batch API.

A run does not wait: it collects the answers that are ready, labels from stored replies, submits the missing requests
and ends; the next run continues. The labels are the same as those of single requests. Imports openai.
"""

import secrets
import tempfile
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from app.endpoints.batch_requests import collect_batches, submit_batch
from app.endpoints.metered_models import endpoint_teacher
from app.labels.batch_status import batches_of_support, no_endpoint_error, waiting_text
from app.labels.labelling import Labels, LabelUnit, label_targets, labels_for_members
from app.progress import Advance, CheckStopped, ShouldStop, nothing_to_save, raise_if_stopped, stop_between
from app.skipped_samples import SkippedSamples
from core.diagnosis import NO_SKILL, SkillQuestion, label_question
from core.endpoints.batch_client import BatchClient
from core.endpoints.batch_files import BatchFile, batch_line
from core.endpoints.messages import reply_key
from core.endpoints.replies import parse_kept_reply
from core.phrases.replies import is_whole_phrase
from core.phrases.skills import MAX_WORDS
from core.teacher.endpoint import EndpointTeacher, reply_phrase
from core.types import BatchRequest, Sample, Skipped
from storage import store
from storage.database import Database
from storage.jobs import Job
from storage.store import Project

SAMPLES_PER_QUERY = 500


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A sample's question, and its two requests with the keys of their replies: the first, and once more."""

    question: SkillQuestion
    requests: tuple[tuple[str, dict[str, Any]], ...]


@dataclass(kw_only=True)
class LabelPass:
    """One pass over the samples (``ids``) of a support set to label. ``submits``: whether missing requests are
    submitted."""

    db: Database
    project: Project
    support: str
    by: LabelUnit
    ids: "array[int]"
    teacher: EndpointTeacher
    batch_client: BatchClient
    skipped: SkippedSamples
    submits: bool = True
    has_unsent: bool = field(default=False, init=False)  # whether a missing request was not submitted
    waiting_for: set[int] = field(default_factory=set, init=False)  # the batches that have missing requests
    # The keys submitted since the current page of samples was read from the database.
    _submitted: dict[str, None] = field(default_factory=dict, init=False)
    _file: BatchFile = field(init=False)

    def labels(self) -> Iterator[Labels]:
        """Labels from stored replies, in lists; submits the missing requests on the way."""
        # Without a name, so that a killed process leaves no file behind.
        with tempfile.TemporaryFile(dir=self.db.data) as out:
            self._file = BatchFile(out=out)
            settings = self.project.settings.endpoint
            for start in range(0, len(self.ids), SAMPLES_PER_QUERY):
                samples, self._submitted = self._samples(start), {}
                asked = {each: self._asked(sample) for each, sample in samples.items()}
                keys = list(dict.fromkeys(key for each in asked.values() for key, _ in each.requests))
                with self.db.read() as connection:
                    replies, waiting = store.replies_of(connection, keys), store.requests_in_batches(connection, keys)
                labels, open_ = self._labels(asked, replies)
                yield labels
                for sample_id, (key, request) in open_.items():
                    found = waiting.get(key)
                    if found is not None and found.batch is not None:
                        self.waiting_for.add(found.batch)
                    elif found is not None and found.tries > settings.retries:
                        self.skipped.add(samples[sample_id], Skipped(reason=found.error, failed=True))
                    else:
                        self._add(key, request)
            if self._file.keys:
                self._submit()

    def _samples(self, start: int) -> dict[int, Sample]:
        with self.db.read() as connection:
            return store.samples_by_id(connection, self.ids[start : start + SAMPLES_PER_QUERY])

    def _asked(self, sample: Sample) -> "Asked":
        question = label_question(sample, self.project.settings)
        requests = [self.teacher.phrase_request(prompt, MAX_WORDS) for prompt in (question.prompt, question.again)]
        endpoint = self.teacher.client.endpoint
        return Asked(question=question, requests=tuple((reply_key(endpoint, each), each) for each in requests))

    def _labels(
        self, asked: Mapping[int, "Asked"], replies: Mapping[str, str]
    ) -> tuple[Labels, dict[int, tuple[str, dict[str, Any]]]]:
        """The labels in the replies, and for each other sample the request to send: the first, or the one that asks
        once more. Samples whose replies both name no skill are left out and listed."""
        labels, open_ = Labels(), dict[int, tuple[str, dict[str, Any]]]()
        for sample_id, each in asked.items():
            for key, request in each.requests:
                reply = parse_kept_reply(replies.get(key))
                if reply is None or not reply.whole(is_whole_phrase):
                    open_[sample_id] = (key, request)
                    break
                if label := each.question.read(reply_phrase(reply)):
                    labels.append((sample_id, label))
                    break
            else:
                self.skipped.add(each.question.sample, Skipped(reason=NO_SKILL))
        return labels, open_

    def _add(self, key: str, request: dict[str, Any]) -> None:
        if not self.submits:
            self.has_unsent = True
            return
        line = batch_line(key, self.teacher.client.quirks.adapt(request))
        if not self._file.fits(line):
            self._submit()
            self._submitted |= self._file.keys
            self._file.clear()
        if key not in self._file.keys and key not in self._submitted:
            self._file.add(key, request, line)

    def _submit(self) -> None:
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
        submit_batch(self.db, self.batch_client, batch, self._file, self.project.settings.endpoint)


def label_in_batches(db: Database, job: Job, project: Project, should_stop: ShouldStop) -> Iterator[Advance]:
    """Label the support set ``args["support"]`` from the answers of batches, and submit the missing requests."""
    name, check_stopped = job.args["support"], partial(raise_if_stopped, should_stop)
    teacher, batch_client = teacher_and_client(db, project, check_stopped)
    full = collect_batches(db, batch_client)
    with db.read() as connection:
        size = next(each for each in store.support_sets(connection) if each.name == name)
    by: LabelUnit = job.args.get("by", "sample")
    ids, members = label_targets(db, name, by, seed=project.settings.seed)
    labelling = LabelPass(
        db=db,
        project=project,
        support=name,
        by=by,
        ids=ids,
        teacher=teacher,
        batch_client=batch_client,
        skipped=SkippedSamples(),
        submits=not (full and batches_of_support(db, name)),
    )
    done = size.labelled
    for labels in stop_between(should_stop, labels_for_members(labelling.labels(), members)):
        done += len(labels)
        yield Advance(save=partial(store.save_labels, labels=labels), done=done, total=size.samples)
    with db.read() as connection:
        waiting = [
            each
            for each in store.batches_under_way(connection)
            if each.support == name or each.id in labelling.waiting_for
        ]
    if waiting:
        yield nothing_to_save(done, size.samples, waiting_text(waiting, left=labelling.has_unsent))
    else:
        labelling.skipped.raise_for("got no label", "label without batches to ask for these one by one")
        if left := labelling.skipped.left_text("got no label"):
            yield nothing_to_save(done, size.samples, left)


def teacher_and_client(
    db: Database, project: Project, check_stopped: CheckStopped
) -> tuple[EndpointTeacher, BatchClient]:
    """The project's teacher behind an endpoint and its Batch API client. Raises UserError for a local teacher."""
    teacher = endpoint_teacher(db, project, check_stopped)
    if teacher is None:
        raise no_endpoint_error(project)
    return teacher, BatchClient(client=teacher.client, check_stopped=check_stopped)
