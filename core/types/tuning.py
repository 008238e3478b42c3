"""From missing skills to an adapter: hits, people's rulings on them, selections and the progress of a tuning run."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Update:
    """One point of a tuning run's progress, after ``number`` optimizer updates of ``total``.

    ``memory`` is the most memory taken so far, in bytes: of the GPU, or of the process where there is none.
    ``batch_size`` is how many samples a forward took at most: fewer than the settings say where memory was too small
    for them (the update is made of the same samples). Both are 0 in updates from before they were measured.
    """

    run: int
    number: int
    total: int
    epoch: float
    loss: float
    learning_rate: float
    samples_per_second: float
    memory: int = 0
    batch_size: int = 0


@dataclass(frozen=True, kw_only=True)
class TuningEstimate:
    """What a tuning run will take, by ``measured`` real updates of it that were thrown away afterwards.

    ``seconds`` is for all ``updates``, without loading the student; ``memory`` and ``capacity`` are the most bytes
    taken and what ``device`` has; ``batch_size`` is what fitted; ``samples`` are learned and ``left_out`` cannot be;
    ``trainable`` of the student's ``parameters`` are tuned; ``padding`` is the share of tokens that are none.
    """

    updates: int
    seconds: float
    samples_per_second: float
    memory: int
    capacity: int
    batch_size: int
    measured: int
    device: str
    samples: int
    left_out: int
    trainable: int
    parameters: int
    padding: float
