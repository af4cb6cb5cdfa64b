"""The common space of an organ: the mean shape, the dose of every patient on it, and the ways back.

The template is warped onto each patient's organ, so a dose is read where the template's voxel lies in the
patient, and a map comes to the patient by the inverse.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from models.organ_space.config import SpaceConfig
from models.organ_space.drift import register
from models.organ_space.errors import DoseUnknown, FoldedWarp, PoorOverlap, TooFewOrgans
from models.organ_space.organ import MIRROR, Organ, dose_at, mirrored, sampled, voxel_points
from models.organ_space.registration import Registration
from models.organ_space.surface import level_set, one_part, surface_points
from models.organ_space.template import Shape, Template, mean_shape
from rt.errors import RtError
from rt.geometry import FloatArray, Grid
from rt.masks import Mask, volume_cc
from rt.metrics import dice

FEWEST = 3
REACH = 1.5
"""Voxels of the template beyond whose warped middles nothing of it is looked for."""
Report = Callable[[float], None]
"""Told the share that is done; what it raises ends the work."""


@dataclass(frozen=True)
class Quality:
    """How well the template fits a patient's organ."""

    surface_distance_mm: float
    dice: float
    """Of the patient's organ and the warped template, on the patient's voxels."""
    folded: float
    """Share of the template's voxels whose Jacobian determinant is not positive."""
    volume_cc: float
    volume_ratio: float
    """Of the patient's organ to the template."""


