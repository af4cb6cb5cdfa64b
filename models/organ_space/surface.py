"""Points on the surface of a mask, evenly spaced and finer than its voxels.

The mask is smoothed by one voxel along each axis; the surface is where the smoothed mask has the value that
keeps the mask's volume, so that smoothing does not shrink it.  Points are where that value is crossed between
neighbouring voxels, thinned to those farthest from each other.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from models.organ_space.errors import BadPoints, DisconnectedSurface, EmptySurface
from rt.cropping import part_of
from rt.geometry import FloatArray, Grid
from rt.masks import Mask, bounding_box

FEWEST_VOXELS = 27
"""A structure of fewer has no surface to speak of."""
SIGMA_VOXELS = 1.0
PAD = 3
"""Voxels around the mask, so that smoothing ends inside."""


def one_part(mask_kji: Mask, speck: float) -> Mask:
    """The mask without the specks around it, which together are at most this share of it.

    EmptySurface: fewer than 27 voxels.  DisconnectedSurface: more than specks lie apart (26 neighbours).
    """
    count = int(mask_kji.sum())
    if count < FEWEST_VOXELS:
        raise EmptySurface(f"{count} voxels are fewer than the {FEWEST_VOXELS} that a surface needs")
    labels, parts = ndimage.label(mask_kji, structure=np.ones((3, 3, 3)))
    if parts == 1:
        return mask_kji
    sizes = np.bincount(labels.ravel())[1:]
    apart = 1 - float(sizes.max()) / count
    if apart > speck:
        raise DisconnectedSurface(f"it is in {parts} parts, {apart:.0%} of it apart from the largest")
    main: Mask = labels == int(sizes.argmax()) + 1
    return main


def level_set(mask_kji: Mask, grid: Grid) -> tuple[FloatArray, Grid]:
    """A smooth function (k, j, i) around a mask, positive inside and zero on its surface, and its grid."""
    box = bounding_box(mask_kji)
    if box is None:
        raise EmptySurface("there is no voxel")
    padded = np.pad(mask_kji[box], PAD).astype(np.float64)
    smooth = ndimage.gaussian_filter(padded, SIGMA_VOXELS, mode="constant")
    count = int(padded.sum())
    edge = np.partition(smooth.ravel(), [smooth.size - count - 1, smooth.size - count])
    level = (edge[smooth.size - count - 1] + edge[smooth.size - count]) / 2
    part = part_of(grid, box)
    shape = tuple(n + 2 * PAD for n in part.shape_kji)
    return smooth - level, Grid.of(shape, part.spacing_ijk_mm, part.to_lps([-PAD] * 3), part.direction)


def surface_points(mask_kji: Mask, grid: Grid, count: int, speck: float = 0.02) -> FloatArray:
    """Up to `count` points (n, 3) in LPS millimetres on the surface of a mask (k, j, i).

    In farthest-point order: any first part of them covers the surface evenly.  EmptySurface and
    DisconnectedSurface as of `one_part`.
    """
    function, placed = level_set(one_part(mask_kji, speck), grid)
    crossings = []
    for axis in range(3):
        low = np.take(function, range(function.shape[axis] - 1), axis)
        high = np.take(function, range(1, function.shape[axis]), axis)
        at = np.nonzero((low > 0) != (high > 0))
        index = np.stack(at, axis=1).astype(np.float64)
        index[:, axis] += low[at] / (low[at] - high[at])
        crossings.append(index)
    points = placed.to_lps(np.concatenate(crossings)[:, ::-1])
    return points[farthest_order(points, min(count, len(points)))]


def farthest_order(
    points_xyz: FloatArray, count: int, seed: int = 0
) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Indices of `count` points, each as far as can be from those before it; the first by the seed."""
    if not 0 < count <= len(points_xyz):
        raise BadPoints(f"{count} of {len(points_xyz)} points cannot be chosen")
    points = np.ascontiguousarray(points_xyz.T, dtype=np.float32)
    chosen = np.empty(count, dtype=np.intp)
    chosen[0] = np.random.default_rng(seed).integers(len(points_xyz))
    nearest = np.full(len(points_xyz), np.inf, dtype=np.float32)
    x, y, z = points
    for n in range(1, count):
        a, b, c = points[:, chosen[n - 1]]
        np.minimum(nearest, (x - a) ** 2 + (y - b) ** 2 + (z - c) ** 2, out=nearest)
        chosen[n] = nearest.argmax()
    return chosen
