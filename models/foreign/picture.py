"""From an image as it came to the array that a network from elsewhere reads, by steps it declares.

The array's axes are the network's own (a MONAI network reads left-right first, an nnU-Net slices first); the
grid that goes with it says where its voxels are, so all that follows places them without knowing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.optimize import linear_sum_assignment

from models.preprocessing import NetworkImage
from rt.errors import VoxelsNotNumbers
from rt.geometry import Grid

Array = npt.NDArray[np.float32]
WAYS = {"L": (0, 1), "R": (0, -1), "P": (1, 1), "A": (1, -1), "S": (2, 1), "I": (2, -1)}
"""Axis of LPS and direction in which an array axis of this letter runs."""
ANISOTROPIC = 3.0
"""Beyond this ratio of spacings nnU-Net copies along the thick axis in place of interpolating."""
StepKind = Literal["range", "clip", "shift", "standardise", "min_max", "percentiles", "crop"]


@dataclass(frozen=True)
class Step:
    """One change of intensities, or a crop to what is there."""

    kind: StepKind
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ForeignPicture:
    """Steps before and after the image is brought to the network's axes and spacing."""

    modality: str
    orientation: str = ""
    """Three letters, the directions of array axes 0, 1, 2; empty: the scan's own, in `transpose`'s order."""
    transpose: tuple[int, int, int] = (0, 1, 2)
    spacing_kji_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Along array axes 0, 1, 2; 0 keeps the scan's own."""
    resize: Literal["corners", "extent"] = "corners"
    """Where first voxels' centres coincide (MONAI), or first voxels' faces (nnU-Net)."""
    order: Literal[1, 3] = 1
    """Linear, or cubic splines."""
    before: tuple[Step, ...] = ()
    after: tuple[Step, ...] = ()

    def prepare(self, image_kji: npt.NDArray[np.generic], grid: Grid, spacing_mm: float) -> NetworkImage:
        """The picture and where it is; `spacing_mm` is of networks of our own.

        VoxelsNotNumbers when the image holds what is no number.
        """
        values: Array = np.asarray(image_kji, dtype=np.float32)
        if not np.isfinite(values).all():
            raise VoxelsNotNumbers("the image holds voxels that are no numbers")
        values, grid = _rearranged(values, grid, self._plan(grid))
        for step in self.before:
            values, grid = _done(step, values, grid)
        values, grid = self._resized(values, grid)
        for step in self.after:
            values, grid = _done(step, values, grid)
        return NetworkImage(np.ascontiguousarray(values, dtype=np.float32), grid)

    def describe(self) -> str:
        """For the card."""
        sizes = " × ".join(f"{n:g}" if n > 0 else "own" for n in self.spacing_kji_mm)
        steps = ", ".join(step.kind for step in (*self.before, *self.after)) or "none"
        return f"{self.modality}, axes {self.orientation or 'of the scan'}, {sizes} mm, steps: {steps}"

    def _plan(self, grid: Grid) -> list[tuple[int, bool]]:
        """For each array axis the scan's axis (of k, j, i) that becomes it, and whether it is reversed."""
        if not self.orientation:
            return [(axis, False) for axis in self.transpose]
        wanted = [WAYS[letter] for letter in self.orientation]
        cosines = grid.matrix[:, ::-1]  # columns k, j, i
        rows = np.stack([cosines[axis] * way for axis, way in wanted])
        _, chosen = linear_sum_assignment(-np.abs(rows))
        return [(int(source), bool(rows[axis, source] < 0)) for axis, source in enumerate(chosen)]

    def _resized(self, values: Array, grid: Grid) -> tuple[Array, Grid]:
        own = np.asarray(grid.spacing_ijk_mm[::-1])
        wanted = np.where(np.asarray(self.spacing_kji_mm) > 0, self.spacing_kji_mm, own)
        if np.allclose(wanted, own, rtol=1e-4):
            return values, grid
        count = np.asarray(values.shape)
        if self.resize == "corners":
            new = np.rint((count - 1) * own / wanted + 1).astype(int)
            resized = ndimage.affine_transform(
                values, wanted / own, output_shape=tuple(new), order=self.order, mode="nearest"
            )
            origin = np.asarray(grid.origin_lps_mm)
        else:
            new = np.maximum(np.rint(count * own / wanted).astype(int), 1)
            resized = _zoomed(values, new, self.order, _thick_axis(own, wanted))
            wanted = own * count / new
            origin = grid.to_lps((wanted / own / 2 - 0.5)[::-1])
        return resized, Grid.of(new, wanted[::-1], origin, grid.direction)


