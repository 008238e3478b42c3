"""The progress of a tuning run, and the estimate before it."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Update:
    """One optimizer update of a tuning run: ``number`` of ``total``.

    ``memory`` is the peak so far in bytes, of the GPU, or of the process on the CPU. ``batch_size`` is the largest
    number of samples in a forward, smaller than the setting where memory was too small (the update covers the same
    samples). Both are 0 in updates older than these fields.
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
    """What a tuning run will take, measured on ``measured`` real updates that were discarded.

    ``seconds`` is for all ``updates``, without loading the student. ``memory`` is the peak and ``capacity`` the size of
    ``device``, in bytes. ``batch_size`` is what fitted. ``samples`` can be learned from, ``left_out`` cannot.
    ``trainable`` of ``parameters`` parameters are tuned. ``padding`` is the share of tokens that are padding.
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
