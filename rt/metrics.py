"""How two delineations of one structure differ: overlap, surface distance and work to correct.

Masks are (k, j, i) on one grid.  Work happens on the box around both, so its cost follows the organ.
Two empty masks agree perfectly; an empty one and a drawn one do not at all.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from skimage import measure

from rt.errors import MaskError
from rt.geometry import FloatArray, Grid
from rt.masks import Mask, bounding_box, padded_box

SIZE_OF_CELL = 8
"""Voxels in a 2×2×2 neighbourhood."""


@dataclass(frozen=True)
class SurfaceDistances:
    """Distances from each surface element of one mask to the other's surface, both ways."""

    first_mm: FloatArray
    first_mm2: FloatArray
    second_mm: FloatArray
    second_mm2: FloatArray

    def dice_within(self, tolerance_mm: float) -> float:
        """Surface DSC at a tolerance."""
        total = float(self.first_mm2.sum() + self.second_mm2.sum())
        if total == 0:
            return 1.0
        near = self.first_mm2[self.first_mm <= tolerance_mm].sum()
        near += self.second_mm2[self.second_mm <= tolerance_mm].sum()
        return float(near) / total

    def hausdorff_mm(self, percent: float) -> float:
        """The larger of the two area-weighted percentiles; infinite when one surface is missing."""
        if self.first_mm.size == 0 and self.second_mm.size == 0:
            return 0.0
        return max(
            _percentile(self.first_mm, self.first_mm2, percent),
            _percentile(self.second_mm, self.second_mm2, percent),
        )


def dice(first_kji: Mask, second_kji: Mask) -> float:
    """Dice similarity coefficient, 2|A∩B| / (|A|+|B|); 1 if both are empty.

    Dice 1945, doi:10.2307/1932409.
    """
    _same_shape(first_kji, second_kji)
    total = int(np.count_nonzero(first_kji)) + int(np.count_nonzero(second_kji))
    if total == 0:
        return 1.0
    return 2.0 * int(np.count_nonzero(first_kji & second_kji)) / total


def surface_dice(first_kji: Mask, second_kji: Mask, grid: Grid, tolerance_mm: float) -> float:
    """Surface DSC: area of either surface within the tolerance of the other, over the area of both.

    Nikolov et al. 2021, doi:10.2196/26151.
    """
    return surface_distances(first_kji, second_kji, grid).dice_within(tolerance_mm)


def hd95_mm(first_kji: Mask, second_kji: Mask, grid: Grid) -> float:
    """95 % Hausdorff distance in mm: the larger of the two directed 95th percentiles, by surface area.

    Huttenlocher et al. 1993, doi:10.1109/34.232073; area weights as in Nikolov et al. 2021.  0 if both
    masks are empty, infinite if one is.
    """
    return surface_distances(first_kji, second_kji, grid).hausdorff_mm(95.0)


def surface_distances(first_kji: Mask, second_kji: Mask, grid: Grid) -> SurfaceDistances:
    """Distances in mm between two surfaces, with the area in mm² of each surface element.

    An element is a 2×2×2 cell of voxels that are not all alike; its area is that of the marching
    cubes surface in it; distances run between cell centres (Nikolov et al. 2021, doi:10.2196/26151).
    """
    _same_shape(first_kji, second_kji)
    box = bounding_box(first_kji | second_kji)
    if box is None:
        none = np.zeros(0)
        return SurfaceDistances(none, none, none, none)
    i, j, k = grid.spacing_ijk_mm
    areas = _cell_areas((k, j, i))
    cells = [areas[_cell_codes(np.pad(mask[box], 1))] for mask in (first_kji, second_kji)]
    found: list[FloatArray] = []
    for here, there in (cells, cells[::-1]):
        surface, other = here > 0, there > 0
        if not other.any():
            distance = np.full(int(surface.sum()), math.inf)
        else:
            distance = ndimage.distance_transform_edt(~other, sampling=(k, j, i))[surface]
        found += [distance, here[surface]]
    return SurfaceDistances(*found)


def added_path_length_mm(reference_kji: Mask, automatic_kji: Mask, grid: Grid) -> float:
    """Length in mm of the reference's outline that the automatic one does not have: what had to be drawn.

    Voxels of the reference's edge, slice by slice, that are not edge voxels of the automatic mask,
    times the in-plane voxel size (mean of i and j).  Vaassen et al. 2020, doi:10.1016/j.phro.2019.12.001.
    """
    _same_shape(reference_kji, automatic_kji)
    box = bounding_box(reference_kji)
    if box is None:
        return 0.0
    box = padded_box(box, (0, 1, 1), reference_kji.shape)
    added = _edges(reference_kji[box]) & ~_edges(automatic_kji[box])
    i, j, _ = grid.spacing_ijk_mm
    return int(np.count_nonzero(added)) * (i + j) / 2


def _edges(mask_kji: Mask) -> Mask:
    """Voxels with an in-plane neighbour (4) outside; what is beyond the array is outside."""
    cross = ndimage.generate_binary_structure(2, 1)[np.newaxis]
    edges: Mask = mask_kji & ~ndimage.binary_erosion(mask_kji, cross)
    return edges


def _cell_codes(mask_kji: Mask) -> npt.NDArray[np.uint8]:
    """For each 2×2×2 cell of voxels, which of its corners are inside, as eight bits."""
    inside = mask_kji.view(np.uint8)
    shape = [n - 1 for n in mask_kji.shape]
    codes = np.zeros(shape, dtype=np.uint8)
    for bit, (a, b, c) in enumerate(itertools.product((0, 1), repeat=3)):
        codes |= inside[a : a + shape[0], b : b + shape[1], c : c + shape[2]] << bit
    return codes


@lru_cache(maxsize=64)
def _cell_areas(spacing_kji: tuple[float, float, float]) -> FloatArray:
    """Area in mm² of the marching cubes surface in a cell, for each of the 256 codes."""
    march: Callable[..., Any] = measure.marching_cubes
    area: Callable[..., float] = measure.mesh_surface_area
    areas = np.zeros(1 << SIZE_OF_CELL)
    for code in range(1, (1 << SIZE_OF_CELL) - 1):
        cell = np.array([(code >> bit) & 1 for bit in range(SIZE_OF_CELL)], dtype=np.float64)
        vertices, faces, _, _ = march(cell.reshape(2, 2, 2), 0.5, spacing=spacing_kji)
        areas[code] = area(vertices, faces)
    return areas


def _percentile(distances_mm: FloatArray, areas_mm2: FloatArray, percent: float) -> float:
    if distances_mm.size == 0:
        return 0.0
    order = np.argsort(distances_mm)
    reached = np.cumsum(areas_mm2[order])
    place = int(np.searchsorted(reached, percent / 100.0 * reached[-1]))
    return float(distances_mm[order][min(place, len(order) - 1)])


def _same_shape(first_kji: Mask, second_kji: Mask) -> None:
    if first_kji.shape != second_kji.shape:
        raise MaskError(f"masks of shape {first_kji.shape} and {second_kji.shape} cannot be compared")
