"""Rigid registration: where the points of one frame of reference lie in another, and grids carried along.

A matrix is 4×4 and takes homogeneous LPS millimetres (x, y, z, 1) of the source's frame of reference to those
of the registered one (PS3.3 C.20.2.1.1).  It counts as rigid when it keeps lengths and handedness to
`RIGID_TOLERANCE`; what is left over by rounding is taken out, so that distances and volumes stay.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from rt.errors import RegistrationError
from rt.geometry import FloatArray, Grid

RIGID_TOLERANCE = 5e-4
"""Largest deviation of rotation · rotationᵀ from the identity: 0.1 mm at 300 mm from the origin."""
FURTHEST_MM = 1e4
"""A translation longer than this is none of a patient."""


@dataclass(frozen=True)
class RigidTransform:
    """A rotation followed by a translation."""

    rotation: tuple[tuple[float, ...], ...]
    """Rows of the 3×3 matrix, orthonormal with determinant +1."""
    translation_mm: tuple[float, ...]

    @classmethod
    def identity(cls) -> Self:
        """What moves nothing."""
        return cls._of(np.eye(3), np.zeros(3))

    @classmethod
    def from_matrix(cls, values: npt.ArrayLike) -> Self:
        """The transform of a 4×4 matrix, or its 16 values row by row.

        RegistrationError when it scales, shears, mirrors, projects, or is not made of 16 numbers.
        """
        matrix = np.asarray(values, dtype=np.float64)
        if matrix.size != 16 or not np.isfinite(matrix).all():
            raise RegistrationError(f"a matrix of {matrix.size} values, not of 16 numbers")
        matrix = matrix.reshape(4, 4)
        if np.abs(matrix[3] - (0, 0, 0, 1)).max() > 1e-6:
            raise RegistrationError("the last row of the matrix is not 0 0 0 1")
        rotation, translation = matrix[:3, :3], matrix[:3, 3]
        deviation = float(np.abs(rotation @ rotation.T - np.eye(3)).max())
        if deviation > RIGID_TOLERANCE:
            raise RegistrationError(
                f"the matrix scales or shears: it is off a rotation by {deviation:.2g},"
                f" more than {RIGID_TOLERANCE:g}"
            )
        if np.linalg.det(rotation) < 0:
            raise RegistrationError("the matrix mirrors the patient: its determinant is -1")
        if np.abs(translation).max() > FURTHEST_MM:
            raise RegistrationError("the matrix moves the patient by more than ten metres")
        left, _, right = np.linalg.svd(rotation)
        return cls._of(left @ right, translation)

    @classmethod
    def _of(cls, rotation: FloatArray, translation: FloatArray) -> Self:
        rows = tuple(tuple(float(v) for v in row) for row in rotation)
        return cls(rows, tuple(float(v) for v in translation))

    @property
    def matrix(self) -> FloatArray:
        """The 4×4 matrix."""
        made = np.eye(4)
        made[:3, :3], made[:3, 3] = self.rotation, self.translation_mm
        return made

    def apply(self, points_mm: npt.ArrayLike) -> FloatArray:
        """LPS millimetres (..., 3) of the registered frame for those of the source's."""
        moved: FloatArray = np.asarray(points_mm, dtype=np.float64) @ np.asarray(self.rotation).T
        moved += np.asarray(self.translation_mm)
        return moved

    def inverse(self) -> RigidTransform:
        """The way back."""
        back = np.asarray(self.rotation).T
        return self._of(back, -back @ np.asarray(self.translation_mm))

    def after(self, first: RigidTransform) -> RigidTransform:
        """`first`, and then this one."""
        both = self.matrix @ first.matrix
        return self._of(both[:3, :3], both[:3, 3])

    def grid(self, grid: Grid) -> Grid:
        """The same voxels where they lie in the registered frame."""
        direction = np.asarray(self.rotation) @ grid.matrix
        return Grid.of(grid.shape_kji, grid.spacing_ijk_mm, self.apply(grid.origin_lps_mm), direction)

    def disagreement_mm(self, other: RigidTransform, grid: Grid) -> float:
        """Largest distance between what this and the other bring to the corners of a grid."""
        k, j, i = (n - 1 for n in grid.shape_kji)
        corners = grid.to_lps(np.array(list(itertools.product((0, i), (0, j), (0, k)))))
        apart = self.inverse().apply(corners) - other.inverse().apply(corners)
        return float(np.linalg.norm(apart, axis=1).max())
