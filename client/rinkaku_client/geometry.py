"""Where voxels are in the patient: DICOM patient space (LPS), millimetres.

Arrays are indexed [k, j, i] (slice, row, column); physical vectors are (x, y, z) = (left, posterior,
superior).  Spacing and the columns of `direction` are in the order i, j, k, as in SimpleITK.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from rinkaku_client.problems import BadGeometry

Floats = npt.NDArray[np.float64]
Vector = tuple[float, float, float]

RIGHT_ANGLE_TOLERANCE = 1e-4
"""Largest deviation of directionᵀ · direction from the identity, as the server has it."""


@dataclass(frozen=True)
class Geometry:
    """A lattice of voxel centres."""

    shape_kji: tuple[int, int, int]
    """Number of voxels along k, j, i: the shape of arrays on it."""
    spacing_ijk_mm: Vector
    """Distance between voxel centres along i, j, k."""
    origin_lps_mm: Vector
    """Centre of voxel (0, 0, 0)."""
    direction: tuple[Vector, Vector, Vector]
    """Rows of the 3×3 matrix whose columns are the unit vectors of increasing i, j, k."""

    def __post_init__(self) -> None:
        numbers = [*self.spacing_ijk_mm, *self.origin_lps_mm, *itertools.chain(*self.direction)]
        if min(self.shape_kji) < 1 or min(self.spacing_ijk_mm) <= 0 or not np.isfinite(numbers).all():
            raise BadGeometry(f"{self} has an extent, a spacing or a place that cannot be")
        matrix = np.asarray(self.direction, dtype=np.float64)
        if np.abs(matrix.T @ matrix - np.eye(3)).max() > RIGHT_ANGLE_TOLERANCE:
            raise BadGeometry(f"axes {self.direction} are not at right angles")

    @property
    def affine(self) -> Floats:
        """The 4×4 matrix from (i, j, k, 1) to LPS millimetres."""
        affine = np.eye(4)
        affine[:3, :3] = np.asarray(self.direction) * np.asarray(self.spacing_ijk_mm)
        affine[:3, 3] = self.origin_lps_mm
        return affine

    @property
    def voxel_mm3(self) -> float:
        """Volume of one voxel in mm³."""
        return float(np.prod(self.spacing_ijk_mm))

    def to_lps(self, index_ijk: npt.ArrayLike) -> Floats:
        """LPS millimetres (..., 3) of fractional indices (..., 3) in the order i, j, k."""
        affine = self.affine
        lps: Floats = np.asarray(index_ijk, dtype=np.float64) @ affine[:3, :3].T + affine[:3, 3]
        return lps

    def to_index(self, lps_mm: npt.ArrayLike) -> Floats:
        """Fractional indices (..., 3) in the order i, j, k of LPS millimetres (..., 3)."""
        offset = np.asarray(lps_mm, dtype=np.float64) - np.asarray(self.origin_lps_mm)
        index: Floats = offset @ np.linalg.inv(self.affine[:3, :3]).T
        return index

    def to_json(self) -> dict[str, Any]:
        """The API's JSON of a grid."""
        return {
            "shape_kji": list(self.shape_kji),
            "spacing_ijk_mm": list(self.spacing_ijk_mm),
            "origin_lps_mm": list(self.origin_lps_mm),
            "direction": [list(row) for row in self.direction],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """The geometry of the API's JSON; BadGeometry on anything else."""
        try:
            k, j, i = (int(extent) for extent in data["shape_kji"])
            first, second, third = (_vector(row) for row in data["direction"])
            spacing, origin = _vector(data["spacing_ijk_mm"]), _vector(data["origin_lps_mm"])
        except (KeyError, TypeError, ValueError) as error:
            raise BadGeometry(f"not a grid: {error!r}") from error
        return cls((k, j, i), spacing, origin, (first, second, third))


def _vector(numbers: Sequence[float]) -> Vector:
    x, y, z = (float(number) for number in numbers)
    return (x, y, z)
