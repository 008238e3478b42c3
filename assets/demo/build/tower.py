"""Train the vision tower and projector to describe each patch's cell in frozen word vectors.

Each of the 16 patches must yield the sum of four word vectors: its row, column, colour and content. The same vectors
initialise the language model's embeddings, so that the student sees images in words it knows. When trained jointly with
the language model instead, the projector drifted and positions became unreadable (feasibility study).
"""

import random
from collections.abc import Iterator

import numpy as np
import torch
from torch.nn.functional import cross_entropy
from transformers import CLIPVisionModel

from assets.demo.build.models import PATCHES, WIDTH, vision_config
from assets.demo.build.training import train_model
from assets.demo.scene import CELLS, COLOURS, SHAPES, random_cell, render

GROUPS = (("top", "bottom"), ("left", "right"), tuple(COLOURS), (*map(str, range(10)), *SHAPES))
ROWS = torch.tensor([[patch // 8, patch % 4 // 2] for patch in range(PATCHES)])
CELL_OF_PATCH = ROWS[:, 0] * 2 + ROWS[:, 1]
MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073]).view(1, 3, 1, 1)
DEVIATION = torch.tensor([0.26862954, 0.26130258, 0.27577711]).view(1, 3, 1, 1)


def word_vectors() -> list[torch.Tensor]:
    """One matrix for each group, (words, 128), std 0.15; at 0.02 they collapsed (feasibility study)."""
    generator = torch.Generator().manual_seed(17)
    return [torch.randn(len(group), WIDTH, generator=generator) * 0.15 for group in GROUPS]


def pixels(images: list[np.ndarray]) -> torch.Tensor:
    """CLIP's normalised pixels, (n, 3, 64, 64), identical to the processor's."""
    return (torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float() / 255 - MEAN) / DEVIATION


def make_batch(size: int, rng: random.Random, split: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Pixels and, for each patch, the index into each group: (n, 16, 4)."""
    images, targets = [], []
    for _ in range(size):
        cells = tuple(random_cell(rng, split) for _ in CELLS)
        images.append(render(cells, rng.randrange(2**31)))
        targets.append([[GROUPS[2].index(cell.colour), GROUPS[3].index(str(cell.value))] for cell in cells])
    content = torch.tensor(targets)[:, CELL_OF_PATCH]
    return pixels(images), torch.cat([ROWS.expand(size, PATCHES, 2), content], -1)


def train(updates: int) -> tuple[CLIPVisionModel, torch.nn.Sequential]:
    """The trained tower and projector; 64 images an update."""
    torch.manual_seed(0)
    rng, vectors = random.Random(7), word_vectors()
    tower = CLIPVisionModel(vision_config())
    projector = torch.nn.Sequential(torch.nn.Linear(WIDTH, WIDTH), torch.nn.GELU(), torch.nn.Linear(WIDTH, WIDTH))
    weights = [*tower.parameters(), *projector.parameters()]
    losses = (
        _loss(_read_patches(tower, projector, images), targets, vectors) for images, targets in _batches(updates, rng)
    )
    train_model("tower", weights, losses, updates, rate=1.5e-3, warmup_updates=60, floor=0.02, betas=(0.9, 0.999))
    return tower.eval(), projector.eval()


def _batches(updates: int, rng: random.Random) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    return (make_batch(64, rng, "pretrain") for _ in range(updates))


def _read_patches(tower: CLIPVisionModel, projector: torch.nn.Sequential, images: torch.Tensor) -> torch.Tensor:
    """The output for each patch, (n, 16, 128), without the class token."""
    return projector(tower(images).last_hidden_state[:, 1:])


def _loss(out: torch.Tensor, targets: torch.Tensor, vectors: list[torch.Tensor]) -> torch.Tensor:
    """The cross-entropy of every group's word, plus the distance to the sum of the correct word vectors."""
    words = sum(
        cross_entropy(3 * (out @ table.T).flatten(0, 1), targets[..., group].flatten())
        for group, table in enumerate(vectors)
    )
    wanted = sum(table[targets[..., group]] for group, table in enumerate(vectors))
    return words + 0.3 * ((out - wanted) ** 2).sum(-1).mean() / (wanted**2).sum(-1).mean()


@torch.inference_mode()
def accuracy(tower: CLIPVisionModel, projector: torch.nn.Sequential, split: str) -> dict[str, float]:
    """The share of patches whose position, colour, digit and shape are read correctly, on a split's handwriting."""
    images, targets = make_batch(1000, random.Random(99), split)
    out = _read_patches(tower, projector, images)
    right = [(out @ table.T).argmax(-1) == targets[..., group] for group, table in enumerate(word_vectors())]
    digit = targets[..., 3] < 10
    parts = {"position": right[0] & right[1], "colour": right[2], "digit": right[3][digit], "shape": right[3][~digit]}
    return {name: round(values.float().mean().item(), 4) for name, values in parts.items()}


if __name__ == "__main__":
    import sys

    torch.set_num_threads(1)
    trained = train(int(sys.argv[1]))
    torch.save({"tower": trained[0].state_dict(), "projector": trained[1].state_dict()}, sys.argv[2])
    for part in ("pretrain", "support", "validation", "test"):
        print(part, accuracy(*trained, part))
