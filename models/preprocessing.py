"""From a CT as it came to the array a network reads.

It is brought to LPS cubes of fixed spacing with anti-alias; everything outside the body is blanked to
air, so that couch, mask and shoulders cut off elsewhere look alike in training and in clinic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage

from rt.cropping import part_of
from rt.errors import VoxelsNotNumbers
from rt.geometry import Grid
from rt.masks import bounding_box
from rt.morphology import dilate_box, erode_box, fill_holes
from rt.regions import BODY_THRESHOLD_HU
from rt.resample import lps_grid, resample

AIR_HU = -1024.0
DENSE_MARGIN = 24
"""Voxels around what is dense: smoothing reaches no further."""
TABLE_FLATNESS = 5
"""A part this many times as wide as it is thick may be a table top, or a piece of a curved one."""


@dataclass(frozen=True)
class NetworkImage:
    """An image as a network reads it."""

    values_kji: npt.NDArray[np.float32]
    """-1 where there is nothing, most of the rest up to about 1."""
    grid: Grid
    level: tuple[float, float] | None = None
    """Of an MR image what became -1 and 1, so that part of it can be seen closer alike; CT needs none."""


@dataclass(frozen=True)
class CtWindow:
    """HU range that the network sees, mapped to about -1 … 1."""

    modality: ClassVar[str] = "CT"
    low_hu: float = -400.0
    high_hu: float = 600.0

    def __call__(self, hu: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Clip and scale."""
        scaled: npt.NDArray[np.float32] = self.scale(torch.from_numpy(hu)).numpy()
        return scaled

    def scale(self, hu: torch.Tensor) -> torch.Tensor:
        """Clip and scale a float32 tensor where it lies."""
        middle, half = (self.low_hu + self.high_hu) / 2, (self.high_hu - self.low_hu) / 2
        return (hu.clamp(self.low_hu, self.high_hu) - middle) / half

    def prepare(self, image_kji: npt.NDArray[np.generic], grid: Grid, spacing_mm: float) -> NetworkImage:
        """A CT in HU on cubes of `spacing_mm`, cropped to the body, scaled."""
        volume = prepare_ct(image_kji, grid, spacing_mm)
        return NetworkImage(self(volume.hu_kji.astype(np.float32)), volume.grid)

    def describe(self) -> str:
        """For the model card."""
        return f"{self.low_hu:g} to {self.high_hu:g} HU"


@dataclass(frozen=True)
class NetworkVolume:
    """A CT on the network's grid, cropped to the body."""

    hu_kji: npt.NDArray[np.int16]
    """Air outside the body."""
    body_kji: npt.NDArray[np.bool_]
    grid: Grid


def prepare_ct(hu_kji: npt.NDArray[np.generic], grid: Grid, spacing_mm: float) -> NetworkVolume:
    """The CT as the network reads it: LPS, cubes of `spacing_mm`, body only, cropped to the body's box."""
    values = checked_voxels(hu_kji)
    target = lps_grid(grid, spacing_mm)
    hu = _resample_dense(values, grid, target)
    return _cropped(hu, _with_cut_off_slices(find_patient(hu), hu), target)


