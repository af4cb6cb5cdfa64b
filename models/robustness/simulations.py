"""The simulations by name, in the order of the table."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from models.robustness.couch import on_couch
from models.robustness.dental import with_dental_metal
from models.robustness.field_of_view import in_few_slices, in_small_circle
from models.robustness.immobilisation import in_mask
from models.robustness.noise import with_noise
from models.robustness.picture import Patient, Shown, shown_whole
from models.robustness.thickness import in_slices_of

PLAIN = "as it is"
THICKNESSES_MM = (1.0, 4.0, 6.0)
Simulation = Callable[[Patient], Shown]

SIMULATIONS: dict[str, Simulation] = {
    PLAIN: lambda patient: shown_whole(patient, patient.hu_kji),
    "treatment couch": on_couch,
    "thermoplastic mask": in_mask,
    "dental metal": with_dental_metal,
    "circle of 240 mm": in_small_circle,
    "200 mm of length": in_few_slices,
    **{f"slices of {mm:g} mm": partial(in_slices_of, thickness_mm=mm) for mm in THICKNESSES_MM},
    "noise of 40 HU": with_noise,
}
"""What each does to a patient; the first is what the others are compared with."""
