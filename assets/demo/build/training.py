"""The training loop of tower, student and teacher: AdamW, linear warm-up and decay, clipped gradients."""

from collections.abc import Iterable

import torch


def train_model(
    name: str,
    weights: list[torch.nn.Parameter],
    losses: Iterable[torch.Tensor],
    updates: int,
    *,
    rate: float,
    warmup_updates: int,
    floor: float = 0.03,
    betas: tuple[float, float] = (0.9, 0.98),
) -> None:
    """One update for each loss, which is computed lazily; prints every hundredth.

    The rate rises over ``warmup_updates`` and decays to the share ``floor`` of ``rate`` at the end.
    """
    optimizer = torch.optim.AdamW(weights, lr=rate, weight_decay=0.05, betas=betas)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda n: min(1, (n + 1) / warmup_updates) * (1 - (1 - floor) * min(n / updates, 1))
    )
    for number, loss in enumerate(losses):
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        schedule.step()
        if number % 100 == 0:
            print(f"{name} {number}/{updates} loss {loss.item():.3f}", flush=True)
