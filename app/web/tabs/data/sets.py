"""What is in a project, on the Data tab: its sets with what a round made of them, and the support sets.

Renders rows; changes nothing.
"""

from collections import Counter
from typing import Any

from app.labels.cost_estimate import LabelCost, label_cost
from app.projects.settings_fields import behind_endpoint
from app.rendering.formatting import count, percent
from app.rendering.html import bar, command, empty, esc, nav, table
from app.web.components.job_tray import waits
from app.web.page.place import Place
from app.web.tabs.data.batches import batch_row, under_way_html
from core.endpoints.addresses import endpoint_of
from core.endpoints.prices import in_dollars
from core.errors import UserError
from core.types import Role
from storage import jobs, store
from storage.database import Database
from storage.jobs import Job
from storage.store import RoundCounts, SupportSet

ROLES: tuple[Role, ...] = ("validation", "test")
MOST_CATEGORIES = 12


def overview_html(db: Database, place: Place) -> str:
    """The sets of the project with what this round did on them, and the buttons that make it go on."""
    if not place.project:
        return empty("No project yet", "Make one with New project above. A support set can be imported before that.")
    with db.read() as connection:
        project = store.project_named(connection, place.project)
        now = next(each for each in store.round_counts(connection, project.id) if each.number == place.round)
        scores = {role: list(store.prediction_scores(connection, now.round, role).values()) for role in ROLES}
        waiting = len(store.missing_diagnoses(connection, now.round))
        categories = {role: store.categories_of(connection, project=project.id, role=role) for role in ROLES}
    rows = [
        _set_row("validation", "diagnosed and reviewed", now.samples, now.predictions, scores["validation"]),
        _set_row("test", "only measures", now.test_samples, now.test_predictions, scores["test"]),
    ]
    if now.predictions + now.test_predictions < now.samples + now.test_samples:
        rows[0][-1] += _cost("predict", project.student)
    ask_teacher = _cost("diagnose", project.teacher) if waiting else ""
    head = ["Set", "#Samples", "Answered in this round", "Accuracy", ""]
    sets = table(head, rows, "sets", f"Round {now.number}: what the student answered")
    return f'<div class="two wide-left">{sets}{_diagnosis(now, waiting, ask_teacher)}</div>{_categories(categories)}'


def supports_html(db: Database, place: Place) -> str:
    """The support sets, those that are being imported, and the labels of the one that the URL names."""
    with db.read() as connection:
        supports = store.support_sets(connection)
        found = jobs.jobs_of(connection, limit=30)
    importing = [job for job in found if job.kind == "import" and job.state in jobs.ACTIVE]
    rows = [_support_row(place, each) for each in supports] + [
        _incoming_row(job, waits(job, found)) for job in importing
    ]
    if not rows:
        return (
            '<p class="subdued">No support set yet. Bring one in above: training samples of many tasks, each '
            "with a skill label (or let the teacher label it).</p>"
        )
    head = ["Support set", "#Samples", "With a skill label", ""]
    return table(head, rows, "sets", "Support sets, shared by all projects")


def labelling_html(db: Database, place: Place) -> str:
    """What labelling the support set that the URL names would take, with the two ways; "" where it names none.

    Cheap: questions are counted beside the page, and until they are it says so.
    """
    name = place.choice("label")
    if not name or not place.project:
        return ""
    with db.read() as connection:
        found = next((each for each in store.support_sets(connection) if each.name == name), None)
        active = [job for job in jobs.jobs_of(connection, limit=30) if job.kind == "label" and job.state in jobs.ACTIVE]
        waiting = [each for each in store.batches_under_way(connection) if each.support == name]
        teacher = store.project_named(connection, place.project).teacher
    if found is None or (found.labelled == found.samples and not waiting):
        return ""
    working = next((job for job in active if job.args["support"] == name), None)
    if working:
        body = f'<p role="status">The teacher labels it now: job {working.id} below says how far it is.</p>'
    elif waiting:
        body = under_way_html(name, waiting)
    else:
        try:
            cost = label_cost(db, found, place.project)
            body = _ways(name, found.samples - found.labelled, cost, in_batches=behind_endpoint(teacher))
        except UserError as error:
            body = f'<p class="why">{esc(error, 400)}</p>'
    title = f"{count(found.samples - found.labelled, 'sample')} of {esc(name, 80)} without a skill label"
    close = nav(place.link(label=None), "Close", "button small")
    head = f'<div class="row"><h3>{title}</h3><span class=grow></span>{close}</div>'
    return f'<section class="panel">{head}{body}</section>'


