"""A project's models behind endpoints, with stored replies, counted tokens and the project's spending cap.

Connects ``core.endpoints.client`` to storage. Whether a model is behind an endpoint follows from its name. Importing
this loads neither torch nor openai.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from app.progress import CheckStopped, never_stopped
from core.endpoints.addresses import project_endpoint
from core.endpoints.prices import cost_of, dollars, format_dollars
from core.errors import UserError
from core.types import EndpointSettings, OnSkipped, Prediction, RoundId, Sample, Skipped, Spent
from storage import store
from storage.database import Database
from storage.images import image_bytes
from storage.store import Project

if TYPE_CHECKING:
    from core.teacher.endpoint import EndpointTeacher


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """The replies and the meter (``core.endpoints.client.Replies``) of one model in one project.

    ``check_stopped`` is called before every request. A ledger that does not ``remember`` ignores stored replies, to
    check an endpoint now; its requests are counted all the same.
    """

    db: Database
    project: int
    model: str
    settings: EndpointSettings
    check_stopped: CheckStopped
    remember: bool = True

    def get(self, key: str) -> str | None:
        """The reply stored under the key, or None. Raises UserError where there is none and the cap is reached."""
        self.check_stopped()
        with self.db.read() as connection:
            kept = store.reply_of(connection, key) if self.remember else None
            if kept is None and self.settings.spend_cap is not None:
                spent = store.spending_of(connection, self.project)
                check_cap(self.settings, self.model, spent, store.spending_under_way(connection, self.project))
        return kept

    def count_unanswered(self, tokens_in: int, tokens_out: int) -> None:
        """Count a request whose answer was not received completely, with its tokens."""
        spent = Spent(model=self.model, requests=1, tokens_in=tokens_in, tokens_out=tokens_out)
        with self.db.write() as connection:
            store.add_spending(connection, self.project, spent)

    def put(self, key: str, reply: str, tokens_in: int, tokens_out: int) -> None:
        """Save and count a reply in one transaction."""
        spent = Spent(model=self.model, requests=1, tokens_in=tokens_in, tokens_out=tokens_out)
        with self.db.write() as connection:
            store.save_reply(connection, key, reply)
            store.add_spending(connection, self.project, spent)


def ledger_of(
    db: Database, project: Project, model: str, check_stopped: CheckStopped, *, remember: bool = True
) -> Ledger:
    """The ledger of a model of the project. Raises UserError where there is a cap but no known price."""
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
    """Raise UserError where the project's spending on all models of known price, with the batches under way, has
    reached its cap."""
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
    """The project's teacher where it is behind an endpoint, after a check that it answers; else None."""
    endpoint = project_endpoint(project.teacher, project.settings.endpoint)
    if endpoint is None:
        return None
    from core.teacher.endpoint import connect_teacher

    ledger = ledger_of(db, project, endpoint.name, check_stopped, remember=remember)
    return connect_teacher(endpoint, project.settings.endpoint, ledger, project.settings.prompts)


def votes_known(db: Database, project: Project) -> bool | None:
    """Whether the project's teacher votes because its endpoint gives no log-probabilities; None: not known yet.

    Reads stored replies only. False for a local teacher.
    """
    endpoint = project_endpoint(project.teacher, project.settings.endpoint)
    if endpoint is None:
        return False
    from core.teacher.probe import known_to_vote as is_voting

    with db.read() as connection:
        settings = project.settings
        return is_voting(endpoint, settings.endpoint, partial(store.reply_of, connection), settings.prompts)


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
    """Predictions of the project's student, in lists, where it is behind an endpoint; else None.

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
    """Send a request to each model of the project behind an endpoint: (model, whether it works, a sentence) of each."""
    found = []
    for name, check in ((project.teacher, _check_teacher), (project.student, _check_student)):
        try:
            sentence = check(db, project)
        except UserError as error:
            found.append((name, False, str(error)))
        else:
            found += [(name, True, sentence)] if sentence else []
    return found


def _check_teacher(db: Database, project: Project) -> str:
    teacher = endpoint_teacher(db, project, never_stopped, remember=False)
    if teacher is None:
        return ""
    return teacher.remark or f"answers, and lists {teacher.top} log-probabilities a token"


def _check_student(db: Database, project: Project) -> str:
    asked = Sample(source_id="doctor", question="What is 1 plus 1?", options=("1", "2"), answer="2")
    answered = endpoint_predictions(
        db, project, [asked], never_stopped, round_id=RoundId(0), remember=False, on_skipped=_refuse_skipped
    )
    return "" if answered is None else f"answers: {' '.join(next(answered)[0].text.split())[:80]!r}"


def _refuse_skipped(sample: Sample, why: Skipped) -> None:
    raise UserError(why.reason)


def _image(db: Database, key: str) -> tuple[bytes, Any]:
    with db.read() as connection:
        return image_bytes(connection, key)
