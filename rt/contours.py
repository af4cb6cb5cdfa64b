"""Polygons and masks: traced from voxels, and filled back to them.

A polygon is (n, 3) LPS millimetres in one plane of the grid's k axis.  Tracing runs at half a voxel
between inside and outside centres, so filling what was traced gives the very same mask.  Filling is
even-odd (XOR) over all polygons of a slice by voxel centre: nested rings, keyholes and CLOSEDPLANAR_XOR
all give the hole they mean.

Planes: each polygon belongs to the nearest slice within half a slice.  When several planes of
polygons fall on one slice (contours finer than the image) the nearest plane alone counts.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from skimage import measure

from rt.geometry import FloatArray, Grid
from rt.masks import Box, Mask, bounding_box

SUB_LINES = 8
"""Scan lines per voxel row for fractional coverage; a 20 mm cylinder is then right to 0.01 %."""
MOST_LINES = 16384
"""Scan lines of one slice: bounds memory for polygons that reach far beyond the image."""
PLANE_TOLERANCE_MM = 0.2
"""Polygons of one slice whose planes are nearer than this lie in one plane (rounding of Z)."""
FLATNESS_SLICES = 0.5
"""A polygon whose points leave its plane by more than this many slices is not of this grid's planes."""
EDGE_TOLERANCE = 0.01
"""Voxels by which a polygon may leave the image before it is called clipped (rounding)."""
COMPARED_RINGS = 64
"""Slices with more rings than this are not searched for rings that cross each other."""
CHUNK_EDGES = 4096
"""Edges filled at once: bounds memory for hostile polygons."""

WarningSlug = Literal[
    "contour-outside-volume",
    "structure-outside-volume",
    "contour-clipped",
    "contour-not-planar",
    "contour-off-slice",
    "contour-repeated",
    "contours-finer-than-slices",
    "contours-coarser-than-slices",
    "contours-overlap",
    "contour-not-closed",
    "contour-impossible",
    "contours-without-structure",
    "contours-of-unknown-images",
    "structure-in-other-frame",
    "holes-not-joined",
    "registrations-disagree",
    "registration-changed",
    "segmentation-fractional",
    "segmentation-undescribed",
]


@dataclass(frozen=True)
class Polygon:
    """A closed ring traced on one slice."""

    k: int
    points_mm: FloatArray
    """(n, 3) LPS millimetres; the last point is not the first again."""


@dataclass(frozen=True)
class ContourWarning:
    """Something about the polygons that a person should know; the rest was filled."""

    slug: WarningSlug
    detail: str
    structure: str = ""
    """Whose polygons; empty when it is about all of them."""
    numbers: tuple[int, ...] = ()
    """Which of the structure's contours, counted from 1; empty where that is not said."""


@dataclass(frozen=True)
class Filled:
    """A mask from polygons, with what was wrong with them."""

    mask_kji: Mask
    warnings: tuple[ContourWarning, ...]


@dataclass(frozen=True)
class Coverage:
    """How much of each voxel the polygons cover, on the box of the grid that they touch."""

    start_kji: tuple[int, int, int]
    fractions_kji: npt.NDArray[np.float64]
    """0 to 1; outside the box it is 0."""


@dataclass(frozen=True)
class Ring:
    """A polygon in index space."""

    number: int
    """Its place among the polygons."""
    k: float
    ij: FloatArray


@dataclass(frozen=True)
class _Patch:
    """A filled ring on its window of a slice."""

    rows: slice
    columns: slice
    mask_ji: Mask


@dataclass(frozen=True)
class Placement:
    """Which slice each polygon fell on, and what was wrong with the others."""

    slices: tuple[int | None, ...]
    """For each polygon the k of its slice, or None when it is not drawn."""
    rings: dict[int, list[Ring]]
    """For each slice the polygons that count there."""
    warnings: tuple[ContourWarning, ...]


