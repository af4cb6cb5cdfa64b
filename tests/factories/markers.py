"""CT, RTSTRUCT, RTPLAN and RTDOSE of one patient, with markers of his name wherever text can hide."""

from __future__ import annotations

import base64
import re
import struct
from collections.abc import Iterator

import numpy as np
from pydicom import config
from pydicom.datadict import DicomDictionary, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import generate_uid

from tests.factories.dicom import (
    RTPLAN,
    Ids,
    encode,
    make_ct_series,
    make_instance,
    make_rtdose,
    make_rtstruct,
)

MARKER = "Zyxmarker"
ROOT = "1.2.826.0.1.99887766."
"""Beginning of every UID of the patient, so that a UID that stayed is seen."""
_TEXT_VRS = "AE AS CS DA DS DT IS LO LT PN SH ST TM UC UI UR UT"
_NEEDED = """
SpecificCharacterSet SOPClassUID SOPInstanceUID StudyInstanceUID SeriesInstanceUID FrameOfReferenceUID
Modality ImageType BurnedInAnnotation PatientName PatientID PatientBirthDate StudyDate StudyTime
SamplesPerPixel PhotometricInterpretation ImagePositionPatient ImageOrientationPatient PixelSpacing
SliceThickness KVP RescaleSlope RescaleIntercept RescaleType WindowCenter WindowWidth InstanceNumber
SeriesNumber PatientPosition NumberOfFrames LUTData EthnicGroup
"""
NEEDED = frozenset(tag_for_keyword(keyword) for keyword in _NEEDED.split())
"""What the door and the geometry read; pixels and retained words, which only the search can judge."""


def ids_of(seed: str = "planted") -> Ids:
    """A patient whose name, number and UIDs are markers."""
    uids = (ROOT + generate_uid(None, [seed, part])[5:25] for part in ("study", "series", "frame"))
    return Ids(*uids, patient=f"{MARKER}-4711", name=f"{MARKER}^{MARKER}Given^Middle")


def planted_ct(seed: str = "planted", slices: int = 3) -> list[Dataset]:
    """A CT series with a marker in every attribute of PS3.6 that can hold text, at top and in items."""
    series = make_ct_series((slices, 16, 16), seed=seed, ids=ids_of(seed))
    for number, dataset in enumerate(series):
        dataset.SOPInstanceUID = f"{ROOT}7.{number}"
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        plant_everywhere(dataset)
    return series


def planted_objects(ct: list[Dataset]) -> tuple[Dataset, Dataset, Dataset]:
    """An RTSTRUCT on the CT, an RTPLAN on it and an RTDOSE on the plan, all with markers."""
    ring = [(4.0, 4.0), (10.0, 4.0), (10.0, 10.0), (4.0, 10.0)]
    rtstruct = make_rtstruct(ct, {f"GTV {MARKER}": {1: ring}, "parotis li": {1: ring}, "PTV_70Gy": {1: ring}})
    for n, roi in enumerate(rtstruct.StructureSetROISequence):
        roi.ROIDescription, roi.ROIGenerationDescription = f"{MARKER} {n}", MARKER
    for observation in rtstruct.RTROIObservationsSequence:
        observation.ROIInterpreter, observation.ROIObservationLabel = MARKER, MARKER
    rtstruct.StructureSetLabel, rtstruct.StructureSetName = MARKER, MARKER
    rtplan = planned(ct[0], rtstruct)
    dose = make_rtdose(ct, np.ones((2, 4, 4)), (4.0, 4.0, 3.0))
    dose.PatientID, dose.PatientName = ct[0].PatientID, ct[0].PatientName
    dose.ReferencedRTPlanSequence = DicomSequence([reference(rtplan)])
    dose.DoseComment = MARKER
    for number, dataset in enumerate((rtstruct, rtplan, dose)):
        dataset.SOPInstanceUID = f"{ROOT}8.{number}"
        dataset.SeriesInstanceUID = f"{ROOT}9.{number}"
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        dataset.StudyDescription = dataset.SeriesDescription = f"CT Kopf {MARKER}"
        hide(dataset)
    rtplan.ReferencedStructureSetSequence = DicomSequence([reference(rtstruct)])
    dose.ReferencedRTPlanSequence = DicomSequence([reference(rtplan)])
    return rtstruct, rtplan, dose


