"""Grids of voxels in the patient, and the way between index and millimetre.

A Grid is a right-angled lattice in DICOM patient space (LPS, millimetres).  Arrays on it are
indexed [k, j, i]; physical vectors are (x, y, z) = (left, posterior, superior).  Spacing and the
columns of `direction` are in the order i, j, k, as in SimpleITK and Cornerstone.

Invariants: direction is orthonormal to 1e-4, spacing is positive, every extent is at least 1.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from rt.errors import GeometryError

FloatArray = npt.NDArray[np.float64]
Vector = tuple[float, float, float]

ORTHONORMAL_TOLERANCE = 1e-4
"""Largest deviation of direction · directionᵀ from the identity (PS3.3 C.7.6.2.1.1 allows rounding)."""


@dataclass(frozen=True)
class Grid:
    """A lattice of voxel centres in patient space."""

    shape_kji: tuple[int, int, int]
    """Number of voxels along k, j, i."""
    spacing_ijk_mm: Vector
    """Distance between voxel centres along i, j, k."""
    origin_lps_mm: Vector
    """Centre of voxel (0, 0, 0)."""
    direction: tuple[Vector, Vector, Vector]
    """Rows of the 3×3 matrix whose columns are the unit vectors of increasing i, j, k."""

    def __post_init__(self) -> None:
        if min(self.shape_kji) < 1:
            raise GeometryError(f"grid extent {self.shape_kji} is empty")
        values = [*self.spacing_ijk_mm, *self.origin_lps_mm, *itertools.chain(*self.direction)]
        if not np.all(np.isfinite(values)):
            raise GeometryError("grid has a value that is not finite")
        if min(self.spacing_ijk_mm) <= 0:
            raise GeometryError(f"grid spacing {self.spacing_ijk_mm} mm is not positive")
        matrix = self.matrix
        if np.abs(matrix.T @ matrix - np.eye(3)).max() > ORTHONORMAL_TOLERANCE:
            raise GeometryError("grid axes are not at right angles")

    @property
    def matrix(self) -> FloatArray:
        """The 3×3 direction matrix, columns i, j, k."""
        return np.asarray(self.direction, dtype=np.float64)

    @property
    def affine(self) -> FloatArray:
        """The 4×4 matrix from homogeneous index (i, j, k, 1) to LPS millimetres."""
        affine = np.eye(4)
        affine[:3, :3] = self.matrix * np.asarray(self.spacing_ijk_mm)
        affine[:3, 3] = self.origin_lps_mm
        return affine

    @property
    def voxel_mm3(self) -> float:
        """Volume of one voxel in mm³."""
        return float(np.prod(self.spacing_ijk_mm))

    def to_lps(self, index_ijk: npt.ArrayLike) -> FloatArray:
        """LPS millimetres (..., 3) of fractional indices (..., 3) in the order i, j, k."""
        index = np.asarray(index_ijk, dtype=np.float64)
        lps: FloatArray = index @ self.affine[:3, :3].T + np.asarray(self.origin_lps_mm)
        return lps

    def to_index(self, lps_mm: npt.ArrayLike) -> FloatArray:
        """Fractional indices (..., 3) in the order i, j, k of LPS millimetres (..., 3)."""
        offset = np.asarray(lps_mm, dtype=np.float64) - np.asarray(self.origin_lps_mm)
        index: FloatArray = offset @ np.linalg.inv(self.affine[:3, :3]).T
        return index

    def is_close(self, other: Grid, tolerance_mm: float = 1e-2) -> bool:
        """True if both grids have the same extent and every corner voxel agrees to the tolerance."""
        if self.shape_kji != other.shape_kji:
            return False
        k, j, i = (n - 1 for n in self.shape_kji)
        corners = np.array(list(itertools.product((0, i), (0, j), (0, k))), dtype=np.float64)
        return bool(np.abs(self.to_lps(corners) - other.to_lps(corners)).max() <= tolerance_mm)

    def refined(self, factors_ijk: tuple[int, int, int]) -> Self:
        """The grid of the same extent whose voxels are parts of this one's: so many along i, j, k."""
        parts = np.asarray(factors_ijk)
        if parts.min() < 1:
            raise GeometryError(f"a voxel cannot be cut into {factors_ijk} parts")
        first = self.to_lps(0.5 / parts - 0.5)
        shape = np.asarray(self.shape_kji) * parts[::-1]
        return type(self).of(shape, np.asarray(self.spacing_ijk_mm) / parts, first, self.direction)

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `from_json` reads back exactly."""
        return {
            "shape_kji": list(self.shape_kji),
            "spacing_ijk_mm": list(self.spacing_ijk_mm),
            "origin_lps_mm": list(self.origin_lps_mm),
            "direction": [list(row) for row in self.direction],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """The grid that `to_json` wrote; GeometryError on anything else."""
        try:
            return cls.of(data["shape_kji"], data["spacing_ijk_mm"], data["origin_lps_mm"], data["direction"])
        except (KeyError, TypeError, ValueError) as error:
            raise GeometryError("not a grid in JSON") from error

    @classmethod
    def of(
        cls,
        shape_kji: npt.ArrayLike,
        spacing_ijk_mm: npt.ArrayLike,
        origin_lps_mm: npt.ArrayLike,
        direction: npt.ArrayLike,
    ) -> Self:
        """The grid from array-likes; direction is 3×3 with columns i, j, k."""
        k, j, i = (int(n) for n in np.asarray(shape_kji).ravel())
        rows = np.asarray(direction, dtype=np.float64).reshape(3, 3)
        return cls(
            (k, j, i),
            _vector(spacing_ijk_mm),
            _vector(origin_lps_mm),
            (_vector(rows[0]), _vector(rows[1]), _vector(rows[2])),
        )


def _vector(values: npt.ArrayLike) -> Vector:
    x, y, z = (float(v) for v in np.asarray(values, dtype=np.float64).ravel())
    return (x, y, z)
