"""Measure the demo: ``python -m assets.demo.build.measure`` prints the figures of the model cards as JSON.

Runs student and teacher on the validation set through ``core`` (the teacher with plain forwards, which packed ones must
equal) and compares with the gold steps. ``--seeds N`` also tunes N times on a targeted and on a random selection and
measures on the test set.
"""

import argparse
import io
import json
import re
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from PIL import Image
from transformers import AutoModelForCausalLM, AutoTokenizer

from assets.demo import FOLDER, STUDENT, TEACHER, TRUTH
from assets.demo.draw import write_support
from assets.demo.gold import gold_mistake, load_phrases, load_truth
from assets.demo.settings import demo_settings
from core.answer_switch import candidates_of, find_switch
from core.prompts import answer_cue, skill_prompt, teacher_header, teacher_step
from core.retrieval.index import SkillIndex
from core.selection.draw import select_hits, select_random
from core.student.local import load_student, predict
from core.tuning.run import tune
from core.types import Curve, Prediction, Sample, Settings, SkillDemand, TuningSettings

BUDGET = 2000
READINGS = ((-0.1, 1), (-0.1, 2), (0.0, 1), (0.0, 2), (0.1, 1), (0.1, 2))  # (δ, λ)
OpenImage = Callable[[str], Image.Image]


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """A wrong prediction whose first false step is known: ``step`` from 1, and the missing skill."""

    sample: Sample
    prediction: Prediction
    step: int
    skill: str


def load_labelled(name: str) -> tuple[list[Sample], OpenImage]:
    """The samples of ``{name}.zip``, and a function that opens their images."""
    archive, samples = zipfile.ZipFile(FOLDER / f"{name}.zip"), []
    for number, row in enumerate(json.loads(archive.read(f"{name}.json")), 1):
        asked, reply = (turn["value"] for turn in row["conversations"])
        question, options = asked.removeprefix("<image>\n").split("\nOptions: ")
        samples.append(
            Sample(id=number, source_id=row["id"], question=question, answer=reply, category=row["category"],
                   options=tuple(re.findall(r"\([a-d]\) (\S+)", options)), image=row["image"])
        )  # fmt: skip
    return samples, lambda image: Image.open(io.BytesIO(archive.read(image)))


def load_support(folder: Path) -> list[Sample]:
    """The support set, drawn into ``folder``."""
    samples = []
    for number, line in enumerate(write_support(folder).read_text().splitlines(), 1):
        row = json.loads(line)
        asked, reply = (turn["value"] for turn in row["conversations"])
        samples.append(
            Sample(id=number, source_id=row["id"], question=asked.removeprefix("<image>\n"), answer="", response=reply,
                   skill_label=row["skill_label"], task=row["task_name"], image=str(folder / row["image"]))
        )  # fmt: skip
    return samples


def ask(samples: Sequence[Sample], open_image: OpenImage, adapter: Path | None = None) -> list[Prediction]:
    """The student's predictions."""
    student = load_student(str(STUDENT), adapter=adapter, device="cpu")
    return [one for batch in predict(student, samples, open_image, demo_settings(), round_id=0) for one in batch]


def mistakes_of(samples: Sequence[Sample], predictions: Sequence[Prediction]) -> tuple[list[Mistake], int]:
    """The wrong predictions with a gold step that the student wrote, and the number of wrong ones without."""
    truth, by_id, found, without = load_truth(TRUTH / "validation.jsonl"), {s.id: s for s in samples}, [], 0
    for prediction in predictions:
        sample = by_id[prediction.sample]
        gold = gold_mistake(truth[sample.source_id], prediction.steps)
        if prediction.correct:
            continue
        if prediction.answer is None or gold is None or gold[0] > len(prediction.steps):
            without += 1
        else:
            found.append(Mistake(sample=sample, prediction=prediction, step=gold[0], skill=gold[1]))
    return found, without


class PlainTeacher:
    """The teacher in the simplest form: one forward for each prefix, one greedy continuation for each phrase."""

    def __init__(self, folder: Path) -> None:
        self.tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        self.model = AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, use_safetensors=True, trust_remote_code=False
        ).eval()

    @torch.inference_mode()
    def curve(self, mistake: Mistake, prior: float) -> Curve:
        """The answer-switch curve; every candidate is one token in the demo's vocabulary."""
        candidates, truth, predicted = candidates_of(mistake.sample, str(mistake.prediction.answer))
        ends = [self.tokenizer(f" {each}", add_special_tokens=False)["input_ids"] for each in candidates]
        assert all(len(end) == 1 for end in ends), candidates
        trunk, texts = teacher_header(mistake.sample, prior), []
        for number, step in enumerate(("", *mistake.prediction.steps)):
            trunk += teacher_step(number, step) if number else ""
            texts.append(trunk + answer_cue())
        batch = self.tokenizer(texts, padding=True, return_tensors="pt")
        logits = self.model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits[:, -1]
        shares = logits[:, [end[0] for end in ends]].softmax(-1).tolist()
        return Curve(
            candidates=candidates, truth=truth, predicted=predicted, probabilities=tuple(tuple(row) for row in shares)
        )

    @torch.inference_mode()
    def phrases(self, cases: Sequence[tuple[Mistake, int]]) -> list[str]:
        """The skill named for each mistake at the given step."""
        named: list[str] = []
        for start in range(0, len(cases), 64):
            prompts = [skill_prompt(m.sample, m.prediction.steps, step, 0) for m, step in cases[start : start + 64]]
            batch = self.tokenizer(prompts, padding=True, return_tensors="pt")
            ids = batch["input_ids"]
            out = self.model.generate(
                input_ids=ids, attention_mask=batch["attention_mask"], max_new_tokens=12, do_sample=False
            )
            texts = self.tokenizer.batch_decode(out[:, ids.shape[1] :], skip_special_tokens=True)
            named += [text.split(".")[0].strip() for text in texts]
        return named