def planned(ct: Dataset, rtstruct: Dataset) -> Dataset:
    """A plan of one beam on a structure set."""
    ids = Ids(ct.StudyInstanceUID, generate_uid(), ct.FrameOfReferenceUID, ct.PatientID, str(ct.PatientName))
    plan = make_instance(RTPLAN, "RTPLAN", ids, "plan")
    plan.RTPlanLabel, plan.RTPlanName, plan.RTPlanDescription = MARKER, MARKER, MARKER
    plan.RTPlanDate, plan.RTPlanTime, plan.RTPlanGeometry = "20260112", "101112", "PATIENT"
    beam = Dataset()
    beam.BeamNumber, beam.BeamName, beam.BeamDescription, beam.BeamType = 1, MARKER, MARKER, "STATIC"
    beam.TreatmentMachineName, beam.RadiationType, beam.SourceAxisDistance = MARKER, "PHOTON", "1000"
    plan.BeamSequence = DicomSequence([beam])
    plan.ReferencedStructureSetSequence = DicomSequence([reference(rtstruct)])
    return plan


def reference(dataset: Dataset) -> Dataset:
    """An item that refers to an object."""
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = dataset.SOPClassUID, dataset.SOPInstanceUID
    return item


def plant_everywhere(dataset: Dataset) -> None:
    """A marker in every attribute of the dictionary that is not needed, once at top and once in an item."""
    item = Dataset()
    for element in markers():
        if element.tag not in NEEDED and element.tag not in dataset:
            dataset.add(element)
        item.add(element)
    deeper = Dataset()
    deeper.RequestAttributesSequence = DicomSequence([item])
    dataset.ReferencedInstanceSequence = DicomSequence([item, deeper])
    hide(dataset)


def markers() -> Iterator[DataElement]:
    """One element for each attribute that can hold text or bytes, the marker in it."""
    for tag, (vr, *_) in DicomDictionary.items():
        group, vr = tag >> 16, vr.split(" or ")[-1]
        if group <= 0x0004 or tag == 0x7FE00010 or group == 0xFFFE or vr == "SQ" or tag & 0xFFFF == 0:
            continue
        if value := marked(vr):
            element = DataElement(
                tag, vr, value if vr not in ("DS", "IS") else "0", validation_mode=config.IGNORE
            )
            element._value = value if vr in ("DS", "IS") else element.value  # a number that is none
            yield element


def marked(vr: str) -> str | bytes | None:
    """A value of a VR with the marker in it, as far as the VR holds text; else None."""
    if vr == "UI":
        return f"{ROOT}5.{MARKER}"
    if vr in ("OB", "UN", "OW"):
        return MARKER.encode() + b"\0" * (len(MARKER) % 2)
    if vr == "CS":
        return MARKER.lower()[:16]
    return f"{MARKER} {MARKER}X" if vr in _TEXT_VRS.split() else None


def hide(dataset: Dataset) -> None:
    """Markers in private blocks, as UN, as UTF-16 and base64, in an overlay, a curve and an unknown tag."""
    block = dataset.private_block(0x0029, f"{MARKER} CREATOR", create=True)
    block.add_new(0x01, "LO", MARKER)
    block.add_new(0x02, "UN", MARKER.encode("utf-16-le"))
    block.add_new(0x03, "OB", base64.b64encode(MARKER.encode() * 2))
    dataset.add(DataElement(0x00091001, "UN", MARKER.encode(), validation_mode=config.IGNORE))
    dataset.add(DataElement(0x60000022, "LO", MARKER, validation_mode=config.IGNORE))
    dataset.add(DataElement(0x50000022, "LO", MARKER, validation_mode=config.IGNORE))
    dataset.add(DataElement(0x00180FFE, "LO", MARKER, validation_mode=config.IGNORE))


def file_of(dataset: Dataset, transfer_syntax_uid: str = "1.2.840.10008.1.2.1") -> bytes:
    """The file, with the marker in its preamble and file meta group too."""
    dataset.file_meta.SourceApplicationEntityTitle = MARKER
    data = bytearray(encode(dataset, transfer_syntax_uid))
    data[: len(MARKER)] = MARKER.encode()
    return bytes(data)


def found_in(data: bytes) -> list[str]:
    """The forms in which the marker or a UID of the patient is in some bytes."""
    lower = data.lower()
    forms = {
        "plain": MARKER.lower().encode(),
        "utf-16-le": MARKER.lower().encode("utf-16-le"),
        "utf-16-be": MARKER.lower().encode("utf-16-be"),
        "uid": ROOT.encode(),
    }
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + MARKER.encode())
        forms[f"base64+{shift}"] = coded[4 if shift else 0 : 8].lower()
    found = [name for name, form in forms.items() if form in lower]
    # alone: identifiers made at random hold any four digits now and then
    found += ["number"] if re.search(rb"(?<![0-9a-f])4711(?![0-9a-f])", lower) else []
    return found + list(_overlong(data))


def _overlong(data: bytes) -> Iterator[str]:
    if data[128:132] == b"DICM" and struct.unpack("<32I", data[:128]) != (0,) * 32:
        yield "preamble"
