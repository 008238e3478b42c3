"""The figures of the Comparison tab as HTML: both accuracies, the four numbers, and what changed by category and skill.

Every count is a link that opens its samples. Reads no rows.
"""

from app.comparisons.paired import PairedComparison
from app.rendering.formatting import count, percent, points
from app.rendering.html import esc, nav, short, table
from app.web.page.place import Place
from core.evaluation.comparison import format_p_value
from core.types import GroupChange, Interval

OUTCOMES = {"fixed": "Fixed", "broken": "Broken", "still_wrong": "Still wrong", "still_right": "Still right"}
KINDS = {"category": "Category", "skill": "Missing skill"}
SHOWN = 40
LONGEST_NAME = 380  # what a URL parameter keeps


def figures_html(compared: PairedComparison) -> str:
    """The difference with its interval and p, and both accuracies as scales."""
    found, before, after = compared.found, compared.first.number, compared.second.number
    samples = sum(len(getattr(found, name)) for name in OUTCOMES)
    sure = "clear" if found.difference.low > 0 or found.difference.high < 0 else "may be chance"
    said = f"{points(found.difference.value)} points [{points(found.difference.low)}, "
    said += f"{points(found.difference.high)}]"
    rows = _scale(f"Round {before}", found.before, "old") + _scale(f"Round {after}", found.after, "new")
    return (
        f'<div class="two"><div><p class="big">{said}</p><p class="subdued">accuracy of round {after} minus '
        f"round {before} on the {found.role} set, {count(samples, 'sample')}, 95 % bootstrap interval: {sure}. "
        f'Exact McNemar p {esc(format_p_value(found.p_value))}.</p></div><div class="scales">{rows}</div></div>'
    )


def tiles_html(place: Place, compared: PairedComparison) -> str:
    """The four numbers, each opening its samples."""
    chosen = chosen_outcome(place, compared)
    tiles = "".join(
        f'<a class="tile {name}{" on" if name == chosen else ""}" data-nav data-opens=comparison '
        f'href="{esc(place.link(show=name, at=None, within=None))}"{" aria-current=true" if name == chosen else ""}>'
        f"<b>{len(getattr(compared.found, name)):,}</b><span>{title}</span></a>"
        for name, title in OUTCOMES.items()
    )
    return f'<div class="tiles">{tiles}</div>'


def chosen_outcome(place: Place, compared: PairedComparison) -> str:
    """Which of the four is open: the URL's, else what broke, else what was fixed."""
    asked = place.choice("show")
    return asked if asked in OUTCOMES else "broken" if compared.found.broken else "fixed"


def groups_html(place: Place, compared: PairedComparison) -> str:
    """What changed by category and by skill."""
    return f'<div class="groups">{_by_category(place, compared)}{_by_skill(place, compared)}</div>'


def _by_category(place: Place, compared: PairedComparison) -> str:
    if not compared.found.by_category:
        return '<p class="subdued">Nothing by category: the samples have none.</p>'
    return _table(place, compared, "category", compared.found.by_category, tested=True)


def _by_skill(place: Place, compared: PairedComparison) -> str:
    before, after = compared.first.number, compared.second.number
    if compared.found.role == "test":
        return (
            '<p class="subdued">By skill: not on the test set. Skills are named for diagnosed errors, and only errors '
            "of the validation set are diagnosed; choose it above to see them.</p>"
        )
    if not compared.found.by_skill:
        go = nav(place.link(tab="data", round=before, sample=None), f"Diagnose round {before}", "button small")
        return f'<p class="subdued">By skill: the errors of round {before} have no diagnosis yet. {go}</p>'
    note = f"The skill found missing in round {before}; for what broke, the one found missing in round {after}."
    if compared.unnamed:
        note += (
            f" {count(compared.unnamed, 'broken answer')} of round {after} "
            f"{'has' if compared.unnamed == 1 else 'have'} no skill yet (diagnose round {after}), "
            "so there is no p by skill."
        )
    listed = _table(place, compared, "skill", compared.found.by_skill, tested=not compared.unnamed)
    return f'<div class="side">{listed}<p class="subdued">{note}</p></div>'


def _table(
    place: Place, compared: PairedComparison, kind: str, groups: tuple[GroupChange, ...], *, tested: bool
) -> str:
    ordered = sorted(groups, key=lambda each: (not each.significantly_broken, -each.samples, each.name))
    rows = [_row(place, kind, each, tested=tested) for each in ordered[:SHOWN]]
    head = [KINDS[kind], "#Samples", f"#Round {compared.first.number}", f"#Round {compared.second.number}", "#Points"]
    head += ["#Fixed", "#Broken", "#Still wrong", "#p"]
    title = f"By {KINDS[kind].lower()}, {compared.found.role} set"
    title += " (p: exact McNemar, corrected after Holm)" if tested else ""
    left = len(groups) - SHOWN
    more = (
        f'<p class="subdued">… and {left:,} smaller ones: `switchpoint compare --json` lists all.</p>'
        if left > 0
        else ""
    )
    return f'<div class="side">{table(head, rows, "breakdown", title)}{more}</div>'


def _row(place: Place, kind: str, each: GroupChange, *, tested: bool) -> list[str]:
    name = f'<span dir="auto">{short(each.name, 90)}</span>'
    if each.significantly_broken:
        name += ' <span class="badge student">significantly broken</span>'
    counts = [_opening(place, kind, each, outcome) for outcome in ("fixed", "broken", "still_wrong")]
    p = esc(format_p_value(each.corrected).removeprefix("= ")) if tested else "–"
    change = (each.after - each.before) * 100
    css = "truth" if change > 0 else "student" if change < 0 else ""
    moved = f'<span class="{css}">{points(each.after - each.before, 0)}</span>'
    shares = (percent(each.before, 0), percent(each.after, 0))
    return [name, f"{each.samples:,}", *shares, moved, *counts, p]


def _opening(place: Place, kind: str, each: GroupChange, outcome: str) -> str:
    number = getattr(each, outcome)
    if not number:
        return "0"
    href = place.link(show=outcome, at=None, within=f"{kind}:{each.name[:LONGEST_NAME]}")
    what = f"{OUTCOMES[outcome]} in {kind} {each.name}"
    return f'<a href="{esc(href)}" data-nav data-opens=comparison aria-label="{number} {esc(what, 120)}">{number:,}</a>'


def _scale(name: str, interval: Interval, css: str) -> str:
    low, value, high = (f"{share * 100:.1f}%" for share in (interval.low, interval.value, interval.high))
    told = f"{percent(interval.value)} ({percent(interval.low)} to {percent(interval.high)})"
    return (
        f'<div class="scale {css}" style="--low:{low};--value:{value};--high:{high}"><span>{name}</span>'
        f'<span class="track" role="img" aria-label="{told}"><i></i><b></b></span><span class="num">'
        f"{percent(interval.value)}"
        f" <small class=subdued>{percent(interval.low)} – {percent(interval.high)}</small></span></div>"
    )
