"""LoRA tuning against a plain transformers Trainer with PEFT: samples a second and peak memory on the same model, data
and batch; and our peak memory as the selection grows from 1,000 to 50,000 samples.

``python -m tests.bench.tuning [--samples N] [--turns N]``. Each measurement is a new process; ours and the peer take
turns. The peer's texts are prepared beforehand, and it uses one thread or all, whichever is faster.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench.children import child, middle, report
from tests.bench.results import Bar, save_results

SIZES = (1_000, 10_000, 50_000)
UPDATES = 25  # of the runs whose memory is measured
BATCH = 32
FLAT_MB = 64
Ways = dict[str, dict[str, float]]


def world(folder: str, samples: str) -> tuple[Any, Any, Any]:
    """The demo's settings, so many of its support samples, and the function that opens their images."""
    from PIL import Image

    from app.tuning.options import preset
    from core.importers import read_samples

    rows = Path(folder) / "support.jsonl"
    found = list(islice(read_samples(rows, role="support", images=Path(folder)).samples, int(samples)))
    settings = replace(preset("demo"), epochs=1.0, batch_size=BATCH, accumulation=1, checkpoint_every=10**6)

    def open_image(name: str) -> Any:
        with Image.open(Path(folder) / name) as image:
            return image.convert("RGB")

    pictures = [json.loads(line)["image"] for line in islice(rows.open(), int(samples))]
    return settings, [replace(each, image=name) for each, name in zip(found, pictures, strict=True)], open_image


def ours(folder: str, samples: str) -> None:
    """A whole run, timed from the first update to the last."""
    from app.engines.local_engine import LocalEngine
    from assets import demo

    LocalEngine()  # as in the worker: what it sets for torch holds only where torch is not there yet
    from core.models.devices import TUNING_THREADS, choose_threads
    from core.student.local import load_student
    from core.tuning.examples import make_examples
    from core.tuning.prepare import make_trainable
    from core.tuning.schedule import plan_updates
    from core.tuning.update import run_updates

    settings, chosen, open_image = world(folder, samples)
    student = load_student(str(demo.STUDENT), device="cpu")
    choose_threads(student.model, max_threads=TUNING_THREADS)
    lessons = make_examples(student, chosen, settings)
    training = make_trainable(lessons, open_image, settings, None)
    plan = plan_updates(lessons.lengths, lessons.pictured, settings)
    started, busy = time.perf_counter(), time.process_time()
    updates = list(run_updates(training, plan, (), run=1))
    seconds, busy = time.perf_counter() - started, time.process_time() - busy
    report(
        rate=len(lessons) / seconds,
        busy=1000 * busy / len(lessons),
        updates=len(updates),
        loss=statistics.mean(each.loss for each in updates),
    )


def peer(folder: str, samples: str) -> None:
    """A plain script: Trainer, a PEFT model, images opened in the data set, padding in the collator."""
    import torch
    from transformers import Trainer, TrainingArguments

    from assets import demo
    from core.student.chat import encode
    from core.student.local import load_student
    from core.student.lora import new_adapter
    from core.tuning.examples import make_examples

    settings, chosen, open_image = world(folder, samples)
    student = load_student(str(demo.STUDENT), device="cpu")
    torch.manual_seed(settings.seed)
    student.model.requires_grad_(False)
    model = new_adapter(student.model, settings)
    lessons = [(each.text, each.reply, each.sample.image) for each in make_examples(student, chosen, settings)]

    class Data(torch.utils.data.Dataset):  # type: ignore[type-arg]
        def __len__(self) -> int:
            return len(lessons)

        def __getitem__(self, number: int) -> Any:
            text, reply, image = lessons[number]
            return text, reply, open_image(image)

    def collate(rows: list[Any]) -> Any:
        batch = encode(
            student.processor, [text for text, _, _ in rows], [image for _, _, image in rows], padding_side="right"
        )
        labels = torch.full_like(batch["input_ids"], -100)
        for row, (_, reply, _) in enumerate(rows):
            end = int(batch["attention_mask"][row].sum())
            labels[row, end - reply : end] = batch["input_ids"][row, end - reply : end]
        kept = {name: value for name, value in batch.items() if name in student.inputs}
        return kept | {"labels": labels}

    with tempfile.TemporaryDirectory() as out:
        arguments = TrainingArguments(
            output_dir=out,
            per_device_train_batch_size=settings.batch_size,
            learning_rate=settings.learning_rate,
            lr_scheduler_type="cosine",
            warmup_steps=settings.warmup,
            num_train_epochs=1,
            max_grad_norm=settings.max_grad_norm,
            weight_decay=0.0,
            seed=settings.seed,
            use_cpu=True,
            bf16=False,
            logging_steps=1,
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            remove_unused_columns=False,
        )
        trainer = Trainer(model=model, args=arguments, train_dataset=Data(), data_collator=collate)
        started, busy = time.perf_counter(), time.process_time()
        trainer.train()
        seconds, busy = time.perf_counter() - started, time.process_time() - busy
    losses = [row["loss"] for row in trainer.state.log_history if "loss" in row]
    report(
        rate=len(lessons) / seconds,
        busy=1000 * busy / len(lessons),
        updates=trainer.state.global_step,
        loss=statistics.mean(losses),
    )


