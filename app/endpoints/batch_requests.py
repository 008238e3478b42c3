"""Batch API jobs between the database and an endpoint: submitting, recovering after a kill, and collecting answers
once.

A row is saved before anything is sent, and each step before the next one, so that any process can recover and continue
a batch. Knows no support set; the caller writes the file of requests.
"""

import logging
from dataclasses import replace
from datetime import datetime

from app.endpoints.metered_models import Ledger, check_cap
from app.processes.worker_process import worker_pid
from app.progress import never_stopped
from core.chunks import chunked
from core.endpoints.addresses import project_endpoint
from core.endpoints.batch_client import BatchClient, BatchGoneError, BatchRefusedError
from core.endpoints.batch_files import BatchAnswer, BatchFile, BatchStatus
from core.endpoints.client import connect
from core.endpoints.messages import chat_request
from core.errors import UserError
from core.phrases.replies import is_whole_phrase
from core.types import BatchRequest, EndpointSettings, Spent
from storage import store
from storage.database import Database
from storage.tables.columns import utc_now

ANSWERS_PER_TRANSACTION = 500
# After this time the endpoint surely lists a batch if it created one.
SETTLE_SECONDS = 60.0
REFUSED_TRIES = 1_000_000  # tries of a refused request, so that it is not sent in a batch again
logger = logging.getLogger(__name__)


def submit_batch(
    db: Database, client: BatchClient, batch: BatchRequest, file: BatchFile, settings: EndpointSettings
) -> BatchRequest:
    """Submit a file of requests, to be answered within a day; returns the saved ``batch``.

    Raises UserError where the spending cap does not allow it, or the endpoint refuses it; nothing was submitted then.
    """
    batch = replace(batch, requests=len(file.keys), tokens_in=file.tokens_in, tokens_out=file.tokens_out)
    check_room(db, batch, settings)
    with db.write() as connection:
        batch = store.begin_batch(connection, batch, list(file.keys))
    file.out.flush()
    try:
        name = client.upload(file.out, batch.token)
        _advance(db, batch, state="creating")
        seen = client.create(name, batch.token)
    except UserError as error:
        with db.write() as connection:
            stays = store.advance_batch(connection, batch.id).state == "creating" and not isinstance(
                error, BatchRefusedError
            )
            if not stays:
                store.drop_batch(connection, batch.id)
        raise
    logger.info("batch %d: %d requests are under way as %s", batch.id, batch.requests, seen.remote)
    return _save_status(db, batch, seen)


def check_room(db: Database, batch: BatchRequest, settings: EndpointSettings) -> None:
    """Raise UserError where the spending, the batches under way and this one may exceed the project's cap."""
    with db.read() as connection:
        spent, under_way = (
            store.spending_of(connection, batch.project),
            store.spending_under_way(connection, batch.project),
        )
    counted = {"tokens_in": batch.tokens_in, "tokens_out": batch.tokens_out}
    own = {"batch_in": batch.tokens_in, "batch_out": batch.tokens_out}
    check_cap(settings, batch.model, spent, [*under_way, Spent(model=batch.model, requests=1, **counted, **own)])


def collect_batches(db: Database, client: BatchClient) -> bool:
    """Collect the answers of all ended batches at the client's endpoint, of all projects.

    Returns whether one was refused because too many requests wait at the endpoint. Raises UserError, after collecting
    the others, for a batch whose answers are gone."""
    full, gone = False, list[UserError]()
    with db.read() as connection:
        found = [each for each in store.batches_under_way(connection) if each.url == client.client.endpoint.url]
    for batch in found:
        try:
            seen = recover_batch(db, client, batch)
            if seen is not None and seen.ended:
                full = full or seen.full
                _collect(db, client, batch, seen)
        except BatchGoneError as error:
            gone.append(_gone_error(error, batch))
    if gone:
        raise gone[0]
    return full


def recover_batch(db: Database, client: BatchClient, batch: BatchRequest) -> BatchStatus | None:
    """Update a batch from the endpoint and return its status; None for a batch that was never created, which is
    deleted.

    For the worker only: another process cannot tell a batch that is being submitted from one that was left behind.
    """
    seen = None
    if batch.state == "creating":
        seen = client.find(batch.token) or _found_later(client, batch)
    elif batch.state != "uploading":
        seen = client.retrieve(batch.remote)
    if seen is None:
        logger.info("batch %d was never made", batch.id)
        with db.write() as connection:
            store.drop_batch(connection, batch.id)
        return None
    _save_status(db, batch, seen)
    return seen


def cancel_batch(db: Database, client: BatchClient, batch: BatchRequest) -> BatchRequest:
    """Cancel a batch at the endpoint. When it has ended or is gone there, collect its answers and release the other
    requests."""
    state = "cancelled"
    if not batch.remote:
        if worker_pid(db.data) is not None:
            raise UserError(f"Batch {batch.id} may just be handed in: try again when no job runs.")
        recovered = recover_batch(db, client, batch)
        if recovered is None:
            return replace(batch, state="cancelled")
        batch = _save_status(db, batch, recovered)
    try:
        seen = client.retrieve(batch.remote)
        if not seen.ended:
            return _save_status(db, batch, client.cancel(batch.remote))
        state = _save_status(db, batch, seen).state
        _collect(db, client, batch, seen)
    except BatchGoneError:
        _advance(db, batch, state=state)
        with db.write() as connection:
            store.release_requests(connection, batch.id)
            store.finish_batch(connection, batch.id)
    return _advance(db, batch, state=state)


