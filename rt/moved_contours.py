"""Contours of one frame of reference as voxels of an image in another.

Contours that were turned lie in none of the image's slices, and those of another scanner lie between them.
So what moves is the body that they enclose: each plane of contours is as thick as the planes are apart, and
a voxel belongs to it when its centre, taken back, lies within the nearest plane's rings, even-odd.  Rings are
looked up on a raster of an eighth of the image's pixels (coarser for what is larger than RASTER_SIDE points)
that runs through the image's voxel centres, so what is only shifted is judged exactly.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from rt.contours import PLANE_TOLERANCE_MM, ContourWarning, Filled, fill_polygons
from rt.geometry import FloatArray, Grid
from rt.masks import Mask
from rt.registration import RigidTransform

RASTER_SIDE = 1024
"""Most points of a raster along one side, unless the image itself has more pixels than this."""
FLAT_MM = 0.5
"""A ring whose points leave its plane by more than this is in none."""
CLIPPED_VOXELS = 0.5
"""Beyond the outer centres the image's voxels reach this far."""


@dataclass
class _Planes:
    """Rings of one structure by their planes, in axes u, v in the planes and w across."""

    axes: FloatArray
    """Columns u, v, w in LPS of the source's frame."""
    at_mm: FloatArray
    """w of each plane, ascending."""
    rings: list[list[FloatArray]]
    """(n, 3) LPS millimetres of the source's frame, for each plane."""
    half_mm: float
    """Half of the thickness of a plane."""
    pitch_uv_mm: FloatArray
    """Of the raster."""
    low_uv: FloatArray
    high_uv: FloatArray
    filled: dict[int, Mask] = field(default_factory=dict)
    warnings: list[ContourWarning] = field(default_factory=list)

    def raster(self, number: int) -> Mask:
        """Which points (v, u) of the raster lie within the rings of a plane."""
        if number not in self.filled:
            nu, nv = (int(n) for n in np.ceil((self.high_uv - self.low_uv) / self.pitch_uv_mm) + 1)
            origin = self.axes @ np.array([*self.low_uv, self.at_mm[number]])
            spacing = (*self.pitch_uv_mm, 2 * self.half_mm)
            grid = Grid.of((1, nv, nu), spacing, origin, self.axes)
            made = fill_polygons(self.rings[number], grid)
            self.warnings += [w for w in made.warnings if w.slug == "contours-overlap"]
            self.filled[number] = made.mask_kji[0]
        return self.filled[number]

    def hold(self, points_mm: FloatArray) -> npt.NDArray[np.bool_]:
        """Which points (n, 3) of the source's frame lie within the body."""
        uvw = points_mm @ self.axes
        after = np.searchsorted(self.at_mm, uvw[:, 2])
        before = np.maximum(after - 1, 0)
        after = np.minimum(after, len(self.at_mm) - 1)
        is_before = np.abs(uvw[:, 2] - self.at_mm[before]) <= np.abs(uvw[:, 2] - self.at_mm[after])
        nearest = np.where(is_before, before, after)
        place = np.rint((uvw[:, :2] - self.low_uv) / self.pitch_uv_mm).astype(np.intp)
        held = np.abs(uvw[:, 2] - self.at_mm[nearest]) <= self.half_mm * (1 + 1e-9)
        held &= (place >= 0).all(axis=1)
        for number in np.unique(nearest[held]):
            mine = np.flatnonzero(held & (nearest == number))
            raster, (u, v) = self.raster(int(number)), place[mine].T
            inside = (v < raster.shape[0]) & (u < raster.shape[1])
            held[mine] = inside
            held[mine[inside]] = raster[v[inside], u[inside]]
        return held


def fill_moved(polygons_mm: Sequence[FloatArray], transform: RigidTransform, grid: Grid) -> Filled:
    """The mask, on a grid of the registered frame, of the body that polygons ((n, 3) LPS mm each) enclose in
    the source's frame; with warnings where something of it is lost."""
    planes, warnings = _planes(polygons_mm, transform, grid)
    mask = np.zeros(grid.shape_kji, dtype=np.bool_)
    if planes is None:
        return Filled(mask, tuple(warnings))
    corners = np.array(
        list(
            itertools.product(
                (planes.low_uv[0], planes.high_uv[0]),
                (planes.low_uv[1], planes.high_uv[1]),
                (planes.at_mm[0] - planes.half_mm, planes.at_mm[-1] + planes.half_mm),
            )
        )
    )
    index = grid.to_index(transform.apply(corners @ planes.axes.T))
    last = np.asarray(grid.shape_kji[::-1])
    low = np.clip(np.floor(index.min(axis=0)), 0, last).astype(int)
    high = np.clip(np.ceil(index.max(axis=0)) + 1, low, last).astype(int)
    back = transform.inverse()
    j, i = np.mgrid[low[1] : high[1], low[0] : high[0]].reshape(2, -1)
    for k in range(low[2], high[2]):
        points = back.apply(grid.to_lps(np.column_stack([i, j, np.full(len(i), k)])))
        window = mask[k, low[1] : high[1], low[0] : high[0]]
        window[...] = planes.hold(points).reshape(window.shape)
    warnings += planes.warnings + _outside(planes, transform, grid, mask)
    return Filled(mask, tuple(warnings))


