"""RTSTRUCT read into structures (PS3.3 A.19), and the check that it belongs to an image.

Reading joins StructureSetROI, ROIContour and RTROIObservations by ROINumber and keeps every ROI,
drawn or not.  Writing is in rtstruct_writer; its names are also found here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import RTStructureSetStorage

from rt.contours import ContourWarning
from rt.dicom.contour_data import Contour, contours_from_json, contours_to_json, fill_contours
from rt.dicom.outgoing import ObjectHeader, SeriesReference, StructureOut, write_bytes
from rt.dicom.rtstruct_writer import write_rtstruct
from rt.errors import DicomError, DicomReferenceError

__all__ = [
    "Contour",
    "ObjectHeader",
    "Roi",
    "SeriesReference",
    "StructureOut",
    "StructureSetContent",
    "check_reference",
    "contours_from_json",
    "contours_to_json",
    "fill_contours",
    "read_rtstruct",
    "select_series",
    "write_bytes",
    "write_rtstruct",
]

DEFAULT_COLOURS = ("#ff5050", "#50c850", "#5090ff", "#ffd040", "#c060ff", "#40d0d0", "#ff9040", "#b0b0b0")
"""Colours of ROIs that come without one, by number."""


@dataclass(frozen=True)
class Roi:
    """One structure of a structure set."""

    number: int
    name: str
    colour: str
    """#rrggbb; a stable default where the file gives none."""
    kind: str
    """RT ROI Interpreted Type, "" where the file gives none."""
    frame_of_reference_uid: str | None
    contours: tuple[Contour, ...]
    description: str = ""


@dataclass(frozen=True)
class ReferencedSeries:
    """A series that a structure set says it is drawn on."""

    series_instance_uid: str
    frame_of_reference_uid: str | None
    sop_instance_uids: frozenset[str]


@dataclass(frozen=True)
class StructureSetContent:
    """What an RTSTRUCT says."""

    sop_instance_uid: str
    label: str
    patient_id: str
    frame_of_reference_uid: str | None
    referenced_series: tuple[ReferencedSeries, ...]
    approval_status: str
    rois: tuple[Roi, ...]
    warnings: tuple[ContourWarning, ...]

    @property
    def referenced_series_uid(self) -> str | None:
        """The first series it refers to, if any."""
        return self.referenced_series[0].series_instance_uid if self.referenced_series else None

    @property
    def referenced_sop_instance_uids(self) -> frozenset[str]:
        """Every image that a contour refers to."""
        uids = (c.referenced_sop_instance_uid for roi in self.rois for c in roi.contours)
        return frozenset(uid for uid in uids if uid)


def read_rtstruct(dataset: Dataset, *, contours: bool = True) -> StructureSetContent:
    """The structures of an RTSTRUCT; DicomError when it is something else or a number is broken.

    Without `contours` every structure is read as if nothing were drawn, which takes no time.
    """
    if _text(dataset, "Modality") != "RTSTRUCT" and dataset.get("SOPClassUID") != RTStructureSetStorage:
        raise DicomError("not an RT structure set")
    references = tuple(_referenced_series(dataset))
    drawn = {
        _number(item, "ReferencedROINumber"): item
        for item in (_items(dataset, "ROIContourSequence") if contours else ())
    }
    observed = {
        _number(item, "ReferencedROINumber"): item for item in _items(dataset, "RTROIObservationsSequence")
    }
    rois: dict[int, Roi] = {}
    for item in _items(dataset, "StructureSetROISequence"):
        number = _number(item, "ROINumber")
        if number in rois:
            raise DicomError(f"ROI number {number} is used twice")
        rois[number] = _read_roi(item, drawn.get(number), observed.get(number))
    lost = sorted(set(drawn) - set(rois))
    warnings = tuple(
        ContourWarning("contours-without-structure", f"contours of ROI {number}, which is not there")
        for number in lost
    )
    frames = [r.frame_of_reference_uid for r in references] + [
        r.frame_of_reference_uid for r in rois.values()
    ]
    return StructureSetContent(
        sop_instance_uid=_text(dataset, "SOPInstanceUID"),
        label=_text(dataset, "StructureSetLabel"),
        patient_id=_text(dataset, "PatientID"),
        frame_of_reference_uid=next(filter(None, [*frames, _text(dataset, "FrameOfReferenceUID")]), None),
        referenced_series=references,
        approval_status=_text(dataset, "ApprovalStatus"),
        rois=tuple(rois.values()),
        warnings=warnings,
    )


def select_series(content: StructureSetContent, series_uid: str) -> StructureSetContent:
    """The content without the contours that refer to images of another referenced series."""
    others = [r for r in content.referenced_series if r.series_instance_uid != series_uid]
    mine = [r for r in content.referenced_series if r.series_instance_uid == series_uid]
    if not others or not mine:
        return content
    foreign = frozenset().union(*(r.sop_instance_uids for r in others)) - mine[0].sop_instance_uids
    frame = mine[0].frame_of_reference_uid or content.frame_of_reference_uid
    rois = tuple(
        replace(roi, contours=tuple(c for c in roi.contours if c.referenced_sop_instance_uid not in foreign))
        for roi in content.rois
        if roi.frame_of_reference_uid in (None, frame)
    )
    return replace(content, rois=rois, referenced_series=tuple(mine), frame_of_reference_uid=frame)


