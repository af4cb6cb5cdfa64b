"""A whole DICOM file through a profile: bytes in, bytes out, or an error and nothing out."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import UID

from rt.dicom.deidentify import values
from rt.dicom.deidentify.identifiers import Identifiers, identifiers_of, survivors
from rt.dicom.deidentify.options import Profile
from rt.dicom.deidentify.pseudonyms import Pseudonyms
from rt.dicom.deidentify.table import EDITION
from rt.dicom.deidentify.values import put
from rt.dicom.deidentify.walk import Walk, normalised
from rt.dicom.kinds import CROSS_SECTIONS
from rt.dicom.outgoing import MANUFACTURER
from rt.dicom.parse import PARSER_FAILURES, read_stored
from rt.dicom.uids import IMPLEMENTATION_CLASS_UID
from rt.errors import DeidentificationError, IdentifierSurvived

METHOD = f"Rinkaku, {EDITION} Table E.1-1, allow-list"
"""DeidentificationMethod (0012,0063), besides the codes of the options."""
_REMOVED, _METHOD, _CODES, _TEMPORAL = 0x00120062, 0x00120063, 0x00120064, 0x00280303


@dataclass(frozen=True)
class Deidentified:
    """A file that was de-identified and searched afterwards."""

    data: bytes
    pixels_to_see: str | None
    """Why a person has to look at the pixels before it may go on; None where nothing says so."""


def deidentify(data: bytes, profile: Profile, pseudonyms: Pseudonyms) -> Deidentified:
    """The file without what names its patient, of bytes that have passed `parse_instance`.

    IdentifierSurvived where the search afterwards finds something; DeidentificationError for what cannot be
    written.  Neither holds a value of the file.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydicom's quote values of the file
            return _through(read_stored(data), profile, pseudonyms)
    except PARSER_FAILURES as error:
        raise DeidentificationError(f"cannot be written again ({type(error).__name__})") from error


def _through(dataset: Dataset, profile: Profile, pseudonyms: Pseudonyms) -> Deidentified:
    wanted = identifiers_of(dataset, profile)
    pixels_to_see = _doubt_about_pixels(dataset)
    walk = Walk(profile, pseudonyms, str(dataset.get("Modality") or ""), identity_of(dataset), wanted.words)
    walk.data_set(dataset)
    _mark(dataset, profile)
    written = _written(dataset)
    verify(written, wanted, walk)
    return Deidentified(written, pixels_to_see)


def verify(written: bytes, wanted: Identifiers, walk: Walk) -> None:
    """IdentifierSurvived, with tags, when the written file still holds something that names the patient."""
    again = read_stored(written)
    patient = walk.pseudonyms.patient(walk.identity)
    made_here = frozenset({patient, METHOD, MANUFACTURER, *_names(again, walk)})
    found = survivors(again, wanted, made_here | {text for _, text in walk.profile.codes})
    if found or any(written[:128]):
        raise IdentifierSurvived(
            "something that names the patient is still there", where=", ".join(found[:8])
        )


def identity_of(dataset: Dataset) -> str:
    """`identity` of the patient and study of an object."""
    return identity(str(dataset.get("PatientID") or ""), str(dataset.get("StudyInstanceUID") or ""))


def identity(patient_id: str, study_instance_uid: str) -> str:
    """What a patient's pseudonym and dates hang on: the PatientID, or the study where there is none."""
    return normalised(patient_id) or f"study {study_instance_uid}"


def _names(dataset: Dataset, walk: Walk) -> set[str]:
    """Names that were given out, as they stand in the file."""
    rois = [(i, "ROIName") for i in dataset.get("StructureSetROISequence") or []]
    segments = [(i, "SegmentLabel") for i in dataset.get("SegmentSequence") or []]
    given = {str(item.get(keyword) or "") for item, keyword in rois + segments}
    return {name for name in given if name.lower() in walk.names}


def _doubt_about_pixels(dataset: Dataset) -> str | None:
    """Text may be burned into what was made from images, unless the sender says that there is none."""
    if str(dataset.get("SOPClassUID")) not in CROSS_SECTIONS:
        return None
    if str(dataset.get("BurnedInAnnotation") or "").strip().upper() == "NO":
        return None
    marks = {text.upper() for text in values.texts(dataset["ImageType"])} if "ImageType" in dataset else set()
    if marks & {"DERIVED", "SECONDARY"}:
        return "a derived or secondary image that does not say whether text is burned in"
    return None


def _mark(dataset: Dataset, profile: Profile) -> None:
    """Say in the object what was done to it (PS3.15 E.1.1, PS3.3 C.7.1.1 and C.7.6.1)."""
    codes = []
    for value, meaning in profile.codes:
        item = Dataset()
        put(item, 0x00080100, "SH", value)
        put(item, 0x00080102, "SH", "DCM")
        put(item, 0x00080104, "LO", meaning)
        codes.append(item)
    put(dataset, _REMOVED, "CS", "YES")
    put(dataset, _METHOD, "LO", METHOD)
    put(dataset, _CODES, "SQ", DicomSequence(codes))
    put(dataset, _TEMPORAL, "CS", profile.temporal_information)


def _written(dataset: Dataset) -> bytes:
    """The file: a preamble of zeros, a file meta group of our own, the same transfer syntax."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(str(dataset.SOPClassUID))
    meta.MediaStorageSOPInstanceUID = UID(str(dataset.SOPInstanceUID))
    meta.TransferSyntaxUID = dataset.file_meta.TransferSyntaxUID
    meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    dataset.file_meta = meta
    dataset.preamble = b"\0" * 128
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()