def _planes(
    polygons_mm: Sequence[FloatArray], transform: RigidTransform, grid: Grid
) -> tuple[_Planes | None, list[ContourWarning]]:
    """The planes of polygons, and warnings of those that lie in none."""
    if not polygons_mm:
        return None, []
    normals = [_area_vector(points) for points in polygons_mm]
    normal = max(normals, key=lambda vector: float(np.linalg.norm(vector)))
    if not np.linalg.norm(normal) > 0:
        return None, [ContourWarning("contour-not-planar", "no contour encloses an area")]
    axes = _axes(normal, transform, grid)
    flat = [points for points in polygons_mm if np.ptp(points @ axes[:, 2]) <= 2 * FLAT_MM]
    warnings = []
    if lost := len(polygons_mm) - len(flat):
        warnings.append(
            ContourWarning("contour-not-planar", f"{lost} contours are not parallel to the others")
        )
    flat.sort(key=lambda points: float((points @ axes[:, 2]).mean()))
    at: list[float] = []
    rings: list[list[FloatArray]] = []
    for points in flat:
        w = float((points @ axes[:, 2]).mean())
        if not at or w - at[-1] > PLANE_TOLERANCE_MM:
            at.append(w)
            rings.append([])
        rings[-1].append(points)
    thickness = float(np.median(np.diff(at))) if len(at) > 1 else grid.spacing_ijk_mm[2]
    pitch, low, high = _raster(np.concatenate(flat) @ axes[:, :2], axes, transform, grid)
    return _Planes(axes, np.array(at), rings, thickness / 2, pitch, low, high, warnings=[]), warnings


def _axes(normal: FloatArray, transform: RigidTransform, grid: Grid) -> FloatArray:
    """Columns u, v, w: w along the normal, and u as near to the image's rows as it can be."""
    w = normal / np.linalg.norm(normal)
    along = transform.inverse().matrix[:3, :3] @ grid.matrix
    u = max((axis - w * (axis @ w) for axis in along.T), key=lambda axis: float(np.linalg.norm(axis)))
    u = u / np.linalg.norm(u)
    return np.column_stack([u, np.cross(w, u), w])


def _raster(
    points_uv: FloatArray, axes: FloatArray, transform: RigidTransform, grid: Grid
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Pitch and ends (u, v) in mm of a raster over what the image can see of points: more is never asked for,
    so hostile contours that reach for kilometres take no memory."""
    pixel = np.asarray(grid.spacing_ijk_mm[:2])
    back = transform.inverse()
    ends = [(-1, n) for n in grid.shape_kji[::-1]]
    seen = back.apply(grid.to_lps(np.array(list(itertools.product(*ends))))) @ axes[:, :2]
    low = np.maximum(points_uv.min(axis=0), seen.min(axis=0))
    high = np.maximum(np.minimum(points_uv.max(axis=0), seen.max(axis=0)), low)
    sides = float(((high - low) / pixel).max())
    pitch = pixel / next((n for n in (8, 4, 2) if sides * n < RASTER_SIDE), 1)
    start = back.apply(grid.origin_lps_mm) @ axes[:, :2]
    return pitch, start + np.floor((low - start) / pitch) * pitch, high + pitch


def _area_vector(points_mm: FloatArray) -> FloatArray:
    """A ring's normal, as long as twice its area (Newell)."""
    centred = points_mm - points_mm.mean(axis=0)
    vector: FloatArray = np.cross(centred, np.roll(centred, -1, axis=0)).sum(axis=0)
    return vector


def _outside(planes: _Planes, transform: RigidTransform, grid: Grid, mask: Mask) -> list[ContourWarning]:
    """What is said where the body reaches out of the image."""
    points = np.concatenate([ring for rings in planes.rings for ring in rings])
    index = grid.to_index(transform.apply(points))
    last = np.asarray(grid.shape_kji[::-1]) - 1
    out = ((index < -CLIPPED_VOXELS) | (index > last + CLIPPED_VOXELS)).any(axis=1)
    if not out.any():
        return []
    if not mask.any():
        detail = "it lies outside the image; nothing is left of it"
        return [ContourWarning("structure-outside-volume", detail)]
    return [ContourWarning("contour-clipped", "a part of it lies outside the image")]
