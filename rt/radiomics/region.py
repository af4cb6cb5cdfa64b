"""The region that features are computed of: cropped, resampled, re-segmented and normalised, in IBSI's order.

Resampling keeps the image's centre in place and does not smooth first, both as IBSI prescribes, which is why
`rt.resample` is not used here.  Only the region's box with a margin for filters is touched, and the samples
lie where they would lie on the whole image.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from rt.errors import GeometryError, RegionEmpty, RegionTooLarge, RegionTooSmall, VoxelsNotNumbers
from rt.geometry import FloatArray, Grid
from rt.masks import Box, Mask, bounding_box, padded_box
from rt.radiomics.settings import Settings

IntArray = npt.NDArray[np.int64]

PEAK_RADIUS_MM = (3 / (4 * math.pi)) ** (1 / 3) * 10
"""Radius of the sphere of 1 cm³ in which IBSI's local intensity peak is averaged."""
SIGMAS_OF_MARGIN = 4.0
"""A Gaussian is cut off here, as IBSI-2 has it."""
WAVELET_MARGIN = 8
"""Voxels that the longest usual filter (coif1 has 6 taps, db8 16) needs beyond the region."""
SPLINE_MARGIN = 12
"""Voxels of the image in which the memory of a cubic spline fades below 1e-6."""
MOST_VOXELS = 60_000_000
"""Of the resampled box: about 10 GiB at work."""


@dataclass(frozen=True)
class Region:
    """Image and masks on one box of the (resampled) grid, all of one shape (k, j, i)."""

    image_kji: FloatArray
    """With the margin; normalised."""
    form_kji: Mask
    """IBSI's morphological mask."""
    inside_kji: Mask
    """IBSI's intensity mask: the morphological one after re-segmentation."""
    spacing_kji_mm: FloatArray

    @property
    def box(self) -> Box:
        """The tightest box of the morphological mask."""
        box = bounding_box(self.form_kji)
        if box is None:
            raise RegionEmpty("no voxel")
        return box


def prepared(image_kji: FloatArray, mask_kji: Mask, grid: Grid, settings: Settings) -> Region:
    """The region of an image (k, j, i) that the settings describe.

    Raises GeometryError where image or mask are not on the grid, VoxelsNotNumbers where a voxel that counts
    is NaN or infinite, and RegionEmpty, RegionTooSmall or RegionTooLarge.
    """
    box = _checked_box(image_kji, mask_kji, grid)
    spacing = np.asarray(grid.spacing_ijk_mm[::-1])
    target = _target_spacing(spacing, settings)
    margin = _margin_mm(target, settings)
    resampled = bool((target != spacing).any())
    voxels = np.ceil(margin / spacing).astype(int) + (SPLINE_MARGIN if resampled else 0)
    crop = padded_box(box, (int(voxels[0]), int(voxels[1]), int(voxels[2])), image_kji.shape)
    part = np.asarray(image_kji[crop], dtype=np.float64)
    if not np.isfinite(part).all():
        raise VoxelsNotNumbers(
            f"{int((~np.isfinite(part)).sum())} voxels in or near the region are no numbers"
        )
    form = mask_kji[crop]
    if resampled:
        part, form = _resampled(part, form, _Axes.of(crop, image_kji.shape, spacing, target), settings)
    if settings.round_intensities:
        part = np.rint(part)
    if not form.any():
        raise RegionEmpty(f"no voxel is left on voxels of {_text(target)} mm")
    inside = _resegmented(part, form, settings)
    count = int(inside.sum())
    if count < settings.least_voxels:
        raise RegionTooSmall(
            f"{count} voxels of {_text(target)} mm, at least {settings.least_voxels} are needed"
        )
    return Region(_normalised(part, inside, image_kji, settings), form, inside, target)


def _checked_box(image_kji: FloatArray, mask_kji: Mask, grid: Grid) -> Box:
    for name, array in (("image", image_kji), ("mask", mask_kji)):
        if array.shape != grid.shape_kji:
            raise GeometryError(f"{name} {array.shape} is not on a grid of {grid.shape_kji}")
    if mask_kji.dtype != np.bool_:
        raise GeometryError(f"mask of {mask_kji.dtype} is not one of yes and no")
    box = bounding_box(mask_kji)
    if box is None:
        raise RegionEmpty("the mask has no voxel")
    return box


