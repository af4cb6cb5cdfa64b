"""Structures written as an RTSTRUCT (PS3.3 A.19).

A structure keeps the points that it came in with on all slices where its mask is still what those points
fill; the mask is traced on the others.  Where its contours came between the image's slices, one edited slice
means that all of it is traced on the slices: planes of two kinds in one structure would overlap and gape.
Points and open lines stay as they came.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pydicom.charset import default_encoding
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag
from pydicom.uid import ImplicitVRLittleEndian, RTStructureSetStorage

from rt.contours import Placement, place_polygons, trace_polygons
from rt.dicom.contour_data import DS_BYTES, Contour, enclosing, fill_contours, format_ds
from rt.dicom.keyholes import join_contours
from rt.dicom.outgoing import (
    ObjectHeader,
    SeriesReference,
    StructureOut,
    check_structures,
    common_dataset,
    date_and_time,
    plain_text,
)
from rt.dicom.profiles import GENERIC, ExportProfile
from rt.masks import changed_slices

CONTOUR_DATA = BaseTag(0x30060050)
"""ContourData."""
DETACHED_STUDY_CLASS = "1.2.840.10008.3.1.2.3.1"
"""ReferencedSOPClassUID of RTReferencedStudySequence (retired class, still required by systems)."""
LONGEST_EXPLICIT = 65534
"""Bytes of ContourData that explicit VR can hold (PS3.5 7.1.2); longer ones need implicit VR."""


@dataclass(frozen=True)
class SourceItems:
    """What is kept of the RTSTRUCT that structures came in with; items by the ROI number that they had."""

    sop_instance_uid: str
    private: Dataset
    """The private elements of the data set itself."""
    structures: Mapping[int, Sequence[Dataset]]
    contours: Mapping[int, Sequence[Dataset]]
    observations: Mapping[int, Sequence[Dataset]]


_NOTHING = SourceItems("", Dataset(), {}, {}, {})


def write_rtstruct(
    series: SeriesReference,
    structures: Sequence[StructureOut],
    header: ObjectHeader,
    source: SourceItems | None = None,
    *,
    profile: ExportProfile = GENERIC,
) -> Dataset:
    """An RT Structure Set of masks on the series' grid, with holes as the profile has them.

    What came in an RTSTRUCT keeps its other elements.
    MaskError when a mask is not on the grid, DicomReferenceError when a number is used twice.
    """
    check_structures(series, structures)
    dataset = _begun(series, header)
    kept = source or _NOTHING
    dataset.update(copy.deepcopy(kept.private))
    if kept.sop_instance_uid:
        dataset.PredecessorStructureSetSequence = [_predecessor(kept.sop_instance_uid)]
    contours = [outgoing_contours(s, series) for s in structures]
    drawn = list(zip(structures, contours, strict=True))
    dataset.StructureSetROISequence = [_structure_item(s, c, series, kept) for s, c in drawn]
    if profile.holes == "keyhole":
        contours = [join_contours(rings, series.grid)[0] for rings in contours]
    if any(len(contour.data) > LONGEST_EXPLICIT for contour in itertools.chain.from_iterable(contours)):
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    dataset.ROIContourSequence = [
        _contour_item(s, c, series, kept) for s, c in zip(structures, contours, strict=True)
    ]
    dataset.RTROIObservationsSequence = _observations(structures, kept)
    return dataset


def _begun(series: SeriesReference, header: ObjectHeader) -> Dataset:
    """What a structure set says of itself, without structures."""
    dataset = common_dataset(series, header, RTStructureSetStorage)
    dataset.Modality = "RTSTRUCT"
    dataset.InstanceNumber = 1
    dataset.StructureSetLabel = plain_text(header.label, 16) or "RINKAKU"
    dataset.StructureSetName = plain_text(header.label, 64)
    if header.description:
        dataset.StructureSetDescription = header.description
    dataset.StructureSetDate, dataset.StructureSetTime = date_and_time(header.written_at)
    dataset.ReferencedFrameOfReferenceSequence = [_frame_of_reference(series)]
    dataset.ApprovalStatus = "UNAPPROVED"
    if header.approved_by is not None:
        dataset.ApprovalStatus = "APPROVED"
        dataset.ReviewDate, dataset.ReviewTime = date_and_time(header.approved_at or header.written_at)
        dataset.ReviewerName = header.approved_by
    return dataset


def outgoing_contours(structure: StructureOut, series: SeriesReference) -> list[Contour]:
    """The contours that stand for a structure: its own where untouched, traced ones elsewhere."""
    kept = [c for c in structure.original_contours if c.is_whole]
    traced_on: set[int] | None = None
    if structure.original_contours:
        original = fill_contours(structure.original_contours, series.grid).mask_kji
        traced_on = set(changed_slices(original, structure.mask_kji))
        closed = enclosing(kept)
        placed = place_polygons([c.points_mm for c in closed], series.grid)
        if traced_on and _is_between(placed):
            return [c for c in kept if not c.encloses] + _traced(structure, series, None)
        dropped = {id(c) for c, k in zip(closed, placed.slices, strict=True) if k in traced_on}
        kept = [c for c in kept if id(c) not in dropped]
    return kept + _traced(structure, series, traced_on)


def moved_to_slices(structure: StructureOut, series: SeriesReference) -> bool:
    """True when contours that came between the slices are written on them, because something was edited."""
    closed = [c.points_mm for c in enclosing(structure.original_contours)]
    if not closed or not _is_between(place_polygons(closed, series.grid)):
        return False
    original = fill_contours(structure.original_contours, series.grid).mask_kji
    return bool(changed_slices(original, structure.mask_kji))


def _is_between(placed: Placement) -> bool:
    """Whether contours lie off the slices that they fall on."""
    return any(warning.slug == "contour-off-slice" for warning in placed.warnings)


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


def _predecessor(sop_instance_uid: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = RTStructureSetStorage
    item.ReferencedSOPInstanceUID = sop_instance_uid
    return item


def _first(items: Mapping[int, Sequence[Dataset]], structure: StructureOut) -> Dataset:
    """A copy of the item that a structure came in with, or an empty one."""
    found = items.get(structure.source_number, ()) if structure.source_number is not None else ()
    return copy.deepcopy(found[0]) if found else Dataset()


def _structure_item(
    structure: StructureOut, contours: list[Contour], series: SeriesReference, source: SourceItems
) -> Dataset:
    item = _first(source.structures, structure)
    untouched = "ROIGenerationAlgorithm" in item and contours == list(structure.original_contours)
    item.ROINumber = structure.number
    item.ReferencedFrameOfReferenceUID = series.frame_of_reference_uid
    item.ROIName = plain_text(structure.name, 64)
    if structure.original_name:
        item.ROIDescription = structure.original_name
    if not untouched:
        item.ROIGenerationAlgorithm = "AUTOMATIC" if structure.automatic else "SEMIAUTOMATIC"
    return item


def _contour_item(
    structure: StructureOut, contours: list[Contour], series: SeriesReference, source: SourceItems
) -> Dataset:
    item = _first(source.contours, structure)
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
    item[CONTOUR_DATA] = _decimal_strings(_short(contour.data))
    item.set_original_encoding(False, True, default_encoding)
    return item


def _short(data: str) -> str:
    """The same numbers, those written anew that are longer than a decimal string may be."""
    words = data.split("\\")
    if all(len(word) <= DS_BYTES for word in words):
        return data
    return "\\".join(word if len(word) <= DS_BYTES else format_ds(float(word)) for word in words)


def _decimal_strings(text: str) -> RawDataElement:
    """ContourData as it stands in a file: no number is parsed, so none can change."""
    value = text.encode("ascii")
    value += b" " * (len(value) % 2)
    return RawDataElement(CONTOUR_DATA, "DS", len(value), value, 0, False, True)


def _observations(structures: Sequence[StructureOut], source: SourceItems) -> list[Dataset]:
    """Of each structure what was observed of it before, or its kind."""
    made: list[Dataset] = []
    for structure in structures:
        number = structure.source_number
        before = source.observations.get(number, ()) if number is not None else ()
        for item in copy.deepcopy(list(before)) or [Dataset()]:
            item.ObservationNumber = len(made) + 1
            item.ReferencedROINumber = structure.number
            if not item.get("RTROIInterpretedType"):
                item.RTROIInterpretedType = structure.kind
            if "ROIInterpreter" not in item:
                item.ROIInterpreter = ""
            made.append(item)
    return made