@dataclass(frozen=True)
class Warp:
    """From the template to a patient."""

    registration: Registration
    centre_xyz: FloatArray
    mirrored: bool

    def to_patient(self, points_xyz: FloatArray) -> FloatArray:
        """LPS millimetres in the patient of points (n, 3) of the template."""
        there = self.registration.warp(points_xyz) + self.centre_xyz
        return there * MIRROR if self.mirrored else there

    def to_template(self, points_xyz: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Points (n, 3) of the template, and residuals (n) in mm, of LPS points in the patient."""
        points = points_xyz * MIRROR if self.mirrored else points_xyz
        found = self.registration.inverse(points - self.centre_xyz)
        return found.points_xyz, found.residual_mm


@dataclass(frozen=True)
class CommonSpace:
    """Doses on the template of an organ, and the warps from it to the patients."""

    doses_nkji: npt.NDArray[np.float32]
    """(patients, k, j, i) Gy; 0 outside of the template's mask."""
    mask_kji: Mask
    grid: Grid
    """Of cubic voxels with LPS axes; its origin is the template's own, of no patient."""
    patients: tuple[str, ...]
    warps: dict[str, Warp]
    quality: dict[str, Quality]
    failed: dict[str, tuple[str, str]]
    """(slug, detail) of each patient who is not in it."""
    medoid: str = ""
    moved_mm: tuple[float, ...] = ()
    """Change of the mean shape in each round."""

    @property
    def registrations(self) -> dict[str, Registration]:
        """By patient."""
        return {name: warp.registration for name, warp in self.warps.items()}

    def on_patient(
        self, map_kji: npt.NDArray[np.floating[Any]], patient: str, grid: Grid
    ) -> npt.NDArray[np.float32]:
        """A map (k, j, i) of the template on the grid of a patient's image, 0 outside of the organ."""
        return warped_back(map_kji, (self.mask_kji, self.grid), self.warps[patient], grid)

    def told(self) -> dict[str, Any]:
        """What a report says of it, as JSON."""
        return {
            "patients": len(self.patients),
            "shape_kji": list(self.grid.shape_kji),
            "spacing_mm": self.grid.spacing_ijk_mm[0],
            "voxels": int(self.mask_kji.sum()),
            "volume_cc": volume_cc(self.mask_kji, self.grid),
            "medoid": self.medoid,
            "moved_mm": list(self.moved_mm),
            "quality": {name: asdict(one) for name, one in self.quality.items()},
            "mirrored": [name for name, warp in self.warps.items() if warp.mirrored],
        }


def common_space(
    organs: Mapping[str, Organ], config: SpaceConfig | None = None, report: Report = lambda _: None
) -> CommonSpace:
    """The mean shape of organs with the patients' doses on it.

    Patients whose organ or dose cannot be used are in `failed` by name.  TooFewOrgans: fewer than three are
    left.  OppositeSides: organs of both sides without `config.mirror_to`.
    """
    settings = config or SpaceConfig()
    flips = mirrored(organs, settings.mirror_to)
    shapes, failed = _shapes(organs, flips, settings)
    total, done = len(shapes) * (settings.rounds + 1), 0

    def tick() -> None:
        nonlocal done
        done += 1
        report(done / total)

    report(0.0)
    template = mean_shape(shapes, settings, tick)
    mask, grid = template.voxels(settings.size)
    made = _Making(template, mask, grid, settings)
    doses, warps, quality = [], {}, {}
    for name, shape in shapes.items():
        try:
            warp, told, dose = made.patient(organs[name], shape)
        except RtError as problem:
            failed[name] = (problem.slug, str(problem))
        else:
            warps[name], quality[name] = warp, told
            doses.append(dose)
        tick()
    _enough(len(warps), failed)
    patients = tuple(warps)
    return CommonSpace(
        np.stack(doses), mask, grid, patients, warps, quality, failed, template.medoid, template.moved_mm
    )


def _enough(count: int, failed: Mapping[str, tuple[str, str]]) -> None:
    if count < FEWEST:
        why = "; ".join(f"{name}: {detail}" for name, (_, detail) in list(failed.items())[:3])
        raise TooFewOrgans(f"{count} organs are fewer than {FEWEST}" + (f" ({why})" if why else ""))


def _shapes(
    organs: Mapping[str, Organ], flips: Mapping[str, bool], config: SpaceConfig
) -> tuple[dict[str, Shape], dict[str, tuple[str, str]]]:
    shapes: dict[str, Shape] = {}
    failed: dict[str, tuple[str, str]] = {}
    for name, organ in organs.items():
        try:
            if organ.dose is None:
                raise DoseUnknown("there is no dose")
            shapes[name] = shape_of(organ, config, flip=flips[name])
        except RtError as problem:
            failed[name] = (problem.slug, str(problem))
    _enough(len(shapes), failed)
    return shapes, failed


def shape_of(organ: Organ, config: SpaceConfig, *, flip: bool = False) -> Shape:
    """The organ's surface and inside; EmptySurface, DisconnectedSurface."""
    points = surface_points(organ.mask_kji, organ.grid, config.points, config.speck)
    points = points * MIRROR if flip else points
    inside, grid = level_set(one_part(organ.mask_kji, config.speck), organ.grid)
    centre = points.mean(axis=0)
    return Shape(points - centre, inside, grid, flip, centre)


@dataclass(frozen=True)
class _Making:
    """The template, as each patient's warp needs it."""

    template: Template
    mask_kji: Mask
    grid: Grid
    config: SpaceConfig

    def patient(self, organ: Organ, shape: Shape) -> tuple[Warp, Quality, npt.NDArray[np.float32]]:
        """Warp, fit and dose (k, j, i) of a patient; FoldedWarp, PoorOverlap, DoseUnknown."""
        inner = voxel_points(self.mask_kji, self.grid)
        found = register(self.template.points_xyz, shape.points_xyz, self.config.registration, inner)
        if found.folded > self.config.max_folded:
            raise FoldedWarp(f"the warp is folded in {found.folded:.1%} of the organ")
        warp = Warp(found, shape.centre_xyz, shape.mirrored)
        there = (
            warped_back(self.mask_kji.astype(np.float32), (self.mask_kji, self.grid), warp, organ.grid) > 0
        )
        overlap = dice(organ.mask_kji, there)
        if overlap < self.config.min_dice:
            raise PoorOverlap(f"organ and warped template have a Dice of {overlap:.2f}")
        if organ.dose is None:
            raise DoseUnknown("there is no dose")
        dose = np.zeros(self.grid.shape_kji, dtype=np.float32)
        dose[self.mask_kji] = dose_at(organ.dose, warp.to_patient(inner))
        size = volume_cc(organ.mask_kji, organ.grid)
        ratio = size / volume_cc(self.mask_kji, self.grid)
        return warp, Quality(found.surface_distance_mm, overlap, found.folded, size, ratio), dose


def warped_back(
    map_kji: npt.NDArray[np.floating[Any]], template: tuple[Mask, Grid], warp: Warp, grid: Grid
) -> npt.NDArray[np.float32]:
    """A map of the template (mask and grid) on a grid in the patient, 0 outside of the organ.

    Between the template's voxels it is trilinear among those inside the mask: its edge is not drawn to 0.
    """
    mask, own = template
    found = np.zeros(grid.shape_kji, dtype=np.float32)
    reached = warp.to_patient(voxel_points(mask, own))
    index = grid.to_index(reached)
    low = np.maximum(np.floor(index.min(axis=0)).astype(int) - 2, 0)[::-1]
    high = np.minimum(np.ceil(index.max(axis=0)).astype(int)[::-1] + 3, grid.shape_kji)
    if (high <= low).any():
        return found
    inner = np.stack(np.meshgrid(*map(np.arange, low, high), indexing="ij"), axis=-1).reshape(-1, 3)
    lps = grid.to_lps(inner[:, ::-1])
    reach = REACH * own.spacing_ijk_mm[0] + max(grid.spacing_ijk_mm)
    inner = inner[np.isfinite(cKDTree(reached).query(lps, distance_upper_bound=reach, workers=-1)[0])]
    points, residual = warp.to_template(grid.to_lps(inner[:, ::-1]))
    at = own.to_index(points)[:, ::-1]
    inside = sampled(np.pad(mask, 1).astype(np.float32), at + 1)
    values = sampled(np.pad(np.where(mask, map_kji, 0), 1), at + 1)
    kept = (inside >= 0.5) & (residual < own.spacing_ijk_mm[0] / 2)
    k, j, i = inner[kept].T
    found[k, j, i] = values[kept] / inside[kept]
    return found
