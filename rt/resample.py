"""Arrays moved from one Grid to another, with Gaussian anti-alias before down-sampling.

Between grids with parallel axes each axis is a sparse matrix, which smooths and interpolates at the target's
samples only; between oblique ones SimpleITK smooths all of the image.  Both give the same to rounding.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk
from scipy import sparse

from rt.errors import GeometryError
from rt.geometry import Grid

Array = npt.NDArray[Any]

ANTIALIAS_SIGMA = 0.4
"""Gaussian sigma in target voxels; 0.4 leaves about 60 % at the target's Nyquist frequency."""

ASTRAY_VOXELS = 1e-3
"""Axes that leave each other by less than this, over the whole grid, are parallel."""

NO_WEIGHT = 1e-9
"""A recursive Gaussian never ends; its tails below this are left out."""


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
    """`array_kji` on the target grid: linear (float32) with anti-alias, or nearest (type kept).

    Values have to be finite: one that is not may spread along its row, column and stack.
    """
    if array_kji.shape != source.shape_kji:
        raise GeometryError(f"array {array_kji.shape} is not on a grid of {source.shape_kji}")
    if not nearest and (lines := _parallel_lines(source, target)):
        return _along_lines(array_kji, lines, target, outside)
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


@dataclass(frozen=True)
class _Line:
    """One axis of the source and the target's samples along it."""

    axis: int
    """Of the target's array (k, j, i) the one that runs along it."""
    count: int
    """Voxels of the source."""
    at: npt.NDArray[np.float64]
    """Where the target's samples lie, in voxels of the source."""
    fine_mm: float

    @property
    def inside(self) -> slice:
        """The target's samples that lie between the source's outer faces."""
        found = np.flatnonzero((self.at >= -0.5) & (self.at < self.count - 0.5))
        return slice(int(found[0]), int(found[-1]) + 1) if len(found) else slice(0, 0)

    def weights(self) -> sparse.csr_array:
        """(samples inside, voxels of the source), float32: smoothing and interpolation in one."""
        at = np.clip(self.at[self.inside], 0, self.count - 1)
        low = np.minimum(at.astype(int), max(self.count - 2, 0))
        linear = np.zeros((len(at), self.count))
        rows = np.arange(len(at))
        linear[rows, np.minimum(low + 1, self.count - 1)] = at - low
        linear[rows, low] += 1 - (at - low)
        coarse_mm = abs(float(self.at[-1] - self.at[0])) / max(1, len(self.at) - 1) * self.fine_mm
        if smoother := _smoother(coarse_mm, self.fine_mm, self.count):
            smoother.SetDirection(0)
            pulses = sitk.GetImageFromArray(np.eye(self.count))
            pulses.SetSpacing((self.fine_mm, self.fine_mm))
            linear = linear @ sitk.GetArrayFromImage(smoother.Execute(pulses)).T
            linear[np.abs(linear) < NO_WEIGHT] = 0
        return sparse.csr_array(linear, dtype=np.float32)


def _parallel_lines(source: Grid, target: Grid) -> list[_Line] | None:
    """Per axis (k, j, i) of the source where the target's samples lie; None where its axes are oblique."""
    origin, *steps = source.to_index(target.to_lps(np.vstack([np.zeros(3), np.eye(3)])))[:, ::-1]
    step = (np.array(steps) - origin)[::-1]  # of each target axis along each source axis, both (k, j, i)
    axes = np.abs(step).argmax(axis=0)
    astray = step.copy()
    astray[axes, range(3)] = 0
    if len(set(axes)) < 3 or np.abs(astray * np.array(target.shape_kji)[:, None]).max() > ASTRAY_VOXELS:
        return None
    return [
        _Line(
            int(axis), source.shape_kji[n], origin[n] + step[axis, n] * np.arange(target.shape_kji[axis]), mm
        )
        for n, (axis, mm) in enumerate(zip(axes, source.spacing_ijk_mm[::-1], strict=True))
    ]


def _along_lines(array_kji: Array, lines: list[_Line], target: Grid, outside: float) -> Array:
    """Smoothed and interpolated at the target's samples only: plane by plane, then across the planes."""
    placed = np.full(target.shape_kji, outside, dtype=np.float32)
    order = [[line.axis for line in lines].index(axis) for axis in range(3)]
    box = tuple(lines[n].inside for n in order)
    if any(part.start == part.stop for part in box):
        return placed
    across, rows, columns = (line.weights() for line in lines)
    needed = np.unique(across.indices)
    planes = np.stack([(columns @ (rows @ array_kji[k].astype(np.float32)).T).T for k in needed])
    values = across[:, needed] @ planes.reshape(len(needed), -1)
    placed[box] = values.reshape(-1, *planes.shape[1:]).transpose(order)
    return placed


def _smoother(coarse_mm: float, fine_mm: float, count: int) -> sitk.RecursiveGaussianImageFilter | None:
    """What smooths `count` voxels of `fine_mm` before samples `coarse_mm` apart; None: nothing has to."""
    if coarse_mm <= 1.2 * fine_mm or count < 4:
        return None
    smoother = sitk.RecursiveGaussianImageFilter()
    smoother.SetSigma(ANTIALIAS_SIGMA * math.sqrt(coarse_mm**2 - fine_mm**2))
    return smoother


def _antialiased(image: sitk.Image, target: Grid) -> sitk.Image:
    """Smooth along each image axis that the target samples more coarsely."""
    direction = np.asarray(image.GetDirection()).reshape(3, 3)
    step = np.abs(direction.T @ target.matrix) @ np.asarray(target.spacing_ijk_mm)
    for axis, (coarse, fine) in enumerate(zip(step, image.GetSpacing(), strict=True)):
        if smoother := _smoother(float(coarse), fine, image.GetSize()[axis]):
            smoother.SetDirection(axis)
            image = smoother.Execute(image)
    return image
