"""An organ of a patient, and its coordinates in the common space's handedness."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from models.organ_space.config import Side
from models.organ_space.errors import DoseUnknown, EmptySurface, OppositeSides
from rt.cropping import part_of
from rt.dose import EDGE_TOLERANCE, Dose
from rt.geometry import FloatArray, Grid
from rt.masks import Box, Mask, bounding_box, padded_box

MIRROR = np.array([-1.0, 1.0, 1.0])
"""Left to right in LPS."""


@dataclass(frozen=True)
class Organ:
    """A structure of a patient with the dose that it got."""

    mask_kji: Mask
    grid: Grid
    dose: Dose | None = None
    side: Side | None = None
    """By its name, as of `rt.nomenclature.tg263_name`."""


def cropped(organ: Organ, margin_mm: float = 20.0) -> Organ:
    """The organ on its box and a margin of its grid, with the dose's voxels there; EmptySurface."""
    box = bounding_box(organ.mask_kji)
    if box is None:
        raise EmptySurface("there is no voxel")
    wide = _padded(box, organ.grid, margin_mm)
    grid = part_of(organ.grid, wide)
    dose = organ.dose
    if dose is not None:
        ends = np.array(list(itertools.product(*((-0.5, n - 0.5) for n in grid.shape_kji[::-1]))))
        index = dose.grid.to_index(grid.to_lps(ends))[:, ::-1]
        low = np.maximum(np.floor(index.min(axis=0)).astype(int), 0)
        high = np.minimum(np.ceil(index.max(axis=0)).astype(int) + 1, dose.grid.shape_kji)
        if (high <= low).any():
            raise DoseUnknown("the dose does not reach the organ")
        k, j, i = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
        dose = Dose(np.ascontiguousarray(dose.gy_kji[k, j, i]), part_of(dose.grid, (k, j, i)))
    return Organ(np.ascontiguousarray(organ.mask_kji[wide]), grid, dose, organ.side)


def _padded(box: Box, grid: Grid, margin_mm: float) -> Box:
    i, j, k = (math.ceil(margin_mm / mm) for mm in grid.spacing_ijk_mm)
    return padded_box(box, (k, j, i), grid.shape_kji)


def mirrored(organs: Mapping[str, Organ], mirror_to: Side | None) -> dict[str, bool]:
    """Which organs are mirrored in x.

    OppositeSides: organs of both sides without `mirror_to`, named; or one of no side with it.
    """
    sides: dict[Side | None, list[str]] = {}
    for name, organ in organs.items():
        sides.setdefault(organ.side, []).append(name)
    if mirror_to is None and "L" in sides and "R" in sides:
        few, many = sorted((sides["L"], sides["R"]), key=len)
        side, other = ("left", "right") if few is sides["L"] else ("right", "left")
        raise OppositeSides(
            f"{len(few)} {side} organs beside {len(many)} {other} ones; say to which side the others go",
            where=", ".join(few[:5]),
        )
    if mirror_to is not None and None in sides:
        raise OppositeSides("the organ's name says no side, so it cannot be mirrored", where=sides[None][0])
    return {name: mirror_to is not None and organ.side != mirror_to for name, organ in organs.items()}


def dose_at(dose: Dose, points_xyz: FloatArray) -> FloatArray:
    """Gy at points (n, 3) in LPS millimetres, trilinear; DoseUnknown where the dose does not reach them."""
    index = dose.grid.to_index(points_xyz)[:, ::-1]
    high = np.asarray(dose.gy_kji.shape) - 0.5 + EDGE_TOLERANCE
    out = ((index < -0.5 - EDGE_TOLERANCE) | (index > high)).any(axis=1)
    if out.any():
        raise DoseUnknown(f"the dose does not reach {int(out.sum())} of {len(index)} points of the organ")
    return sampled(dose.gy_kji, index)


def sampled(values_kji: npt.NDArray[Any], index_kji: FloatArray) -> FloatArray:
    """Trilinear values at fractional indices (n, 3); beyond the outer voxels the nearest of them."""
    found: FloatArray = ndimage.map_coordinates(
        values_kji.astype(np.float64), index_kji.T, order=1, mode="nearest", prefilter=False
    )
    return found


def voxel_points(mask_kji: Mask, grid: Grid) -> FloatArray:
    """Centres (n, 3) of a mask's voxels in LPS millimetres, in the order of `mask_kji.nonzero()`."""
    return grid.to_lps(np.argwhere(mask_kji)[:, ::-1])
