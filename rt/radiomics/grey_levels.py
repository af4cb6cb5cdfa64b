"""Grey levels of a region, and the flat walks along its directions that all texture matrices are made by.

Levels are padded by a voxel of 0 (outside) on every side.  In the flat array a direction is one stride, and
whoever walks by it out of the volume meets a 0 before the next line begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from rt.errors import TooManyGreyLevels
from rt.geometry import FloatArray
from rt.masks import Mask
from rt.radiomics.settings import Discretisation

IntArray = npt.NDArray[np.int64]

MOST_LEVELS = 2048
"""A matrix of this many levels squared is the largest that is made."""
IN_PLANE = ((0, 0, 1), (0, 1, 0), (0, 1, 1), (0, 1, -1))
"""Directions (k, j, i) at distance 1 in a slice, of each pair of opposites one."""
DIRECTIONS = (*IN_PLANE, *((1, j, i) for j in (-1, 0, 1) for i in (-1, 0, 1)))
"""The thirteen directions in space."""


@dataclass(frozen=True)
class Levels:
    """Levels 1 … count in the region and 0 outside, padded by one voxel."""

    padded_kji: IntArray
    count: int
    """Number of grey levels, present or not."""

    @property
    def kji(self) -> IntArray:
        """Without the padding."""
        return self.padded_kji[1:-1, 1:-1, 1:-1]

    @cached_property
    def flat(self) -> IntArray:
        """All of it, i fastest."""
        return self.padded_kji.ravel()

    def stride(self, direction: tuple[int, int, int]) -> int:
        """Step of a direction in the flat array."""
        k, j, i = direction
        return k * self.plane + j * int(self.padded_kji.shape[2]) + i

    @property
    def plane(self) -> int:
        """Voxels of a padded slice."""
        _, rows, columns = self.padded_kji.shape
        return int(rows * columns)


def discretised(
    image_kji: FloatArray, inside_kji: Mask, bins: Discretisation, lowest: float | None = None
) -> Levels:
    """The levels of the voxels inside; TooManyGreyLevels where the bins are too narrow.

    Bins of fixed size begin at `lowest` (the lower end of re-segmentation), else at the multiple of their
    size at or below the least intensity, so that bins of different patients coincide.
    """
    values = image_kji[inside_kji]
    least, most = float(values.min()), float(values.max())
    if bins.method == "fixed-bin-size":
        begin = np.floor(least / bins.value) * bins.value if lowest is None else lowest
        found = np.floor((values - begin) / bins.value) + 1
        count = float(np.floor((most - begin) / bins.value) + 1)
    elif most > least:
        count = bins.value
        found = np.minimum(np.floor(count * (values - least) / (most - least)) + 1, count)
    else:
        count, found = 1, np.ones_like(values)
    if count > MOST_LEVELS:
        raise TooManyGreyLevels(
            f"{count:.0f} grey levels from {least:g} to {most:g}, at most {MOST_LEVELS} are computed"
        )
    levels = np.zeros(np.add(inside_kji.shape, 2), dtype=np.int64)
    levels[1:-1, 1:-1, 1:-1][inside_kji] = found
    return Levels(levels, int(count))


def weighed(keys: IntArray, weights: FloatArray) -> FloatArray:
    """The sum of the weights of each key from 0."""
    return np.asarray(np.bincount(keys, weights=weights), dtype=np.float64)