def growing(data: str, selection: str) -> None:
    """The first updates of a run on a selection in a database, made as by the worker."""
    from app.model_inputs import image_opener
    from app.tuning.local_run import SelectedSamples
    from app.tuning.options import preset
    from assets import demo
    from core.tuning.run import tune
    from core.types import Settings
    from storage import store
    from storage.database import open_database

    with closing(open_database(Path(data))) as db, tempfile.TemporaryDirectory() as folder:
        with db.read() as c:
            ids = store.selected_sample_ids(c, int(selection))
        settings = replace(preset("demo"), epochs=1.0, batch_size=BATCH, checkpoint_every=10**6)
        updates = tune(
            str(demo.STUDENT),
            SelectedSamples(db, ids, Settings()),
            image_opener(db),
            settings,
            folder=Path(folder),
            run=1,
            should_stop=lambda: False,
            device="cpu",
        )
        made = list(islice(updates, UPDATES))
        updates.close()  # type: ignore[attr-defined]
    report(updates=len(made), total=made[-1].total, samples=len(ids))


def fill(data: Path) -> list[int]:
    """A project with one selection of each size; returns their ids."""
    from core.types import Hit, Sample, Selection, Settings
    from storage import store
    from storage.database import open_database

    def drawn(start: int, many: int) -> Iterator[Sample]:
        for number in range(start, start + many):
            yield Sample(
                source_id=f"s{number}",
                question=f"What is the sum of {number % 10} and {number % 7} ?",
                answer="5",
                response=f"Step 1 : the left digit is {number % 10} . Step 2 : the right digit is {number % 7} . "
                "The answer is 5 .",
                skill_label="adding",
                task=f"task {number % 9}",
            )

    with closing(open_database(data)) as db:
        with db.write() as c:
            made = store.create_project(c, "grown", student="s", teacher="t", settings=Settings())
            base = store.rounds_of(c, made.id)[0].id
        for start in range(0, max(SIZES), 5000):
            with db.write() as c:
                rows = list(drawn(start, 5000))
                store.save_samples(c, project=None, role="support", name="flan", samples=rows, images={})
        with db.write() as c:
            ids = [each.id for each in store.support_samples(c, "flan")]
            return [
                store.save_selection(
                    c,
                    Selection(
                        project=made.id,
                        round=base,
                        support="flan",
                        budget=size,
                        seed=0,
                        demands=(),
                        hits=tuple(Hit(sample=each, skill="", score=0.0, terms=()) for each in ids[:size]),
                        leaked=0,
                    ),
                ).id
                for size in SIZES
            ]


def main() -> None:
    """Print both tables, and whether the bars are met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=1500)
    parser.add_argument("--turns", type=int, default=3)
    given = parser.parse_args()
    from assets.demo.draw import write_support

    with tempfile.TemporaryDirectory() as folder:
        write_support(Path(folder), limit=given.samples)
        ways = compare(folder, given.samples, given.turns)
        peaks = grow(Path(folder) / "data")
    save_results(
        "tuning",
        {"samples": given.samples, "turns": given.turns, "ways": ways, "peaks": peaks},
        [
            Bar(what="times the faster peer's samples a second", value=over_peer(ways, "rate"), least=1),
            Bar(what="times its peak memory", value=over_peer(ways, "peak"), below=1.0001),
            Bar(what="MB more memory for 50,000 samples than for 1,000", value=max(peaks) - min(peaks), below=FLAT_MB),
        ],
    )


def over_peer(ways: Ways, measure: str) -> float:
    """The ratio of ours to the faster peer."""
    peer = max((each for name, each in ways.items() if name != "ours"), key=lambda each: each["rate"])
    return ways["ours"][measure] / peer[measure]


def compare(folder: str, samples: int, turns: int) -> Ways:
    """Ours and the peer in turn: medians and their ratio."""
    found: dict[str, list[dict[str, float]]] = {"ours": [], "peer": [], "peer, all threads": []}
    for _ in range(turns):
        found["ours"].append(child("tuning", "ours", folder, samples, threads=os.cpu_count() or 1))
        found["peer"].append(child("tuning", "peer", folder, samples))
        found["peer, all threads"].append(child("tuning", "peer", folder, samples, threads=os.cpu_count() or 1))
    ways = {name: middle(runs) for name, runs in found.items()}
    table = Table("tuning", "updates", "samples / s", "processor ms / sample", "peak MB", "mean loss")
    for name, each in ways.items():
        table.add_row(
            name,
            f"{each['updates']:.0f}",
            f"{each['rate']:.1f}",
            f"{each['busy']:.2f}",
            f"{each['peak']:,.0f}",
            f"{each['loss']:.4f}",
        )
    table.title = f"{samples:,} samples in batches of {BATCH}, medians of {turns} turns; peer: Trainer + PEFT"
    Console(width=120).print(table)
    return ways


def grow(data: Path) -> list[float]:
    """Our peak memory on selections of growing size."""
    table = Table("samples", "updates made", "peak MB", title=f"The first {UPDATES} updates on a selection")
    peaks = []
    for size, selection in zip(SIZES, fill(data), strict=True):
        each = child("tuning", "growing", data, selection)
        peaks.append(each["peak"])
        table.add_row(f"{size:,}", f"{each['updates']:.0f} of {each['total']:.0f}", f"{each['peak']:,.0f}")
    Console(width=120).print(table)
    return peaks


if __name__ == "__main__":
    main()
