"""A region made of structures and dose, and the part of an image that holds it.

So lung outside the target that got 20 Gy can be looked at by itself: `Region(("Lungs",), without=("GTV",),
isodose_gy=20)`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rt.algebra import Margins, difference, expand, intersection, isodose, union
from rt.dose import Dose
from rt.errors import DoseError, MaskError
from rt.geometry import Grid
from rt.masks import Box, Mask


@dataclass(frozen=True)
class Region:
    """What to crop to: what is in all (or any) of the structures and in none of `without`, with dose."""

    structures: tuple[str, ...] = ()
    """None: everywhere."""
    any_of: bool = False
    """In any of the structures instead of in all."""
    without: tuple[str, ...] = ()
    isodose_gy: float | None = None
    """Only what gets at least this dose."""
    margin_mm: float = 0.0
    """Added on all sides at the end."""

    @property
    def names(self) -> tuple[str, ...]:
        """All structures that have to be known."""
        return tuple(dict.fromkeys((*self.structures, *self.without)))

    def mask(self, masks_kji: Mapping[str, Mask], grid: Grid, dose: Dose | None) -> Mask:
        """The region's voxels on a grid.

        MaskError when a structure is unknown or nothing is left, DoseError for an isodose without a dose.
        """
        missing = [name for name in self.names if name not in masks_kji]
        if missing:
            raise MaskError(f"{', '.join(missing)} is unknown")
        parts = [masks_kji[name] for name in self.structures] or [np.ones(grid.shape_kji, dtype=np.bool_)]
        found = (union if self.any_of else intersection)(parts)
        found = difference(found, [masks_kji[name] for name in self.without])
        if self.isodose_gy is not None:
            if dose is None:
                raise DoseError("there is no dose")
            found = found & isodose(dose, grid, self.isodose_gy)
        if not found.any():
            raise MaskError("the region is empty")
        return expand(found, grid, Margins.even(self.margin_mm)) if self.margin_mm else found


def part_of(grid: Grid, box: Box) -> Grid:
    """The grid of the voxels in a box (k, j, i) of another."""
    shape = [one.stop - one.start for one in box]
    first = grid.to_lps([one.start for one in reversed(box)])
    return Grid.of(shape, grid.spacing_ijk_mm, first, grid.direction)
