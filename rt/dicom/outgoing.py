"""What an object that Rinkaku writes needs to know, and the modules that all of them share.

Objects refer to one source series (PS3.3 C.8.8.5, C.7.6.17) and belong to its patient and study, so
those attributes are copied as they came in, also where a value is longer than the standard allows.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pydicom
from pydicom import config
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from rt.dicom.contour_data import Contour
from rt.dicom.uids import IMPLEMENTATION_CLASS_UID
from rt.errors import DicomReferenceError, MaskError
from rt.geometry import FloatArray, Grid, Vector
from rt.masks import Mask

MANUFACTURER = "Rinkaku"
"""Manufacturer (0008,0070) of what we write."""
COPIED = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "AccessionNumber",
    "ReferringPhysicianName",
)
"""Type 1 and 2 attributes of Patient and General Study; written empty when unknown."""
COPIED_IF_PRESENT = ("StudyDescription", "PatientIdentityRemoved", "DeidentificationMethod")
"""Type 3 attributes worth keeping."""


@dataclass(frozen=True)
class SeriesReference:
    """The image series that a structure set is drawn on."""

    study_instance_uid: str
    series_instance_uid: str
    frame_of_reference_uid: str
    sop_class_uid: str
    sop_instance_uids: tuple[str, ...]
    """One per slice, k ascending; empty when the series did not come as DICOM."""
    grid: Grid
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Patient and study attributes by keyword, e.g. PatientName; others are ignored."""
    slice_origins_mm: tuple[Vector, ...] | None = None
    """ImagePositionPatient per slice, where it is known more exactly than the grid gives it."""
    orientation: tuple[float, ...] | None = None
    """ImageOrientationPatient as it came, where it is known; the grid's axes are made orthonormal."""

    def __post_init__(self) -> None:
        slices = self.grid.shape_kji[0]
        if self.sop_instance_uids and len(self.sop_instance_uids) != slices:
            raise DicomReferenceError(f"{len(self.sop_instance_uids)} instances for {slices} slices")
        if self.slice_origins_mm is not None and len(self.slice_origins_mm) != slices:
            raise DicomReferenceError(f"{len(self.slice_origins_mm)} positions for {slices} slices")
        if self.orientation is not None and len(self.orientation) != 6:
            raise DicomReferenceError(f"{len(self.orientation)} direction cosines, not 6")

    def slice_origin_mm(self, k: int) -> FloatArray:
        """ImagePositionPatient of slice k."""
        if self.slice_origins_mm is None:
            return self.grid.to_lps([0, 0, k])
        return np.asarray(self.slice_origins_mm[k], dtype=np.float64)

    @property
    def cosines(self) -> tuple[float, ...]:
        """ImageOrientationPatient: six direction cosines, of rows and of columns."""
        return self.orientation or tuple(float(v) for v in self.grid.matrix[:, :2].T.ravel())

    def sop_instance_uid(self, k: int) -> str | None:
        """SOP Instance UID of slice k, or None when the series did not come as DICOM."""
        return self.sop_instance_uids[k] if self.sop_instance_uids else None


@dataclass(frozen=True)
class StructureOut:
    """One structure to write."""

    number: int
    name: str
    colour: str
    """#rrggbb."""
    kind: str
    """RT ROI Interpreted Type (PS3.3 C.8.8.8.1)."""
    mask_kji: Mask
    """On the series' grid."""
    original_contours: tuple[Contour, ...] = ()
    """What it came in with; slices where the mask is still what these fill are written with these."""
    automatic: bool = False
    """True if a network drew it and nobody changed it (ROIGenerationAlgorithm)."""
    original_name: str = ""
    """What it was called where it came from, when that differs (ROIDescription, SegmentDescription)."""
    source_number: int | None = None
    """ROI number that it came in with, when it came in an RTSTRUCT."""


