"""The files of a small project: a dozen questions with images, a support set, predictions, and two tiny models.

The models have random weights: they answer nonsense, through the same code as real models. The predictions are written
by hand, so that there are errors to diagnose.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from transformers import AutoModelForCausalLM

from app.imports.pipeline import import_file
from app.projects.configuration import create_project
from core.types import Settings, TuningSettings
from storage.database import Database
from tests.models.tiny_students import language, save_llava, save_weights, tokenizer

SETTINGS = Settings(
    prompts={"student": "{question}\n{options}"},
    max_new_tokens=8,
    batch_size=2,
    candidates_as="text",
    skill_shots=0,
    tuning=TuningSettings(rank=2, alpha=4, learning_rate=1e-3, batch_size=2, accumulation=1, checkpoint_every=2),
)
SKILLS = ("addition of numbers", "subtraction of numbers", "reading handwritten digits")


@dataclass(frozen=True, kw_only=True)
class TinyFiles:
    """The paths of the project; the models are folders, the sets JSON lines beside an ``images`` folder."""

    folder: Path
    student: Path
    teacher: Path

    @property
    def images(self) -> Path:
        return self.folder / "images"

    def __getitem__(self, name: str) -> Path:
        return self.folder / f"{name}.jsonl"


def save_teacher(folder: Path) -> Path:
    """A text-only ``LlamaForCausalLM`` with the students' tokenizer."""
    words = tokenizer()
    config = language(words, max_position_embeddings=1024, initializer_range=0.02)
    save_weights(AutoModelForCausalLM, config, folder)
    words.save_pretrained(folder)
    return folder


def write_files(folder: Path, *, samples: int = 12, support: int = 30) -> TinyFiles:
    """Write the models and the four files."""
    made = TinyFiles(folder=folder, student=save_llava(folder / "student"), teacher=save_teacher(folder / "teacher"))
    made.images.mkdir()
    _write(made["validation"], [_question(made, "v", number) for number in range(samples)])
    _write(made["test"], [_question(made, "t", number) for number in range(samples)])
    _write(made["support"], [_lesson(made, number) for number in range(support)])
    _write(made["predictions"], [_prediction(number) for number in range(samples)])
    return made


def fill_project(db: Database, files: TinyFiles, name: str = "tiny", *, settings: Settings = SETTINGS) -> str:
    """Create the project and import its three sets; returns its name."""
    create_project(db, name, student=str(files.student), teacher=str(files.teacher), settings=settings)
    for what in ("validation", "test", "support"):
        report = import_file(db, what, files[what], name, images=files.images, test_share=0)
        assert not report["refused"], report
    return name


def _question(made: TinyFiles, prefix: str, number: int) -> dict[str, object]:
    left, right = number % 5 + 1, number % 3 + 1
    options = [str(left + right), str(left + right + 1), str(left + right + 2)]
    listed = " ".join(f"({letter}) {option}" for letter, option in zip("abc", options, strict=True))
    return {
        "id": f"{prefix}{number}",
        "image": _picture(made, f"{prefix}{number}.png", number + (1000 if prefix == "t" else 0)),
        "category": "odd" if number % 2 else "even",
        "conversations": [
            {"from": "human", "value": f"<image>\nWhat is the sum of {left} and {right} in A1?\nOptions: {listed}"},
            {"from": "gpt", "value": options[0]},
        ],
    }


def _lesson(made: TinyFiles, number: int) -> dict[str, object]:
    return {
        "id": f"s{number}",
        "image": _picture(made, f"s{number}.png", number + 2000),
        "task_name": f"task {number % 4}",
        "skill_label": SKILLS[number % 3],
        "conversations": [
            {"from": "human", "value": f"<image>\nWhat is {number} plus {number + 1}?"},
            {"from": "gpt", "value": f"Step 1: {number} plus {number + 1} equals {2 * number + 1}. The answer is 9."},
        ],
    }


def _prediction(number: int) -> dict[str, object]:
    """Two of three predictions are wrong, at the second of three steps."""
    left, right = number % 5 + 1, number % 3 + 1
    said = left + right + (1 if number % 3 else 0)
    steps = [f"The left digit is {left}.", f"{left} plus {right} equals {said}.", f"So it is {said}."]
    return {"id": f"v{number}", "steps": steps, "prediction": str(said), "mistake_step": 2 if number % 3 else None}


def _picture(made: TinyFiles, name: str, shade: int) -> str:
    Image.new("RGB", (16, 16), (shade % 256, shade // 256, 0)).save(made.images / name)
    return name


def _write(path: Path, rows: list[dict[str, object]]) -> None:
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n")
