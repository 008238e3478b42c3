"""Batches between the database and an endpoint: handed in, found again after a kill, their answers taken in once.

A row comes before everything that is sent, and each step of its way is saved before the next: whichever process goes on
finds out what came of the step before. Knows no support set; what is asked stands in the file that it is given.
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
from core.errors import UserError
from core.types import BatchRequest, EndpointSettings, Spent
from storage import store
from storage.database import Database
from storage.tables.columns import utc_now

ANSWERS_PER_TRANSACTION = 500
# So long after a batch was asked for, the endpoint surely lists it if it made one.
SETTLE_SECONDS = 60.0
REFUSED_TRIES = 1_000_000  # tries of what the endpoint refuses: it is not asked in a batch once more
logger = logging.getLogger(__name__)


def submit_batch(
    db: Database, desk: BatchClient, batch: BatchRequest, file: BatchFile, settings: EndpointSettings
) -> BatchRequest:
    """Have the endpoint answer a file of requests within a day; ``batch`` says for whom.

    Raises UserError where the cap does not allow for it, or where the endpoint does not take it: then it was not asked.
    """
    batch = replace(batch, requests=len(file.keys), tokens_in=file.tokens_in, tokens_out=file.tokens_out)
    check_room(db, batch, settings)
    with db.write() as connection:
        batch = store.begin_batch(connection, batch, list(file.keys))
    file.out.flush()
    try:
        name = desk.upload(file.out, batch.token)
        _advance(db, batch, state="creating")
        seen = desk.create(name, batch.token)
    except UserError as error:
        with db.write() as connection:
            stays = store.advance_batch(connection, batch.id).state == "creating" and not isinstance(
                error, BatchRefusedError
            )
            if not stays:
                store.drop_batch(connection, batch.id)
        raise
    logger.info("batch %d: %d requests are under way as %s", batch.id, batch.requests, seen.remote)
    return _seen(db, batch, seen)


def check_room(db: Database, batch: BatchRequest, settings: EndpointSettings) -> None:
    """Raise UserError where what is spent, what is under way and this batch may together exceed the project's cap."""
    with db.read() as connection:
        spent, under_way = (
            store.spending_of(connection, batch.project),
            store.spending_under_way(connection, batch.project),
        )
    counted = {"tokens_in": batch.tokens_in, "tokens_out": batch.tokens_out}
    own = {"batch_in": batch.tokens_in, "batch_out": batch.tokens_out}
    check_cap(settings, batch.model, spent, [*under_way, Spent(model=batch.model, requests=1, **counted, **own)])


def collect_batches(db: Database, desk: BatchClient) -> bool:
    """Take in what the batches at the desk's endpoint have answered so far, of whichever project; what is not ready
    stays under way. Returns whether one was turned away since too much waits at the endpoint already. Raises UserError,
    when all others are taken in, for one whose answers are gone."""
    full, gone = False, list[UserError]()
    with db.read() as connection:
        found = [each for each in store.batches_under_way(connection) if each.url == desk.client.endpoint.url]
    for batch in found:
        try:
            seen = recover_batch(db, desk, batch)
            if seen is not None and seen.ended:
                full = full or seen.full
                _take_in(db, desk, batch, seen)
        except BatchGoneError as error:
            gone.append(_gone(error, batch))
    if gone:
        raise gone[0]
    return full


def recover_batch(db: Database, desk: BatchClient, batch: BatchRequest) -> BatchStatus | None:
    """How a batch is now, written down. None: it never came to be, and is forgotten.

    For the worker alone: to another process a batch that is just being handed in looks like one that was left behind.
    """
    seen = None
    if batch.state == "creating":
        seen = desk.find(batch.token) or _found_later(desk, batch)
    elif batch.state != "uploading":
        seen = desk.retrieve(batch.remote)
    if seen is None:
        logger.info("batch %d was never made", batch.id)
        with db.write() as connection:
            store.drop_batch(connection, batch.id)
        return None
    _seen(db, batch, seen)
    return seen