def check_reference(
    content: StructureSetContent,
    patient_id: str,
    frame_of_reference_uid: str,
    series_uid: str,
    sop_uids: Iterable[str],
) -> tuple[ContourWarning, ...]:
    """Warnings about references that geometry can replace; DicomReferenceError names what must not differ.

    Refused: another patient, another frame of reference, another series.  Warned of: contours whose
    image is not in the series although the series is right; they are placed by their coordinates.
    """
    if content.patient_id.strip() != patient_id.strip():
        raise DicomReferenceError("the structure set belongs to another patient ID")
    if len(content.referenced_series) > 1:
        content = select_series(content, series_uid)
    named = [r.series_instance_uid for r in content.referenced_series]
    if named and series_uid not in named:
        raise DicomReferenceError(f"the structure set is drawn on series {named[0]}, not on {series_uid}")
    frames = {content.frame_of_reference_uid, *(r.frame_of_reference_uid for r in content.rois)} - {None}
    if other := sorted(str(f) for f in frames if f != frame_of_reference_uid):
        raise DicomReferenceError(
            f"the structure set is in frame of reference {other[0]}, the image in {frame_of_reference_uid}"
        )
    used = content.referenced_sop_instance_uids
    unknown = used - frozenset(sop_uids)
    if unknown and not named and unknown == used:
        raise DicomReferenceError(f"the contours refer to image {min(unknown)}, which is not in the series")
    if not unknown:
        return ()
    return (ContourWarning("contours-of-unknown-images", f"{len(unknown)} images are not in the series"),)


def _read_roi(item: Dataset, drawn: Dataset | None, observed: Dataset | None) -> Roi:
    number = _number(item, "ROINumber")
    items = () if drawn is None else _items(drawn, "ContourSequence")
    return Roi(
        number=number,
        name=_text(item, "ROIName") or f"ROI {number}",
        colour=_colour(drawn) or DEFAULT_COLOURS[number % len(DEFAULT_COLOURS)],
        kind="" if observed is None else _text(observed, "RTROIInterpretedType"),
        frame_of_reference_uid=_text(item, "ReferencedFrameOfReferenceUID") or None,
        contours=tuple(contour for contour in map(_read_contour, items) if len(contour.points_mm)),
        description=_text(item, "ROIDescription"),
    )


def _read_contour(item: Dataset) -> Contour:
    images = _items(item, "ContourImageSequence")
    uid = _text(images[0], "ReferencedSOPInstanceUID") if images else ""
    kind = _text(item, "ContourGeometricType") or "CLOSED_PLANAR"
    return Contour(_contour_text(item), kind, uid or None)


def _contour_text(item: Dataset) -> str:
    """ContourData as the file has it, also where it is stored as unknown VR."""
    element: Any = item.get_item("ContourData")
    if element is None:
        return ""
    if isinstance(element, RawDataElement) and element.value is None:
        element = item["ContourData"]
    value = element.value
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.decode("ascii", errors="replace").rstrip(" \0")
    if isinstance(value, str | float):
        return str(getattr(value, "original_string", value))
    return "\\".join(str(getattr(v, "original_string", v)).strip() for v in value)


def _referenced_series(dataset: Dataset) -> Iterable[ReferencedSeries]:
    for frame in _items(dataset, "ReferencedFrameOfReferenceSequence"):
        uid = _text(frame, "FrameOfReferenceUID") or None
        for study in _items(frame, "RTReferencedStudySequence"):
            for series in _items(study, "RTReferencedSeriesSequence"):
                images = _items(series, "ContourImageSequence")
                sops = frozenset(_text(image, "ReferencedSOPInstanceUID") for image in images)
                yield ReferencedSeries(_text(series, "SeriesInstanceUID"), uid, sops)


def _colour(drawn: Dataset | None) -> str | None:
    if drawn is None:
        return None
    try:
        red, green, blue = (min(max(int(v), 0), 255) for v in drawn["ROIDisplayColor"].value)
    except (KeyError, TypeError, ValueError):
        return None
    return f"#{red:02x}{green:02x}{blue:02x}"


def _items(dataset: Dataset, keyword: str) -> Sequence[Dataset]:
    value = dataset.get(keyword)
    if value is None:
        return ()
    if not isinstance(value, DicomSequence):
        raise DicomError(f"{keyword} is not a sequence")
    return list(value)


def _text(dataset: Dataset, keyword: str) -> str:
    value = dataset.get(keyword)
    return "" if value is None else str(value).strip()


def _number(dataset: Dataset, keyword: str) -> int:
    try:
        return int(dataset[keyword].value)
    except (KeyError, TypeError, ValueError) as error:
        raise DicomError(f"{keyword} is not a number") from error
