"""De-identification by PS3.15 Annex E: the table as data, keyed pseudonyms, and a search afterwards."""

from rt.dicom.deidentify.objects import Deidentified, deidentify, identity
from rt.dicom.deidentify.options import Option, Profile
from rt.dicom.deidentify.pseudonyms import KEY_BYTES, Pseudonyms
from rt.dicom.deidentify.table import EDITION
from rt.dicom.deidentify.walk import structure_name

__all__ = [
    "EDITION", "KEY_BYTES", "Deidentified", "Option", "Profile", "Pseudonyms", "deidentify", "identity",
    "structure_name",
]  # fmt: skip
