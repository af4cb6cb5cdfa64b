"""From an MR image as it came to the array a network reads.

MR has no unit: the picture is divided by what all but its brightest voxels stay below, as in the pictures
that the network learnt from.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from models.preprocessing import NetworkImage, checked_voxels
from rt.cropping import part_of
from rt.errors import EmptyImage
from rt.geometry import Grid
from rt.masks import Box
from rt.resample import lps_grid, resample

MARGIN_MM = 6.0
BRIGHTEST = 2.0
"""Brightness, in parts of the bright end, above which everything looks alike."""


@dataclass(frozen=True)
class MrScale:
    """The quantile that becomes 1; air becomes -1."""

    modality: ClassVar[str] = "MR"
    bright_quantile: float = 0.985
    foreground: float = 0.02
    """Share of the maximum above which a voxel counts."""

    def prepare(self, image_kji: npt.NDArray[np.generic], grid: Grid, spacing_mm: float) -> NetworkImage:
        """On LPS cubes of `spacing_mm`, scaled, cropped to the head with a margin.

        EmptyImage when all voxels have one value, VoxelsNotNumbers when one is no number.
        """
        values = checked_voxels(image_kji).astype(np.float32)
        if values.min() == values.max():
            raise EmptyImage("the image is empty: all voxels have one value")
        target = lps_grid(grid, spacing_mm)
        values = resample(values, grid, target, outside=float(values.min()))
        floor = max(0.0, float(values.min()))
        level = (floor, floor + self._bright_end(values - floor))
        seen = _cropped(_scaled(values, level), target, spacing_mm)
        return replace(seen, level=level)

    def closer(
        self, image_kji: npt.NDArray[np.generic], grid: Grid, target: Grid, level: tuple[float, float]
    ) -> NetworkImage:
        """Part of an image on `target`, finer cubes than `prepare` gave, scaled by its `level`."""
        box = _box_within(grid, target)
        if any(s.start >= s.stop for s in box):
            return NetworkImage(np.full(target.shape_kji, -1, dtype=np.float32), target, level)
        part = image_kji[box].astype(np.float32)
        values = resample(part, part_of(grid, box), target, outside=level[0])
        return NetworkImage(_scaled(values, level), target, level)

    def _bright_end(self, values: npt.NDArray[np.float32]) -> float:
        foreground = values[values > self.foreground * float(values.max())]
        if foreground.size == 0 or float(foreground.max()) <= 0:
            raise EmptyImage("the image is empty: nothing in it is bright")
        return float(np.quantile(foreground, self.bright_quantile))

    def describe(self) -> str:
        """For the model card."""
        return f"MR divided by the {self.bright_quantile:.1%} quantile of its foreground"


def _scaled(values: npt.NDArray[np.float32], level: tuple[float, float]) -> npt.NDArray[np.float32]:
    low, high = level
    scaled: npt.NDArray[np.float32] = np.clip((values - low) / (high - low), 0, BRIGHTEST) * 2 - 1
    return scaled.astype(np.float32)


def _box_within(grid: Grid, target: Grid) -> Box:
    """The voxels (k, j, i) of `grid` that reach into `target`, with a margin for smoothing; may be empty."""
    last = np.array(target.shape_kji[::-1]) - 0.5
    corners = np.array(list(itertools.product(*((-0.5, n) for n in last))))
    index = grid.to_index(target.to_lps(corners))[:, ::-1]
    margin = np.ceil(MARGIN_MM / np.asarray(grid.spacing_ijk_mm)[::-1]) + 1
    low = np.maximum(np.floor(index.min(axis=0) - margin), 0).astype(int)
    high = np.minimum(np.ceil(index.max(axis=0) + margin) + 1, grid.shape_kji).astype(int)
    k, j, i = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    return (k, j, i)


def _cropped(values: npt.NDArray[np.float32], grid: Grid, spacing_mm: float) -> NetworkImage:
    """The box of the largest part that is brighter than noise, and a margin."""
    smooth = ndimage.uniform_filter(values, 3)
    labels, count = ndimage.label(smooth > -0.8)
    if count == 0:
        return NetworkImage(values, grid)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    found = ndimage.find_objects((labels == sizes.argmax()).view(np.uint8))[0]
    margin = int(np.ceil(MARGIN_MM / spacing_mm))
    box = tuple(
        slice(max(0, part.start - margin), min(extent, part.stop + margin))
        for part, extent in zip(found, values.shape, strict=True)
    )
    origin = grid.to_lps([box[2].start, box[1].start, box[0].start])
    cropped = Grid.of([s.stop - s.start for s in box], grid.spacing_ijk_mm, origin, grid.direction)
    return NetworkImage(np.ascontiguousarray(values[box]), cropped)
