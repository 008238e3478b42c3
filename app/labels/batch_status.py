"""Batches under way for the labels of a support set: checks before labelling, and their state in words."""

from collections.abc import Sequence

from sqlalchemy import Connection

from core.endpoints.addresses import parse_endpoint
from core.errors import UserError
from core.types import BatchRequest
from storage import store
from storage.database import Database
from storage.store import Project


def no_endpoint_error(project: Project) -> UserError:
    """The error that the project's teacher takes no batches."""
    return UserError(f"The teacher {project.teacher} runs on this machine, and batches need one behind an endpoint.")


def check_batches(connection: Connection, project: Project, support: str, *, batch: bool) -> None:
    """Raise UserError for batches with a local teacher, and for single requests while batches are under way."""
    if batch and parse_endpoint(project.teacher) is None:
        raise no_endpoint_error(project)
    waiting = [each for each in store.batches_under_way(connection) if each.support == support]
    if waiting and not batch:
        raise UserError(
            f"{waiting_text(waiting, way='')} The same is not asked one by one meanwhile, since it would "
            "be paid twice: label with --batch, or end a batch with `switchpoint batches --cancel ID`."
        )


def batches_of_support(db: Database, support: str) -> list[BatchRequest]:
    """The batches under way for labels of the support set, oldest first."""
    with db.read() as connection:
        return [each for each in store.batches_under_way(connection) if each.support == support]


def waiting_text(waiting: Sequence[BatchRequest], *, way: str = "; run it again to collect", left: bool = False) -> str:
    """The batches under way in a sentence or two."""
    requests, models = sum(each.requests for each in waiting), sorted({each.model for each in waiting})
    batches, are = ("batches", "are") if len(waiting) > 1 else ("batch", "is")
    said = f"{len(waiting)} {batches} ({requests:,} requests) {are} under way at {', '.join(models)}{way}."
    return said + (" It takes no more at once: the rest is handed in then." if left else "")


def state_text(batch: BatchRequest) -> str:
    """A batch's state in words, with its error."""
    words = batch.state.replace("_", " ") + (", collected" if batch.collected else "")
    return f"{words}: {batch.error}" if batch.error else words
