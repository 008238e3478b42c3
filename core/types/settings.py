"""Settings: of a project, and of one tuning run."""

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class TuningSettings:
    """LoRA settings (Hu et al. 2021; PEFT). The defaults are LLaVA-1.5's LoRA recipe without its projector rate.

    ``batch_size`` samples a forward × ``accumulation`` forwards make one update. ``projector_rate`` is the learning
    rate of the projector from image features to the language model, trained in full (0: frozen). ``start`` says what a
    round that has an adapter is tuned from: this adapter, with its own rank and alpha, or the base model. A checkpoint
    is written every ``checkpoint_every`` updates; the newest ``keep_checkpoints`` are kept. ``max_length`` is in
    tokens.
    """

    rank: int = 128
    alpha: int = 256
    dropout: float = 0.0
    learning_rate: float = 2e-4
    projector_rate: float = 0.0
    epochs: float = 1.0
    batch_size: int = 8
    accumulation: int = 2
    warmup: float = 0.03
    max_grad_norm: float = 1.0
    seed: int = 0
    checkpoint_every: int = 50
    max_length: int = 2048
    start: Literal["adapter", "base"] = "adapter"
    keep_checkpoints: int = 2


@dataclass(frozen=True, kw_only=True)
class StudentSettings:
    """How the student is loaded, and how much of an image it sees.

    ``dtype`` "auto" is bf16 on a GPU (fp16 where bf16 is not supported) and fp32 on the CPU. ``device_map`` "auto"
    spreads the layers over all GPUs and then main memory (accelerate), for a student larger than one GPU; "one" uses
    one device. ``min_pixels`` and ``max_pixels`` bound an image's area for students with dynamic resolution (such as
    Qwen2-VL); ``longest_side`` shrinks larger images for any student. 0 keeps the model's own default.
    """

    dtype: Literal["auto", "bf16", "fp16", "fp32"] = "auto"
    device_map: Literal["one", "auto"] = "one"
    min_pixels: int = 0
    max_pixels: int = 0
    longest_side: int = 0


@dataclass(frozen=True, kw_only=True)
class EndpointSettings:
    """How models behind an OpenAI-compatible endpoint are called, and what that may cost.

    At most ``at_once`` requests run concurrently; each may take ``timeout`` seconds and is retried up to ``retries``
    times. ``top_logprobs`` tokens are requested (a server may list fewer); where it lists none, ``votes`` sampled
    replies are used instead. ``prices`` are (model as the project names it, US dollars per million tokens in, and out)
    and override ``core.endpoints.prices``; ``spend_cap`` is the project's limit in US dollars (None: no limit).
    ``addresses`` are (model as the project names it, base URL, name of the environment variable with its key) and
    override what the model's name implies; "" overrides nothing. A key itself is never a setting.
    """

    at_once: int = 8
    timeout: float = 60.0
    retries: int = 5
    top_logprobs: int = 20
    votes: int = 5
    prices: tuple[tuple[str, float, float], ...] = ()
    addresses: tuple[tuple[str, str, str], ...] = ()
    spend_cap: float | None = None


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A project's settings.

    ``prompts`` are the project's own prompt texts by name (see ``core.prompts``; built-in texts for all other names).
    ``candidates_as`` says how the teacher scores an option: by its letter (real models) or by its text (the demo's tiny
    teacher). ``skill_shots`` is the number of examples before a skill question (0 for the demo's teacher, which was
    trained without). ``support`` names the support set to draw selections from ("": the only one).
    """

    prompts: dict[str, str] = field(default_factory=dict)
    max_new_tokens: int = 384
    batch_size: int = 16
    prior: float = 0.6
    delta: float = 0.0
    lam: int = 2
    candidates_as: Literal["letter", "text"] = "letter"
    skill_shots: int = 4
    support: str = ""
    seed: int = 0
    student: StudentSettings = field(default_factory=StudentSettings)
    endpoint: EndpointSettings = field(default_factory=EndpointSettings)
    tuning: TuningSettings = field(default_factory=TuningSettings)
