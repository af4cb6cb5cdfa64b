"""A scan that shows less of the patient: a small circle in the plane, or fewer slices."""

from __future__ import annotations

import numpy as np

from models.robustness.picture import AIR_HU, NotSimulated, Patient, Shown, lps_axis_mm, shown_whole
from rt.cropping import part_of
from rt.masks import bounding_box
from rt.regions import find_body

CIRCLE_MM = 240.0
"""Diameter of what is reconstructed: a head fits, shoulders do not."""
LENGTH_MM = 200.0


def in_small_circle(patient: Patient) -> Shown:
    """Air beyond a cylinder of 240 mm around the body's middle line, as scanners fill what they leave out.

    The brighter rim of a truncated reconstruction is left out.  NotSimulated of a scan without a body.
    """
    body = find_body(patient.hu_kji, patient.grid)
    if not body.any():
        raise NotSimulated("shows no body whose picture could be cut")
    centres = []
    planes = [lps_axis_mm(patient.grid, axis) for axis in (0, 1)]
    for k in np.flatnonzero(body.any(axis=(1, 2))):
        centres.append([float(plane[k][body[k]].mean()) for plane in planes])
    x, y = np.median(centres, axis=0)
    outside = np.hypot(planes[0] - x, planes[1] - y) > CIRCLE_MM / 2
    return shown_whole(patient, np.where(outside, np.float32(AIR_HU), patient.hu_kji))


def in_few_slices(patient: Patient) -> Shown:
    """The middle 200 mm of the body's length; the contours are drawn on the slices left.

    NotSimulated of a body that is not longer than that.
    """
    box = bounding_box(find_body(patient.hu_kji, patient.grid))
    slices = round(LENGTH_MM / patient.grid.spacing_ijk_mm[2])
    if box is None or box[0].stop - box[0].start <= slices:
        raise NotSimulated(f"shows no body longer than {LENGTH_MM:g} mm")
    start = (box[0].start + box[0].stop - slices) // 2
    rows = slice(start, start + slices)
    _, height, width = patient.grid.shape_kji
    left = part_of(patient.grid, (rows, slice(0, height), slice(0, width)))
    return Shown(patient.hu_kji[rows], left, left, rows)
