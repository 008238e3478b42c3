"""Scenes of the demo world: 2×2 cells, each with a real handwritten digit or a coloured shape, drawn into 64×64 pixels.

Needs only NumPy and Pillow, because the app draws the support images on first use. The digits are UCI's (scikit-learn's
``load_digits``), split so that no digit is in two sets.
"""

import math
import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

COLOURS = {"red": (215, 35, 35), "green": (30, 150, 50), "blue": (40, 70, 220), "yellow": (225, 190, 20)}
SHAPES = ("circle", "triangle", "square", "pentagon", "hexagon", "star")
CELLS = ("A1", "A2", "B1", "B2")
SIDE, CELL_SIDE, MARK = 64, 32, 28
# Ranges in ``_order``. The file is sorted by writer, so everything outside pre-training is shuffled before splitting.
SPLITS = {"pretrain": (0, 1200), "support": (1200, 1430), "validation": (1430, 1590), "test": (1590, 1797)}


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell: its ``kind`` ("digit" or "shape"), value and colour, and which picture (``variant``)."""

    kind: str
    value: int | str
    colour: str
    variant: int


@cache
def handwriting() -> tuple[np.ndarray, np.ndarray]:
    """All digits as arrays: pictures (1797, 8, 8) with values 0…16, and labels (1797,)."""
    with np.load(Path(__file__).with_name("digits.npz")) as stored:
        return stored["pictures"], stored["labels"]


@cache
def _order() -> tuple[int, ...]:
    """All indices into ``handwriting``: those of pre-training in file order, the others shuffled."""
    seen = SPLITS["pretrain"][1]
    unseen = list(range(seen, len(handwriting()[1])))
    random.Random(23).shuffle(unseen)
    return (*range(seen), *unseen)


@cache
def digits_of(split: str) -> tuple[tuple[int, ...], ...]:
    """For each value 0…9, the indices into ``handwriting`` of a split."""
    start, end = SPLITS[split]
    labels, members = handwriting()[1], sorted(_order()[start:end])
    return tuple(tuple(index for index in members if labels[index] == value) for value in range(10))


@cache
def _digit_mask(index: int, warp: int) -> np.ndarray:
    """The ink of one digit, (28, 28) in 0…1; ``warp`` 0 is unchanged, others are seeded affine variants
    (pre-training)."""
    picture = Image.fromarray((handwriting()[0][index] * (255 / 16)).astype(np.uint8))
    picture = picture.resize((MARK, MARK), Image.Resampling.BILINEAR)
    if warp:
        rng = random.Random(index * 100 + warp)
        angle, scale, shear = rng.uniform(-0.25, 0.25), rng.uniform(0.85, 1.12), rng.uniform(-0.15, 0.15)
        cos, sin, centre = math.cos(angle) / scale, math.sin(angle) / scale, MARK / 2
        a, b, c, d = cos, sin + shear, -sin, cos
        matrix = (a, b, centre * (1 - a - b), c, d, centre * (1 - c - d))
        picture = picture.transform((MARK, MARK), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
    return np.asarray(picture, dtype=np.float32) / 255


@cache
def _shape_mask(name: str, radius: int) -> np.ndarray:
    """The ink of one shape, (28, 28) in 0…1, drawn at four times the size and reduced."""
    scale = 4
    picture = Image.new("L", (MARK * scale, MARK * scale), 0)
    draw, centre, size = ImageDraw.Draw(picture), MARK * scale / 2, radius * scale
    if name == "circle":
        inner = size * 0.9
        draw.ellipse([centre - inner, centre - inner, centre + inner, centre + inner], fill=255)
    else:
        corners = {"triangle": 3, "square": 4, "pentagon": 5, "hexagon": 6, "star": 10}[name]
        turn = math.pi / 4 if name == "square" else -math.pi / 2
        lengths = [size * 0.42 if name == "star" and i % 2 else size for i in range(corners)]
        angles = [turn + 2 * math.pi * i / corners for i in range(corners)]
        draw.polygon(
            [(centre + r * math.cos(t), centre + r * math.sin(t)) for r, t in zip(lengths, angles, strict=True)],
            fill=255,
        )
    return np.asarray(picture.resize((MARK, MARK), Image.Resampling.LANCZOS), dtype=np.float32) / 255


def random_cell(rng: random.Random, split: str, kind: str | None = None) -> Cell:
    """A random cell with handwriting of a split; six in ten are digits unless ``kind`` is given."""
    colour = rng.choice(tuple(COLOURS))
    if (kind or ("digit" if rng.random() < 0.6 else "shape")) == "digit":
        value = rng.randrange(10)
        variant = rng.choice(digits_of(split)[value])
        if split == "pretrain":
            variant += 10_000 * rng.randrange(6)
        return Cell(kind="digit", value=value, colour=colour, variant=variant)
    return Cell(kind="shape", value=rng.choice(SHAPES), colour=colour, variant=rng.choice((11, 12, 13)))


def render(cells: tuple[Cell, ...], seed: int) -> np.ndarray:
    """The scene's pixels, (64, 64, 3) uint8; positions, tints and background vary with ``seed``."""
    rng = np.random.RandomState(seed % 2**31)
    image = np.full((SIDE, SIDE, 3), 240.0 + rng.randint(-10, 11), dtype=np.float32)
    for place, cell in enumerate(cells):
        if cell.kind == "digit":
            ink = _digit_mask(cell.variant % 10_000, cell.variant // 10_000)
        else:
            ink = _shape_mask(str(cell.value), cell.variant)
        y = place // 2 * CELL_SIDE + 2 + rng.randint(-2, 3)
        x = place % 2 * CELL_SIDE + 2 + rng.randint(-2, 3)
        tint = np.array(COLOURS[cell.colour], dtype=np.float32) + rng.randint(-15, 16, 3)
        part = image[y : y + MARK, x : x + MARK]
        part += (tint - part) * ink[..., None]
    return np.clip(image, 0, 255).astype(np.uint8)