def _target_spacing(spacing_kji: FloatArray, settings: Settings) -> FloatArray:
    if settings.spacing_mm is None:
        return spacing_kji
    target = np.full(3, settings.spacing_mm)
    if settings.in_plane:
        target[0] = spacing_kji[0]
    return target


def _margin_mm(target_kji: FloatArray, settings: Settings) -> FloatArray:
    """Beyond the region's box, along k, j, i."""
    margin = np.full(3, PEAK_RADIUS_MM)
    if settings.log_sigmas_mm:
        margin = np.maximum(margin, SIGMAS_OF_MARGIN * max(settings.log_sigmas_mm) + target_kji)
    return np.maximum(margin, WAVELET_MARGIN * target_kji) if settings.wavelet else margin


@dataclass(frozen=True)
class _Axes:
    """Where the target's samples lie in voxels of the crop: first + step · n, n < count, along k, j, i."""

    first: FloatArray
    step: FloatArray
    count: tuple[int, int, int]

    @classmethod
    def of(cls, crop: Box, shape: tuple[int, ...], spacing: FloatArray, target: FloatArray) -> _Axes:
        extent = np.asarray(shape)
        step = target / spacing
        count = np.ceil(extent / step - 1e-9)
        origin = (extent - 1) / 2 - (count - 1) / 2 * step
        start, stop = np.array([s.start for s in crop]), np.array([s.stop for s in crop])
        low = np.where(start == 0, 0, np.ceil((start - origin) / step - 1e-9))
        high = np.where(stop == extent, count - 1, np.floor((stop - 1 - origin) / step + 1e-9))
        k, j, i = (int(n) for n in np.maximum(high - low + 1, 0))
        if k * j * i > MOST_VOXELS:
            raise RegionTooLarge(f"{k} x {j} x {i} voxels of {_text(target)} mm")
        return cls(origin + low * step - start, step, (k, j, i))


def _resampled(part: FloatArray, form: Mask, axes: _Axes, settings: Settings) -> tuple[FloatArray, Mask]:
    if min(axes.count) < 1:
        raise RegionEmpty("no sample of the resampled grid lies in the region's box")

    def moved(values: FloatArray, order: Literal[1, 3]) -> FloatArray:
        return ndimage.affine_transform(
            values, axes.step, axes.first, output_shape=axes.count, order=order, mode="nearest"
        )

    image = moved(part, 3 if settings.interpolation == "cubic" else 1)
    return image, moved(form.astype(np.float64), 1) >= settings.mask_threshold - 1e-6


def _resegmented(image: FloatArray, form: Mask, settings: Settings) -> Mask:
    inside = form.copy()
    if settings.range_low is not None:
        inside &= image >= settings.range_low
    if settings.range_high is not None:
        inside &= image <= settings.range_high
    if settings.outlier_sigma is not None and inside.any():
        values = image[inside]
        inside &= np.abs(image - values.mean()) <= settings.outlier_sigma * values.std() + 1e-12
    if not inside.any():
        raise RegionEmpty(f"none of {int(form.sum())} voxels has an intensity in the range")
    return inside


def _normalised(part: FloatArray, inside: Mask, image_kji: FloatArray, settings: Settings) -> FloatArray:
    if settings.normalisation is None:
        return part
    known = part[inside] if settings.normalisation == "region" else image_kji
    mean, deviation = float(np.mean(known, dtype=np.float64)), float(np.std(known, dtype=np.float64))
    if not math.isfinite(mean):
        raise VoxelsNotNumbers("the image has voxels that are no numbers, so it has no mean")
    return (part - mean) / (deviation or 1.0) * settings.normalisation_scale


def _text(spacing_kji: FloatArray) -> str:
    return " x ".join(f"{value:g}" for value in spacing_kji[::-1])