def cancel_batch(db: Database, desk: BatchClient, batch: BatchRequest) -> BatchRequest:
    """Ask the endpoint to end a batch. Of one that has ended there, or is gone, what can be had of its answers is taken
    in, and the rest is missing again."""
    state = "cancelled"
    if not batch.remote:
        if worker_pid(db.data) is not None:
            raise UserError(f"Batch {batch.id} may just be handed in: try again when no job runs.")
        left = recover_batch(db, desk, batch)
        if left is None:
            return replace(batch, state="cancelled")
        batch = _seen(db, batch, left)
    try:
        seen = desk.retrieve(batch.remote)
        if not seen.ended:
            return _seen(db, batch, desk.cancel(batch.remote))
        state = _seen(db, batch, seen).state
        _take_in(db, desk, batch, seen)
    except BatchGoneError:
        _advance(db, batch, state=state)
        with db.write() as connection:
            store.release_requests(connection, batch.id)
            store.finish_batch(connection, batch.id)
    return _advance(db, batch, state=state)


def batch_client_of(db: Database, batch: BatchRequest) -> BatchClient:
    """Where a batch lies. Raises UserError where its model is at another address by now."""
    with db.read() as connection:
        settings = store.project_of(connection, batch.project).settings.endpoint
    endpoint = project_endpoint(batch.model, settings)
    if endpoint is None or endpoint.url != batch.url:
        raise UserError(f"Batch {batch.id} lies at {batch.url}: give {batch.model} that address again to collect it.")
    ledger = Ledger(db=db, project=batch.project, model=batch.model, settings=settings, check_stopped=never_stopped)
    return BatchClient(client=connect(endpoint, settings, ledger), check_stopped=never_stopped)


def refresh_batch(db: Database, desk: BatchClient, batch: BatchRequest) -> BatchRequest:
    """A batch that was made, with its state as it is now, written down; any process may ask."""
    try:
        return _seen(db, batch, desk.retrieve(batch.remote))
    except BatchGoneError as error:
        raise _gone(error, batch) from None


def _found_later(desk: BatchClient, batch: BatchRequest) -> BatchStatus | None:
    """Looked for once more when the endpoint has surely taken note of it."""
    since = datetime.fromisoformat(utc_now()) - datetime.fromisoformat(batch.moved)
    desk.pause(min(SETTLE_SECONDS, SETTLE_SECONDS - since.total_seconds()))
    return desk.find(batch.token)


def _take_in(db: Database, desk: BatchClient, batch: BatchRequest, seen: BatchStatus) -> None:
    lines = 0
    for some in chunked(desk.answers(seen), ANSWERS_PER_TRANSACTION):
        lines += len(some)
        answered = {each.key: _reply(each, batch) for each in some if each.reply is not None}
        refused = {each.key: (each.why, _tries(each, seen)) for each in some if each.reply is None}
        with db.write() as connection:
            store.save_answers(connection, batch, answered)
            store.save_refusals(connection, batch, refused)
    if lines < seen.done:
        raise BatchGoneError(
            f"{desk.client.endpoint.url} says that {seen.done:,} requests of batch {batch.id} are answered, and gave "
            f"{lines:,}."
        )
    given_up = seen.full or seen.state == "cancelled"
    why = f"Its batch {seen.state} before it was answered{f': {seen.error}' if seen.error else '.'}"
    with db.write() as connection:
        store.release_requests(connection, batch.id, tries=0 if given_up else 1, error=why)
        store.finish_batch(connection, batch.id)
    logger.info("batch %d (%s) is collected: %d lines", batch.id, seen.state, lines)


def _gone(error: BatchGoneError, batch: BatchRequest) -> UserError:
    return UserError(
        f"{error} Batch {batch.id} cannot be collected: run it again, or give it up with `switchpoint batches --cancel "
        f"{batch.id}`, so that what it asked is asked anew."
    )


def _reply(answer: BatchAnswer, batch: BatchRequest) -> tuple[str, int, int]:
    """The reply with its tokens; where the endpoint counts none, as many as a request of the batch has."""
    tokens_in = answer.tokens_in or batch.tokens_in // max(1, batch.requests)
    return answer.reply or "", tokens_in, answer.tokens_out


def _tries(answer: BatchAnswer, seen: BatchStatus) -> int:
    if answer.refused:
        return REFUSED_TRIES
    return 0 if answer.unasked and seen.state == "cancelled" else 1


def _seen(db: Database, batch: BatchRequest, seen: BatchStatus) -> BatchRequest:
    told = {"remote": seen.remote, "state": seen.state, "done": seen.done, "failed": seen.failed, "error": seen.error}
    return _advance(db, batch, **told)


def _advance(db: Database, batch: BatchRequest, **changes: object) -> BatchRequest:
    with db.write() as connection:
        return store.advance_batch(connection, batch.id, **changes)