def trace_polygons(mask_kji: Mask, grid: Grid) -> list[Polygon]:
    """The rings around a mask's voxels, slice by slice; holes are rings inside rings.

    Marching squares at the half level; voxels that touch at a corner are joined.
    `fill_polygons` of the result is the mask again, in any orientation.
    """
    box = bounding_box(mask_kji)
    if box is None:
        return []
    offset = np.array([box[2].start - 1, box[1].start - 1], dtype=np.float64)
    polygons: list[Polygon] = []
    for k in range(box[0].start, box[0].stop):
        plane = np.pad(mask_kji[k, box[1], box[2]], 1)
        if not plane.any():
            continue
        for ring in _marching_squares(plane):
            ij = _without_straight_points(np.asarray(ring, dtype=np.float64)[:-1, ::-1]) + offset
            ijk = np.column_stack([ij, np.full(len(ij), k)])
            polygons.append(Polygon(k, grid.to_lps(ijk)))
    return polygons


def fill_polygons(polygons_mm: Sequence[FloatArray], grid: Grid) -> Filled:
    """The mask of polygons ((n, 3) LPS mm each) by voxel centre, even-odd over all of a slice."""
    placement = place_polygons(polygons_mm, grid)
    warnings = list(placement.warnings)
    mask = np.zeros(grid.shape_kji, dtype=np.bool_)
    for k, rings in placement.rings.items():
        patches = [_fill_ring(ring.ij, grid.shape_kji[1:]) for ring in rings]
        for patch in patches:
            mask[k, patch.rows, patch.columns] ^= patch.mask_ji
        if len(patches) <= COMPARED_RINGS and any(
            _crosses(a, b) for a, b in itertools.combinations(patches, 2)
        ):
            warnings.append(ContourWarning("contours-overlap", f"slice {k}: what both cover is outside"))
    warnings += _gap_warnings(placement)
    return Filled(mask, tuple(warnings))


def cover_polygons(polygons_mm: Sequence[FloatArray], grid: Grid) -> Coverage:
    """The covered part of each voxel: exact along i, SUB_LINES lines along j, slabs along k."""
    rings = place_polygons(polygons_mm, grid).rings
    box = ringed_box(rings, grid)
    if box is None:
        return Coverage((0, 0, 0), np.zeros((0, 0, 0)))
    start = np.array([part.start for part in box])
    fractions = np.zeros([part.stop - part.start for part in box])
    for k, members in rings.items():
        moved = [ring.ij - start[:0:-1] for ring in members]
        fractions[k - start[0]] = _cover_slice(moved, fractions.shape[1:])
    return Coverage((box[0].start, box[1].start, box[2].start), fractions)


def ringed_box(rings: Mapping[int, Sequence[Ring]], grid: Grid) -> Box | None:
    """The voxels (k, j, i) of a grid that rings by slice touch; None where there are no rings."""
    if not rings:
        return None
    every = np.concatenate([ring.ij for ring in itertools.chain.from_iterable(rings.values())])
    last = np.array([grid.shape_kji[2], grid.shape_kji[1]]) - 1
    low = np.clip(np.floor(every.min(axis=0)), 0, last).astype(int)
    high = np.clip(np.ceil(every.max(axis=0)), 0, last).astype(int) + 1
    return (
        slice(min(rings), max(rings) + 1),
        slice(int(low[1]), int(high[1])),
        slice(int(low[0]), int(high[0])),
    )


def contoured_volume_cc(polygons_mm: Sequence[FloatArray], grid: Grid) -> float:
    """Volume in cm³ that the polygons enclose, each as thick as one slice, also outside the image.

    Of several planes in one slice the nearest counts, as in the mask; polygons in no plane enclose nothing.
    """
    planes: dict[int, list[Ring]] = {}
    for number, points in enumerate(polygons_mm):
        index = grid.to_index(points)
        middle = float(index[:, 2].mean())
        if _is_flat(index):
            planes.setdefault(round(middle), []).append(Ring(number, middle, index[:, :2]))
    areas = [_enclosed_pixels(_rings_of_slice(k, rings, grid, [])) for k, rings in planes.items()]
    return sum(areas) * grid.voxel_mm3 / 1000.0


