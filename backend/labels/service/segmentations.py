"""Segmentations that came in: on their own images, and by registrations on a CT of another frame."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from pydicom.dataset import Dataset

from backend.labels.service.incoming import (
    NOT_DRAWN_ON,
    ImagesMissing,
    Incoming,
    IncomingSet,
    Reading,
    Source,
    about,
    clean,
    doubted,
    in_frame,
    names,
    original_name,
    stored,
)
from backend.labels.service.moving import Move, moves, warnings_of
from backend.labels.service.sets import NewStructure, grid_of
from rt.cropping import part_of
from rt.dicom.seg import SegContent, Segment, read_seg
from rt.dicom.seg_frames import own_grid
from rt.errors import DicomReferenceError
from rt.geometry import Grid
from rt.laterality import placed
from rt.masks import Mask
from rt.moved_masks import move_mask
from rt.nomenclature import structure_kind


def read_on_images(source: Source, dataset: Dataset) -> Reading:
    """The set on the images that a segmentation names, or one of its frame of reference.

    ImagesMissing when they are not here, DicomReferenceError when it is of another patient or frame.
    """
    _check_patient(source, dataset)
    named = {str(item.SeriesInstanceUID) for item in dataset.get("ReferencedSeriesSequence") or ()}
    found = [s for s in source.candidates if s.series_instance_uid in named]
    if not named:
        found = in_frame(_frame(dataset), source.candidates)
    if not found:
        raise ImagesMissing(NOT_DRAWN_ON)
    series = found[0]
    if series.volume is None or _frame(dataset) != series.volume["frame_of_reference_uid"]:
        raise DicomReferenceError("the segmentation is in another frame of reference than the image")
    grid = grid_of(series)
    content = read_seg(dataset, grid)
    structures = _structures(content, grid, lambda segment: segment.mask_kji)
    sets = (IncomingSet(series, clean(content.label) or "SEG", structures),)
    return Reading(sets, content.warnings)


def read_moved(source: Source, dataset: Dataset) -> Reading:
    """The sets on images in other frames of reference that registrations lead to.

    GeometryError when its frames make no grid, DicomReferenceError when it is of another patient.
    """
    wanted = moves([_frame(dataset)], source.elsewhere)
    if not wanted:
        return Reading((), ())
    _check_patient(source, dataset)
    own = own_grid(dataset)
    content = read_seg(dataset, own)
    return Reading(tuple(_brought(content, own, move) for move in wanted), content.warnings)


def _brought(content: SegContent, own: Grid, move: Move) -> IncomingSet:
    """The segments as voxels of a CT in another frame of reference."""
    grid, warnings = grid_of(move.series), warnings_of(move)

    def moved(segment: Segment) -> Mask:
        if segment.extent is None:
            return np.zeros(grid.shape_kji, dtype=np.bool_)
        part = part_of(own, segment.extent.box)
        filled = move_mask(segment.extent.voxels_kji, part, move.link.transform, grid)
        warnings.extend(about(clean(segment.label), filled.warnings))
        return filled.mask_kji

    structures = _structures(content, grid, moved)
    label = f"{(clean(content.label) or 'SEG')[:58]} (REG)"
    return IncomingSet(move.series, label, structures, move.link.described(), tuple(warnings))


def _structures(content: SegContent, grid: Grid, mask_of: Callable[[Segment], Mask]) -> tuple[Incoming, ...]:
    """The segments as structures; masks are made one after the other, for they are large."""
    called = names([segment.label for segment in content.segments])
    return doubted(
        [
            _of_segment(segment, name, grid, mask_of)
            for segment, name in zip(content.segments, called, strict=True)
        ]
    )


def _of_segment(segment: Segment, name: str, grid: Grid, mask_of: Callable[[Segment], Mask]) -> Incoming:
    original = original_name(segment.label, segment.description)
    new = NewStructure(name, segment.colour, structure_kind(name), original, segment.number)
    if segment.extent is None:
        return Incoming(new, None, None)
    mask = mask_of(segment)
    return Incoming(new, stored(mask, grid), None, placed(name, original, mask, grid))


def _frame(dataset: Dataset) -> str:
    return str(dataset.get("FrameOfReferenceUID", ""))


def _check_patient(source: Source, dataset: Dataset) -> None:
    if str(dataset.get("PatientID", "")).strip() != source.patient_id.strip():
        raise DicomReferenceError("the segmentation belongs to another patient ID")
