"""A 7B teacher and the two 7B students at full size, built from their configs with random weights, and their tokens a
second on a GPU as a share of the same card's matrix peak.

Only the speed matters. ``full=False`` makes the same classes small enough for a CPU, so that every line also runs
without a GPU. Sizes are those of the published ``config.json`` files.
"""

import inspect
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from transformers import (
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    CLIPImageProcessorPil,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    Qwen2Config,
    Qwen2VLConfig,
    Qwen2VLImageProcessorPil,
)

from core.student import chat
from core.student.local import Student, model_inputs, predict
from core.teacher.local import GPU_PACK_TOKENS, LocalTeacher
from core.teacher.scoring import pack_case
from core.tuning.examples import make_examples
from core.tuning.prepare import make_trainable
from core.tuning.schedule import plan_updates
from core.tuning.update import run_updates
from core.types import Prediction, Sample, Settings, StudentSettings, TuningSettings
from tests.gpu.stalls import idle_share
from tests.models.tiny_students import save_llava, save_qwen
from tests.models.tiny_teachers import byte_pairs

LLAMA = {"hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32, "num_attention_heads": 32}
QWEN = {"hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28, "num_attention_heads": 28,
        "num_key_value_heads": 4}  # fmt: skip
CLIP = {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16,
        "image_size": 336, "patch_size": 14, "projection_dim": 768}  # fmt: skip
QWEN_VISION = {"depth": 32, "embed_dim": 1280, "hidden_size": 3584, "num_heads": 16, "mlp_ratio": 4, "patch_size": 14,
               "temporal_patch_size": 2, "spatial_merge_size": 2, "in_channels": 3}  # fmt: skip
SMALL = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
         "num_key_value_heads": 4}  # fmt: skip

MEASURED = 4  # updates of a tuning run that are timed; those after them are profiled


@dataclass(frozen=True, kw_only=True)
class Rate:
    """Tokens a second, their model FLOPs as a share of the matrix peak, and the share of time the device was idle
    (on a CPU: None)."""

    tokens: float
    share: float
    idle: float | None

    def __str__(self) -> str:
        idle = "" if self.idle is None else f", idle {self.idle:.1%} of the time"
        return f"{self.tokens:,.0f} tokens/s, {self.share:.0%} of the peak{idle}"


def matrix_peak(device: torch.device, side: int, turns: int = 20) -> float:
    """FLOP/s of a large bfloat16 matrix product: the practical maximum of the card."""
    one, other = (torch.randn(side, side, device=device, dtype=torch.bfloat16) for _ in range(2))
    seconds = timed(lambda: one @ other, device, turns)
    return float(2 * side**3 / seconds)


def timed(work: Callable[[], object], device: torch.device, turns: int) -> float:
    """Seconds of one call after two warm-up calls, with the device synchronised."""
    for _ in range(2):
        work()
    _wait(device)
    started = time.perf_counter()
    for _ in range(turns):
        work()
    _wait(device)
    return (time.perf_counter() - started) / turns


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _idle(work: Callable[[], object], device: torch.device) -> float | None:
    return idle_share(work) if device.type == "cuda" else None


def make_teacher(family: str, device: torch.device, *, full: bool) -> LocalTeacher:
    """A Llama or Qwen2 teacher with seeded weights that packs rationales as on a GPU."""
    shape = {"llama": LLAMA, "qwen2": QWEN}[family] if full else SMALL
    words = {"llama": 32_000, "qwen2": 152_064}[family] if full else 8_000
    config = {"llama": LlamaConfig, "qwen2": Qwen2Config}[family](vocab_size=words, **shape)
    model = _placed(AutoModelForCausalLM, config, device)
    reach = model.config.max_position_embeddings
    return LocalTeacher(
        name=family,
        model=model,
        tokenizer=byte_pairs(),
        opening=(),
        limit=reach,
        reach=reach,
        nodes=GPU_PACK_TOKENS,
    )


def make_student(family: str, folder: Path, device: torch.device, *, full: bool) -> Student:
    """A LLaVA-1.5 or Qwen2-VL student; its tokenizer knows the words of the tests, its images have real sizes."""
    save = {"llava": save_llava, "qwen2-vl": save_qwen}[family]
    save(folder)
    processor = chat.load_processor(str(folder), StudentSettings())
    if full and family == "llava":
        size, crop = {"shortest_edge": 336}, {"height": 336, "width": 336}
        processor.image_processor, processor.patch_size = CLIPImageProcessorPil(size=size, crop_size=crop), 14
    elif full:
        size = {"shortest_edge": 336 * 336, "longest_edge": 672 * 672}
        patches = {"patch_size": 14, "temporal_patch_size": 2, "merge_size": 2}
        processor.image_processor = Qwen2VLImageProcessorPil(size=size, **patches)
    config = {"llava": LlavaConfig, "qwen2-vl": Qwen2VLConfig}[family].from_pretrained(folder)
    if full:
        config = _grown(config, family)
    model = _placed(AutoModelForImageTextToText, config, device)
    return Student(
        model=model,
        processor=processor,
        name=str(folder),
        device=device,
        inputs=frozenset(inspect.signature(model.forward).parameters),
        eos_token_ids=(config.get_text_config().eos_token_id,),
    )


