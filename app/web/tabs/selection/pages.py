"""A page of a list on the Selection tab, with the links to the pages before and after it."""

from dataclasses import dataclass

from app.web.page.place import Place


@dataclass(frozen=True, kw_only=True)
class Pages:
    """A page that begins with the item ``start`` (from 1); ``previous`` and ``next`` are links, "" for none."""

    start: int
    size: int
    text: str
    previous: str
    next: str


def pages_at(place: Place, parameter: str, after: int, shown: int, size: int, *, more: bool, total: int = 0) -> Pages:
    """The page of ``shown`` items behind the first ``after``, which the URL's ``parameter`` names."""
    text = f"{after + 1:,} to {after + shown:,}"
    return Pages(
        start=after + 1,
        size=size,
        text=f"{text} of {total:,}" if total else text,
        previous=place.link(**{parameter: max(0, after - size) or None}) if after else "",
        next=place.link(**{parameter: after + size}) if more else "",
    )
