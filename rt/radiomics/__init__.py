"""Image features by the definitions and names of the Image Biomarker Standardisation Initiative (IBSI)."""

from rt.radiomics.agreement import Icc, IccTable, icc
from rt.radiomics.extraction import Extraction, extract
from rt.radiomics.perturbation import perturbed
from rt.radiomics.settings import FAMILIES, IBSI_FAMILIES, OWN_FAMILIES, Discretisation, Settings, presets
from rt.radiomics.units import unit_of

__all__ = [
    "FAMILIES",
    "IBSI_FAMILIES",
    "OWN_FAMILIES",
    "Discretisation",
    "Extraction",
    "Icc",
    "IccTable",
    "Settings",
    "extract",
    "icc",
    "perturbed",
    "presets",
    "unit_of",
]
