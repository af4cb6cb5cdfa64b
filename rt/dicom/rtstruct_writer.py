"""Structures written as an RTSTRUCT (PS3.3 A.19).

A structure keeps the points that it came in with on all slices where its mask is still what those points
fill; the mask is traced on the others.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from pydicom.charset import default_encoding
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag
from pydicom.uid import ImplicitVRLittleEndian, RTStructureSetStorage

from rt.contours import place_polygons, trace_polygons
from rt.dicom.contour_data import CLOSED_TYPES, Contour, enclosing, fill_contours
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


def write_rtstruct(
    series: SeriesReference,
    structures: Sequence[StructureOut],
    header: ObjectHeader,
    *,
    profile: ExportProfile = GENERIC,
) -> Dataset:
    """An RT Structure Set of masks on the series' grid, with holes as the profile has them.

    MaskError when a mask is not on the grid, DicomReferenceError when a number is used twice.
    """
    check_structures(series, structures)
    dataset = common_dataset(series, header, RTStructureSetStorage)
    dataset.Modality = "RTSTRUCT"
    dataset.InstanceNumber = 1
    dataset.StructureSetLabel = plain_text(header.label, 16) or "RINKAKU"
    dataset.StructureSetName = plain_text(header.label, 64)
    dataset.StructureSetDate, dataset.StructureSetTime = date_and_time(header.written_at)
    dataset.ReferencedFrameOfReferenceSequence = [_frame_of_reference(series)]
    dataset.StructureSetROISequence = [_structure_item(s, series) for s in structures]
    contours = [outgoing_contours(s, series) for s in structures]
    if profile.holes == "keyhole":
        contours = [join_contours(drawn, series.grid)[0] for drawn in contours]
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
    item.ROIName = plain_text(structure.name, 64)
    if structure.original_name:
        item.ROIDescription = structure.original_name
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
    item[CONTOUR_DATA] = _decimal_strings(contour.data)
    item.set_original_encoding(False, True, default_encoding)
    return item


def _decimal_strings(text: str) -> RawDataElement:
    """ContourData as it stands in a file: no number is parsed, so none can change."""
    value = text.encode("ascii")
    value += b" " * (len(value) % 2)
    return RawDataElement(CONTOUR_DATA, "DS", len(value), value, 0, False, True)


def _observation(number: int, structure: StructureOut) -> Dataset:
    item = Dataset()
    item.ObservationNumber = number
    item.ReferencedROINumber = structure.number
    item.RTROIInterpretedType = structure.kind
    item.ROIInterpreter = ""
    return item
