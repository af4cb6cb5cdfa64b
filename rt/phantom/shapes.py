"""Shapes in patient space, drawn on a Grid: the vocabulary in which the phantom's anatomy is written.

Lengths are millimetres; x grows to the patient's left, y to posterior, z to superior.  Knots are given in the
order of z and interpolated linearly; `sides` mirrors a shape at the midline by drawing it in |x|.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from rt.geometry import Grid

Mask = npt.NDArray[np.bool_]
Field = npt.NDArray[np.float32]
Knots = Sequence[tuple[float, ...]]


class Space:
    """Coordinates (k, j, i) of an axis-aligned grid, gently warped so that no organ is a perfect ellipse."""

    def __init__(self, grid: Grid, rng: np.random.Generator, warp_mm: float) -> None:
        self.grid, self.rng = grid, rng
        matrix = grid.affine
        x, y, z = (matrix[n, n] * np.arange(grid.shape_kji[2 - n]) + matrix[n, 3] for n in range(3))
        self.z: Field = z.astype(np.float32)
        self.x: Field = x.astype(np.float32)[None, None, :] + warp_mm * self.noise(24.0)
        self.y: Field = y.astype(np.float32)[None, :, None] + warp_mm * self.noise(24.0)

    def noise(self, length_mm: float) -> Field:
        """A smooth random field of about unit standard deviation with structures of the given size."""
        spacing = np.array(self.grid.spacing_ijk_mm[::-1])
        extent = np.array(self.grid.shape_kji) * spacing
        coarse = self.rng.standard_normal(np.ceil(extent / length_mm).astype(int) + 3)
        index = [
            np.arange(n, dtype=np.float32) * s / length_mm + 1
            for n, s in zip(self.grid.shape_kji, spacing, strict=True)
        ]
        for axis, where in enumerate(index):
            coarse = _interpolated(coarse, where, axis)
        return np.asarray(coarse / coarse.std(), dtype=np.float32)

    def empty(self) -> Mask:
        """Nothing."""
        return np.zeros(self.grid.shape_kji, dtype=bool)

    def tube(self, knots: Knots, *, sides: bool = False, power: float = 2.0, taper: float = 0.0) -> Mask:
        """Superellipses stacked along z: knots (z, centre x, centre y, half width, half depth).

        `taper` narrows the front: the half width is (1 + taper · v) of its value at depth v in -1 … 1.
        """
        rows = np.asarray(knots, dtype=np.float32)
        mask = self.empty()
        planes = self._planes(rows[0, 0], rows[-1, 0])
        if planes is None:
            return mask
        z = self.z[planes]
        cx, cy, ax, ay = (
            np.interp(z, rows[:, 0], rows[:, n]).astype(np.float32)[:, None, None] for n in range(1, 5)
        )
        v = (self.y[planes] - cy) / ay
        u = ((np.abs(self.x[planes]) if sides else self.x[planes]) - cx) / ax
        if taper:
            u = u / np.maximum(1 + taper * np.clip(v, -1, 1), 0.05)
        mask[planes] = np.abs(u) ** power + np.abs(v) ** power <= 1
        return mask

    def ellipsoid(self, centre: Sequence[float], half: Sequence[float], *, sides: bool = False) -> Mask:
        """An ellipsoid along the axes."""
        mask = self.empty()
        planes = self._planes(centre[2] - half[2], centre[2] + half[2])
        if planes is None:
            return mask
        w = (self.z[planes, None, None] - centre[2]) / half[2]
        x = np.abs(self.x[planes]) if sides else self.x[planes]
        mask[planes] = ((x - centre[0]) / half[0]) ** 2 + (
            (self.y[planes] - centre[1]) / half[1]
        ) ** 2 + w**2 <= 1
        return mask

    def rod(self, points: Knots, radius: float, *, sides: bool = False) -> Mask:
        """All within `radius` of a line through the points (x, y, z)."""
        corners = np.asarray(points, dtype=np.float32)
        mask = self.empty()
        planes = self._planes(corners[:, 2].min() - radius, corners[:, 2].max() + radius)
        if planes is None:
            return mask
        x = np.abs(self.x[planes]) if sides else self.x[planes]
        here = (x, self.y[planes], np.broadcast_to(self.z[planes, None, None], x.shape))
        mask[planes] = _distance_squared(here, corners) <= radius**2
        return mask

    def band(self, curve: Knots, half_thickness: float, low: Knots, high: Knots) -> Mask:
        """A wall upon a curve (|x|, y) of the horizontal plane, between heights given as knots (y, z)."""
        bottom, top = np.asarray(low, dtype=np.float32), np.asarray(high, dtype=np.float32)
        mask = self.empty()
        planes = self._planes(bottom[:, 1].min(), top[:, 1].max())
        if planes is None:
            return mask
        y, z = self.y[planes], self.z[planes, None, None]
        near = (
            _distance_squared((np.abs(self.x[planes]), y), np.asarray(curve, dtype=np.float32))
            <= half_thickness**2
        )
        mask[planes] = near & (z >= np.interp(y, *bottom.T)) & (z <= np.interp(y, *top.T))
        return mask

    def depth_mm(self, mask_kji: Mask) -> Field:
        """Distance from each voxel of a mask to the outside, in mm; 0 outside."""
        depth = np.zeros(mask_kji.shape, dtype=np.float32)
        box = self._box(mask_kji, 0.0)
        depth[box] = ndimage.distance_transform_edt(mask_kji[box], self.grid.spacing_ijk_mm[::-1])
        return depth

    def reach_mm(self, mask_kji: Mask, up_to_mm: float) -> Field:
        """Distance from each voxel outside a mask to the mask, in mm; 0 inside, infinite beyond."""
        reach = np.full(mask_kji.shape, np.inf, dtype=np.float32)
        box = self._box(mask_kji, up_to_mm)
        reach[box] = ndimage.distance_transform_edt(~mask_kji[box], self.grid.spacing_ijk_mm[::-1])
        return np.where(reach > up_to_mm, np.float32(np.inf), reach)

    def _box(self, mask_kji: Mask, margin_mm: float) -> tuple[slice, ...]:
        """The mask's bounding box, wider by the margin and one voxel."""
        box = []
        for axis, step in enumerate(self.grid.spacing_ijk_mm[::-1]):
            others = tuple(a for a in range(3) if a != axis)
            found = np.flatnonzero(mask_kji.any(axis=others))
            more = int(np.ceil(margin_mm / step)) + 1
            low, high = (int(found[0]), int(found[-1])) if found.size else (0, 0)
            box.append(slice(max(0, low - more), high + more + 1))
        return tuple(box)

    def _planes(self, low: float, high: float) -> slice | None:
        found = np.flatnonzero((self.z >= low) & (self.z <= high))
        return slice(int(found[0]), int(found[-1]) + 1) if found.size else None


def _interpolated(values: npt.NDArray[np.float64], where: Field, axis: int) -> npt.NDArray[np.float64]:
    """Smooth (Catmull-Rom would overshoot; a raised cosine is enough) interpolation along one axis."""
    low = np.floor(where).astype(int)
    share = (1 - np.cos(np.pi * (where - low))) / 2
    shape = [1] * values.ndim
    shape[axis] = -1
    share = share.reshape(shape)
    mixed: npt.NDArray[np.float64] = (
        np.take(values, low, axis) * (1 - share) + np.take(values, low + 1, axis) * share
    )
    return mixed


def _distance_squared(here: Sequence[Field], corners: Field) -> Field:
    """Squared distance to the nearest of the segments between successive corners."""
    nearest: Field | None = None
    for begin, end in pairwise(corners):
        way = end - begin
        along = sum((h - b) * w for h, b, w in zip(here, begin, way, strict=True)) / np.float32(
            max(float(way @ way), 1e-6)
        )
        along = np.clip(along, 0, 1)
        squared = sum((h - b - along * w) ** 2 for h, b, w in zip(here, begin, way, strict=True))
        nearest = squared if nearest is None else np.minimum(nearest, squared)
    if nearest is None:
        raise ValueError("a curve needs two points")
    return nearest