def place_polygons(polygons_mm: Sequence[FloatArray], grid: Grid) -> Placement:
    """Which slice each polygon belongs to, and which of them count there."""
    slices: list[int | None] = []
    candidates: dict[int, list[Ring]] = {}
    warnings: list[ContourWarning] = []
    for number, points in enumerate(polygons_mm):
        index = grid.to_index(points)
        k = _nearest_slice(number, index, grid, warnings)
        slices.append(k)
        if k is not None:
            candidates.setdefault(k, []).append(Ring(number, float(index[:, 2].mean()), index[:, :2]))
    rings = {k: _rings_of_slice(k, candidates[k], grid, warnings) for k in sorted(candidates)}
    return Placement(tuple(slices), rings, tuple(warnings))


def _is_flat(index_ijk: FloatArray) -> bool:
    """True if a polygon's points (n, 3) lie in one plane of the slices."""
    return bool(np.abs(index_ijk[:, 2] - index_ijk[:, 2].mean()).max() <= FLATNESS_SLICES)


def _nearest_slice(number: int, index: FloatArray, grid: Grid, warnings: list[ContourWarning]) -> int | None:
    middle = float(index[:, 2].mean())
    where = f"contour {number + 1}"
    if not _is_flat(index):
        warnings.append(ContourWarning("contour-not-planar", f"{where} is not in a plane of the slices"))
        return None
    k = round(middle)
    last = np.array([grid.shape_kji[2], grid.shape_kji[1]]) - 0.5
    low, high = index[:, :2].min(axis=0), index[:, :2].max(axis=0)
    if not 0 <= k < grid.shape_kji[0] or bool((high < -0.5).any() or (low > last).any()):
        said = f"{where} lies outside the image"
        warnings.append(ContourWarning("contour-outside-volume", said, numbers=(number + 1,)))
        return None
    if bool((low < -0.5 - EDGE_TOLERANCE).any() or (high > last + EDGE_TOLERANCE).any()):
        warnings.append(ContourWarning("contour-clipped", f"{where} reaches over the image's edge"))
    off_mm = abs(middle - k) * grid.spacing_ijk_mm[2]
    if off_mm > PLANE_TOLERANCE_MM:
        warnings.append(ContourWarning("contour-off-slice", f"{where} is {off_mm:.2f} mm off slice {k}"))
    return k


def _rings_of_slice(k: int, rings: list[Ring], grid: Grid, warnings: list[ContourWarning]) -> list[Ring]:
    """The rings of the plane nearest to the slice, each once."""
    tolerance = PLANE_TOLERANCE_MM / grid.spacing_ijk_mm[2]
    nearest = min((ring.k for ring in rings), key=lambda value: abs(value - k))
    plane = [ring for ring in rings if abs(ring.k - nearest) <= tolerance]
    if len(plane) < len(rings):
        warnings.append(
            ContourWarning("contours-finer-than-slices", f"slice {k}: only the nearest plane counts")
        )
    different = list({ring.ij.tobytes(): ring for ring in reversed(plane)}.values())[::-1]
    if len(different) < len(plane):
        warnings.append(ContourWarning("contour-repeated", f"slice {k}: the same contour twice counts once"))
    return different


def _gap_warnings(placement: Placement) -> Iterator[ContourWarning]:
    drawn = sorted(placement.rings)
    gaps = sum(b - a > 1 for a, b in itertools.pairwise(drawn))
    if gaps:
        yield ContourWarning("contours-coarser-than-slices", f"{gaps} gaps between contoured slices")


def _crosses(one: _Patch, other: _Patch) -> bool:
    """True if two filled rings share voxels and neither holds the other."""
    rows = slice(max(one.rows.start, other.rows.start), min(one.rows.stop, other.rows.stop))
    columns = slice(max(one.columns.start, other.columns.start), min(one.columns.stop, other.columns.stop))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return False
    parts = [
        p.mask_ji[
            rows.start - p.rows.start : rows.stop - p.rows.start,
            columns.start - p.columns.start : columns.stop - p.columns.start,
        ]
        for p in (one, other)
    ]
    both = int(np.count_nonzero(parts[0] & parts[1]))
    smaller = min(int(np.count_nonzero(p.mask_ji)) for p in (one, other))
    return 0 < both < smaller