def _ways(name: str, unlabelled: int, cost: LabelCost | None, *, in_batches: bool) -> str:
    """The ways to label, each with questions, tokens and money; "estimating …" where those are not known yet."""
    by_sample, by_group = (cost.by_sample, cost.by_group) if cost else (None, None)
    ways = (
        ("sample", "Label by sample", "the teacher reads each one", by_sample),
        ("group", "Label by group", "one label for all that share a task and its instruction", by_group),
    )
    rows, batched = [], []
    for by, label, why, of in ways:
        waits = '<span class="subdued">estimating …</span>'
        questions = f"{of['items']:,}" if of else f"{unlabelled:,}" if by == "sample" else waits
        tokens, dollars = (_tokens(of), _dollars(of)) if of else (waits, waits)
        rows.append([command("label", label, "button", support=name, by=by), questions, tokens, dollars, why])
        batched += [batch_row(name, by, questions, of)] if in_batches else []
    listed = table(["", "#Questions to the teacher", "#Tokens in and out", "#Cost", "How"], rows + batched)
    so_far = by_sample if by_sample and by_sample["endpoint"] else None
    cap = "no cap" if so_far is None or so_far["cap"] is None else f"a cap of {in_dollars(so_far['cap'])}"
    told = f'<p class="subdued">{in_dollars(so_far["spent"])} spent so far, {cap}.</p>' if so_far else ""
    return listed + told


def _tokens(of: dict[str, Any]) -> str:
    return f"{of['tokens_in']:,} · {of['tokens_out']:,}" if of["endpoint"] else "–"


def _dollars(of: dict[str, Any]) -> str:
    if not of["endpoint"]:
        return "none: it runs here"
    return "price not known" if of["money"] is None else f"about {in_dollars(of['money'])}"


def _set_row(role: str, purpose: str, samples: int, predicted: int, scores: list[float]) -> list[str]:
    title = role.capitalize()
    if not samples:
        return [
            f"<b>{title}</b> <small class=subdued>{purpose}</small>",
            "0",
            "<span class=subdued>bring it in below</span>",
            "–",
            "",
        ]
    share = percent(sum(scores) / len(scores)) if scores else "–"
    button = command("predict", f"Predict {samples - predicted:,}", role=role) if predicted < samples else "✓ complete"
    return [
        f"<b>{title}</b> <small class=subdued>{purpose}</small>",
        f"{samples:,}",
        f"{bar(predicted / samples)} {predicted:,}",
        share,
        button,
    ]


def _cost(of: str, model: str) -> str:
    """The button that says what a model behind an endpoint would be asked and cost; "" for a model on this machine."""
    try:
        there = endpoint_of(model) is not None
    except UserError:
        return ""  # the job says what is wrong with the name
    return command("cost", "What it costs", "button small", of=of) if there else ""


def _diagnosis(now: RoundCounts, waiting: int, cost: str) -> str:
    """How many errors there are, how many are diagnosed and reviewed, and the button that goes on."""
    if not now.predictions:
        body = '<p class="subdued">Errors show up once the student has answered the validation set.</p>'
    else:
        rows = [
            ["Wrong answers", f"{now.wrong:,}"],
            ["Diagnosed", f"{now.diagnosed:,}"],
            ["Reviewed", f"{now.reviewed:,}"],
        ]
        button = command("diagnose", f"Diagnose {waiting:,}") if waiting else ""
        left = now.wrong - now.diagnosed - waiting
        note = (
            f'<p class="subdued">{count(left, "error")} without steps or a readable answer cannot be diagnosed.</p>'
            if left > 0
            else ""
        )
        body = table(["Validation errors", "#"], rows) + f'<div class="row">{button}{cost}</div>{note}'
    return f'<div class="side">{body}</div>'


def _categories(found: dict[Role, dict[str, int]]) -> str:
    """The largest categories of both sets side by side; "" where the samples name none."""
    together = Counter(found["validation"]) + Counter(found["test"])
    names = [name for name, _ in together.most_common() if name]
    if not names:
        return ""
    rows = [[esc(name, 80), *(f"{found[role].get(name, 0):,}" for role in ROLES)] for name in names[:MOST_CATEGORIES]]
    if rest := names[MOST_CATEGORIES:]:
        rows.append([f"{len(rest):,} more", *(f"{sum(found[role].get(name, 0) for name in rest):,}" for role in ROLES)])
    listed = table(["Category", "#Validation", "#Test"], rows)
    many = count(len(names), "category", "categories")
    return f'<details data-keep="categories"><summary>{many} of samples</summary>{listed}</details>'


def _support_row(place: Place, each: SupportSet) -> list[str]:
    link = nav(place.link(label=each.name, check=None), f"Label {each.samples - each.labelled:,} …", "button")
    acts = "✓ complete" if each.labelled == each.samples else link if place.project else ""
    check = nav(place.link(check=each.name, label=None), "Check labels", "button") if each.labelled else ""
    return [
        f'<span dir="auto">{esc(each.name, 80)}</span>',
        f"{each.samples:,}",
        f"{bar(each.labelled / each.samples if each.samples else 0)} {each.labelled:,}",
        f'<span class="row">{acts}{check}</span>',
    ]


def _incoming_row(job: Job, waiting: str) -> list[str]:
    name = str(job.args.get("name") or job.args.get("path", "")).rsplit("/", 1)[-1]
    share = job.done / job.total if job.total else 0.0
    far = f"{job.done:,} of {job.total:,} rows" if job.total else esc(waiting or job.message or "starting", 120)
    return [
        f'<span dir="auto">{esc(name, 80)}</span> <small class="subdued">coming in</small>',
        "–",
        f"{bar(share)} {far}",
        f"job {job.id}",
    ]
