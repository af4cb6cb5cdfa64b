"""Lessons in eyes, optic nerves and chiasm: what is two voxels wide at 2 mm is learnt at 1 mm, close up."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

from models.datasets.head_labels import STRUCTURES
from models.synthesis.heads import HeadRanges
from models.training.head_lessons import HeadLessons

OPTIC = ("Eyes", "OpticNrvs", "OpticChiasm")
OPTIC_SPACING_MM = 1
"""Of the network that draws them."""
OPTIC_REGION_MM = 128
"""Side of a cube that holds them, however the head is turned and scaled."""


@dataclass
class OpticLessons(HeadLessons):
    """As the lessons in anatomy, but only of OPTIC, and one of them is always in view."""

    structures: tuple[str, ...] = OPTIC
    ranges: HeadRanges = field(
        default_factory=lambda: HeadRanges(strip_probability=0.05, cut_probability=0.1, orbit_probability=0.7)
    )
    around: tuple[str, ...] = OPTIC
    watched_mm: int = OPTIC_REGION_MM


def optic_start(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Weights to start from: those of a network that draws all of STRUCTURES, without the other outputs.

    `weights` are of a `SubpixelUNet3D`, whose head holds eight rows for each structure.
    """
    rows = [8 * STRUCTURES.index(name) + row for name in OPTIC for row in range(8)]
    return {name: value[rows] if name.startswith("head.") else value for name, value in weights.items()}
