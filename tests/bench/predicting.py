"""Prediction against a plain transformers ``generate`` loop and transformers' pipeline: samples a second with the
demo's student and validation samples, one thread, in turn; all must give the same texts.

``python -m tests.bench.predicting [--samples N] [--turns N]``; each measurement is a new process.
"""

import argparse
import io
import json
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench.children import child, middle, report
from tests.bench.results import Bar, save_results

BAR = 1.5
BATCHES = (1, 8, 32)


def world(samples: str) -> tuple[list[Any], Any, Any]:
    """The first validation samples, the function that opens their images, and the demo's settings."""
    from PIL import Image

    from assets import demo
    from assets.demo.settings import demo_settings
    from core.importers import read_samples

    found = read_samples(demo.VALIDATION, role="validation").samples[: int(samples)]
    archive = zipfile.ZipFile(demo.VALIDATION)
    named = {row["id"]: row["image"] for row in json.loads(archive.read("validation.json"))}

    def open_image(key: str) -> Any:
        with Image.open(io.BytesIO(archive.read(named[key]))) as image:
            return image.convert("RGB")

    return found, open_image, demo_settings()


def ours(samples: str, batch: str, texts: str) -> None:
    """``predict`` as the worker calls it."""
    from dataclasses import replace

    from assets import demo
    from core.student.local import load_student, predict

    found, open_image, settings = world(samples)
    student = load_student(str(demo.STUDENT), device="cpu")
    asked = [replace(each, id=place, image=each.source_id) for place, each in enumerate(found)]
    settings = replace(settings, batch_size=int(batch))
    started = time.perf_counter()
    said = {
        each.sample: each.text for part in predict(student, asked, open_image, settings, round_id=0) for each in part
    }
    finished(started, [said[place] for place in range(len(asked))], texts)


def peer_parts(samples: str) -> tuple[Any, list[str], list[Any], Any]:
    """A loaded student, the prompts, the images and the settings for a script."""
    from assets import demo
    from core.prompts import student_prompt
    from core.student import chat
    from core.student.local import load_student

    found, open_image, settings = world(samples)
    student = load_student(str(demo.STUDENT), device="cpu")
    asked = [
        chat.prompt_text(student.processor, student_prompt(each, settings, student.family), has_image=True)
        for each in found
    ]
    return student, asked, [each.source_id for each in found], (open_image, settings)


def loop(samples: str, texts: str) -> None:
    """One sample after the other through the processor and ``generate``."""
    import torch

    student, asked, keys, (open_image, settings) = peer_parts(samples)
    said = []
    started = time.perf_counter()
    with torch.inference_mode():
        for text, key in zip(asked, keys, strict=True):
            inputs = student.processor(text=text, images=open_image(key), return_tensors="pt")
            kept = {name: value for name, value in inputs.items() if name in student.inputs}
            output = student.model.generate(**kept, do_sample=False, max_new_tokens=settings.max_new_tokens)
            new = output[0, kept["input_ids"].shape[1] :]
            said.append(student.processor.tokenizer.decode(new, skip_special_tokens=True).strip())
    finished(started, said, texts)


def pipeline(samples: str, batch: str, texts: str) -> None:
    """transformers' own pipeline for images and text."""
    from transformers import pipeline as made

    student, asked, keys, (open_image, settings) = peer_parts(samples)
    student.processor.tokenizer.padding_side = "left"
    answer = made("image-text-to-text", model=student.model, processor=student.processor, device="cpu")
    size, said = int(batch), []
    started = time.perf_counter()
    for start in range(0, len(asked), size):  # the pipeline takes a list as one batch, ignoring ``batch_size``
        found = answer(
            text=asked[start : start + size],
            images=[open_image(key) for key in keys[start : start + size]],
            batch_size=size,
            return_full_text=False,
            generate_kwargs={"do_sample": False, "max_new_tokens": settings.max_new_tokens},
        )
        said += [(each[0] if isinstance(each, list) else each)["generated_text"].strip() for each in found]
    finished(started, said, texts)


def finished(started: float, said: list[str], texts: str) -> None:
    """Report the pace, and save the texts for the comparison."""
    seconds = time.perf_counter() - started
    Path(texts).write_text(json.dumps(said))
    report(rate=len(said) / seconds)


def main() -> None:
    """Print the table, how often each way gave the plain loop's text, and whether the bar is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=192)
    parser.add_argument("--turns", type=int, default=3)
    given = parser.parse_args()
    ways: dict[str, tuple[object, ...]] = {
        f"ours, batches of {size}": ("ours", given.samples, size) for size in BATCHES
    }
    ways["peer: generate in a loop"] = ("loop", given.samples)
    ways |= {f"peer: pipeline, batches of {size}": ("pipeline", given.samples, size) for size in BATCHES[1:]}
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in ways}
    said: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        texts = Path(folder) / "texts.json"
        for _ in range(given.turns):
            for name, (what, *arguments) in ways.items():
                runs[name].append(child("predicting", str(what), *arguments, texts))
                said[name] = json.loads(texts.read_text())
    found = {name: middle(of) for name, of in runs.items()}
    base = said["peer: generate in a loop"]
    for name, each in found.items():
        each["same"] = sum(one == other for one, other in zip(base, said[name], strict=True)) / len(base)
    show(given.samples, found)
    best = max(each["rate"] for name, each in found.items() if name.startswith("ours"))
    ratio = best / found["peer: generate in a loop"]["rate"]
    save_results("prediction", found, [Bar(what="times faster than the plain loop", value=ratio, least=BAR)])


def show(samples: int, found: dict[str, dict[str, float]]) -> None:
    """Print the table."""
    table = Table("answering", "samples / s", "/ plain loop", "peak MB", "same texts as the loop")
    table.title = f"{samples} samples of the demo, medians, one thread"
    base = found["peer: generate in a loop"]["rate"]
    for name, each in found.items():
        cells = (f"{each['rate']:.1f}", f"{each['rate'] / base:.2f}", f"{each['peak']:,.0f}", f"{each['same']:.1%}")
        table.add_row(name, *cells)
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
