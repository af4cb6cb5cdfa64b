"""From an MR image as it came to the array a network reads.

MR has no unit: the picture is divided by what all but its brightest voxels stay below, as in the pictures
that the network learnt from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from models.preprocessing import NetworkImage, checked_voxels
from rt.errors import EmptyImage
from rt.geometry import Grid
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
        values = values - max(0.0, float(values.min()))
        bright = self._bright_end(values)
        scaled = np.clip(values / bright, 0, BRIGHTEST) * 2 - 1
        return _cropped(scaled.astype(np.float32), target, spacing_mm)

    def _bright_end(self, values: npt.NDArray[np.float32]) -> float:
        foreground = values[values > self.foreground * float(values.max())]
        if foreground.size == 0 or float(foreground.max()) <= 0:
            raise EmptyImage("the image is empty: nothing in it is bright")
        return float(np.quantile(foreground, self.bright_quantile))

    def describe(self) -> str:
        """For the model card."""
        return f"MR divided by the {self.bright_quantile:.1%} quantile of its foreground"


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
