"""Dose-volume histograms of a delineation, whatever grids it and the dose are on.

Within a voxel of the structure (or a part of one, where it is larger than the dose's voxels) dose counts as
spread evenly, with the mean and the variance of a linear dose: D_x and V_x do not jump from voxel to voxel,
and the mean of a linear dose is exact.  `frontend/src/lib/dvh.ts` does the same while one draws; what both
must answer stands in `frontend/src/lib/dvh.vectors.json` (tests/rt/test_dvh_vectors.py).

What lies outside the dose grid (further than half its voxel beyond its outer points) has no dose.  It is
told as `outside_fraction`, and every other figure is of the rest.  Work is done slab by slab in the
structure's box: memory does not grow with the image.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rt.contours import Coverage
from rt.dose import Dose, Samples
from rt.errors import DoseError
from rt.geometry import FloatArray, Grid
from rt.masks import Mask, bounding_box

BINS = 1 << 16
"""Parts of the dose's range: 1.2 mGy each at 80 Gy."""
MOST_PARTS = 4
"""Parts along one axis that a voxel is cut into at most."""
HALF_COVERED = 0.5
"""Part of a voxel from which on it counts for the lowest and highest dose, as in a mask of its centres."""
SLAB_SAMPLES = 1 << 18
"""Samples worked on at once: their arrays stay in the processor's cache, and memory is not asked for anew."""


@dataclass(frozen=True)
class Dvh:
    """The dose-volume histogram of one structure; doses in Gy, volumes in cm³."""

    volume_cc: float
    """Of the whole structure."""
    outside_fraction: float
    """Part of the volume outside the dose grid, 0 to 1; the figures below are of the rest."""
    mean_gy: float
    min_gy: float
    max_gy: float
    edges_gy: FloatArray
    """Ascending doses."""
    below_cc: FloatArray
    """For each edge the volume with a smaller dose."""

    @property
    def dosed_cc(self) -> float:
        """Volume within the dose grid."""
        return float(self.below_cc[-1])

    def dose_at_percent(self, percent: float) -> float:
        """D_x%: the dose in Gy that the hottest x % of the volume receive at least (ICRU 83)."""
        if not 0 <= percent <= 100:
            raise DoseError(f"{percent:g} % is not a part of a volume")
        return self._dose_at(self.dosed_cc * percent / 100)

    def dose_at_cc(self, volume_cc: float) -> float | None:
        """D_x cc: the dose in Gy that the hottest x cm³ receive at least; None when there is less volume."""
        if volume_cc < 0:
            raise DoseError(f"{volume_cc:g} cc is not a volume")
        return self._dose_at(volume_cc) if volume_cc <= self.dosed_cc else None

    def volume_at_gy(self, dose_gy: float) -> float:
        """V_x Gy: the volume in cm³ that receives at least this dose."""
        return self.dosed_cc - float(np.interp(dose_gy, self.edges_gy, self.below_cc))

    def percent_at_gy(self, dose_gy: float) -> float:
        """V_x Gy: the part of the volume, in %, that receives at least this dose."""
        return 100 * self.volume_at_gy(dose_gy) / self.dosed_cc

    def cumulative(self, step_gy: float) -> tuple[FloatArray, FloatArray]:
        """Doses from 0 to the highest in steps, and the % of the volume that receives at least each."""
        doses = self._steps(step_gy)
        below = np.interp(doses, self.edges_gy, self.below_cc)
        return doses, 100 * (1 - below / self.dosed_cc)

    def differential(self, step_gy: float) -> tuple[FloatArray, FloatArray]:
        """Edges of bins from 0 over the highest dose, and the volume in cm³ within each bin."""
        edges = self._steps(step_gy)
        volumes: FloatArray = np.diff(np.interp(edges, self.edges_gy, self.below_cc))
        return edges, volumes

    def _steps(self, step_gy: float) -> FloatArray:
        if not step_gy > 0:
            raise DoseError(f"{step_gy:g} Gy is not a step of dose")
        return step_gy * np.arange(np.floor(self.edges_gy[-1] / step_gy) + 2)

    def _dose_at(self, hottest_cc: float) -> float:
        dose = float(np.interp(self.dosed_cc - hottest_cc, self.below_cc, self.edges_gy))
        return min(max(dose, self.min_gy), self.max_gy)


