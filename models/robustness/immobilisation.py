"""A thermoplastic mask over head and shoulders, as it lies on the skin during planning CT."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from models.robustness.picture import (
    NotSimulated,
    Patient,
    Shown,
    layer_share,
    lps_axis_mm,
    mixed,
    shown_whole,
)
from rt.regions import find_body

MASK_MM = 2.5
MASK_HU = 60.0
"""Polycaprolactone, about 1.1 g/cm³; its perforation is left out: a closed shell is the harder case."""
BEHIND = 0.75
"""Share of the body's depth in a slice, from the front, down to which the mask reaches."""


def in_mask(patient: Patient) -> Shown:
    """A shell of 2.5 mm on the skin of front and sides, in every slice; only voxels outside the body change.

    NotSimulated of a scan that shows no body.
    """
    body = find_body(patient.hu_kji, patient.grid)
    if not body.any():
        raise NotSimulated("shows no body that could wear a mask")
    spacing = patient.grid.spacing_ijk_mm[::-1]
    pixel = min(spacing[1:])
    away = ndimage.distance_transform_edt(~body, sampling=spacing) - pixel / 2
    behind = lps_axis_mm(patient.grid, 1)
    first = np.where(body, behind, np.inf).min(axis=(1, 2), keepdims=True)
    last = np.where(body, behind, -np.inf).max(axis=(1, 2), keepdims=True)
    seen = np.isfinite(first)
    reach = np.where(seen, first, 0.0) + BEHIND * np.where(seen, last - first, 0.0)
    share = layer_share(away - MASK_MM / 2, MASK_MM, pixel) * (~body & seen & (behind <= reach))
    return shown_whole(patient, mixed(patient.hu_kji, share, MASK_HU))
