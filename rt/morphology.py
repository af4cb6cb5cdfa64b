"""Geometry of one mask, in millimetres but for boxes: grow, shrink, smooth, fill, clean, interpolate.

Every function takes a mask (k, j, i) on a grid and returns a new one; none changes its argument.
Work happens on the mask's box plus the margin that the operation can reach, so its cost follows
the organ, not the scan.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
from scipy import ndimage
from scipy.special import erfinv

from rt.errors import GeometryError
from rt.geometry import FloatArray, Grid
from rt.masks import Box, Mask, bounding_box, drawn_slices, padded_box

LONGEST_MM = 200.0
"""Largest radius accepted: beyond it a margin is a slip of the hand."""


def grow(mask_kji: Mask, grid: Grid, mm: float) -> Mask:
    """All voxels whose centre lies within `mm` (Euclidean) of the centre of a voxel of the mask."""
    box = _reach(mask_kji, grid, mm)
    result = mask_kji.copy()
    if box is not None:
        result[box] = _within(mask_kji[box], _spacing_kji(grid), mm)
    return result


def shrink(mask_kji: Mask, grid: Grid, mm: float) -> Mask:
    """The voxels farther than `mm` from every voxel centre outside; what is beyond the grid is outside."""
    _checked(mm)
    result = np.zeros_like(mask_kji)
    box = bounding_box(mask_kji)
    if box is not None:
        outside = np.pad(~mask_kji[box], 1, constant_values=True)
        result[box] = ~_within(outside, _spacing_kji(grid), mm)[1:-1, 1:-1, 1:-1]
    return result


def smooth(mask_kji: Mask, grid: Grid, mm: float) -> Mask:
    """The mask with details finer than `mm` evened out and its volume kept.

    A Gaussian after which a sheet of thickness `mm` has half its density left, cut at the level that keeps
    the number of voxels to within ties: thinner spurs go, thicker parts stay.
    """
    box = _reach(mask_kji, grid, 3 * mm)
    result = np.zeros_like(mask_kji)
    if box is None:
        return result
    sigma_mm = mm / (2 * math.sqrt(2) * float(erfinv(0.5)))
    sigma = [sigma_mm / s for s in _spacing_kji(grid)]
    blurred = ndimage.gaussian_filter(mask_kji[box].astype(np.float32), sigma, mode="nearest")
    count = int(np.count_nonzero(mask_kji[box]))
    level = np.partition(blurred.ravel(), -count)[-count]
    result[box] = blurred >= max(float(level), 1e-3)
    return result


def fill_holes(mask_kji: Mask) -> Mask:
    """The mask with every hole that one slice encloses filled, slice by slice."""
    result = mask_kji.copy()
    box = bounding_box(mask_kji)
    if box is not None:
        result[box] = np.stack([_without_holes(plane) for plane in mask_kji[box]])
    return result


def remove_islands(
    mask_kji: Mask, grid: Grid, *, keep: int | None = None, min_cc: float | None = None
) -> Mask:
    """The `keep` largest parts, or those of at least `min_cc`; voxels touching at a corner are one part."""
    if (keep is None) == (min_cc is None):
        raise GeometryError("give either how many parts to keep or the smallest volume")
    if (keep is not None and keep < 1) or (min_cc is not None and not min_cc >= 0):
        raise GeometryError("parts to keep must be at least 1, the smallest volume not negative")
    result = np.zeros_like(mask_kji)
    box = bounding_box(mask_kji)
    if box is None:
        return result
    parts, _ = ndimage.label(mask_kji[box], structure=np.ones((3, 3, 3)))
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    kept = np.zeros(sizes.shape, dtype=np.bool_)
    if keep is not None:
        kept[np.argsort(-sizes, kind="stable")[:keep]] = True
    else:
        kept = sizes * grid.voxel_mm3 / 1000.0 >= (min_cc or 0.0) - 1e-9
    kept[0] = False
    result[box] = kept[parts]
    return result


def dilate_box(mask_kji: Mask, radius_kji: Sequence[int], outside: bool = False) -> Mask:
    """Dilation by a box of `radius_kji` voxels, one axis after the other, in doubling steps."""
    made = mask_kji
    for axis, voxels in enumerate(radius_kji):
        wide = np.pad(
            made, [(voxels, voxels) if n == axis else (0, 0) for n in range(3)], constant_values=outside
        )
        lines, done = np.moveaxis(wide, axis, 0), 1
        while done <= 2 * voxels:
            step = min(done, 2 * voxels + 1 - done)
            lines[:-step] |= lines[step:]
            done += step
        made = np.moveaxis(lines[: mask_kji.shape[axis]], 0, axis)
    return made


def erode_box(mask_kji: Mask, radius_kji: Sequence[int]) -> Mask:
    """Erosion by a box; outside counts as empty."""
    return ~dilate_box(~mask_kji, radius_kji, outside=True)


def interpolate_slices(mask_kji: Mask, grid: Grid) -> Mask:
    """The mask with every empty slice between two drawn ones drawn by blending their signed distances.

    Shape-based interpolation (Raya and Udupa 1990, doi:10.1109/42.52980).  Where the two drawn
    shapes do not overlap they are first moved along the line between their centroids.
    """
    result = mask_kji.copy()
    box = bounding_box(mask_kji)
    if box is None:
        return result
    box = padded_box(box, (0, 2, 2), mask_kji.shape)
    cropped = mask_kji[box]
    spacing_ji = _spacing_kji(grid)[1:]
    drawn = drawn_slices(cropped)
    for low, high in itertools.pairwise(drawn):
        if high - low < 2:
            continue
        for k in range(low + 1, high):
            weight = (k - low) / (high - low)
            result[box][k] = _blend(cropped[low], cropped[high], weight, spacing_ji)
    return result


def _within(mask_kji: Mask, spacing_kji: tuple[float, float, float], mm: float) -> Mask:
    """Voxels whose centre is within `mm` of a voxel of the mask: in-plane distances, reached over by slices.

    Exact, and needs the memory of one slice beside the result.
    """
    result = np.zeros_like(mask_kji)
    reach = math.floor(mm / spacing_kji[0] + 1e-9)
    for k in drawn_slices(mask_kji):
        distance = ndimage.distance_transform_edt(~mask_kji[k], sampling=spacing_kji[1:])
        for step in range(max(-reach, -k), min(reach, len(mask_kji) - 1 - k) + 1):
            left_mm2 = mm**2 - (step * spacing_kji[0]) ** 2
            result[k + step] |= distance <= math.sqrt(max(left_mm2, 0.0)) + 1e-6
    return result


def _without_holes(mask_ji: Mask) -> Mask:
    """One slice with all that its outside does not reach (over edges) filled."""
    parts, _ = ndimage.label(np.pad(~mask_ji, 1, constant_values=True))
    filled: Mask = (parts != parts[0, 0])[1:-1, 1:-1]
    return filled


def _blend(low_ji: Mask, high_ji: Mask, weight: float, spacing_ji: tuple[float, float]) -> Mask:
    below, above = _signed_mm(low_ji, spacing_ji), _signed_mm(high_ji, spacing_ji)
    if not (low_ji & high_ji).any():
        way = np.asarray(ndimage.center_of_mass(high_ji)) - np.asarray(ndimage.center_of_mass(low_ji))
        below = ndimage.shift(below, weight * way, order=1, mode="nearest")
        above = ndimage.shift(above, (weight - 1) * way, order=1, mode="nearest")
    blended: Mask = (1 - weight) * below + weight * above > 0
    return blended


def _signed_mm(mask_ji: Mask, spacing_ji: tuple[float, float]) -> FloatArray:
    """Distance to the edge in mm, positive inside; the plane beyond the array is outside."""
    wide = np.pad(mask_ji, 1)
    inside = ndimage.distance_transform_edt(wide, sampling=spacing_ji)
    outside = ndimage.distance_transform_edt(~wide, sampling=spacing_ji)
    signed: FloatArray = np.asarray(inside - outside)[1:-1, 1:-1]
    return signed


def _reach(mask_kji: Mask, grid: Grid, mm: float) -> Box | None:
    _checked(mm)
    box = bounding_box(mask_kji)
    if box is None:
        return None
    k, j, i = (math.ceil(mm / s) + 1 for s in _spacing_kji(grid))
    return padded_box(box, (k, j, i), mask_kji.shape)


def _checked(mm: float) -> None:
    if not 0 < mm <= LONGEST_MM:
        raise GeometryError(f"{mm} mm is not between 0 and {LONGEST_MM:g} mm")


def _spacing_kji(grid: Grid) -> tuple[float, float, float]:
    i, j, k = grid.spacing_ijk_mm
    return (k, j, i)