def _grown(config: Any, family: str) -> Any:
    """The tiny student's config at full size, with its special tokens."""
    small = config.get_text_config()
    ids = {name: getattr(small, name) for name in ("bos_token_id", "eos_token_id", "pad_token_id")}
    if family == "llava":
        text = LlamaConfig(vocab_size=32_064, max_position_embeddings=4096, **LLAMA, **ids)
        vision = CLIPVisionConfig(**CLIP)
        return LlavaConfig(
            text_config=text, vision_config=vision, image_token_id=config.image_token_id, image_seq_length=576
        )
    rope = {"rope_type": "default", "mrope_section": [16, 24, 24], "rope_theta": 1_000_000.0}
    names = ("image_token_id", "video_token_id", "vision_start_token_id", "vision_end_token_id")
    return Qwen2VLConfig(
        text_config={"vocab_size": 152_064, "max_position_embeddings": 4096, "rope_parameters": rope, **QWEN, **ids},
        vision_config=QWEN_VISION,
        **{name: getattr(config, name) for name in names},
    )


def _placed(kind: Any, config: Any, device: torch.device) -> Any:
    torch.manual_seed(0)
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    with torch.device(device):
        return kind.from_config(config, dtype=dtype).eval()


def flops_a_token(model: Any) -> float:
    """FLOPs of one text token's forward through the language model's layers, without attention products."""
    language = model.get_decoder() if hasattr(model, "get_decoder") else model
    return 2.0 * sum(each.weight.numel() for each in language.modules() if isinstance(each, torch.nn.Linear))


def switching(teacher: LocalTeacher, wrong: Sequence[tuple[Sample, Prediction]], peak: float) -> Rate:
    """Curves as in a diagnosis, from texts to probabilities; each token of a rationale's forest counts once."""
    device, settings = teacher.model.device, Settings()
    asked = [teacher._branches(sample, said.steps, (*sample.options,), settings) for sample, said in wrong]
    tokens = sum(len(pack_case(branches).tokens) for branches in asked)

    def work() -> None:
        found = dict(teacher.curves(wrong, settings))
        assert len(found) == len(wrong)

    seconds = timed(work, device, 3)
    share = tokens * flops_a_token(teacher.model) / seconds / peak
    return Rate(tokens=tokens / seconds, share=share, idle=_idle(work, device))


def predicting(student: Student, samples: Sequence[Sample], side: int, settings: Settings, peak: float) -> Rate:
    """``predict`` as the worker calls it; counts tokens in and out."""
    picture = Image.new("RGB", (side, side), "red")
    said: list[int] = []

    def work() -> None:
        batches = predict(student, samples, lambda _: picture, settings, round_id=0)
        said[:] = [len(each.text.split()) for batch in batches for each in batch]

    seconds = timed(work, student.device, 1)
    asked = [chat.prompt_text(student.processor, samples[0].question, has_image=True)]
    width = model_inputs(student, asked, [picture], padding_side="left")["input_ids"].shape[1]
    tokens = width * len(samples) + sum(said)
    share = tokens * flops_a_token(student.model) / seconds / peak
    return Rate(tokens=tokens / seconds, share=share, idle=_idle(work, student.device))


def tuning(student: Student, samples: Sequence[Sample], side: int, settings: TuningSettings, peak: float) -> Rate:
    """Updates as in a run: a frozen layer's forward and the gradient of its input, twice a forward's FLOPs."""
    picture = Image.new("RGB", (side, side), "red")
    examples = make_examples(student, samples, settings)
    training = make_trainable(examples, lambda _: picture, settings, None)
    plan = plan_updates(examples.lengths, examples.pictured, settings)
    updates = run_updates(training, plan, (), run=1)
    next(updates)  # warms up
    _wait(student.device)
    started = time.perf_counter()
    made = sum(1 for _ in islice(updates, MEASURED))
    _wait(student.device)
    seconds = time.perf_counter() - started
    idle = _idle(lambda: deque(updates, 0), student.device)
    asked = [example_text(student, samples[0])]
    width = model_inputs(student, asked, [picture], padding_side="right")["input_ids"].shape[1]
    tokens = width * settings.batch_size * settings.accumulation * made
    share = 2 * tokens * flops_a_token(student.model) / seconds / peak
    return Rate(tokens=tokens / seconds, share=share, idle=idle)


def example_text(student: Student, sample: Sample) -> str:
    """About the text of an example: the question with its image, and the reply."""
    return chat.prompt_text(student.processor, sample.question, has_image=True) + sample.response


def samples_of(many: int) -> list[Sample]:
    """Questions with an image and a reply of about a hundred tokens, in words that the tokenizer knows."""
    reply = " ".join(["Step 1 : the digit in A1 is 9 ."] * 12)
    base = Sample(source_id="", question="What is the sum of A1 and B2 ?", answer="9", response=reply, image="i")
    return [replace(base, id=number, source_id=str(number)) for number in range(many)]


def wrong_ones(many: int) -> list[tuple[Sample, Prediction]]:
    """Wrong rationales of 6, 10, 15 and 30 steps of about 25 tokens, after questions of about 150."""
    question = "What is the sum of the two digits ? " * 8
    sample = Sample(source_id="", question=question, options=("11", "12", "16", "17"), answer="11")
    step = "The left digit is 9 and the right digit is 7 ."
    said = Prediction(round=0, sample=0, text="", steps=(), answer="16", reading="", correct=False)
    sizes = [(6, 10, 15, 30)[number % 4] for number in range(many)]
    return [
        (replace(sample, id=number, source_id=str(number)), replace(said, sample=number, steps=(step,) * size))
        for number, size in enumerate(sizes)
    ]
