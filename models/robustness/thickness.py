"""The same extent of the patient in slices of another thickness."""

from __future__ import annotations

from models.robustness.picture import AIR_HU, NotSimulated, Patient, Shown
from rt.geometry import Grid
from rt.resample import resample


def in_slices_of(patient: Patient, thickness_mm: float) -> Shown:
    """The scan in slices as near to `thickness_mm` as divide its length, smoothed where they are thicker.

    Thinner ones are interpolated: they show nothing new.  Contours are drawn on the patient's own grid.
    NotSimulated where not even two such slices fit.
    """
    grid = patient.grid
    length = grid.shape_kji[0] * grid.spacing_ijk_mm[2]
    count = round(length / thickness_mm)
    if count < 2:
        raise NotSimulated(f"a scan of {length:g} mm has no two slices of {thickness_mm:g} mm")
    spacing = (*grid.spacing_ijk_mm[:2], length / count)
    first = grid.to_lps([0.0, 0.0, spacing[2] / grid.spacing_ijk_mm[2] / 2 - 0.5])
    target = Grid.of((count, *grid.shape_kji[1:]), spacing, first, grid.direction)
    seen = resample(patient.hu_kji, grid, target, outside=AIR_HU)
    return Shown(seen, target, grid, slice(0, grid.shape_kji[0]))
