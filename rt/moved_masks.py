"""Masks of one frame of reference as voxels of an image in another.

A voxel of the image belongs to it when its centre, taken back, lies in one of the mask's voxels.
"""

from __future__ import annotations

import itertools

import numpy as np

from rt.contours import ContourWarning, Filled
from rt.cropping import part_of
from rt.geometry import Grid
from rt.masks import Box, Mask
from rt.registration import RigidTransform
from rt.resample import resample

CLIPPED_VOXELS = 0.5
"""Beyond the outer centres the image's voxels reach this far."""


def move_mask(mask_kji: Mask, own: Grid, transform: RigidTransform, grid: Grid) -> Filled:
    """The mask, on a grid of the registered frame, of one on a grid of the source's frame.

    Warnings tell where something of it is lost.
    """
    moved = np.zeros(grid.shape_kji, dtype=np.bool_)
    there = transform.grid(own)
    box = _box(there, grid)
    if box is not None:
        part = resample(mask_kji, there, part_of(grid, box), outside=0, nearest=True)
        moved[box] = part.astype(np.bool_)
    return Filled(moved, tuple(_outside(mask_kji, there, grid, moved)))


def _box(there: Grid, grid: Grid) -> Box | None:
    """The voxels of a grid that another reaches; None where it reaches none."""
    ends = [(-0.5, n - 0.5) for n in there.shape_kji[::-1]]
    index = grid.to_index(there.to_lps(np.array(list(itertools.product(*ends)))))
    last = np.asarray(grid.shape_kji[::-1])
    low = np.clip(np.floor(index.min(axis=0)), 0, last).astype(int)
    high = np.clip(np.ceil(index.max(axis=0)) + 1, 0, last).astype(int)
    if (high <= low).any():
        return None
    k, j, i = (slice(int(a), int(b)) for a, b in zip(low[::-1], high[::-1], strict=True))
    return (k, j, i)


def _outside(mask_kji: Mask, there: Grid, grid: Grid, moved: Mask) -> list[ContourWarning]:
    """What is said where the mask reaches out of the image."""
    last = np.asarray(grid.shape_kji[::-1]) - 1
    lost = kept = 0
    for k, plane in enumerate(mask_kji):
        j, i = np.nonzero(plane)
        index = grid.to_index(there.to_lps(np.column_stack([i, j, np.full(len(i), k)])))
        out = ((index < -CLIPPED_VOXELS) | (index > last + CLIPPED_VOXELS)).any(axis=1)
        lost += int(out.sum())
        kept += int((~out).sum())
    if not lost:
        return []
    if not moved.any() and not kept:
        return [
            ContourWarning("structure-outside-volume", "it lies outside the image; nothing is left of it")
        ]
    return [ContourWarning("contour-clipped", "a part of it lies outside the image")]