@dataclass(frozen=True)
class ObjectHeader:
    """Identity of the object to write."""

    label: str
    """Shown as StructureSetLabel (16 characters) and ContentLabel."""
    sop_instance_uid: str
    series_instance_uid: str
    written_at: datetime
    series_number: int = 9001
    software_version: str = "0"
    approved_by: str | None = None
    """Name of the person who approved; None writes UNAPPROVED."""
    approved_at: datetime | None = None
    description: str = ""
    """Where the contours are from, when they are not of the series itself (StructureSetDescription)."""


def common_dataset(series: SeriesReference, header: ObjectHeader, sop_class_uid: str) -> Dataset:
    """A data set with file meta, SOP Common, Patient, Study, Series and Equipment filled in."""
    dataset = Dataset()
    dataset.file_meta = file_meta(sop_class_uid, header.sop_instance_uid)
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = sop_class_uid
    dataset.SOPInstanceUID = header.sop_instance_uid
    dataset.InstanceCreationDate, dataset.InstanceCreationTime = date_and_time(header.written_at)
    copy_attributes(dataset, series.attributes)
    dataset.StudyInstanceUID = series.study_instance_uid
    dataset.SeriesInstanceUID = header.series_instance_uid
    dataset.SeriesNumber = header.series_number
    dataset.SeriesDate, dataset.SeriesTime = date_and_time(header.written_at)
    dataset.SeriesDescription = plain_text(header.label, 64)
    dataset.OperatorsName = ""
    dataset.Manufacturer = MANUFACTURER
    dataset.ManufacturerModelName = MANUFACTURER
    dataset.SoftwareVersions = header.software_version
    dataset.FrameOfReferenceUID = series.frame_of_reference_uid
    dataset.PositionReferenceIndicator = ""
    return dataset


def plain_text(text: str, limit: int) -> str:
    """`text` as one value of SH (16 characters) or LO (64): no backslash, which parts values, and no
    characters of control or without a shape (PS3.5 6.2)."""
    shown = (c for c in text.replace("\\", "/") if unicodedata.category(c) not in ("Cc", "Cf"))
    return "".join(shown).strip()[:limit].rstrip()


def copy_attributes(dataset: Dataset, attributes: Mapping[str, str]) -> None:
    """Write the patient's and study's attributes as they came in."""
    for keyword in (*COPIED, *COPIED_IF_PRESENT):
        value = attributes.get(keyword, "")
        if value or keyword in COPIED:
            tag = tag_for_keyword(keyword)
            if tag is not None:
                vr = dictionary_VR(tag)
                dataset.add(DataElement(tag, vr, value, validation_mode=config.IGNORE))


def check_structures(series: SeriesReference, structures: Sequence[StructureOut]) -> None:
    """MaskError or DicomReferenceError if a mask is not on the grid or a number is used twice."""
    numbers = [structure.number for structure in structures]
    if len(set(numbers)) != len(numbers):
        raise DicomReferenceError("two structures have the same number")
    for structure in structures:
        if structure.mask_kji.shape != series.grid.shape_kji:
            raise MaskError(
                f"mask of shape {structure.mask_kji.shape} is not on a grid of {series.grid.shape_kji}",
                where=structure.name,
            )


def date_and_time(moment: datetime) -> tuple[str, str]:
    """DA and TM of a moment."""
    return moment.strftime("%Y%m%d"), moment.strftime("%H%M%S.%f")


def write_bytes(dataset: Dataset) -> bytes:
    """The file (PS3.10) of a data set: preamble of zeros, explicit little endian."""
    buffer = io.BytesIO()
    dataset.preamble = b"\0" * 128
    pydicom.dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


def file_meta(sop_class_uid: str, sop_instance_uid: str) -> FileMetaDataset:
    """The file meta group of what is written here: explicit little endian, by this implementation."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(sop_class_uid)
    meta.MediaStorageSOPInstanceUID = UID(sop_instance_uid)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    meta.ImplementationVersionName = MANUFACTURER.upper()
    return meta
