"""Metal at the teeth, and the streaks that it throws over the slices it lies in.

Each slice is projected in parallel beams, with and without metal, in two energies.  What a scanner that
corrects for water would measure too much or too little (beam hardening, photons that fail to come) is
reconstructed alone and added: without metal nothing changes, and only rays through metal make streaks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from models.robustness.picture import AIR_HU, DENSEST_HU, NotSimulated, Patient, Shown, mixed, shown_whole
from models.robustness.projections import back_projected, projected
from rt.geometry import FloatArray, Grid
from rt.masks import bounding_box
from rt.regions import find_body

RADIUS_MM = 5.0
"""Of each of four pieces of metal, about a crown."""
FRONT = 0.6
"""Share of the jaw's depth that bears teeth; behind it are the rami."""
DEPTHS = (0.3, 0.8)
"""Where on either side, as shares of that part's voxels from the front."""
LEVEL = 0.9
"""How high in the tooth-bearing part, as a share of its voxels."""
WATER_PER_MM = np.array([0.02269, 0.01837])
"""Linear attenuation at 50 and 80 keV (NIST XCOM), the two lines that stand for a spectrum of 120 kV."""
METAL_PER_MM = np.array([1.541, 0.468])
"""Of iron at the same energies: base-metal crowns (cobalt and nickel with chromium) are close to it."""
PHOTONS = 1e5
"""In a ray before the patient."""
FINE_MM = 2.0
"""Largest pixel in which rays are traced."""


def with_dental_metal(patient: Patient) -> Shown:
    """Four crowns at the teeth with their streaks; slices without metal do not change.

    NotSimulated where nobody knows the jaw.
    """
    if patient.jaw_kji is None or not patient.jaw_kji.any():
        raise NotSimulated("nobody knows where the jaw is")
    return with_metal(patient, place_crowns(patient.jaw_kji, patient.grid))


def place_crowns(jaw_kji: npt.NDArray[np.bool_], grid: Grid) -> FloatArray:
    """Centres (4, 3) of crowns in LPS mm: two on either side, at the upper edge of the jaw's front part."""
    points = grid.to_lps(np.argwhere(jaw_kji)[:, ::-1])
    depth = points[:, 1] - points[:, 1].min()
    front = points[depth <= FRONT * depth.max()]
    level = float(np.quantile(front[:, 2], LEVEL))
    near = front[np.abs(front[:, 2] - level) <= 2 * RADIUS_MM]
    middle = (points[:, 0].min() + points[:, 0].max()) / 2
    centres = []
    for side in (near[near[:, 0] < middle], near[near[:, 0] >= middle]):
        if len(side) == 0:
            raise NotSimulated("the jaw has one side only")
        for share in DEPTHS:
            y = float(np.quantile(side[:, 1], share))
            beside = side[np.abs(side[:, 1] - y) <= np.abs(side[:, 1] - y).min() + RADIUS_MM]
            centres.append([float(beside[:, 0].mean()), y, level])
    return np.asarray(centres)


def with_metal(patient: Patient, centres_lps_mm: FloatArray) -> Shown:
    """Balls of metal at the centres (n, 3), and their streaks within the body's box."""
    fine = _fine_plane(patient)
    hu = patient.hu_kji.copy()
    index = patient.grid.to_index(centres_lps_mm)
    thickness = patient.grid.spacing_ijk_mm[2]
    rng = np.random.default_rng(patient.seed)
    for k in range(hu.shape[0]):
        radii = np.sqrt(np.maximum(RADIUS_MM**2 - ((index[:, 2] - k) * thickness) ** 2, 0.0))
        if not radii.any():
            continue
        metal = fine.discs(index[:, :2], radii)
        tissue = np.maximum(1.0 + fine.seen(hu[k]) / 1000.0, 0.0)
        lines = projected(np.stack([tissue, metal]), fine.pixel_mm)
        wrong = back_projected(_misjudged(lines[0], lines[1], rng), fine.pixel_mm, tissue.shape)
        streaks = hu[k][fine.box] + 1000.0 * fine.back(wrong)
        streaks = np.clip(streaks, AIR_HU, DENSEST_HU).astype(np.float32)
        hu[k][fine.box] = mixed(streaks, fine.back(metal), DENSEST_HU)
    return shown_whole(patient, hu)


def _misjudged(water_mm: FloatArray, metal_mm: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Water (mm) that each ray seems to pass too much, after the scanner's correction for water."""
    table = np.linspace(0.0, 2000.0, 4001)
    said = -np.log(np.exp(-table[:, None] * WATER_PER_MM).mean(axis=1))
    along = water_mm[..., None] * WATER_PER_MM + metal_mm[..., None] * METAL_PER_MM
    come = PHOTONS * np.exp(-along).mean(axis=-1)
    measured = -np.log(np.maximum(rng.poisson(come), 1.0) / PHOTONS)
    passes = metal_mm > 0
    more = np.where(passes, np.interp(measured, said, table) - water_mm, 0.0)
    if not passes.any():
        return more
    straight = float((more * metal_mm).sum() / (metal_mm**2).sum())
    wrong: FloatArray = more - straight * metal_mm
    return wrong


@dataclass(frozen=True)
class _FinePlane:
    """The body's box of a slice, in square pixels small enough for streaks."""

    box: tuple[slice, slice]
    size: tuple[int, int]
    pixel_mm: float
    spacing_ij_mm: tuple[float, float]

    def seen(self, plane_ji: npt.NDArray[np.float32]) -> FloatArray:
        """The slice's box in fine pixels."""
        part = torch.from_numpy(np.ascontiguousarray(plane_ji[self.box]))[None, None]
        fine: FloatArray = functional.interpolate(part, self.size, mode="bilinear")[0, 0].double().numpy()
        return fine

    def back(self, plane: FloatArray) -> FloatArray:
        """Means of fine pixels over the slice's own."""
        rows, columns = (s.stop - s.start for s in self.box)
        own = functional.adaptive_avg_pool2d(torch.from_numpy(plane)[None, None], (rows, columns))
        coarse: FloatArray = own[0, 0].numpy()
        return coarse

    def discs(self, centres_ij: FloatArray, radii_mm: FloatArray) -> FloatArray:
        """The share of each fine pixel that lies in a disc."""
        rows, columns = ((np.arange(n) + 0.5) * self.pixel_mm for n in self.size)
        share = np.zeros(self.size)
        for (i, j), radius in zip(centres_ij, radii_mm, strict=True):
            x = (i + 0.5 - self.box[1].start) * self.spacing_ij_mm[0]
            y = (j + 0.5 - self.box[0].start) * self.spacing_ij_mm[1]
            away = np.hypot(rows[:, None] - y, columns[None, :] - x)
            disc = np.clip((radius - away) / self.pixel_mm + 0.5, 0.0, 1.0) if radius else 0.0
            share = np.maximum(share, disc)
        return share


def _fine_plane(patient: Patient) -> _FinePlane:
    box = bounding_box(find_body(patient.hu_kji, patient.grid))
    if box is None:
        raise NotSimulated("shows no body that streaks could cross")
    i_mm, j_mm = patient.grid.spacing_ijk_mm[:2]
    pixel = min(i_mm, j_mm) / np.ceil(min(i_mm, j_mm) / FINE_MM)
    rows, columns = (b.stop - b.start for b in box[1:])
    size = (round(rows * j_mm / pixel), round(columns * i_mm / pixel))
    return _FinePlane(box[1:], size, float(pixel), (i_mm, j_mm))
