"""The share of time a GPU waits for the program, from torch's profile of the card."""

from collections.abc import Callable, Iterable

import torch
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

Interval = tuple[float, float]


def idle_share(work: Callable[[], object]) -> float:
    """The share of the time between the first and the last GPU activity of ``work`` in which the GPU was idle.

    Kernels and copies count as activity. Profiling slows the program, so this is an upper bound. Raises ValueError when
    the GPU did nothing.
    """
    with profile(activities=[ProfilerActivity.CUDA]) as seen:
        work()
        torch.cuda.synchronize()
    return 1 - busy_share(
        (each.time_range.start, each.time_range.end) for each in seen.events() if each.device_type == DeviceType.CUDA
    )


def busy_share(intervals: Iterable[Interval]) -> float:
    """The share of the time from the first start to the last end that any of the intervals covers.

    >>> busy_share([(0, 2), (1, 3), (5, 10)])
    0.8
    """
    ordered = sorted(intervals)
    if not ordered:
        raise ValueError("nothing was done there")
    first, reached, busy = ordered[0][0], ordered[0][0], 0.0
    for start, end in ordered:
        busy += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return busy / (reached - first)
