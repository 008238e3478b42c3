"""Saves the benches' results in ``assets/bench/results.json`` with the day and machine, and whether bars are met."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parents[2] / "assets" / "bench" / "results.json"


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A target: ``value`` must be at least ``least``, or below ``below``."""

    what: str
    value: float
    least: float | None = None
    below: float | None = None

    @property
    def met(self) -> bool:
        return self.value >= self.least if self.least is not None else self.value < (self.below or 0)

    @property
    def figure(self) -> str:
        """The value as text."""
        return f"{self.value:,.0f}" if self.value >= 100 else f"{self.value:.3g}"

    @property
    def wanted(self) -> str:
        """The target as text."""
        return f"at least {self.least:,g}" if self.least is not None else f"below {self.below:,g}"

    def __str__(self) -> str:
        return f"{self.what}: {self.figure} ({self.wanted}): {'met' if self.met else 'MISSED'}"


def save_results(name: str, found: dict[str, Any], bars: Sequence[Bar] = ()) -> None:
    """Replace a bench's results, and print for each bar whether it is met; other benches' results stay."""
    print(*bars, sep="\n")
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    held = [asdict(each) | {"met": each.met} for each in bars]
    day = datetime.now(UTC).date().isoformat()
    kept[name] = {"measured": day, "machine": machine(), "bars": rounded(held), **rounded(found)}
    RESULTS.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")


def machine() -> str:
    """The machine's processor, cores and Python."""
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    model = names[0].partition(":")[2].strip() if names else platform.machine()
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}"


def exponent(sizes: Sequence[float], values: Sequence[float]) -> float:
    """The power by which a value grows with size: the slope of both logarithms (least squares)."""
    import numpy as np  # not at the top, so that it adds nothing to the memory of the peers

    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def rounded(found: Any) -> Any:
    """The value with every number rounded to four significant digits."""
    if isinstance(found, dict):
        return {key: rounded(each) for key, each in found.items()}
    if isinstance(found, list):
        return [rounded(each) for each in found]
    return float(f"{found:.4g}") if isinstance(found, float) else found
