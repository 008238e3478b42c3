"""A re-reading as lines for the terminal and as JSON values."""

from dataclasses import asdict
from typing import Any

from app.rendering.formatting import clock, count, short
from app.rereadings.preview import Example, Preview
from app.rereadings.replacement import Applied
from storage.store import Rereading

MAX_NAMED = 10
MAX_ANSWER = 120  # characters
WHY_KEPT = {"reviewed": "because a person reviewed them", "drafted": "because a person's draft is on them"}


def preview_data(shown: Preview) -> dict[str, Any]:
    """The preview as ``--json`` prints it, with accuracies in place of sums."""
    accuracies = [
        {"round": each.round, "set": each.role, "samples": each.samples}
        | {"before": each.before / each.samples, "after": each.after / each.samples}
        for each in shown.accuracies
    ]
    values = asdict(shown)
    values.pop("rounds")
    return values | {"kinds": dict(shown.kinds), "accuracies": accuracies}


def preview_text(shown: Preview, applied: Applied | None = None) -> str:
    """What a re-reading changes, or ``applied`` has changed, and what to do next."""
    if not shown.read:
        return f"Every prediction of '{shown.project}' was read by the rules of now: nothing is to be read again."
    verb = "would change" if applied is None else "changed"
    lines = [f"{shown.changed:,} of {count(shown.read, 'prediction')} that an older version read {verb}."]
    lines += [f"  {kind}: {of_kind:,}" for kind, of_kind in shown.kinds.items()]
    lines += [
        f"Round {each.round}, {each.role}: accuracy {each.before / each.samples:.1%} → {each.after / each.samples:.1%}"
        for each in shown.accuracies
    ]
    lines += [
        f"{len(samples):,} would be read otherwise and are kept, {WHY_KEPT[why]}: sample {_named(samples)}."
        for why, samples in shown.kept.items()
    ]
    if shown.steps_kept:
        lines.append(
            f"{shown.steps_kept:,} keep the steps of the file that they came from: known mistake steps count these."
        )
    if shown.set_aside:
        fits = count(shown.set_aside, "diagnosis no longer fits", "diagnoses no longer fit")
        lines.append(f"{fits} and {'would be' if applied is None else 'were'} set aside: what is wrong is open again.")
    lines += map(_example_line, shown.examples)
    return "\n".join([*lines, _ending(shown, applied)])


def undo_text(undone: Rereading, put_back: int) -> str:
    """What an undo put back."""
    what = f"{count(put_back, 'prediction')} as {'it was' if put_back == 1 else 'they were'}"
    return f"Put back {what} before the re-reading of {clock(undone.created)}."


def _example_line(each: Example) -> str:
    old, new = ("unclear" if answer is None else short(answer, MAX_ANSWER) for answer in (each.old, each.new))
    place = f"Round {each.round}" if each.round >= 0 else "A trial"
    return f"{place}, sample {each.sample} ({each.source_id}): {old} → {new}"


def _named(samples: list[int]) -> str:
    return ", ".join(map(str, samples[:MAX_NAMED])) + (", …" if len(samples) > MAX_NAMED else "")


def _ending(shown: Preview, applied: Applied | None) -> str:
    if applied is None:
        return (
            f"Nothing was changed yet: `switchpoint reread {shown.project} --yes` reads them again, and --undo puts "
            "them back."
        )
    if applied.number is None:
        return "They were all held against the rules of now before: there is nothing to change."
    left = shown.changed - applied.replaced
    kept = f" {left:,} were kept: a person decided them in the meantime." if left else ""
    return f"{applied.replaced:,} were read again; `switchpoint reread {shown.project} --undo` puts them back.{kept}"
