"""What an RTSTRUCT, SEG, RTDOSE, RTPLAN or REG says it belongs to, without its contours or pixels.

An RTSTRUCT and a SEG name image series, an RTDOSE plans and structure sets, a plan its structure set
and a registration frames of reference (PS3.3 C.8.8.5, C.8.20.2, C.8.8.3, C.8.8.9, C.20.2).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence

from rt.dicom.kinds import REGISTRATIONS, RTDOSE, RTPLAN, RTSTRUCT, SEGMENTATIONS
from rt.dicom.parse import PARSER_FAILURES, text
from rt.dicom.registration import linked_frames, named_images
from rt.dicom.rtstruct import StructureSetContent, check_reference, read_rtstruct
from rt.errors import DicomReferenceError, RtError

NAMING = SEGMENTATIONS | REGISTRATIONS | {RTSTRUCT, RTDOSE, RTPLAN}
"""SOP classes whose references are read."""
MAX_IMAGES = 500
"""Images that are looked for where no series is named; those of one object lie in one series or two."""


@dataclass(frozen=True)
class References:
    """The images and objects that an object says it belongs to."""

    sop_class_uid: str
    study_instance_uid: str
    patient_id: str
    patient_name: str = ""
    birth_date: str = ""
    series_instance_uids: frozenset[str] = frozenset()
    sop_instance_uids: frozenset[str] = frozenset()
    """Images, where no series is named; of a registration those by which it names a frame of reference."""
    object_uids: frozenset[str] = frozenset()
    """SOP Instance UIDs of plans and structure sets."""
    frame_of_reference_uid: str = ""
    """Of a SEG or RTDOSE; empty where it says none, or joins several plans."""
    linked_frames: frozenset[str] = frozenset()
    """Frames of reference that a registration names."""
    structure_set: StructureSetContent | None = None
    """Of an RTSTRUCT, without contours."""

    @property
    def frame(self) -> str:
        """The frame of reference that it says it is in, or empty."""
        own = self.structure_set.frame_of_reference_uid if self.structure_set else None
        return own or self.frame_of_reference_uid

    def check_frame(self, series_instance_uid: str, frame_of_reference_uid: str) -> None:
        """DicomReferenceError when it is drawn in another frame of reference than the images it names."""
        if self.structure_set is not None:
            check_reference(
                self.structure_set, self.patient_id, frame_of_reference_uid, series_instance_uid, ()
            )
        elif self.sop_class_uid == RTDOSE:
            return  # it may be linked to the image's; until it is, it is shown on no image
        elif self.frame_of_reference_uid not in ("", frame_of_reference_uid):
            own = self.frame_of_reference_uid
            raise DicomReferenceError(
                f"it is in frame of reference {own}, the image in {frame_of_reference_uid}"
            )


def read_references(dataset: Dataset) -> References | None:
    """What a checked object says it belongs to; None for other kinds, and where that cannot be read."""
    try:
        return _read(dataset)
    except (RtError, *PARSER_FAILURES):
        return None  # whoever reads the object whole says what is wrong with it


def _read(dataset: Dataset) -> References | None:
    kind, frame = str(dataset.get("SOPClassUID", "")), str(dataset.get("FrameOfReferenceUID") or "")
    known = References(
        kind,
        text(dataset, "StudyInstanceUID"),
        text(dataset, "PatientID"),
        text(dataset, "PatientName"),
        text(dataset, "PatientBirthDate"),
    )
    if kind == RTSTRUCT:
        return _of_structure_set(dataset, known)
    if kind in SEGMENTATIONS:
        named = frozenset(_uids(dataset, "ReferencedSeriesSequence", "SeriesInstanceUID"))
        return replace(known, series_instance_uids=named, frame_of_reference_uid=frame)
    if kind in REGISTRATIONS:
        images = named_images(dataset)
        return replace(
            known,
            linked_frames=linked_frames(dataset),
            sop_instance_uids=images.sop_instance_uids,
            series_instance_uids=images.series_instance_uids,
        )
    structure_sets = frozenset(_uids(dataset, "ReferencedStructureSetSequence"))
    if kind == RTPLAN:
        return replace(known, object_uids=structure_sets)
    if kind == RTDOSE:
        plans = frozenset(_uids(dataset, "ReferencedRTPlanSequence"))
        own = frame if len(plans) <= 1 else ""
        return replace(known, object_uids=plans | structure_sets, frame_of_reference_uid=own)
    return None


def _of_structure_set(dataset: Dataset, known: References) -> References:
    content = read_rtstruct(dataset, contours=False)
    named = frozenset(r.series_instance_uid for r in content.referenced_series)
    images = frozenset() if named else frozenset(sorted(set(_contour_images(dataset)))[:MAX_IMAGES])
    return replace(known, series_instance_uids=named, sop_instance_uids=images, structure_set=content)


def _contour_images(dataset: Dataset) -> Iterator[str]:
    for roi in _items(dataset, "ROIContourSequence"):
        for contour in _items(roi, "ContourSequence"):
            yield from _uids(contour, "ContourImageSequence")


def _uids(dataset: Dataset, sequence: str, keyword: str = "ReferencedSOPInstanceUID") -> Iterator[str]:
    for item in _items(dataset, sequence):
        if uid := str(item.get(keyword) or "").strip():
            yield uid


def _items(dataset: Dataset, keyword: str) -> list[Dataset]:
    value = dataset.get(keyword)
    return list(value) if isinstance(value, DicomSequence) else []
