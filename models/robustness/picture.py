"""A patient to be shown in another way, what is shown then, and what cannot be shown so.

RtError
└── NotSimulated   a simulation that this patient's picture does not allow
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rt.errors import RtError
from rt.geometry import FloatArray, Grid

AIR_HU = -1024.0
DENSEST_HU = 3071.0
"""Largest value of a CT of twelve bits."""
HuArray = npt.NDArray[np.float32]


class NotSimulated(RtError):
    """A simulation that this patient's picture does not allow."""

    slug = "not-simulated"


@dataclass(frozen=True)
class Patient:
    """A CT as it came."""

    hu_kji: HuArray
    """(k, j, i), HU."""
    grid: Grid
    jaw_kji: npt.NDArray[np.bool_] | None = None
    """Where the mandible is; None where nobody knows."""
    seed: int = 0
    """Of what is random in a simulation: the same patient always gets the same."""


@dataclass(frozen=True)
class Shown:
    """What the network is shown instead."""

    hu_kji: HuArray
    grid: Grid
    drawn_on: Grid
    """The grid that the contours are drawn and compared on: the patient's own, or the slices left of it."""
    rows: slice
    """Those slices of the patient's grid; the truth within them is unchanged."""


def shown_whole(patient: Patient, hu_kji: HuArray) -> Shown:
    """Other voxels on the patient's own grid."""
    return Shown(hu_kji, patient.grid, patient.grid, slice(0, patient.grid.shape_kji[0]))


def lps_axis_mm(grid: Grid, axis: int) -> FloatArray:
    """The coordinate along an LPS axis (0 left, 1 posterior, 2 superior) of all voxels (k, j, i), in mm."""
    steps: Any = grid.affine[axis]
    k, j, i = (np.arange(n, dtype=np.float64) for n in grid.shape_kji)
    whole: FloatArray = (
        steps[3] + steps[2] * k[:, None, None] + steps[1] * j[None, :, None] + steps[0] * i[None, None, :]
    )
    return whole


def step_mm(grid: Grid, axis: int) -> float:
    """The extent of a voxel along an LPS axis in mm: what a thin layer across it shares with air."""
    return float(np.abs(grid.matrix[axis]) @ np.asarray(grid.spacing_ijk_mm))


def layer_share(distance_mm: FloatArray, thickness_mm: float, voxel_mm: float) -> FloatArray:
    """The share (0 to 1) of each voxel that a layer fills, its middle at the distance: partial volume."""
    over = np.minimum(distance_mm + voxel_mm / 2, thickness_mm / 2)
    under = np.maximum(distance_mm - voxel_mm / 2, -thickness_mm / 2)
    share: FloatArray = np.clip((over - under) / voxel_mm, 0.0, 1.0)
    return share


def mixed(hu_kji: HuArray, share: FloatArray, added_hu: float) -> HuArray:
    """Voxels of which a share is filled with something of `added_hu`."""
    blend: HuArray = (hu_kji + share * (added_hu - hu_kji)).astype(np.float32)
    return blend
