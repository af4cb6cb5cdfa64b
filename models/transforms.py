"""Random pictures of the same anatomy: the augmentation of CT patches, in torch, on the device that trains.

A patch is drawn by one affine map (rotation, scale, flip) from the volume, so that nothing is
interpolated twice.  Sides follow the flip: left and right structures change places.  What is random comes
from a NumPy generator, and voxel noise from torch's, so that a seed gives the same patch again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import torch

from models.data import Sample

BODY_BIT = 7
"""Bit of the packed labels that holds the body outline."""


@dataclass(frozen=True)
class Augmentation:
    """Ranges of the random changes; all uniform and symmetric unless said otherwise."""

    rotation_rad: float = 0.15
    scale: float = 0.1
    flip_probability: float = 0.5
    shift_hu: float = 15.0
    gain: float = 0.05
    noise_hu: float = 15.0
    blur_probability: float = 0.1
    couch_probability: float = 0.1
    mask_probability: float = 0.1
    field_cut_probability: float = 0.1


@dataclass(frozen=True)
class Scan:
    """A sample whose voxels lie on the device that trains."""

    hu: torch.Tensor
    """(k, j, i) int16."""
    labels: torch.Tensor
    """(k, j, i) uint8, packed as in `Sample`."""
    known: torch.Tensor
    """(structures,) bool."""
    points: tuple[npt.NDArray[np.float64], ...]

    @classmethod
    def of(cls, sample: Sample, device: torch.device) -> Self:
        """The sample's voxels copied to `device`: 202 head-and-neck scans are half a gigabyte."""
        hu, labels, known = (
            torch.from_numpy(array).to(device) for array in (sample.hu, sample.labels, sample.known)
        )
        return cls(hu, labels, known, sample.points)


@dataclass(frozen=True)
class Patch:
    """A training patch: `hu` (k, j, i) float32 and packed labels (k, j, i) uint8 with the body in bit 7."""

    hu: torch.Tensor
    labels: torch.Tensor


def draw_patch(
    scan: Scan, size: int, rng: np.random.Generator, aug: Augmentation, swaps: list[tuple[int, int]]
) -> Patch:
    """One augmented cube of `size` voxels, centred on a structure four times in five."""
    centre = _centre(scan, rng)
    hu, labels = _affine_crop(scan, centre, size, rng, aug)
    if rng.random() < aug.flip_probability:
        hu, labels = hu.flip(2), _swap_bits(labels.flip(2), swaps)
    return Patch(_disturb(hu, labels >= 2**BODY_BIT, rng, aug), labels)


def _centre(scan: Scan, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    shape = np.array(scan.hu.shape, dtype=np.float64)
    if scan.points and rng.random() < 0.8:
        points = scan.points[rng.integers(len(scan.points))]
        centre: npt.NDArray[np.float64] = points[rng.integers(len(points))] + rng.uniform(-16, 16, 3)
        return centre
    return rng.uniform(0, 1, 3) * shape


def _affine_crop(
    scan: Scan,
    centre: npt.NDArray[np.float64],
    size: int,
    rng: np.random.Generator,
    aug: Augmentation,
) -> tuple[torch.Tensor, torch.Tensor]:
    matrix = rotation(rng.uniform(-aug.rotation_rad, aug.rotation_rad, 3)) * rng.uniform(
        1 - aug.scale, 1 + aug.scale
    )
    reach = math.ceil(size / 2 * np.abs(matrix).sum(axis=1).max()) + 1
    low = np.maximum(np.floor(centre).astype(int) - reach, 0)
    high = np.minimum(np.ceil(centre).astype(int) + reach + 1, scan.hu.shape)
    low = np.minimum(low, np.array(scan.hu.shape) - 1)
    high = np.maximum(high, low + 1)
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    device = scan.hu.device
    hu = scan.hu[box].float()[None, None] + 1024
    labels = scan.labels[box].float()[None, None]
    extent = np.maximum(np.array(hu.shape[2:]) - 1, 1)
    steps = torch.arange(size, dtype=torch.float32, device=device) - (size - 1) / 2
    k, j, i = torch.meshgrid(steps, steps, steps, indexing="ij")
    turn, start, scale = (
        torch.from_numpy(array.astype(np.float32)).to(device)
        for array in (matrix.T, centre - low, 2 / extent)
    )
    points = (torch.stack([k, j, i], -1) @ turn + start) * scale - 1
    grid = points.flip(-1)[None]
    warped = torch.nn.functional.grid_sample(hu, grid, mode="bilinear", align_corners=True)[0, 0] - 1024
    packed = torch.nn.functional.grid_sample(labels, grid, mode="nearest", align_corners=True)[0, 0]
    return warped, packed.to(torch.uint8)


def rotation(angles: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The matrix (3, 3) that turns about the axes k, j, i one after the other, by `angles` in radians."""
    matrix = np.eye(3)
    for axis, angle in enumerate(angles):
        a, b = [n for n in range(3) if n != axis]
        turn = np.eye(3)
        turn[a, a] = turn[b, b] = math.cos(angle)
        turn[a, b], turn[b, a] = -math.sin(angle), math.sin(angle)
        matrix = matrix @ turn
    return matrix


def _swap_bits(labels: torch.Tensor, swaps: list[tuple[int, int]]) -> torch.Tensor:
    for a, b in swaps:
        differ = ((labels >> a) ^ (labels >> b)) & 1
        labels = labels ^ ((differ << a) | (differ << b))
    return labels


def _disturb(
    hu: torch.Tensor, body: torch.Tensor, rng: np.random.Generator, aug: Augmentation
) -> torch.Tensor:
    if rng.random() < aug.blur_probability:
        hu = _blurred(hu, int(rng.integers(3)))
    hu = (hu + rng.uniform(-aug.shift_hu, aug.shift_hu)) * rng.uniform(1 - aug.gain, 1 + aug.gain)
    hu = hu + torch.randn_like(hu) * float(rng.uniform(0, aug.noise_hu))
    if rng.random() < aug.mask_probability:
        shell = torch.nn.functional.max_pool3d(body[None, None].float(), 3, 1, 1)[0, 0] > 0
        hu = torch.where(shell & ~body, float(rng.uniform(-500, 150)), hu)
    if rng.random() < aug.couch_probability:
        start = int(rng.integers(hu.shape[1] // 2, hu.shape[1]))
        slab = torch.zeros_like(body)
        slab[:, start : start + int(rng.integers(1, 12))] = True
        hu = torch.where(slab & ~body, float(rng.uniform(-900, 100)), hu)
    if rng.random() < aug.field_cut_probability:
        side = int(rng.integers(1, 24))
        hu = hu.clone()
        if rng.random() < 0.5:
            hu[:, :, :side] = -1024
        else:
            hu[:, :, -side:] = -1024
    return hu


def _blurred(hu: torch.Tensor, axis: int) -> torch.Tensor:
    kernel = [1, 1, 1]
    kernel[axis] = 3
    weights = torch.full((1, 1, *kernel), 1 / 3, device=hu.device)
    padding = [k // 2 for k in kernel]
    return torch.nn.functional.conv3d(hu[None, None], weights, padding=padding)[0, 0]
