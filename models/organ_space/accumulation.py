"""Doses of several fractions added up on the organ of one of them (Kobayashi et al. 2015).

Each fraction's organ is found by warping the first one's onto it, so a part of the wall that moves is meant
to get the sum of what it got.  Surfaces alone do not tell whether it moved along itself; volumes, overlap and
the mass of dose tell how far the warp may be believed, and a fold refuses it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.organ_space.config import SpaceConfig
from models.organ_space.drift import register
from models.organ_space.errors import DoseUnknown, FoldedWarp, PoorOverlap, TooFewOrgans
from models.organ_space.organ import Organ, dose_at, voxel_points
from models.organ_space.registration import Registration
from models.organ_space.surface import surface_points
from rt.errors import RtError
from rt.geometry import Grid
from rt.masks import Mask, volume_cc
from rt.metrics import dice

MASS_TOLERANCE = 0.1
VOLUME_TOLERANCE = 0.3


@dataclass(frozen=True)
class Fraction:
    """What was found of a fraction, beside the reference."""

    surface_distance_mm: float
    dice: float
    """Of the fraction's organ taken back to the reference, and the reference."""
    volume_ratio: float
    """Of the fraction's organ to the reference."""
    mass_gycc: float
    """Integral of dose over the fraction's organ."""
    warped_mass_gycc: float
    """The same through the warp: over the reference, times the Jacobian determinant."""
    folded: float
    doubts: tuple[str, ...]
    """`volume` where the organ has another volume by more than 30 %, `mass` where more than 10 % of the
    integral of dose is lost or won."""


@dataclass(frozen=True)
class Accumulated:
    """The sum on the reference's grid."""

    gy_kji: npt.NDArray[np.float32]
    """(k, j, i) Gy; 0 outside of the reference's mask."""
    mask_kji: Mask
    grid: Grid
    fractions: tuple[Fraction, ...]


def accumulate(fractions: Sequence[Organ], config: SpaceConfig | None = None) -> Accumulated:
    """The dose of all fractions on the organ of the first, each organ with the dose of its own fraction.

    FoldedWarp, PoorOverlap, DoseUnknown and the errors of surfaces say at which fraction, counted from 1.
    TooFewOrgans: none was given.
    """
    settings = config or SpaceConfig()
    if not fractions:
        raise TooFewOrgans("there is no fraction")
    first = fractions[0]
    total = np.zeros(first.grid.shape_kji, dtype=np.float32)
    told = []
    for number, organ in enumerate(fractions, start=1):
        try:
            found, dose = _fraction(first, organ, settings)
        except RtError as problem:
            raise type(problem)(problem.detail, where=f"fraction {number}") from problem
        total[first.mask_kji] += dose
        told.append(found)
    return Accumulated(total, first.mask_kji, first.grid, tuple(told))


def _fraction(first: Organ, organ: Organ, config: SpaceConfig) -> tuple[Fraction, npt.NDArray[np.float32]]:
    """What is told of a fraction, and its Gy at the reference's voxels."""
    if organ.dose is None:
        raise DoseUnknown("there is no dose")
    moving, fixed = (
        surface_points(one.mask_kji, one.grid, config.points, config.speck) for one in (first, organ)
    )
    inner = voxel_points(first.mask_kji, first.grid)
    warp = register(moving, fixed, config.registration, inner)
    if warp.folded > config.max_folded:
        raise FoldedWarp(f"the warp is folded in {warp.folded:.1%} of the organ")
    overlap = dice(first.mask_kji, _taken_back(organ, warp, first))
    if overlap < config.min_dice:
        raise PoorOverlap(f"the warped organs have a Dice of {overlap:.2f}")
    gy = dose_at(organ.dose, warp.warp(inner))
    own = dose_at(organ.dose, voxel_points(organ.mask_kji, organ.grid))
    mass = float(own.sum()) * organ.grid.voxel_mm3 / 1000
    grown = np.linalg.det(warp.jacobian(inner))
    warped = float((gy * grown).sum()) * first.grid.voxel_mm3 / 1000
    ratio = volume_cc(organ.mask_kji, organ.grid) / volume_cc(first.mask_kji, first.grid)
    doubts = []
    if abs(ratio - 1) > VOLUME_TOLERANCE:
        doubts.append("volume")
    if abs(warped - mass) > MASS_TOLERANCE * max(mass, 1e-9):
        doubts.append("mass")
    told = Fraction(warp.surface_distance_mm, overlap, ratio, mass, warped, warp.folded, tuple(doubts))
    return told, gy.astype(np.float32)


def _taken_back(organ: Organ, warp: Registration, first: Organ) -> Mask:
    """The fraction's organ on the reference's grid: where the reference's voxels land in it."""
    points = voxel_points(np.ones(first.grid.shape_kji, dtype=np.bool_), first.grid)
    there = np.rint(organ.grid.to_index(warp.warp(points))[:, ::-1]).astype(int)
    inside = ((there >= 0) & (there < organ.grid.shape_kji)).all(axis=1)
    found = np.zeros(len(points), dtype=np.bool_)
    k, j, i = there[inside].T
    found[inside] = organ.mask_kji[k, j, i]
    return found.reshape(first.grid.shape_kji)