def dvh_of_mask(mask_kji: Mask, grid: Grid, dose: Dose) -> Dvh:
    """The DVH of a mask on its grid; every voxel counts whole.

    DoseError when it is empty, not on the grid, or wholly outside the dose.
    """
    box = bounding_box(mask_kji)
    if mask_kji.shape != grid.shape_kji:
        raise DoseError(f"a mask of {mask_kji.shape} voxels on a grid of {grid.shape_kji}")
    if box is None:
        raise DoseError("the structure is empty")
    start = (box[0].start, box[1].start, box[2].start)
    return dvh_of_coverage(Coverage(start, mask_kji[box].astype(np.float64)), grid, dose)


def dvh_of_coverage(coverage: Coverage, grid: Grid, dose: Dose) -> Dvh:
    """The DVH of covered parts of voxels (`contours.cover_polygons`); errors as of `dvh_of_mask`."""
    total = float(coverage.fractions_kji.sum())
    if not total > 0:
        raise DoseError("the structure is empty")
    parts = _parts(grid, dose.grid)
    tally = _Tally(*dose.range_gy, min(HALF_COVERED, float(coverage.fractions_kji.max())))
    for slab, weights in _slabs(coverage, grid, parts):
        tally.add(*_sampled(slab, weights, dose))
    if not tally.weight > 0:
        raise DoseError("the structure lies wholly outside the dose grid")
    cc = grid.voxel_mm3 / 1000
    edges, below = tally.cumulated(cc / math.prod(parts))
    return Dvh(
        volume_cc=total * cc,
        outside_fraction=max(0.0, 1 - tally.weight / math.prod(parts) / total),
        mean_gy=tally.moment / tally.weight,
        min_gy=tally.low,
        max_gy=tally.high,
        edges_gy=edges,
        below_cc=below,
    )


class _Tally:
    """Volume by dose: each sample spread evenly over an interval of dose.

    What is kept is the second derivative of the cumulative volume, so a sample costs two entries however
    wide it is.
    """

    def __init__(self, lowest_gy: float, highest_gy: float, telling: float) -> None:
        self._telling = telling
        self.lowest, self.highest = lowest_gy, highest_gy
        self.step = max(highest_gy - lowest_gy, 1e-3) / BINS
        self.bends = np.zeros(BINS + 4)
        self.weight = self.moment = 0.0
        self.low, self.high = np.inf, -np.inf
        self.last = 0

    def add(self, dose_gy: Samples, half_gy: Samples, weights: FloatArray) -> None:
        """Count samples of a dose, half the width of its interval, and a volume."""
        if not dose_gy.size:
            return
        self.weight += float(weights.sum())
        self.moment += float(np.multiply(weights, dose_gy).sum())  # a product of matrices wakes threads
        middle = dose_gy - self.lowest
        middle *= 1 / self.step
        middle += 1
        # an interval reaches over the end of the dose's range on neither side, and keeps its middle
        half = half_gy * np.float32(1 / self.step)
        np.minimum(half, middle, out=half)
        np.minimum(half, BINS + 2 - middle, out=half)
        starts, ends = middle - half, middle + half
        # a voxel that the structure only touches says little of its lowest and highest dose
        most = weights >= self._telling
        if most.any():
            self.low = max(self.lowest, min(self.low, self._gy(float(starts[most].min()))))
            self.high = min(self.highest, max(self.high, self._gy(float(ends[most].max()))))
        lower, upper = np.rint(starts).astype(np.intp), np.rint(ends).astype(np.intp)
        np.maximum(upper, lower + 1, out=upper)
        self.last = max(self.last, int(upper.max()))
        rise = weights / (upper - lower)
        self.bends += np.bincount(lower, rise, BINS + 4)
        self.bends -= np.bincount(upper, rise, BINS + 4)

    def cumulated(self, unit_cc: float) -> tuple[FloatArray, FloatArray]:
        """Doses, and the volume below each."""
        below = np.zeros(BINS + 4, dtype=np.float64)
        risen = np.cumsum(self.bends)[:-1]
        np.cumsum(np.maximum(risen, 0, out=risen), out=below[1:])
        np.minimum(below, self.weight, out=below)
        below[self.last :] = self.weight  # and not a rounding error less
        edges = np.arange(-1, BINS + 3, dtype=np.float64) * self.step + self.lowest
        return edges, np.multiply(below, unit_cc)

    def _gy(self, place: float) -> float:
        """The dose at a place among the edges."""
        return (place - 1) * self.step + self.lowest


