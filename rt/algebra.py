"""Structure algebra: masks made of other masks, margins and dose.

Every function takes masks (k, j, i) on one grid and returns a new one; none changes its arguments.  A margin
may differ on each side of the patient: it is the convex body whose eight octants are those of ellipsoids, so
what lies between two sides is rounded as with a margin that is the same everywhere, which gives what
`morphology.grow` and `shrink` give.  Distances are between voxel centres; what is beyond the grid is outside.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from rt.dose import Dose
from rt.errors import DoseError, GeometryError, MaskError
from rt.geometry import FloatArray, Grid
from rt.masks import Mask, bounding_box, padded_box
from rt.morphology import LONGEST_MM, grow, shrink

TOLERANCE = 1e-6
"""By which rounding may put a voxel beyond a margin, in parts of it (in mm where it is 0)."""
SLAB_VOXELS = 1 << 22
"""Voxels whose dose is worked out at once."""


@dataclass(frozen=True)
class Margins:
    """Millimetres to each side of the patient, whatever way the grid lies."""

    left: float
    right: float
    anterior: float
    posterior: float
    superior: float
    inferior: float

    def __post_init__(self) -> None:
        for field in fields(self):
            mm = getattr(self, field.name)
            if not 0 <= mm <= LONGEST_MM:
                raise GeometryError(f"{mm} mm {field.name} is not between 0 and {LONGEST_MM:g} mm")

    @classmethod
    def even(cls, mm: float) -> Self:
        """The same on every side."""
        return cls(mm, mm, mm, mm, mm, mm)

    @property
    def low_lps_mm(self) -> FloatArray:
        """Towards decreasing x, y, z: right, anterior, inferior."""
        return np.array([self.right, self.anterior, self.inferior])

    @property
    def high_lps_mm(self) -> FloatArray:
        """Towards increasing x, y, z: left, posterior, superior."""
        return np.array([self.left, self.posterior, self.superior])

    @property
    def mirrored(self) -> Margins:
        """Each side's margin on the opposite side."""
        return Margins(self.right, self.left, self.posterior, self.anterior, self.inferior, self.superior)


def expand(mask_kji: Mask, grid: Grid, margins: Margins) -> Mask:
    """All voxels that lie within the margins of a voxel of the mask.  Errors as of `Margins`."""
    _checked(grid, mask_kji)
    result = mask_kji.copy()
    box = bounding_box(mask_kji)
    if box is None:
        return result
    rows = list(_rows(grid, margins))
    reach = _reach(rows)
    box = padded_box(box, reach, mask_kji.shape)
    result[box] = _dilated(mask_kji[box], rows, reach[2])
    return result


def contract(mask_kji: Mask, grid: Grid, margins: Margins) -> Mask:
    """The voxels from which all within the margins is in the mask: each side is moved in by its margin."""
    _checked(grid, mask_kji)
    result = np.zeros_like(mask_kji)
    box = bounding_box(mask_kji)
    if box is not None:
        # from outside: what is moved in on the left grows there to the right
        rows = list(_rows(grid, margins.mirrored))
        reach = _reach(rows)
        outside = np.pad(~mask_kji[box], [(n, n) for n in reach], constant_values=True)
        within = tuple(slice(n, n + extent) for n, extent in zip(reach, mask_kji[box].shape, strict=True))
        result[box] = ~_dilated(outside, rows, reach[2])[within]
    return result


def union(masks_kji: Sequence[Mask]) -> Mask:
    """What lies in any of the masks; MaskError when there are none, or on different grids."""
    found: Mask = np.logical_or.reduce(_alike(masks_kji))
    return found


def intersection(masks_kji: Sequence[Mask]) -> Mask:
    """What lies in all of the masks; errors as of `union`."""
    found: Mask = np.logical_and.reduce(_alike(masks_kji))
    return found


def difference(mask_kji: Mask, others_kji: Sequence[Mask]) -> Mask:
    """What lies in the mask and in none of the others; errors as of `union`."""
    return mask_kji & ~union([np.zeros_like(mask_kji), *others_kji])


def crop_from(mask_kji: Mask, grid: Grid, other_kji: Mask, mm: float) -> Mask:
    """The part of a mask that is farther than `mm` from another structure (0: outside it)."""
    _checked(grid, mask_kji, other_kji)
    return mask_kji & ~(grow(other_kji, grid, mm) if mm else other_kji)


