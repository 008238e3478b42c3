"""The filters and the order of the list of cases, read from the URL."""

from typing import get_args

from app.reviews.wording import VERDICT_LABELS
from app.web.page.place import Place
from core.literals import member_of
from core.types import SwitchStatus
from storage.store import CaseFilters, Order

FILTER_PARAMS = ("verdict", "category", "skill", "step", "status", "sure", "reviewer", "text")
CONFIDENCE_RANGES = {"low": (0.0, 0.5), "middle": (0.5, 0.75), "high": (0.75, 1.01)}
CONFIDENCE_LABELS = {"low": "under 50 %", "middle": "50 to 75 %", "high": "over 75 %"}
ORDER_LABELS: dict[Order, str] = {
    "least_sure": "least sure first",
    "skill": "by the machine's skill",
    "id": "by number",
}


def read_filters(place: Place) -> CaseFilters:
    """The filters that the URL asks for; invalid values are ignored."""
    return CaseFilters(
        verdict=member_of(VERDICT_LABELS, place.choice("verdict")),
        category=place.choice("category") or None,
        skill=place.choice("skill") or None,
        mistake_step=place.number("step"),
        status=member_of((*get_args(SwitchStatus), "undiagnosed", "unclear"), place.choice("status")),
        confidence=CONFIDENCE_RANGES.get(place.choice("sure")),
        reviewer=place.choice("reviewer") or None,
        text=place.choice("text").strip() or None,
    )


def read_order(place: Place) -> Order:
    """The order that the URL asks for, least sure first by default."""
    return member_of(ORDER_LABELS, place.choice("order")) or "least_sure"
