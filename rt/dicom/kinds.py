"""The kinds of DICOM objects that are taken in, and why the others are not."""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.uid import UID

from rt.errors import DicomUnsupported

CT = "1.2.840.10008.5.1.4.1.1.2"
ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2.1"
MR = "1.2.840.10008.5.1.4.1.1.4"
ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4.1"
PET = "1.2.840.10008.5.1.4.1.1.128"
RTSTRUCT = "1.2.840.10008.5.1.4.1.1.481.3"
RTDOSE = "1.2.840.10008.5.1.4.1.1.481.2"
RTPLAN = "1.2.840.10008.5.1.4.1.1.481.5"
SEG = "1.2.840.10008.5.1.4.1.1.66.4"
LABEL_MAP_SEG = "1.2.840.10008.5.1.4.1.1.66.7"
"""Newer than the dictionary of pydicom 3.0."""
REG = "1.2.840.10008.5.1.4.1.1.66.1"
DEFORMABLE_REG = "1.2.840.10008.5.1.4.1.1.66.3"
MODALITIES = {
    CT: "CT", ENHANCED_CT: "CT", MR: "MR", ENHANCED_MR: "MR", PET: "PT", RTSTRUCT: "RTSTRUCT",
    RTDOSE: "RTDOSE", RTPLAN: "RTPLAN", SEG: "SEG", LABEL_MAP_SEG: "SEG", REG: "REG",
    DEFORMABLE_REG: "REG",
}  # fmt: skip
"""Storage SOP classes that are taken in (PS3.4 B.5), with the Modality of their series."""
CROSS_SECTIONS = frozenset({CT, ENHANCED_CT, MR, ENHANCED_MR, PET})
SEGMENTATIONS = frozenset({SEG, LABEL_MAP_SEG})
REGISTRATIONS = frozenset({REG, DEFORMABLE_REG})
WITH_PIXELS = CROSS_SECTIONS | SEGMENTATIONS | {RTDOSE}

IMPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2"
EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
EXPLICIT_BIG_ENDIAN = "1.2.840.10008.1.2.2"
RLE = "1.2.840.10008.1.2.5"
JPEG_SYNTAXES = frozenset({"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"})
"""Baseline and Extended: lossy, decoded here where a sample has eight bits."""
JPEG_LOSSLESS_SYNTAXES = frozenset({"1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70"})
JPEG_LS_LOSSLESS, JPEG_2000_LOSSLESS = "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90"
JPEG_LS_SYNTAXES = frozenset({JPEG_LS_LOSSLESS, "1.2.840.10008.1.2.4.81"})
HTJ2K_SYNTAXES = frozenset({f"1.2.840.10008.1.2.4.{n}" for n in (201, 202, 203)})
JPEG_2000_SYNTAXES = frozenset({JPEG_2000_LOSSLESS, "1.2.840.10008.1.2.4.91"}) | HTJ2K_SYNTAXES
NATIVE_SYNTAXES = frozenset({IMPLICIT_LITTLE_ENDIAN, EXPLICIT_LITTLE_ENDIAN, EXPLICIT_BIG_ENDIAN})
COMPRESSED_SYNTAXES = (
    frozenset({RLE}) | JPEG_SYNTAXES | JPEG_LOSSLESS_SYNTAXES | JPEG_LS_SYNTAXES | JPEG_2000_SYNTAXES
)
TRANSFER_SYNTAXES = NATIVE_SYNTAXES | COMPRESSED_SYNTAXES | {DEFLATED}
"""What can be read and decoded here (PS3.5 Annex A)."""
SCREEN_MARKS = ("SCREEN", "SCREEN SAVE", "SCREENSAVE", "DOSE_INFO", "REPORT")
"""Image Type values of pictures of a screen, which carry names in their pixels."""


def check_kind(sop_class_uid: str, header: Dataset) -> None:
    """DicomUnsupported for what is not of a kind that is taken in, or shows text burned into its pixels.

    DERIVED\\SECONDARY cross sections are accepted when they are grey and placed in the patient: SUV maps and
    reformatted planning series are; pictures of a screen are not.
    """
    if sop_class_uid not in MODALITIES:
        name = UID(sop_class_uid).name
        raise DicomUnsupported(f"{name[:80]} is not taken in", where="SOP Class UID")
    if str(header.get("BurnedInAnnotation", "")).strip().upper() == "YES":
        raise DicomUnsupported("text is burned into the image", where="Burned In Annotation")
    if sop_class_uid not in CROSS_SECTIONS:
        return
    marks = [str(value).strip().upper() for value in _several(header.get("ImageType"))]
    if any(mark in SCREEN_MARKS for mark in marks):
        raise DicomUnsupported("a picture of a screen, not of a patient", where="Image Type")
    if int(header.get("SamplesPerPixel") or 1) != 1:
        raise DicomUnsupported("a colour image, where names may be burned in", where="Samples per Pixel")
    is_single = sop_class_uid in {CT, MR, PET}
    if is_single and not (header.get("ImagePositionPatient") and header.get("ImageOrientationPatient")):
        raise DicomUnsupported("an image without a place in the patient", where="Image Position (Patient)")


def _several(value: object) -> list[object]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)  # type: ignore[call-overload]
