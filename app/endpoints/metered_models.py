"""A project's models behind endpoints: their replies kept and counted in the database, held under the project's cap.

Joins ``core.endpoints.client`` to storage. Whether a model is behind an endpoint at all is read from its name;
importing this loads neither a model library nor the ``openai`` client.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from app.progress import CheckStopped, never_stopped
from core.endpoints.addresses import project_endpoint
from core.endpoints.prices import cost_of, dollars, format_dollars
from core.errors import UserError
from core.types import EndpointSettings, OnSkipped, Prediction, RoundId, Sample, Spent
from storage import store
from storage.database import Database
from storage.images import image_bytes
from storage.store import Project

if TYPE_CHECKING:
    from core.teacher.endpoint import EndpointTeacher


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """The replies and the meter (``core.endpoints.client.Replies``) of one model in one project.

    ``check_stopped`` is called before every request. A ledger that does not ``remember`` has
    everything asked anew, to find out how things are now; what it asks is counted all the same.
    """

    db: Database
    project: int
    model: str
    settings: EndpointSettings
    check_stopped: CheckStopped
    remember: bool = True

    def get(self, key: str) -> str | None:
        """The reply kept under the key. Raises UserError where it has to be asked for and the cap is reached."""
        self.check_stopped()
        with self.db.read() as connection:
            kept = store.reply_of(connection, key) if self.remember else None
            if kept is None and self.settings.spend_cap is not None:
                spent = store.spending_of(connection, self.project)
                check_cap(self.settings, self.model, spent, store.spending_under_way(connection, self.project))
        return kept

    def count_unanswered(self, tokens_in: int, tokens_out: int) -> None:
        """Count an answer that never came whole as a request of so many tokens."""
        spent = Spent(model=self.model, requests=1, tokens_in=tokens_in, tokens_out=tokens_out)
        with self.db.write() as connection:
            store.add_spending(connection, self.project, spent)

    def put(self, key: str, reply: str, tokens_in: int, tokens_out: int) -> None:
        """Keep the reply and count it, in one transaction."""
        spent = Spent(model=self.model, requests=1, tokens_in=tokens_in, tokens_out=tokens_out)
        with self.db.write() as connection:
            store.save_reply(connection, key, reply)
            store.add_spending(connection, self.project, spent)


def ledger_of(
    db: Database, project: Project, model: str, check_stopped: CheckStopped, *, remember: bool = True
) -> Ledger:
    """The ledger of a model of the project. Raises UserError where a cap is set that no price lets anybody hold."""
    settings = project.settings.endpoint
    if settings.spend_cap is not None and dollars(model, 0, 0, settings) is None:
        raise UserError(
            f"No price is known for {model}, so the cap of {format_dollars(settings.spend_cap)} cannot be held: say "
            f"what it costs with `switchpoint spending {project.name} --price {model} IN OUT` (US dollars per million "
            "tokens), or lift the cap with --no-cap."
        )
    return Ledger(
        db=db, project=project.id, model=model, settings=settings, check_stopped=check_stopped, remember=remember
    )


def check_cap(settings: EndpointSettings, model: str, spent: Sequence[Spent], under_way: Sequence[Spent] = ()) -> None:
    """Raise UserError where what the project has spent, on all models of known price, has reached its cap, or may do so
    by what is under way in batches."""
    total, more = (sum(cost_of(each, settings) or 0.0 for each in some) for some in (spent, under_way))
    if settings.spend_cap is None or total + more < settings.spend_cap:
        return
    batches = f", and batches may come to {format_dollars(more)}" if more else ""
    raise UserError(
        f"The cap of {format_dollars(settings.spend_cap)} is reached ({format_dollars(total)} spent{batches}), so "
        f"{model} is asked no more. What was done is kept: raise the cap and start again to go on where it stopped."
    )


def endpoint_teacher(
    db: Database, project: Project, check_stopped: CheckStopped, *, remember: bool = True
) -> "EndpointTeacher | None":
    """The project's teacher where it is behind an endpoint, found reachable; else None."""
    endpoint = project_endpoint(project.teacher, project.settings.endpoint)
    if endpoint is None:
        return None
    from core.teacher.endpoint import connect_teacher

    ledger = ledger_of(db, project, endpoint.name, check_stopped, remember=remember)
    return connect_teacher(endpoint, project.settings.endpoint, ledger, project.settings.prompts)


def votes_known(db: Database, project: Project) -> bool | None:
    """Whether the project's teacher behind an endpoint votes for want of log-probabilities; None: nobody asked it yet.

    Reads the replies that are kept, and asks nothing. False for a teacher on this machine.
    """
    endpoint = project_endpoint(project.teacher, project.settings.endpoint)
    if endpoint is None:
        return False
    from core.teacher.endpoint import known_to_vote as known_of

    with db.read() as connection:
        settings = project.settings
        return known_of(endpoint, settings.endpoint, partial(store.reply_of, connection), settings.prompts)


def endpoint_predictions(
    db: Database,
    project: Project,
    samples: Sequence[Sample],
    check_stopped: CheckStopped,
    *,
    round_id: RoundId,
    remember: bool = True,
    on_skipped: OnSkipped | None = None,
) -> Iterator[list[Prediction]] | None:
    """Predictions of the project's student where it is behind an endpoint, list by list; else None.

    ``on_skipped`` gets the samples that are left out (by default they are logged).
    """
    endpoint = project_endpoint(project.student, project.settings.endpoint)
    if endpoint is None:
        return None
    from core.student.endpoint import predict_at_endpoint

    ledger = ledger_of(db, project, endpoint.name, check_stopped, remember=remember)
    callbacks = {} if on_skipped is None else {"on_skipped": on_skipped}
    return predict_at_endpoint(
        endpoint, samples, partial(_image, db), project.settings, ledger, round_id=round_id, **callbacks
    )


def check_endpoints(db: Database, project: Project) -> list[tuple[str, bool, str]]:
    """(model, whether it works, a sentence) for each model of the project behind an endpoint, asked just now."""
    found = []
    for name, try_it in ((project.teacher, _teacher_found), (project.student, _student_found)):
        try:
            said = try_it(db, project)
        except UserError as error:
            found.append((name, False, str(error)))
        else:
            found += [(name, True, said)] if said else []
    return found


def _teacher_found(db: Database, project: Project) -> str:
    teacher = endpoint_teacher(db, project, never_stopped, remember=False)
    if teacher is None:
        return ""
    return teacher.remark or f"answers, and lists {teacher.top} log-probabilities a token"


def _student_found(db: Database, project: Project) -> str:
    asked = Sample(source_id="doctor", question="What is 1 plus 1?", options=("1", "2"), answer="2")
    answered = endpoint_predictions(db, project, [asked], never_stopped, round_id=RoundId(0), remember=False)
    return "" if answered is None else f"answers: {' '.join(next(answered)[0].text.split())[:80]!r}"


def _image(db: Database, key: str) -> tuple[bytes, Any]:
    with db.read() as connection:
        return image_bytes(connection, key)
