"""What the benches measured, kept in ``assets/bench/results.json`` with the day and the machine, for the report."""

import json
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

RESULTS = Path(__file__).resolve().parents[2] / "assets" / "bench" / "results.json"


def save_results(name: str, found: dict[str, Any]) -> None:
    """Put a bench's figures in the place of its earlier ones; a bench that was not run keeps its own."""
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    kept[name] = {"measured": datetime.now(UTC).date().isoformat(), "machine": machine(), **rounded(found)}
    RESULTS.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")


def machine() -> str:
    """Its processor, cores and Python."""
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    model = names[0].partition(":")[2].strip() if names else platform.machine()
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}"


def exponent(sizes: Sequence[float], values: Sequence[float]) -> float:
    """The power by which a value grows with size: the slope of both logarithms (least squares)."""
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def rounded(found: Any) -> Any:
    """Every number with four digits that count."""
    if isinstance(found, dict):
        return {key: rounded(each) for key, each in found.items()}
    if isinstance(found, list):
        return [rounded(each) for each in found]
    return float(f"{found:.4g}") if isinstance(found, float) else found