def _thick_axis(own: npt.NDArray[np.float64], wanted: npt.NDArray[np.float64]) -> int | None:
    for spacing in (own, wanted):
        if spacing.max() / spacing.min() > ANISOTROPIC:
            thick = np.flatnonzero(spacing == spacing.max())
            return int(thick[0]) if len(thick) == 1 else None
    return None


def _zoomed(values: Array, new: npt.NDArray[np.int_], order: Literal[1, 3], thick: int | None) -> Array:
    factors: Any = new / np.asarray(values.shape)
    low, high = float(values.min()), float(values.max())
    if thick is None:
        made: Any = ndimage.zoom(values, factors, order=order, mode="nearest", grid_mode=True)
    else:
        within: Any = factors.copy()
        along: Any = np.ones(3)
        within[thick], along[thick] = 1.0, factors[thick]
        made = ndimage.zoom(values, within, order=order, mode="nearest", grid_mode=True)
        made = ndimage.zoom(made, along, order=0, mode="nearest", grid_mode=True)
    clipped: Array = np.clip(made, low, high)
    return clipped


def _rearranged(values: Array, grid: Grid, plan: list[tuple[int, bool]]) -> tuple[Array, Grid]:
    """The array with its axes in the plan's order, and the same voxels' grid."""
    moved = np.transpose(values, [source for source, _ in plan])
    moved = np.flip(moved, tuple(axis for axis, (_, turned) in enumerate(plan) if turned))
    columns, spacing, first = np.zeros((3, 3)), np.zeros(3), np.zeros(3)
    for axis, (source, turned) in enumerate(plan):
        columns[:, 2 - axis] = grid.matrix[:, 2 - source] * (-1 if turned else 1)
        spacing[2 - axis] = grid.spacing_ijk_mm[2 - source]
        first[2 - source] = values.shape[source] - 1 if turned else 0
    return moved, Grid.of(moved.shape, spacing, grid.to_lps(first), columns)


def _done(step: Step, values: Array, grid: Grid) -> tuple[Array, Grid]:
    if step.kind == "crop":
        return _cropped(values, grid, values > 0 if step.values["positive"] else values != 0)
    return INTENSITIES[step.kind](values, step.values).astype(np.float32), grid


def _cropped(values: Array, grid: Grid, kept: npt.NDArray[np.bool_]) -> tuple[Array, Grid]:
    if not kept.any():
        return values, grid
    ranges = [np.flatnonzero(kept.any(axis=tuple(a for a in range(3) if a != axis))) for axis in range(3)]
    box = tuple(slice(int(r[0]), int(r[-1]) + 1) for r in ranges)
    origin = grid.to_lps([part.start for part in box[::-1]])
    cropped = values[box]
    return cropped, Grid.of(cropped.shape, grid.spacing_ijk_mm, origin, grid.direction)


def _range(values: Array, of: dict[str, Any]) -> Array:
    scaled: Array = (values - of["a_min"]) / (of["a_max"] - of["a_min"])
    scaled = scaled * (of["b_max"] - of["b_min"]) + of["b_min"]
    return np.clip(scaled, of["b_min"], of["b_max"]) if of["clip"] else scaled


def _standardise(values: Array, of: dict[str, Any]) -> Array:
    if of["within"] == "all":
        inside = np.ones(values.shape, dtype=bool)
    else:
        inside = values != 0
        if of["within"] == "filled":
            inside = ndimage.binary_fill_holes(inside)
    if not inside.any():
        return values
    spread = float(values[inside].std())
    made: Array = np.where(inside, (values - values[inside].mean()) / (spread if spread > 0 else 1.0), values)
    return np.where(inside, made, np.float32(0)) if of["within"] == "filled" else made


def _min_max(values: Array, of: dict[str, Any]) -> Array:
    low, high = float(values.min()), float(values.max())
    if high == low:
        return np.full_like(values, of["minv"])
    scaled: Array = (values - low) / (high - low) * (of["maxv"] - of["minv"]) + of["minv"]
    return scaled


def _percentiles(values: Array, of: dict[str, Any]) -> Array:
    low, high = (float(n) for n in np.percentile(values, [of["lower"], of["upper"]]))
    if high == low:
        return values - low
    return _range(values, of | {"a_min": low, "a_max": high})


def _clip(values: Array, of: dict[str, Any]) -> Array:
    return np.clip(values, of["low"], of["high"])


def _shift(values: Array, of: dict[str, Any]) -> Array:
    shifted: Array = (values - of["subtract"]) / of["divide"]
    return shifted


INTENSITIES = {
    "range": _range, "clip": _clip, "shift": _shift, "standardise": _standardise, "min_max": _min_max,
    "percentiles": _percentiles,
}  # fmt: skip