def crop_into(mask_kji: Mask, grid: Grid, other_kji: Mask, mm: float) -> Mask:
    """The part of a mask that is inside another structure and farther than `mm` from what is outside it.

    So a target is kept under the skin.
    """
    _checked(grid, mask_kji, other_kji)
    return mask_kji & (shrink(other_kji, grid, mm) if mm else other_kji)


def isodose(dose: Dose, grid: Grid, at_least_gy: float, *, beyond: bool = False) -> Mask:
    """The voxels of a grid that get at least a dose at their centre; none where the dose is unknown.

    `beyond`: as if the dose went on beyond its grid as it is on its faces.

    DoseError when it is not positive.
    """
    if not 0 < at_least_gy < math.inf:
        raise DoseError(f"{at_least_gy:g} Gy is no isodose")
    slices, rows, columns = grid.shape_kji
    result = np.zeros(grid.shape_kji, dtype=np.bool_)
    thick = max(1, SLAB_VOXELS // (rows * columns))
    for first in range(0, slices, thick):
        part = result[first : first + thick]
        slab = Grid.of(part.shape, grid.spacing_ijk_mm, grid.to_lps([0, 0, first]), grid.direction)
        gy, within = dose.on(slab)
        np.logical_and(gy >= at_least_gy, within | beyond, out=part)
    return result


def _rows(grid: Grid, margins: Margins) -> Iterator[tuple[int, int, int, int]]:
    """The voxels within the margins of voxel 0, as rows along i: k, j, first i, last i."""
    low, high = margins.low_lps_mm, margins.high_lps_mm
    furthest = float(np.max([low, high])) * (1 + TOLERANCE) + TOLERANCE
    k, j, i = (math.floor(furthest / s) for s in grid.spacing_ijk_mm[::-1])
    for dk in range(-k, k + 1):
        index_ijk = np.stack(np.meshgrid(np.arange(-i, i + 1), np.arange(-j, j + 1), dk), -1)[:, :, 0]
        away = (index_ijk * np.asarray(grid.spacing_ijk_mm)) @ grid.matrix.T
        side = np.where(away > 0, high, low)
        parts = np.abs(away) / np.where(side > 0, side, TOLERANCE)
        inside = (parts**2).sum(axis=-1) <= (1 + TOLERANCE) ** 2
        for dj in np.flatnonzero(inside.any(axis=1)):
            hits = np.flatnonzero(inside[dj])
            yield dk, int(dj) - j, int(hits[0]) - i, int(hits[-1]) - i


def _reach(rows: Sequence[tuple[int, int, int, int]]) -> tuple[int, int, int]:
    """How many voxels along k, j, i the rows go from voxel 0."""
    k, j, first, last = np.abs(rows).max(axis=0).tolist()
    return k, j, max(first, last)


def _dilated(mask_kji: Mask, rows: Sequence[tuple[int, int, int, int]], along: int) -> Mask:
    """The mask moved by every voxel of the rows: of each row it is told by counting along i."""
    slices, lines, columns = mask_kji.shape
    counted = np.zeros((slices, lines, columns + 2 * along + 1), dtype=np.int32)
    np.cumsum(mask_kji, axis=2, out=counted[:, :, along + 1 : along + 1 + columns])
    counted[:, :, along + 1 + columns :] = counted[:, :, along + columns, np.newaxis]
    result = np.zeros_like(mask_kji)
    for dk, dj, first, last in rows:
        to, source = _overlap(dk, slices), _overlap(-dk, slices)
        across, beside = _overlap(dj, lines), _overlap(-dj, lines)
        part = counted[source, beside]
        # voxel i is reached from i - last to i - first
        upto = part[:, :, along - first + 1 : along - first + 1 + columns]
        before = part[:, :, along - last : along - last + columns]
        result[to, across] |= upto > before
    return result


def _overlap(step: int, count: int) -> slice:
    """Where what has been moved by a step lies within its array."""
    return slice(min(max(step, 0), count), max(min(count + step, count), 0))


def _alike(masks_kji: Sequence[Mask]) -> Sequence[Mask]:
    if not masks_kji:
        raise MaskError("there is no mask")
    shapes = {mask.shape for mask in masks_kji}
    if len(shapes) > 1:
        raise MaskError(f"masks of {sorted(shapes)} voxels are not on one grid")
    return masks_kji


def _checked(grid: Grid, *masks_kji: Mask) -> None:
    for mask in masks_kji:
        if mask.shape != grid.shape_kji:
            raise MaskError(f"a mask of {mask.shape} voxels on a grid of {grid.shape_kji}")