def batch_client_of(db: Database, batch: BatchRequest) -> BatchClient:
    """The client for the endpoint of a batch. Raises UserError where its model has another address now."""
    with db.read() as connection:
        settings = store.project_of(connection, batch.project).settings.endpoint
    endpoint = project_endpoint(batch.model, settings)
    if endpoint is None or endpoint.url != batch.url:
        raise UserError(f"Batch {batch.id} lies at {batch.url}: give {batch.model} that address again to collect it.")
    ledger = Ledger(db=db, project=batch.project, model=batch.model, settings=settings, check_stopped=never_stopped)
    return BatchClient(client=connect(endpoint, settings, ledger), check_stopped=never_stopped)


def refresh_batch(db: Database, client: BatchClient, batch: BatchRequest) -> BatchRequest:
    """Update the state of a created batch from the endpoint; any process may do this."""
    try:
        return _save_status(db, batch, client.retrieve(batch.remote))
    except BatchGoneError as error:
        raise _gone_error(error, batch) from None


def _found_later(client: BatchClient, batch: BatchRequest) -> BatchStatus | None:
    """Search for a batch again after the time in which the endpoint surely lists it."""
    since = datetime.fromisoformat(utc_now()) - datetime.fromisoformat(batch.moved)
    client.pause(min(SETTLE_SECONDS, SETTLE_SECONDS - since.total_seconds()))
    return client.find(batch.token)


def _collect(db: Database, client: BatchClient, batch: BatchRequest, seen: BatchStatus) -> None:
    lines = 0
    for answers in chunked(client.answers(seen, is_whole_phrase), ANSWERS_PER_TRANSACTION):
        lines += len(answers)
        answered = {each.key: _reply(each, batch) for each in answers if each.reply is not None}
        refused = {each.key: (each.why, _tries(each, seen, client)) for each in answers if each.reply is None}
        billed = {each.key: _billed(each, batch) for each in answers if each.is_billed}
        with db.write() as connection:
            store.save_answers(connection, batch, answered)
            store.count_unanswered(connection, batch, billed)
            store.save_refusals(connection, batch, refused)
    if lines < seen.done:
        raise BatchGoneError(
            f"{client.client.endpoint.url} says that {seen.done:,} requests of batch {batch.id} are answered, and gave "
            f"{lines:,}."
        )
    given_up = seen.full or seen.state == "cancelled"
    why = f"Its batch {seen.state} before it was answered{f': {seen.error}' if seen.error else '.'}"
    with db.write() as connection:
        store.release_requests(connection, batch.id, tries=0 if given_up else 1, error=why)
        store.finish_batch(connection, batch.id)
    logger.info("batch %d (%s) is collected: %d lines", batch.id, seen.state, lines)


def _gone_error(error: BatchGoneError, batch: BatchRequest) -> UserError:
    return UserError(
        f"{error} Batch {batch.id} cannot be collected: run it again, or give it up with `switchpoint batches --cancel "
        f"{batch.id}`, so that what it asked is asked anew."
    )


def _reply(answer: BatchAnswer, batch: BatchRequest) -> tuple[str, int, int]:
    """The reply with its tokens in and out."""
    return answer.reply or "", *_billed(answer, batch)


def _billed(answer: BatchAnswer, batch: BatchRequest) -> tuple[int, int]:
    """The tokens in and out that an answer is billed for.

    Where the endpoint does not count, the batch's average in, and out as many as a reply that does not count may have.
    """
    requests = max(1, batch.requests)
    allowed = 0 if answer.reply is not None else batch.tokens_out // requests
    return answer.tokens_in or batch.tokens_in // requests, answer.tokens_out or allowed


def _tries(answer: BatchAnswer, seen: BatchStatus, client: BatchClient) -> int:
    """How many tries an answer without a reply counts for; one where it is asked in another form from now on."""
    asked = chat_request(client.client.endpoint, [], max_tokens=1)
    if answer.error is not None and answer.refused and client.client.quirks.learn_of_batch(answer.error, asked):
        return 1
    if answer.refused:
        return REFUSED_TRIES
    return 0 if answer.unasked and seen.state == "cancelled" else 1


def _save_status(db: Database, batch: BatchRequest, seen: BatchStatus) -> BatchRequest:
    changes = {
        "remote": seen.remote,
        "state": seen.state,
        "done": seen.done,
        "failed": seen.failed,
        "error": seen.error,
    }
    return _advance(db, batch, **changes)


def _advance(db: Database, batch: BatchRequest, **changes: object) -> BatchRequest:
    with db.write() as connection:
        return store.advance_batch(connection, batch.id, **changes)
