"""Image features by the definitions and names of the Image Biomarker Standardisation Initiative (IBSI)."""

from rt.radiomics.extraction import Extraction, extract
from rt.radiomics.settings import FAMILIES, IBSI_FAMILIES, OWN_FAMILIES, Discretisation, Settings, presets

__all__ = [
    "FAMILIES",
    "IBSI_FAMILIES",
    "OWN_FAMILIES",
    "Discretisation",
    "Extraction",
    "Settings",
    "extract",
    "presets",
]
