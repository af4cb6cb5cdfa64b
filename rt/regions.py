"""Regions of a CT found by rule, without weights: the body outline."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from rt.geometry import Grid

BODY_THRESHOLD_HU = -300.0
"""Air and couch foam are below, fat (about -100 HU) and lung walls above."""
OPENING_MM = 6.0
"""Radius of the opening that parts the patient from couch, mask and cables."""


def find_body(hu_kji: npt.NDArray[np.generic], grid: Grid) -> npt.NDArray[np.bool_]:
    """The patient without couch and mask: the largest part over -300 HU, opened, holes filled per slice."""
    dense = hu_kji > BODY_THRESHOLD_HU
    radius = [max(1, round(OPENING_MM / s)) if s < OPENING_MM else 0 for s in grid.spacing_ijk_mm[::-1]]
    core = ndimage.binary_erosion(dense, _box(radius))
    labels, count = ndimage.label(core)
    if count == 0:
        return dense
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    grown = ndimage.binary_dilation(labels == sizes.argmax(), _box([r + 1 for r in radius]))
    body = grown & dense
    return _filled(body)


def _box(radius: list[int]) -> npt.NDArray[np.bool_]:
    return np.ones([2 * r + 1 for r in radius], dtype=bool)


def _filled(mask_kji: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    return np.stack([ndimage.binary_fill_holes(plane) for plane in mask_kji]) if mask_kji.size else mask_kji
