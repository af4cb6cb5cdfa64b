"""A warp between two point sets: affine, and a smooth displacement that is known everywhere.

The displacement is a sum of Gaussians around centres on the moving surface, so it goes on smoothly into the
organ; there it is what the surface says and nothing that was seen inside.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.spatial import cKDTree

from models.organ_space.errors import BadPoints
from rt.geometry import FloatArray

CHUNK = 8192
"""Points warped at a time."""
STEPS = 40
RESIDUAL_MM = 1e-3
"""An inverse this near is found."""


@dataclass(frozen=True)
class Inverse:
    """Points that a warp brings to given ones."""

    points_xyz: FloatArray
    """(n, 3) mm."""
    residual_mm: FloatArray
    """(n): how far the warp of each lies from the given point."""


@dataclass(frozen=True)
class Registration:
    """`warp(z) = matrix · z + shift + Σ exp(-|z - centre|² / 2 width²) · weight`, all in mm."""

    matrix: FloatArray
    """(3, 3)."""
    shift: FloatArray
    """(3)."""
    centres: FloatArray
    """(c, 3), in the moving space."""
    weights: FloatArray
    """(c, 3)."""
    width_mm: float
    surface_distance_mm: float = float("nan")
    """Mean distance from each warped point to the nearest fixed one and back."""
    folded: float = float("nan")
    """Share of the points asked about whose Jacobian determinant is not positive."""
    deviation_mm: float = float("nan")
    """Of the mixture at the end."""
    iterations: int = 0

    def warp(self, points_xyz: FloatArray) -> FloatArray:
        """Where points (n, 3) of the moving space go."""
        points = np.atleast_2d(np.asarray(points_xyz, dtype=np.float64))
        moved = points @ self.matrix.T + self.shift
        for part, kernel, _ in self._kernels(points):
            moved[part] += kernel @ self.weights
        return moved

    def jacobian(self, points_xyz: FloatArray) -> FloatArray:
        """The warp's derivative (n, 3, 3) at points of the moving space: row of the target's axis."""
        points = np.atleast_2d(np.asarray(points_xyz, dtype=np.float64))
        found = np.repeat(self.matrix[None], len(points), axis=0)
        for part, kernel, apart in self._kernels(points):
            for axis in range(3):
                found[part, :, axis] -= (kernel * apart(axis)) @ self.weights / self.width_mm**2
        return found

    def folded_at(self, points_xyz: FloatArray) -> float:
        """Share of points (n, 3) of the moving space at which the warp is turned inside out."""
        return float(np.mean(np.linalg.det(self.jacobian(points_xyz)) <= 0))

    def inverse(self, points_xyz: FloatArray) -> Inverse:
        """The points of the moving space that go to these (n, 3), by fixed-point iteration.

        It begins beside the centre that lands nearest.  Each step is the residual taken back by the warp's
        derivative, and halved where it would not come nearer.  Where the warp folds there are several such
        points, and none may be found: `residual_mm` tells.
        """
        wanted = np.atleast_2d(np.asarray(points_xyz, dtype=np.float64))
        landed = self.warp(self.centres)
        _, nearest = cKDTree(landed).query(wanted, workers=-1)
        found = self.centres[nearest] + (wanted - landed[nearest]) @ np.linalg.inv(self.matrix).T
        residual = wanted - self.warp(found)
        size = np.linalg.norm(residual, axis=1)
        pace = np.ones(len(wanted))
        for _ in range(STEPS):
            far = np.flatnonzero((size > RESIDUAL_MM) & (pace > 1e-3))
            if not len(far):
                break
            slopes = self.jacobian(found[far])
            slopes[np.abs(np.linalg.det(slopes)) < 1e-6] = self.matrix
            step = np.linalg.solve(slopes, residual[far, :, None])[:, :, 0]
            tried = found[far] + pace[far, None] * step
            left = wanted[far] - self.warp(tried)
            better = np.linalg.norm(left, axis=1) < size[far]
            took = far[better]
            found[took], residual[took] = tried[better], left[better]
            size[took] = np.linalg.norm(left[better], axis=1)
            pace[took] = np.minimum(1.0, 2 * pace[took])
            pace[far[~better]] /= 2
        return Inverse(found, size)

    def _kernels(self, points: FloatArray) -> Iterator[tuple[slice, FloatArray, Any]]:
        """Parts of the points, their kernel (n, c), and what gives their offsets from the centres by axis."""
        for start in range(0, len(points), CHUNK):
            part = slice(start, min(start + CHUNK, len(points)))
            here = points[part]

            def apart(axis: int, here: FloatArray = here) -> FloatArray:
                difference: FloatArray = here[:, axis, None] - self.centres[None, :, axis]
                return difference

            yield part, gaussian(here, self.centres, self.width_mm), apart

    def to_arrays(self) -> dict[str, FloatArray]:
        """Arrays that `from_arrays` reads back exactly."""
        told = [self.width_mm, self.surface_distance_mm, self.folded, self.deviation_mm, self.iterations]
        return {
            "matrix": self.matrix, "shift": self.shift, "centres": self.centres, "weights": self.weights,
            "told": np.array(told, dtype=np.float64),
        }  # fmt: skip

    @classmethod
    def from_arrays(cls, arrays: dict[str, FloatArray]) -> Self:
        """The registration that `to_arrays` wrote."""
        width, distance, folded, deviation, iterations = (float(value) for value in arrays["told"])
        parts = (arrays["matrix"], arrays["shift"], arrays["centres"], arrays["weights"])
        return cls(*parts, width, distance, folded, deviation, int(iterations))


def gaussian(points: FloatArray, centres: FloatArray, width_mm: float) -> FloatArray:
    """exp(-distance² / 2 width²) of points (n, 3) and centres (c, 3)."""
    middle = centres.mean(axis=0)
    a, b = points - middle, centres - middle
    squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None, :] - 2 * (a @ b.T)
    np.maximum(squares, 0, out=squares)
    kernel: FloatArray = np.exp(squares / (-2 * width_mm**2))
    return kernel


def surface_distance(first_xyz: FloatArray, second_xyz: FloatArray) -> float:
    """Mean distance in mm from each point of either set to the nearest of the other."""
    there, _ = cKDTree(second_xyz).query(first_xyz, workers=-1)
    back, _ = cKDTree(first_xyz).query(second_xyz, workers=-1)
    return float((np.mean(there) + np.mean(back)) / 2)


def checked(points_xyz: FloatArray, name: str) -> FloatArray:
    """Points as float64 (n, 3); BadPoints when they are no surface."""
    points = np.asarray(points_xyz, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 3:
        raise BadPoints(f"the {name} points have the shape {points.shape} and not (n, 3)")
    if not np.isfinite(points).all():
        raise BadPoints(
            f"{int((~np.isfinite(points)).any(axis=1).sum())} of the {name} points are no numbers"
        )
    if len(points) < 10:
        raise BadPoints(f"{len(points)} {name} points are fewer than 10")
    spread = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    if spread[2] < 1e-3 * spread[0]:
        raise BadPoints(f"the {name} points lie in a plane")
    return points
