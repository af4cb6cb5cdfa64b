"""A head-and-neck patient made by code, for demonstration and tests; no patient's data went into it."""

from rt.phantom.patient import PhantomOptions, PhantomPatient, make_patient, phantom_grid
from rt.phantom.study import phantom_dicom

__all__ = ["PhantomOptions", "PhantomPatient", "make_patient", "phantom_dicom", "phantom_grid"]
