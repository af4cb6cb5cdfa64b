"""RTSTRUCT read into structures, and structures written as an RTSTRUCT (PS3.3 A.19).

Reading joins StructureSetROI, ROIContour and RTROIObservations by ROINumber and keeps every ROI,
drawn or not.  Writing keeps the points that a structure came in with on all slices where its mask
is still what those points fill, and traces the mask on the others.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import ImplicitVRLittleEndian, RTStructureSetStorage

from rt.contours import ContourWarning, place_polygons, trace_polygons
from rt.dicom.contour_data import (
    CLOSED_TYPES,
    Contour,
    contours_from_json,
    contours_to_json,
    enclosing,
    fill_contours,
)
from rt.dicom.outgoing import (
    ObjectHeader,
    SeriesReference,
    StructureOut,
    check_structures,
    common_dataset,
    date_and_time,
    write_bytes,
)
from rt.errors import DicomError, DicomReferenceError
from rt.masks import changed_slices

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

DETACHED_STUDY_CLASS = "1.2.840.10008.3.1.2.3.1"
"""ReferencedSOPClassUID of RTReferencedStudySequence (retired class, still required by systems)."""
LONGEST_EXPLICIT = 65534
"""Bytes of ContourData that explicit VR can hold (PS3.5 7.1.2); longer ones need implicit VR."""
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


def read_rtstruct(dataset: Dataset) -> StructureSetContent:
    """The structures of an RTSTRUCT; DicomError when it is something else or a number is broken."""
    if _text(dataset, "Modality") != "RTSTRUCT" and dataset.get("SOPClassUID") != RTStructureSetStorage:
        raise DicomError("not an RT structure set")
    references = tuple(_referenced_series(dataset))
    contours = {_number(item, "ReferencedROINumber"): item for item in _items(dataset, "ROIContourSequence")}
    observed = {
        _number(item, "ReferencedROINumber"): item for item in _items(dataset, "RTROIObservationsSequence")
    }
    rois: dict[int, Roi] = {}
    for item in _items(dataset, "StructureSetROISequence"):
        number = _number(item, "ROINumber")
        if number in rois:
            raise DicomError(f"ROI number {number} is used twice")
        rois[number] = _read_roi(item, contours.get(number), observed.get(number))
    lost = sorted(set(contours) - set(rois))
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


def write_rtstruct(
    series: SeriesReference, structures: Sequence[StructureOut], header: ObjectHeader
) -> Dataset:
    """An RT Structure Set of masks on the series' grid.

    MaskError when a mask is not on the grid, DicomReferenceError when a number is used twice.
    """
    check_structures(series, structures)
    dataset = common_dataset(series, header, RTStructureSetStorage)
    dataset.Modality = "RTSTRUCT"
    dataset.InstanceNumber = 1
    dataset.StructureSetLabel = header.label[:16].strip() or "RINKAKU"
    dataset.StructureSetName = header.label[:64]
    dataset.StructureSetDate, dataset.StructureSetTime = date_and_time(header.written_at)
    dataset.ReferencedFrameOfReferenceSequence = [_frame_of_reference(series)]
    dataset.StructureSetROISequence = [_structure_item(s, series) for s in structures]
    contours = [outgoing_contours(s, series) for s in structures]
    if any(len(contour.data) > LONGEST_EXPLICIT for contour in itertools.chain.from_iterable(contours)):
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    dataset.ROIContourSequence = [
        _contour_item(s, drawn, series) for s, drawn in zip(structures, contours, strict=True)
    ]
    dataset.RTROIObservationsSequence = [_observation(n, s) for n, s in enumerate(structures, 1)]
    dataset.ApprovalStatus = "UNAPPROVED"
    if header.approved_by is not None:
        dataset.ApprovalStatus = "APPROVED"
        dataset.ReviewDate, dataset.ReviewTime = date_and_time(header.approved_at or header.written_at)
        dataset.ReviewerName = header.approved_by
    return dataset


def outgoing_contours(structure: StructureOut, series: SeriesReference) -> list[Contour]:
    """The contours that stand for a structure: its own where untouched, traced ones elsewhere."""
    kept = [c for c in structure.original_contours if _writable(c)]
    traced_on: set[int] | None = None
    if structure.original_contours:
        original = fill_contours(structure.original_contours, series.grid).mask_kji
        traced_on = set(changed_slices(original, structure.mask_kji))
        closed = enclosing(kept)
        placed = place_polygons([c.points_mm for c in closed], series.grid).slices
        dropped = {id(c) for c, k in zip(closed, placed, strict=True) if k in traced_on}
        kept = [c for c in kept if id(c) not in dropped]
    return kept + _traced(structure, series, traced_on)


def _traced(structure: StructureOut, series: SeriesReference, only: set[int] | None) -> list[Contour]:
    mask = structure.mask_kji
    if only is not None:
        mask = np.zeros_like(mask)
        chosen = sorted(only)
        mask[chosen] = structure.mask_kji[chosen]
    contours: list[Contour] = []
    for polygon in trace_polygons(mask, series.grid):
        shift = series.slice_origin_mm(polygon.k) - series.grid.to_lps([0, 0, polygon.k])
        contours.append(Contour.of_points(polygon.points_mm + shift, series.sop_instance_uid(polygon.k)))
    return contours


def _writable(contour: Contour) -> bool:
    return contour.encloses or contour.geometric_type not in CLOSED_TYPES


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
    value = None if drawn is None else drawn.get("ROIDisplayColor")
    if value is None or len(value) != 3:
        return None
    return "#" + "".join(f"{min(max(int(v), 0), 255):02x}" for v in value)


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


def _frame_of_reference(series: SeriesReference) -> Dataset:
    frame = Dataset()
    frame.FrameOfReferenceUID = series.frame_of_reference_uid
    if not series.sop_instance_uids:
        return frame
    images = Dataset()
    images.SeriesInstanceUID = series.series_instance_uid
    images.ContourImageSequence = [_image(series, uid) for uid in dict.fromkeys(series.sop_instance_uids)]
    study = Dataset()
    study.ReferencedSOPClassUID = DETACHED_STUDY_CLASS
    study.ReferencedSOPInstanceUID = series.study_instance_uid
    study.RTReferencedSeriesSequence = [images]
    frame.RTReferencedStudySequence = [study]
    return frame


def _image(series: SeriesReference, sop_instance_uid: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = series.sop_class_uid
    item.ReferencedSOPInstanceUID = sop_instance_uid
    return item


def _structure_item(structure: StructureOut, series: SeriesReference) -> Dataset:
    item = Dataset()
    item.ROINumber = structure.number
    item.ReferencedFrameOfReferenceUID = series.frame_of_reference_uid
    item.ROIName = structure.name[:64]
    item.ROIGenerationAlgorithm = "AUTOMATIC" if structure.automatic else "SEMIAUTOMATIC"
    return item


def _contour_item(structure: StructureOut, contours: list[Contour], series: SeriesReference) -> Dataset:
    item = Dataset()
    item.ReferencedROINumber = structure.number
    item.ROIDisplayColor = [int(structure.colour[n : n + 2], 16) for n in (1, 3, 5)]
    known = frozenset(series.sop_instance_uids)
    if contours:
        item.ContourSequence = [_contour(c, series, known) for c in contours]
    return item


def _contour(contour: Contour, series: SeriesReference, known: frozenset[str]) -> Dataset:
    item = Dataset()
    if contour.referenced_sop_instance_uid in known:
        item.ContourImageSequence = [_image(series, str(contour.referenced_sop_instance_uid))]
    item.ContourGeometricType = "CLOSED_PLANAR" if contour.encloses else contour.geometric_type
    item.NumberOfContourPoints = len(contour.points_mm)
    item.ContourData = contour.data.split("\\")
    return item


def _observation(number: int, structure: StructureOut) -> Dataset:
    item = Dataset()
    item.ObservationNumber = number
    item.ReferencedROINumber = structure.number
    item.RTROIInterpretedType = structure.kind
    item.ROIInterpreter = ""
    return item