def measure_student(samples: Sequence[Sample], predictions: Sequence[Prediction]) -> dict[str, Any]:
    """Accuracy, and where the gold mistakes are."""
    found, without = mistakes_of(samples, predictions)
    by_id = {prediction.sample: prediction.correct for prediction in predictions}
    categories = {sample.category for sample in samples}
    return {
        "accuracy": fmean(by_id.values()),
        "by_category": {c: fmean(by_id[s.id] for s in samples if s.category == c) for c in sorted(categories)},
        "errors": len(found),
        "without_gold": without,
        "gold_steps": _shares(mistake.step for mistake in found),
        "gold_skills": _shares(mistake.skill for mistake in found),
        "answer_among_options": fmean(m.prediction.answer in m.sample.options for m in found),
        "random": fmean(1 / len(m.prediction.steps) for m in found),
        "first": fmean(m.step == 1 for m in found),
        "last": fmean(m.step == len(m.prediction.steps) for m in found),
    }


def measure_teacher(found: Sequence[Mistake], settings: Settings) -> tuple[dict[str, Any], list[str]]:
    """How often the gold step and skill are found, and the phrases named."""
    teacher, phrases = PlainTeacher(TEACHER), load_phrases(TRUTH / "skills.json")
    curves = [teacher.curve(mistake, settings.prior) for mistake in found]
    readings: dict[str, float] = {}
    for delta, lam in READINGS:
        steps = [find_switch(curve, delta=delta, lam=lam).mistake_step for curve in curves]
        readings[f"delta {delta} lambda {lam}"] = fmean(s == m.step for s, m in zip(steps, found, strict=True))
    switches = [find_switch(curve, delta=settings.delta, lam=settings.lam) for curve in curves]
    steps = [switch.mistake_step or 1 for switch in switches]
    named = teacher.phrases(list(zip(found, steps, strict=True)))
    at_gold = teacher.phrases([(mistake, mistake.step) for mistake in found])
    hits = Counter(m.skill for m, step in zip(found, steps, strict=True) if step == m.step)
    figures = {
        "answer_switch": readings,
        "by_skill": {skill: hits[skill] / count for skill, count in Counter(m.skill for m in found).items()},
        "status": _shares(switch.status for switch in switches),
        "truth_before_any_step": fmean(curve.probabilities[0][curve.truth] for curve in curves),
        "skill_at_gold_step": fmean(phrases.get(n) == m.skill for n, m in zip(at_gold, found, strict=True)),
        "skill_end_to_end": fmean(phrases.get(n) == m.skill for n, m in zip(named, found, strict=True)),
        "phrases": dict(Counter(named).most_common(12)),
    }
    return figures, named


def measure_tuning(phrases: Sequence[str], seeds: int, folder: Path) -> dict[str, Any]:
    """Accuracy on the test set before tuning, and after each of ``seeds`` targeted and random tunings."""
    support, (test, open_test) = load_support(folder / "support"), load_labelled("test")
    by_id = {sample.id: sample for sample in support}
    index = SkillIndex.build(
        [s.skill_label for s in support], [s.id for s in support], [s.task for s in support], [s.image for s in support]
    )
    demands = [SkillDemand(skill=skill, errors=count) for skill, count in Counter(phrases).items()]
    result: dict[str, Any] = {"before": fmean(p.correct for p in ask(test, open_test)), "targeted": [], "random": []}
    for seed in range(seeds):
        arms = {
            "targeted": select_hits(index, demands, budget=BUDGET, leaked=(), seed=seed),
            "random": select_random([*by_id], budget=BUDGET, leaked=(), seed=seed),
        }
        for arm, hits in arms.items():
            chosen, run, started = [by_id[hit.sample] for hit in hits], folder / f"{arm}-{seed}", time.monotonic()
            settings = TuningSettings(**{**vars(demo_settings().tuning), "seed": seed})
            list(
                tune(
                    str(STUDENT),
                    chosen,
                    Image.open,
                    settings,
                    folder=run,
                    run=1,
                    should_stop=lambda: False,
                    device="cpu",
                )
            )
            seconds = time.monotonic() - started
            accuracy = fmean(p.correct for p in ask(test, open_test, run / "adapter"))
            result[arm].append(accuracy)
            print(f"{arm} seed {seed}: {accuracy:.4f}, tuned in {seconds:.0f} s", flush=True)
    return result


def _shares(values: Any) -> dict[str, float]:
    counts = Counter(values)
    return {str(name): round(count / counts.total(), 4) for name, count in sorted(counts.items(), key=str)}


def main() -> None:
    """Print all figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=0)
    torch.set_num_threads(1)
    started = time.monotonic()
    samples, open_image = load_labelled("validation")
    predictions = ask(samples, open_image)
    result: dict[str, Any] = {"predict_seconds": time.monotonic() - started}
    result["student"] = measure_student(samples, predictions)
    found, _ = mistakes_of(samples, predictions)
    result["teacher"], phrases = measure_teacher(found, demo_settings())
    print(json.dumps(result, indent=1), flush=True)
    if seeds := parser.parse_args().seeds:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(measure_tuning(phrases, seeds, Path(folder)), indent=1))


if __name__ == "__main__":
    main()