def _parts(grid: Grid, dose_grid: Grid) -> tuple[int, int, int]:
    """Parts along i, j, k of a voxel so that none is longer than the dose's voxels."""
    along = np.abs(dose_grid.matrix.T @ grid.matrix) / np.asarray(dose_grid.spacing_ijk_mm)[:, np.newaxis]
    dosed = np.asarray(dose_grid.shape_kji)[::-1, np.newaxis] > 1
    steps = (along * dosed).max(axis=0) * np.asarray(grid.spacing_ijk_mm)
    i, j, k = (int(n) for n in np.clip(np.ceil(steps - 0.05), 1, MOST_PARTS))
    return i, j, k


def _slabs(
    coverage: Coverage, grid: Grid, parts: tuple[int, int, int]
) -> Iterator[tuple[Grid, npt.NDArray[np.float64]]]:
    """The structure's box in slabs of slices, each as a grid of parts of voxels with their weights."""
    fractions = coverage.fractions_kji
    rows, columns = fractions.shape[1:]
    thick = max(1, SLAB_SAMPLES // (rows * columns * math.prod(parts)))
    for first in range(0, len(fractions), thick):
        weights = fractions[first : first + thick]
        k, j, i = coverage.start_kji
        origin = grid.to_lps([i, j, k + first])
        box = Grid.of(weights.shape, grid.spacing_ijk_mm, origin, grid.direction)
        for axis, count in enumerate(parts[::-1]):
            weights = np.repeat(weights, count, axis=axis) if count > 1 else weights
        yield box.refined(parts), weights


def _sampled(
    slab: Grid, weights_kji: npt.NDArray[np.float64], dose: Dose
) -> tuple[Samples, Samples, FloatArray]:
    """Dose, half-width and weight of the slab's samples that count and lie within the dose grid.

    A linear dose that changes by a, b, c along a voxel's axes has the variance (a² + b² + c²) / 12 in it,
    as has an even spread of the width √(a² + b² + c²).
    """
    padded = replace(
        slab,
        shape_kji=(slab.shape_kji[0] + 2, slab.shape_kji[1] + 2, slab.shape_kji[2] + 2),
        origin_lps_mm=tuple(slab.to_lps([-1, -1, -1]).tolist()),
    )
    at, within = dose.on(padded)
    inner = (slice(1, -1),) * 3
    counts = weights_kji > 0
    counts &= within[inner]
    places = np.flatnonzero(counts)
    squares, change = (np.zeros(weights_kji.shape, dtype=np.float32) for _ in range(2))
    for axis in range(3):
        after, before = list(inner), list(inner)
        after[axis], before[axis] = slice(2, None), slice(None, -2)
        np.subtract(at[tuple(after)], at[tuple(before)], out=change)
        squares += np.multiply(change, change, out=change)
    half: Samples = np.sqrt(squares.take(places))
    half /= 4  # the changes were over two voxels, and it is half of the width
    return at[inner].ravel().take(places), half, weights_kji.ravel().take(places)
