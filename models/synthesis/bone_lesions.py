"""Metastases that were never there: lytic, sclerotic and mixed lesions put into the vertebrae of a real CT.

What they look like follows the radiological description (lytic: soft tissue of 20 to 80 HU in place of bone,
the cortex broken where it is reached; sclerotic: density like cortical bone with a fuzzy edge; mixed: a dense
rim around a lytic core).  No real lesion was measured to make them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

BONE_HU = 150.0
REACH_MM = (33.0, 24.0, 30.0)
"""From the cord forward (body), backward (arches) and to either side that belong to a vertebra."""
KINDS = ("lytic", "sclerotic", "mixed")
SHARES = (0.45, 0.4, 0.15)
RADII_MM = (4.0, 12.0)
VISIBLE_HU = 80.0
"""A voxel is part of a lesion where its HU differ by so much from what they were."""
LEAST_CC = 0.1
"""A smaller visible part is none: the place is given up."""


@dataclass(frozen=True)
class BoneLesion:
    """One lesion before it is drawn."""

    kind: str
    radius: float
    """mm"""
    hu: float
    edge: float
    """Width of the edge in mm."""

    @classmethod
    def random(cls, rng: np.random.Generator) -> BoneLesion:
        """Small ones are more frequent."""
        kind = str(rng.choice(KINDS, p=SHARES))
        radius = math.exp(rng.uniform(math.log(RADII_MM[0]), math.log(RADII_MM[1])))
        hu = rng.uniform(20, 80) if kind == "lytic" else rng.uniform(650, 1150)
        return cls(
            kind, radius, float(hu), float(rng.uniform(1, 2) if kind == "lytic" else rng.uniform(1, 4))
        )


def vertebrae(hu: torch.Tensor, cord: torch.Tensor, spacing_mm: Sequence[float]) -> torch.Tensor:
    """The bone (k, j, i) around the cord in the slices that show it; marrow filled, canal left out.

    `hu` float32, `cord` bool, both (k, j, i) with j towards the back and voxels of `spacing_mm` (k, j, i).
    """
    found = torch.zeros_like(cord)
    rows = torch.arange(hu.shape[1], device=hu.device)[:, None] * spacing_mm[1]
    columns = torch.arange(hu.shape[2], device=hu.device)[None] * spacing_mm[2]
    before, behind, beside = REACH_MM
    for k in torch.nonzero(cord.flatten(1).any(1))[:, 0].tolist():
        where = torch.nonzero(cord[k]).float().mean(0)
        back, side = rows - where[0] * spacing_mm[1], columns - where[1] * spacing_mm[2]
        found[k] = (back > -before) & (back < behind) & (side.abs() < beside)
    bone = found & (hu > BONE_HU)
    closed = ~_grown(~_grown(bone)) & found
    return closed & ~_grown(cord)


def _grown(mask: torch.Tensor) -> torch.Tensor:
    return functional.max_pool3d(mask[None, None].float(), 3, 1, 1)[0, 0] > 0


def plant(
    hu: torch.Tensor, inside: torch.Tensor, spacing_mm: Sequence[float], count: int, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """The CT with up to `count` lesions in the bone `inside`, and where they can be seen (k, j, i) bool."""
    hu, found = hu.clone(), torch.zeros_like(inside)
    places = torch.nonzero(inside)
    for _ in range(count if len(places) else 0):
        lesion = BoneLesion.random(rng)
        centre = places[int(rng.integers(len(places)))].tolist()
        box = _box(centre, hu.shape, lesion.radius * 1.6 + 2 * lesion.edge, spacing_mm)
        depth = _depth(box, centre, lesion, spacing_mm, rng).to(hu.device)
        drawn = _painted(hu[box], inside[box], depth, lesion, rng)
        seen = inside[box] & (depth > 0) & ((drawn - hu[box]).abs() > VISIBLE_HU)
        if float(seen.sum()) * math.prod(spacing_mm) / 1000 >= LEAST_CC:
            hu[box], found[box] = drawn, found[box] | seen
    return hu, found


def _box(
    centre: Sequence[int], shape: Sequence[int], reach_mm: float, spacing_mm: Sequence[float]
) -> tuple[slice, ...]:
    reaches = [math.ceil(reach_mm / step) for step in spacing_mm]
    return tuple(
        slice(max(0, c - r), min(n, c + r + 1)) for c, r, n in zip(centre, reaches, shape, strict=True)
    )


def _depth(
    box: tuple[slice, ...],
    centre: Sequence[int],
    lesion: BoneLesion,
    spacing_mm: Sequence[float],
    rng: np.random.Generator,
) -> torch.Tensor:
    """How deep a voxel lies in the lesion, mm, negative outside: an ellipsoid with bumps."""
    axes = rng.uniform(0.75, 1.25, 3) * lesion.radius
    k, j, i = (
        ((torch.arange(part.start, part.stop) - c) * step / float(axis)) ** 2
        for part, c, step, axis in zip(box, centre, spacing_mm, axes, strict=True)
    )
    plain = torch.sqrt(k[:, None, None] + j[None, :, None] + i[None, None, :])
    bumps = torch.from_numpy(rng.standard_normal((1, 1, 4, 4, 4)).astype(np.float32))
    bumps = functional.interpolate(bumps, plain.shape, mode="trilinear", align_corners=True)[0, 0]
    depth: torch.Tensor = (1 - plain * (1 + float(rng.uniform(0, 0.35)) * bumps)) * lesion.radius
    return depth


def _painted(
    hu: torch.Tensor, inside: torch.Tensor, depth: torch.Tensor, lesion: BoneLesion, rng: np.random.Generator
) -> torch.Tensor:
    texture = torch.from_numpy(rng.normal(0, 1, tuple(hu.shape)).astype(np.float32)).to(hu.device)
    weight = torch.sigmoid(depth / lesion.edge * 2) * inside
    target = lesion.hu + texture * (12 if lesion.kind == "lytic" else 60)
    if lesion.kind == "mixed":
        core = torch.sigmoid((depth - 0.4 * lesion.radius) / lesion.edge * 2)
        target = target * (1 - core) + float(rng.uniform(20, 80)) * core
    return hu * (1 - weight) + target * weight
