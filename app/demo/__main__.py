"""The loop on the demo project without the page: ``python -m app.demo``, which ``make demo`` runs.

Uses the same imports and jobs as any project, in a fixed order; the reviewer "demo" accepts every diagnosis.
"""

import json
import os
import shutil
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from app.cli.terminal import run_command_line
from app.demo.run import run_demo
from app.rendering.terminal_tables import accuracy_table
from core.errors import UserError

MARKER_FILE = "made-by-make-demo"

runner = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@runner.command()
def main(
    data: Annotated[Path, typer.Option(help="An empty folder, or the one of an earlier run.")] = Path(".data/demo-run"),
) -> None:
    """Run the loop on the demo project and print what came out; SEEDS=5 repeats selection and tuning."""
    _make_empty(data)
    result = run_demo(data, int(os.environ.get("SEEDS", "1")))
    (data / "demo-result.json").write_text(json.dumps(result, indent=2))
    for table in result_tables(result):
        Console().print(table)
    print(f"The figures are in {data / 'demo-result.json'}; `switchpoint --data {data} serve` shows the project.")


def result_tables(result: dict[str, Any]) -> list[Table]:
    """Accuracy of the arms; who finds the gold mistake step; seconds for each stage."""
    accuracy = accuracy_table(result["accuracy"] | result["difference"])
    accuracy.title = f"Accuracy on the test set ({result['samples']:,} samples, {result['budget']:,} to tune on)"
    found = Table(
        "mistake step found by", "share", title=f"Gold mistake step, {result['skills']['errors']} real errors"
    )
    for name, share in result["identification"].items():
        found.add_row(name.replace("_", " "), f"{share:.1%}")
    found.add_row("gold skill named", f"{result['skills']['gold_share']:.1%}", end_section=True)
    times = Table("stage", "seconds")
    for stage, seconds in result["seconds"].items():
        times.add_row(stage, f"{seconds:.1f}")
    return [accuracy, found, times]


def _make_empty(data: Path) -> None:
    """Empty the folder of an earlier run. Raises UserError for a folder with anything else in it."""
    if (data / MARKER_FILE).exists():
        shutil.rmtree(data)
    elif data.exists() and any(data.iterdir()):
        raise UserError(f"{data} holds something else: choose an empty folder with --data.")
    data.mkdir(parents=True)
    (data / MARKER_FILE).touch()


if __name__ == "__main__":
    raise SystemExit(run_command_line(runner))
