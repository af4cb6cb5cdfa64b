"""A treatment couch that the patient lies on: a foam core between shells of carbon fibre."""

from __future__ import annotations

from models.robustness.picture import (
    NotSimulated,
    Patient,
    Shown,
    layer_share,
    lps_axis_mm,
    mixed,
    shown_whole,
    step_mm,
)
from rt.regions import find_body

WIDTH_MM = 500.0
THICKNESS_MM = 50.0
SHELL_MM = 3.0
SHELL_HU = 300.0
"""Carbon fibre in resin, about 1.6 g/cm³."""
FOAM_HU = -930.0


def on_couch(patient: Patient) -> Shown:
    """The patient touching a flat couch behind: 500 by 50 mm, as long as the scan, shells of 3 mm.

    Only voxels outside the body change.  NotSimulated of a scan that shows no body, or whose picture ends
    before the couch's upper shell.
    """
    body = find_body(patient.hu_kji, patient.grid)
    if not body.any():
        raise NotSimulated("shows no body that could lie on a couch")
    behind, across = lps_axis_mm(patient.grid, 1), lps_axis_mm(patient.grid, 0)
    step = step_mm(patient.grid, 1)
    top = float(behind[body].max()) + step / 2
    if top + SHELL_MM > float(behind.max()) + step / 2:
        raise NotSimulated("the picture ends where the couch begins")
    middle = (float(across[body].min()) + float(across[body].max())) / 2
    depth = behind - top
    inside = layer_share(depth - THICKNESS_MM / 2, THICKNESS_MM, step)
    shells = layer_share(depth - SHELL_MM / 2, SHELL_MM, step)
    shells = shells + layer_share(depth - THICKNESS_MM + SHELL_MM / 2, SHELL_MM, step)
    wide = layer_share(across - middle, WIDTH_MM, step_mm(patient.grid, 0)) * ~body
    foam = mixed(patient.hu_kji, (inside - shells).clip(0.0) * wide, FOAM_HU)
    return shown_whole(patient, mixed(foam, shells * wide, SHELL_HU))
