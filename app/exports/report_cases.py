"""The cases of a report: which ones are chosen, and each as HTML that needs no other file.

Images are inlined and curves drawn by plotly's own code. Reads rows and writes no file.
"""

import io
from collections.abc import Sequence
from typing import Any, get_args

from markupsafe import Markup
from PIL import Image
from sqlalchemy import Connection

from app.rendering.case import answer_rows, facts
from app.rendering.charts import Figure, curve_figure, marked_layout, with_colours
from app.rendering.templates import NOTHING, data_url, render
from app.reviews.wording import confidence_reason, verdict_label
from core.errors import FolderError, UserError
from core.images import FORMATS
from core.types import Verdict
from storage import store
from storage.images import image_bytes
from storage.store import Case, CaseFilters, Round

MAX_CASES = 12
SMALL_IMAGE = 148  # pixels; up to this size an image is shown enlarged, with its pixels kept sharp
COLOURS = {
    "--line": "rgba(125, 135, 150, 0.28)",
    "--body-text-color-subdued": "#7d8796",
    "--mark": "rgba(45, 125, 205, 0.18)",
    "--accent-text": "#005596",
}


def chosen_cases(connection: Connection, round_: Round, samples: Sequence[int] = ()) -> list[Case]:
    """The cases of those samples, in that order.

    Without samples: the diagnosed cases that the machine is least sure of and a person gave a verdict on; where there
    are none, those it is least sure of. Raises ``UserError`` for a sample that is no error of the round.
    """
    if samples:
        return [_case(connection, round_, sample) for sample in dict.fromkeys(samples)]
    verdicts = (verdict for verdict in get_args(Verdict) if verdict != "cleared")
    judged = [case for verdict in verdicts for case in _least_sure(connection, round_, CaseFilters(verdict=verdict))]
    return sorted(judged, key=store.cursor_of)[:MAX_CASES] or _least_sure(connection, round_, CaseFilters())


def curve_html(case: Case) -> Markup:
    """The answer-switch curve as plotly's own HTML, without plotly.js; empty where there is no diagnosis."""
    found = case.diagnosis
    if found is None:
        return NOTHING
    # Importing plotly's figures takes longer than most commands do.
    import plotly.graph_objects as go
    from plotly.io import to_html

    drawn = curve_figure(found.curve, prior=found.prior, delta=found.delta, mistake_step=case.mistake_step)
    figure = go.Figure(data=drawn["traces"], layout=_layout(drawn))
    config = {"displayModeBar": False, "responsive": True}
    html = to_html(figure, config, include_plotlyjs=False, full_html=False, div_id=f"curve-{case.sample.id}")
    return Markup(html)  # nosec B704: plotly escapes the texts in its JSON


def case_section(connection: Connection, round_: Round, case: Case, number: int, curve: Markup) -> Markup:
    """One case: question, answers and image, steps beside the curve, the missing skill, and who said what."""
    image, image_error = _image(connection, case.sample.image)
    return render(
        "report/case.html",
        case=case,
        number=number,
        facts=facts(case, f"sample {case.sample.source_id}"),
        rows=answer_rows(case),
        image=image,
        image_error=image_error,
        curve=curve,
        reason=confidence_reason(case) if case.diagnosis else "",
        verdict_label=verdict_label,
        history=store.review_history(connection, round_.id, case.sample.id),
    )


def _case(connection: Connection, round_: Round, sample: int) -> Case:
    found = store.case_of(connection, round_.id, sample)
    if found is None:
        raise UserError(f"Sample {sample} is no error of round {round_.number}: choose one from the Review tab's list.")
    return found


def _least_sure(connection: Connection, round_: Round, filters: CaseFilters) -> list[Case]:
    return [
        case for case in store.cases_page(connection, round_.id, limit=MAX_CASES, filters=filters) if case.diagnosis
    ]


def _image(connection: Connection, image: str | None) -> tuple[dict[str, Any] | None, str]:
    """A sample's image inlined, and whether it is small enough to be enlarged; else why it cannot be shown."""
    if image is None:
        return None, ""
    try:
        content, mime = image_bytes(connection, image)
        with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
            is_small = max(opened.size) <= SMALL_IMAGE
    except FolderError:
        raise
    except UserError as error:
        return None, str(error)
    except Exception:  # Pillow's decoders raise nearly anything on broken input
        return None, "The image cannot be opened: put a whole one in its place."
    return {"url": data_url(mime, content), "is_small": is_small}, ""


def _layout(figure: Figure) -> Figure:
    """The layout of a curve for the report, whose style sheet colours all other text by theme."""
    return {
        **with_colours(marked_layout(figure), COLOURS),
        "template": {},
        "height": 260,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"size": 12, "family": "system-ui, sans-serif"},
    }