def checked_voxels(image_kji: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """The image itself; VoxelsNotNumbers tells how many voxels are no numbers, and where the first one is."""
    if not np.issubdtype(image_kji.dtype, np.floating) or np.isfinite(image_kji).all():
        return image_kji
    wrong = np.argwhere(~np.isfinite(image_kji))
    first = ", ".join(str(int(n)) for n in wrong[0])
    raise VoxelsNotNumbers(f"{len(wrong)} voxels are no numbers, the first at (k, j, i) = ({first})")


def _resample_dense(hu_kji: npt.NDArray[np.generic], grid: Grid, target: Grid) -> npt.NDArray[np.float32]:
    """The CT on `target`; only the box of what is dense is smoothed and interpolated, air is around it.

    Nothing is lost: what is dense afterwards was so before, or lies within the reach of smoothing.
    """
    box = _dense_box(hu_kji)
    hu: npt.NDArray[np.float32] = resample(hu_kji[box], part_of(grid, box), target, outside=AIR_HU)
    return hu


def _dense_box(hu_kji: npt.NDArray[np.generic]) -> tuple[slice, slice, slice]:
    """The box (k, j, i) of what is dense, with a margin; all of an image that holds nothing dense."""
    box = bounding_box(hu_kji > BODY_THRESHOLD_HU)  # type: ignore[operator]
    if box is None:
        return tuple(slice(0, n) for n in hu_kji.shape)  # type: ignore[return-value]
    k, j, i = (
        slice(max(0, s.start - DENSE_MARGIN), min(n, s.stop + DENSE_MARGIN))
        for s, n in zip(box, hu_kji.shape, strict=True)
    )
    return k, j, i


def find_patient(hu_kji: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """What of a CT on the network's grid is dense, not thin and not a table, holes filled.

    Unlike the body outline for planning (`rt.regions.find_body`) it keeps the pieces into which a scan falls
    that was cut to a region of interest; cables, couch shells and masks are thinner than three voxels.
    """
    dense = hu_kji > BODY_THRESHOLD_HU
    core = erode_box(dense, (1, 1, 1))
    grown = dilate_box(core, (2, 2, 2)) & dense
    return fill_holes(_without_tables(grown))


def _without_tables(mask_kji: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Drop the flat parts that lie behind, or before, the largest part column by column."""
    labels, count = ndimage.label(mask_kji, np.ones((3, 3, 3), dtype=bool))
    if count < 2:
        return mask_kji
    main = int(np.argmax(np.bincount(labels.ravel())[1:])) + 1
    tables = []
    for label, box in enumerate(ndimage.find_objects(labels), start=1):
        region = labels[box[0], :, box[2]]
        if label != main and _is_flat(region == label) and _lies_apart(region == label, region == main):
            tables.append(label)
    return mask_kji & ~np.isin(labels, tables)


def _is_flat(part_kji: npt.NDArray[np.bool_]) -> bool:
    columns = part_kji.any(axis=1)
    return bool(columns.any(axis=0).sum() >= TABLE_FLATNESS * part_kji.sum() / columns.sum())


def _lies_apart(part: npt.NDArray[np.bool_], main: npt.NDArray[np.bool_]) -> bool:
    shared = part.any(axis=1) & main.any(axis=1)
    part_first, part_last = _row_range(part)
    first, last = _row_range(main)
    behind, before = part_first[shared] > last[shared], part_last[shared] < first[shared]
    return len(behind) > 0 and bool(behind.all() or before.all())


def _row_range(mask_kji: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """First and last row (j) of each column (k, i) that holds any."""
    return mask_kji.argmax(axis=1), mask_kji.shape[1] - 1 - mask_kji[:, ::-1].argmax(axis=1)


def _with_cut_off_slices(
    body_kji: npt.NDArray[np.bool_], hu_kji: npt.NDArray[np.float32]
) -> npt.NDArray[np.bool_]:
    """The body, and what is dense within its outline, in slices that hold nothing of the body.

    Images that were cropped around targets (OpenKBP) show there little more than the cord: too thin to pass
    for a body, hanging on nothing, and a third of the cord.
    """
    rows, columns = np.flatnonzero(body_kji.any(axis=(0, 2))), np.flatnonzero(body_kji.any(axis=(0, 1)))
    if len(rows) == 0:
        return body_kji
    empty = np.flatnonzero(~body_kji.any(axis=(1, 2)))
    box = (empty, slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    whole = body_kji.copy()
    whole[box] = hu_kji[box] > BODY_THRESHOLD_HU
    return whole


def _cropped(hu: npt.NDArray[np.float32], body: npt.NDArray[np.bool_], grid: Grid) -> NetworkVolume:
    where = [np.flatnonzero(body.any(axis=tuple(a for a in range(3) if a != axis))) for axis in range(3)]
    if any(len(w) == 0 for w in where):
        k, j, i = (slice(0, n) for n in grid.shape_kji)
    else:
        k, j, i = (slice(int(w[0]), int(w[-1]) + 1) for w in where)
    box = (k, j, i)
    cropped = part_of(grid, box)
    blank = np.where(body, hu, np.float32(AIR_HU))[box]
    return NetworkVolume(np.rint(np.clip(blank, -1024, 3071)).astype(np.int16), body[box], cropped)