def _fill_ring(ij: FloatArray, shape_ji: tuple[int, int]) -> _Patch:
    """Voxel centres inside one ring, even-odd; a centre on the edge is inside on the low side only."""
    low = np.clip(np.ceil(ij.min(axis=0)), 0, shape_ji[::-1]).astype(int)
    high = np.clip(np.floor(ij.max(axis=0)) + 1, low, shape_ji[::-1]).astype(int)
    width = int(high[0] - low[0])
    toggles = np.zeros((high[1] - low[1], width + 1), dtype=np.int32)
    for row, x in _crossings(ij, np.arange(low[1], high[1], dtype=np.float64)):
        first = np.clip(np.ceil(x) - low[0], 0, width).astype(np.intp)
        np.add.at(toggles, (row, first), 1)
    filled = (np.cumsum(toggles, axis=1)[:, :width] & 1).astype(np.bool_)
    return _Patch(slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0])), filled)


def _cover_slice(rings: Iterable[FloatArray], shape_ji: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """Fraction of each pixel under the even-odd union of the rings, averaged over the sub-lines."""
    rows, columns = shape_ji
    lines = (np.arange(rows * SUB_LINES) + 0.5) / SUB_LINES - 0.5
    found = [part for ij in rings for part in _crossings(ij, lines)]
    line = np.concatenate([part[0] for part in found])
    x = np.clip(np.concatenate([part[1] for part in found]), -0.5, columns - 0.5)
    order = np.lexsort((x, line))
    line, x = line[order], x[order]
    sign = 1.0 - 2.0 * (np.arange(len(x)) % 2)
    column = np.clip(np.floor(x + 0.5).astype(np.intp), 0, columns)
    part = column + 0.5 - x
    change = np.zeros((rows, columns + 2))
    np.add.at(change, (line // SUB_LINES, column), sign * part)
    np.add.at(change, (line // SUB_LINES, column + 1), sign * (1.0 - part))
    return np.cumsum(change, axis=1)[:, :columns] / SUB_LINES


def _enclosed_pixels(rings: Sequence[Ring]) -> float:
    """Area in pixels under the even-odd union of the rings of one slice, wherever they lie.

    By SUB_LINES lines a row, as a mask's coverage; fewer where the rings are taller than any image.
    """
    every = np.concatenate([ring.ij[:, 1] for ring in rings])
    start, stop = np.floor(every.min()) - 0.5, np.ceil(every.max()) + 0.5
    count = min(int(stop - start) * SUB_LINES, MOST_LINES)
    step = (stop - start) / count
    lines = start + (np.arange(count) + 0.5) * step
    found = [part for ring in rings for part in _crossings(ring.ij, lines)]
    line, x = (np.concatenate([part[n] for part in found]) for n in (0, 1))
    x = x[np.lexsort((x, line))]
    return float((x[1::2] - x[::2]).sum() * step)


def _crossings(
    ij: FloatArray, lines: FloatArray
) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]]:
    """Index of the line and x for every crossing of a ring with ascending lines, in chunks of edges.

    An edge has the same crossings whichever way it runs, to the last bit: a channel there and back encloses
    nothing.
    """
    after = np.roll(ij, -1, axis=0)
    for start in range(0, len(ij), CHUNK_EDGES):
        a, b = ij[start : start + CHUNK_EDGES], after[start : start + CHUNK_EDGES]
        falls = (a[:, 1] > b[:, 1])[:, np.newaxis]
        a, b = np.where(falls, b, a), np.where(falls, a, b)
        first = np.searchsorted(lines, a[:, 1], side="left")
        count = np.searchsorted(lines, b[:, 1], side="left") - first
        edge = np.repeat(np.arange(len(a)), count)
        line = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count) + first[edge]
        part = (lines[line] - a[edge, 1]) / (b[edge, 1] - a[edge, 1])
        yield line, a[edge, 0] + part * (b[edge, 0] - a[edge, 0])


def _marching_squares(plane_ji: Mask) -> list[FloatArray]:
    """Closed rings (row, column) at the half level; corner-touching voxels are joined."""
    find: Callable[..., list[FloatArray]] = measure.find_contours
    return find(plane_ji.astype(np.float32), 0.5, fully_connected="high")


def _without_straight_points(ring: FloatArray) -> FloatArray:
    """The ring without the points that lie on the line between their neighbours."""
    before, after = ring - np.roll(ring, 1, axis=0), np.roll(ring, -1, axis=0) - ring
    turn = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    return ring[np.abs(turn) > 1e-9]
