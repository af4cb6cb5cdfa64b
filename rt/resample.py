"""Arrays moved from one Grid to another, by SimpleITK, with Gaussian anti-alias before down-sampling."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from rt.errors import GeometryError
from rt.geometry import Grid

Array = npt.NDArray[Any]

ANTIALIAS_SIGMA = 0.4
"""Gaussian sigma in target voxels; 0.4 leaves about 60 % at the target's Nyquist frequency."""


def to_image(array_kji: Array, grid: Grid) -> sitk.Image:
    """A SimpleITK image of an array (k, j, i) placed by its grid; GeometryError if shapes differ."""
    if array_kji.shape != grid.shape_kji:
        raise GeometryError(f"array {array_kji.shape} is not on a grid of {grid.shape_kji}")
    values = array_kji.astype(np.uint8) if array_kji.dtype == np.bool_ else array_kji
    image = sitk.GetImageFromArray(values)
    image.SetSpacing(grid.spacing_ijk_mm)
    image.SetOrigin(grid.origin_lps_mm)
    image.SetDirection([v for row in grid.direction for v in row])
    return image


def grid_of(image: sitk.Image) -> Grid:
    """The grid of a three-dimensional SimpleITK image."""
    if image.GetDimension() != 3:
        raise GeometryError(f"image has {image.GetDimension()} dimensions, not 3")
    return Grid.of(image.GetSize()[::-1], image.GetSpacing(), image.GetOrigin(), image.GetDirection())


def read_nifti(path: Path) -> tuple[Array, Grid]:
    """Array (k, j, i) and grid (LPS) of a NIfTI file."""
    image = sitk.ReadImage(str(path))
    return sitk.GetArrayFromImage(image), grid_of(image)


def write_nifti(path: Path, array_kji: Array, grid: Grid) -> None:
    """Write an array and its grid as NIfTI; the suffix decides on compression."""
    sitk.WriteImage(to_image(array_kji, grid), str(path))


def lps_grid(grid: Grid, spacing_mm: float) -> Grid:
    """The axis-aligned LPS grid of cubic voxels that covers `grid`, corner voxels' outer faces included."""
    k, j, i = grid.shape_kji
    corners = np.array([[a, b, c] for a in (-0.5, i - 0.5) for b in (-0.5, j - 0.5) for c in (-0.5, k - 0.5)])
    points = grid.to_lps(corners)
    low, high = points.min(axis=0), points.max(axis=0)
    count = np.maximum(np.ceil((high - low) / spacing_mm - 1e-6).astype(int), 1)
    origin = (low + high) / 2 - (count - 1) / 2 * spacing_mm
    return Grid.of(count[::-1], [spacing_mm] * 3, origin, np.eye(3))


def resample(array_kji: Array, source: Grid, target: Grid, *, outside: float, nearest: bool = False) -> Array:
    """`array_kji` on the target grid: linear (float32) with anti-alias, or nearest (type kept)."""
    image = to_image(array_kji, source)
    if not nearest:
        image = _antialiased(sitk.Cast(image, sitk.sitkFloat32), target)
    resampler = sitk.ResampleImageFilter()
    resampler.SetSize(target.shape_kji[::-1])
    resampler.SetOutputSpacing(target.spacing_ijk_mm)
    resampler.SetOutputOrigin(target.origin_lps_mm)
    resampler.SetOutputDirection([v for row in target.direction for v in row])
    resampler.SetInterpolator(sitk.sitkNearestNeighbor if nearest else sitk.sitkLinear)
    resampler.SetDefaultPixelValue(outside)
    return sitk.GetArrayFromImage(resampler.Execute(image))


def _antialiased(image: sitk.Image, target: Grid) -> sitk.Image:
    """Smooth along each image axis that the target samples more coarsely."""
    direction = np.asarray(image.GetDirection()).reshape(3, 3)
    step = np.abs(direction.T @ target.matrix) @ np.asarray(target.spacing_ijk_mm)
    for axis, (coarse, fine) in enumerate(zip(step, image.GetSpacing(), strict=True)):
        if coarse > 1.2 * fine and image.GetSize()[axis] >= 4:
            smoother = sitk.RecursiveGaussianImageFilter()
            smoother.SetDirection(axis)
            smoother.SetSigma(ANTIALIAS_SIGMA * float(np.sqrt(coarse**2 - fine**2)))
            image = smoother.Execute(image)
    return image
