"""An organ of a patient, and its coordinates in the common space's handedness."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from models.organ_space.config import Side
from models.organ_space.errors import DoseUnknown, OppositeSides
from rt.dose import EDGE_TOLERANCE, Dose
from rt.geometry import FloatArray, Grid
from rt.masks import Mask

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
