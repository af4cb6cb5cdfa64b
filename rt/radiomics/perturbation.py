"""Contours as another reader might have drawn them, after Zwanenburg et al. 2019.

Each is moved and turned a little, grown or shrunk to another volume, and redrawn along the borders of small
cells near its surface, each of which belongs to it as likely as it overlaps.  Where that paper takes
supervoxels of the image, the cells here are those nearest to jittered points, so that no image is needed; and
the paper turns image and contour together, which asks about interpolation, not about the contour
(doi:10.1038/s41598-018-36938-4).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from rt.errors import GeometryError, RegionEmpty
from rt.geometry import FloatArray, Grid
from rt.masks import Mask, bounding_box, padded_box

SHIFT_MM = 1.0
"""Standard deviation of the shift along each axis."""
TURN_DEGREES = 3.0
"""Standard deviation of the turn about the axis of the slices."""
VOLUME_SHARE = 0.1
"""Standard deviation of the change of volume."""
MOST_DEVIATIONS = 2.0
"""Beyond which nothing is drawn."""
CELL_OF_RADIUS = 0.2
"""Edge of the cells as a share of the radius of a ball of the same volume …"""
CELL_MM = (2.0, 8.0)
"""… within these limits."""
SURE_IN, SURE_OUT = 0.9, 0.2
"""A cell that overlaps so much belongs to the region, one that overlaps less does not."""
SMOOTHING_VOXELS = 0.7
"""Of the redrawn border."""


def perturbed(mask_kji: Mask, grid: Grid, count: int, seed: int) -> Iterator[Mask]:
    """So many masks (k, j, i) on the same grid, none of them empty; the same for the same seed.

    Raises GeometryError where the mask is not on the grid, RegionEmpty where it has no voxel.
    """
    if mask_kji.shape != grid.shape_kji:
        raise GeometryError(f"mask {mask_kji.shape} is not on a grid of {grid.shape_kji}")
    box = bounding_box(mask_kji)
    if box is None:
        raise RegionEmpty("the mask has no voxel")
    spacing = np.asarray(grid.spacing_ijk_mm[::-1])
    radius = (3 * float(mask_kji[box].sum()) * grid.voxel_mm3 / (4 * math.pi)) ** (1 / 3)
    cell_mm = float(np.clip(CELL_OF_RADIUS * radius, *CELL_MM))
    margin = np.ceil((MOST_DEVIATIONS * SHIFT_MM + cell_mm + 0.2 * radius) / spacing).astype(int) + 1
    wide = padded_box(box, (int(margin[0]), int(margin[1]), int(margin[2])), mask_kji.shape)
    inside = mask_kji[wide]
    heights = _heights(inside, spacing)
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        drawn = _redrawn(
            _resized(_moved(heights, spacing, rng), int(inside.sum()), rng), spacing, cell_mm, rng
        )
        placed = np.zeros_like(mask_kji)
        placed[wide] = drawn
        yield placed


def _heights(mask: Mask, spacing_kji_mm: FloatArray) -> FloatArray:
    """Distance in mm to the border, positive inside."""
    padded = np.pad(mask, 1)
    inner, outer = (
        ndimage.distance_transform_edt(part, sampling=spacing_kji_mm) for part in (padded, ~padded)
    )
    out: FloatArray = (inner - outer)[1:-1, 1:-1, 1:-1]
    return out


def _moved(heights: FloatArray, spacing_kji_mm: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Shifted along all axes and turned in the slices about the middle of the box."""
    shift = _drawn(rng, 3) * SHIFT_MM
    angle = math.radians(float(_drawn(rng, 1)[0]) * TURN_DEGREES)
    turn = np.eye(3)
    turn[1:, 1:] = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    matrix = turn * spacing_kji_mm / spacing_kji_mm[:, None]
    middle = (np.array(heights.shape) - 1) / 2
    offset = middle - matrix @ middle - shift / spacing_kji_mm
    return ndimage.affine_transform(heights, matrix, offset, order=1, mode="nearest")


def _resized(heights: FloatArray, voxels: int, rng: np.random.Generator) -> FloatArray:
    """Heights raised or lowered so that those above 0 have another volume."""
    return heights - _limit(heights, round(voxels * (1 + float(_drawn(rng, 1)[0]) * VOLUME_SHARE)))


def _limit(values: FloatArray, count: int) -> float:
    """What the highest so many values, at least one, reach."""
    place = values.size - min(max(count, 1), values.size)
    return float(np.partition(values.ravel(), place)[place])


def _redrawn(
    heights: FloatArray, spacing_kji_mm: FloatArray, cell_mm: float, rng: np.random.Generator
) -> Mask:
    """The border led along cells and smoothed; the mask of the heights where nothing would be left."""
    drawn = heights >= 0
    near = np.abs(heights) <= cell_mm
    steps = np.maximum(np.ceil(np.array(heights.shape) * spacing_kji_mm / cell_mm).astype(int), 1)
    seeds = (np.indices(tuple(steps)).reshape(3, -1).T + rng.random((int(steps.prod()), 3))) * cell_mm
    _, cell = cKDTree(seeds).query(np.argwhere(near) * spacing_kji_mm)
    count = np.maximum(np.bincount(cell, minlength=len(seeds)), 1)
    overlap = np.bincount(cell, weights=drawn[near], minlength=len(seeds)) / count
    chance = np.where(overlap >= SURE_IN, 1.0, np.where(overlap < SURE_OUT, 0.0, overlap))
    belongs = (rng.random(len(seeds)) < chance)[cell]
    if not belongs.any() and not drawn[~near].any():
        return drawn
    drawn[near] = belongs
    smooth = ndimage.gaussian_filter(drawn.astype(np.float64), SMOOTHING_VOXELS)
    led: Mask = smooth >= _limit(smooth, int(drawn.sum()))
    return led


def _drawn(rng: np.random.Generator, count: int) -> FloatArray:
    return np.clip(rng.normal(size=count), -MOST_DEVIATIONS, MOST_DEVIATIONS)
