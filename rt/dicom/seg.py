"""Segmentations written with highdicom and read by our own few lines (PS3.3 A.51).

Written: BINARY, one segment per structure, overlaps kept, structures without a voxel kept.  Read:
BINARY, LABELMAP and FRACTIONAL (from half the maximum up, which a warning says).  Frames are placed by
their position and orientation on the grid of the source, never by the order of frames or by the images
they refer to.  What is kept of a segment is its extent, so that many small ones take little memory.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import highdicom as hd
import numpy as np
import numpy.typing as npt
from highdicom.color import CIELabColor
from pydicom.dataset import Dataset
from pydicom.pixels.utils import iter_pixels
from pydicom.sr.codedict import codes
from pydicom.uid import RLELossless

from rt.contours import ContourWarning
from rt.dicom.contour_data import DS_BYTES, format_ds
from rt.dicom.kinds import SEGMENTATIONS
from rt.dicom.outgoing import (
    MANUFACTURER,
    ObjectHeader,
    SeriesReference,
    StructureOut,
    check_structures,
    copy_attributes,
    date_and_time,
    file_meta,
    plain_text,
)
from rt.dicom.parse import text
from rt.dicom.seg_frames import functional_group, placement
from rt.dicom.uids import derived_uid
from rt.errors import DicomError, DicomReferenceError, DicomTruncated, DicomUnsupported, GeometryError
from rt.geometry import Grid
from rt.masks import Box, Mask

PLACEMENT_TOLERANCE = 0.1
"""Voxels by which a frame's pixels may lie off the source's voxel centres (rounding of IPP and IOP)."""


@dataclass(frozen=True)
class _Patch:
    """Voxels of the grid, on the box around them."""

    start_kji: tuple[int, int, int]
    voxels_kji: Mask

    @property
    def box(self) -> Box:
        k, j, i = (slice(a, a + n) for a, n in zip(self.start_kji, self.voxels_kji.shape, strict=True))
        return (k, j, i)


@dataclass(frozen=True)
class Segment:
    """One segment on the source grid."""

    number: int
    label: str
    colour: str | None
    """#rrggbb, or None where the file gives no RecommendedDisplayCIELabValue."""
    description: str
    shape_kji: tuple[int, int, int]
    extent: _Patch | None
    """None when it is empty."""

    @property
    def mask_kji(self) -> Mask:
        """Its mask on the whole grid, made anew."""
        mask = np.zeros(self.shape_kji, dtype=np.bool_)
        if self.extent is not None:
            mask[self.extent.box] = self.extent.voxels_kji
        return mask


GENERIC_LABELS = ("", "seg", "segmentation", "segmentations", "rinkaku")
"""Say of a segmentation that it is one, or who wrote it."""
DATE_LENGTH = 8
"""Of a DA (PS3.5 6.2)."""


@dataclass(frozen=True)
class SegContent:
    """What a segmentation says."""

    sop_instance_uid: str
    label: str
    """The description of its series or content, its label, or its date."""
    patient_id: str
    frame_of_reference_uid: str | None
    referenced_series_uid: str | None
    segments: tuple[Segment, ...]
    warnings: tuple[ContourWarning, ...] = ()


def write_seg(series: SeriesReference, structures: Sequence[StructureOut], header: ObjectHeader) -> Dataset:
    """A BINARY segmentation of masks on the series' grid.

    The source images that highdicom wants are made from the series' reference; no pixel data are
    needed.  DicomReferenceError when the series did not come as DICOM or there is no structure.
    """
    check_structures(series, structures)
    if not series.sop_instance_uids:
        raise DicomReferenceError("a segmentation needs a series that came as DICOM")
    if not structures:
        raise DicomReferenceError("a segmentation needs at least one structure")
    drawn = _drawn_range(structures)
    masks = np.empty((len(structures), len(drawn), *series.grid.shape_kji[1:]), dtype=np.bool_)
    for structure, frames in zip(structures, masks, strict=True):
        frames[:] = structure.mask_kji[drawn.start : drawn.stop]
    dataset: Dataset = hd.seg.Segmentation(
        source_images=_source_images(series, drawn),
        pixel_array=np.moveaxis(masks, 0, -1),
        segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[_description(n, s, header) for n, s in enumerate(structures, 1)],
        series_instance_uid=header.series_instance_uid,
        series_number=header.series_number + 1,
        sop_instance_uid=header.sop_instance_uid,
        instance_number=1,
        manufacturer=MANUFACTURER,
        manufacturer_model_name=MANUFACTURER,
        software_versions=header.software_version,
        device_serial_number="0",
        content_label="RINKAKU",
        content_description=plain_text(header.label, 64),
        series_description=plain_text(header.label, 64),
        omit_empty_frames=bool(masks.any()),
    )
    dataset.file_meta = file_meta(dataset.SOPClassUID, dataset.SOPInstanceUID)
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SeriesDate, dataset.SeriesTime = date_and_time(header.written_at)
    _fix_what_differs(dataset, header)
    copy_attributes(dataset, series.attributes)
    return dataset


def _fix_what_differs(dataset: Dataset, header: ObjectHeader) -> None:
    """Times of writing and UIDs drawn by lot, so that the same contents are the same bytes."""
    written = date_and_time(header.written_at)
    dataset.ContentDate, dataset.ContentTime = written
    dataset.InstanceCreationDate, dataset.InstanceCreationTime = written
    organization = derived_uid("dimensions", header.sop_instance_uid)
    for item in (*dataset.DimensionOrganizationSequence, *dataset.DimensionIndexSequence):
        item.DimensionOrganizationUID = organization
    for item in dataset.get("ContributingEquipmentSequence") or ():
        item.ContributionDateTime = "".join(written)


def read_seg(dataset: Dataset, grid: Grid) -> SegContent:
    """The segments of a segmentation, each as a mask on the grid of its source series.

    GeometryError when its pixels do not lie on the grid's voxels, DicomUnsupported for compressions
    other than RLE, DicomError for anything that is missing or broken.
    """
    try:
        return _read_segments(dataset, grid)
    except (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError) as error:
        raise DicomError(f"the segmentation is incomplete or broken: {error}") from error


def _label(dataset: Dataset) -> str:
    """What tells it from others: the description of its series or content, or its label; else its date."""
    for keyword in ("SeriesDescription", "ContentDescription", "ContentLabel"):
        said = text(dataset, keyword)
        if said.casefold() not in GENERIC_LABELS:
            return said
    date = text(dataset, "ContentDate")
    return f"SEG {date[:4]}-{date[4:6]}-{date[6:8]}" if len(date) == DATE_LENGTH else "SEG"


def _read_segments(dataset: Dataset, grid: Grid) -> SegContent:
    if dataset.get("SOPClassUID") not in SEGMENTATIONS:
        raise DicomError("not a segmentation")
    items = list(dataset.get("SegmentSequence", ()))
    patches: dict[int, list[_Patch]] = {int(item.SegmentNumber): [] for item in items}
    labelmap = str(dataset.get("SegmentationType", "")) == "LABELMAP"
    undescribed: set[int] = set()
    for frame, pixels in enumerate(_frames(dataset)):
        for number in np.unique(pixels).tolist() if labelmap else [_segment_number(dataset, frame)]:
            chosen = pixels == number if labelmap else pixels > 0
            if number in patches and chosen.any():
                patches[number].append(_patch(_voxels(chosen, dataset, frame, grid)))
            elif chosen.any() and number != 0:
                undescribed.add(number)
    return SegContent(
        sop_instance_uid=str(dataset.get("SOPInstanceUID", "")),
        label=_label(dataset),
        patient_id=str(dataset.get("PatientID", "")),
        frame_of_reference_uid=str(dataset.get("FrameOfReferenceUID", "")) or None,
        referenced_series_uid=_referenced_series(dataset),
        segments=tuple(
            _segment(item, grid.shape_kji, patches[int(item.SegmentNumber)])
            for item in items
            if not (labelmap and int(item.SegmentNumber) == 0)
        ),
        warnings=tuple(_warnings(dataset, undescribed)),
    )


def _warnings(dataset: Dataset, undescribed: set[int]) -> Iterator[ContourWarning]:
    if str(dataset.get("SegmentationType", "")) == "FRACTIONAL":
        most = int(dataset.get("MaximumFractionalValue", 255))
        kind = str(dataset.get("SegmentationFractionalType", "")).lower() or "fraction"
        detail = f"{kind} in steps to {most}: voxels of {math.ceil(most / 2)} and more, 50 %, count as inside"
        yield ContourWarning("segmentation-fractional", detail)
    if undescribed:
        numbers = ", ".join(str(number) for number in sorted(undescribed)[:5])
        yield ContourWarning(
            "segmentation-undescribed", f"voxels of segments {numbers}, which are not described"
        )


def _segment_number(dataset: Dataset, frame: int) -> int:
    group = functional_group(dataset, frame, "SegmentIdentificationSequence")
    return int(group.ReferencedSegmentNumber)


def _drawn_range(structures: Sequence[StructureOut]) -> range:
    """From the first slice with any voxel to the last, or the first slice when there is none."""
    hits = np.zeros(structures[0].mask_kji.shape[0], dtype=np.bool_)
    for structure in structures:
        hits |= structure.mask_kji.any(axis=(1, 2))
    found = np.flatnonzero(hits)
    return range(int(found[0]), int(found[-1]) + 1) if found.size else range(1)


def _source_images(series: SeriesReference, drawn: range) -> list[Dataset]:
    """Metadata of the source's slices, as much as a segmentation needs of them.

    The patient's attributes are blank: highdicom complains of names as clinics write them, so they are
    copied afterwards.
    """
    spacing_i, spacing_j, _ = series.grid.spacing_ijk_mm
    images: list[Dataset] = []
    for k in drawn:
        image = Dataset()
        copy_attributes(image, {})
        image.SOPClassUID = series.sop_class_uid
        image.SOPInstanceUID = series.sop_instance_uids[k]
        image.StudyInstanceUID = series.study_instance_uid
        image.SeriesInstanceUID = series.series_instance_uid
        image.FrameOfReferenceUID = series.frame_of_reference_uid
        image.PositionReferenceIndicator = ""
        image.Modality = "OT"
        image.InstanceNumber = k + 1
        image.Rows, image.Columns = series.grid.shape_kji[1:]
        image.PixelSpacing = [format_ds(spacing_j), format_ds(spacing_i)]
        image.SliceThickness = format_ds(series.grid.spacing_ijk_mm[2])
        image.ImagePositionPatient = [format_ds(v) for v in series.slice_origin_mm(k)]
        image.ImageOrientationPatient = [_cosine(v) for v in series.cosines]
        images.append(image)
    return images


def _cosine(value: float) -> str:
    """A direction cosine as it came, as far as a decimal string holds it."""
    text = repr(value)
    return text if len(text) <= DS_BYTES else f"{value:.12f}"


def _description(number: int, structure: StructureOut, header: ObjectHeader) -> Any:
    organ = structure.kind in ("ORGAN", "EXTERNAL", "AVOIDANCE", "CAVITY")
    kind = hd.seg.SegmentAlgorithmTypeValues
    red, green, blue = (int(structure.colour[n : n + 2], 16) for n in (1, 3, 5))
    described = hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=plain_text(structure.name, 64),
        segmented_property_category=(
            codes.SCT.AnatomicalStructure if organ else codes.SCT.SpatialAndRelationalConcept
        ),
        segmented_property_type=codes.SCT.Organ if organ else codes.DCM.SelectedRegion,
        algorithm_type=kind.AUTOMATIC if structure.automatic else kind.SEMIAUTOMATIC,
        algorithm_identification=hd.AlgorithmIdentificationSequence(
            name=MANUFACTURER, family=codes.DCM.ArtificialIntelligence, version=header.software_version
        ),
        display_color=CIELabColor.from_rgb(red, green, blue),
    )
    if structure.original_name:
        described.SegmentDescription = structure.original_name
    return described


def _segment(item: Dataset, shape_kji: tuple[int, int, int], patches: Sequence[_Patch]) -> Segment:
    value = item.get("RecommendedDisplayCIELabValue")
    colour = None
    if value is not None and len(value) == 3:
        rgb = CIELabColor.from_dicom_value(tuple(int(v) for v in value)).to_rgb()
        colour = "#" + "".join(f"{int(v):02x}" for v in rgb)
    label, description = (str(item.get(keyword) or "") for keyword in ("SegmentLabel", "SegmentDescription"))
    return Segment(int(item.SegmentNumber), label, colour, description, shape_kji, _together(patches))


def _patch(voxels: tuple[npt.NDArray[np.intp], ...]) -> _Patch:
    """Voxels given by their indices along k, j, i; at least one."""
    k, j, i = (int(index.min()) for index in voxels)
    start = (k, j, i)
    mask = np.zeros(
        [int(index.max()) - a + 1 for a, index in zip(start, voxels, strict=True)], dtype=np.bool_
    )
    mask[tuple(index - a for a, index in zip(start, voxels, strict=True))] = True
    return _Patch(start, mask)


def _together(patches: Sequence[_Patch]) -> _Patch | None:
    if not patches:
        return None
    low = np.min([patch.start_kji for patch in patches], axis=0)
    high = np.max([np.add(patch.start_kji, patch.voxels_kji.shape) for patch in patches], axis=0)
    whole = np.zeros(high - low, dtype=np.bool_)
    for patch in patches:
        k, j, i = (slice(s.start - int(a), s.stop - int(a)) for s, a in zip(patch.box, low, strict=True))
        whole[k, j, i] |= patch.voxels_kji
    return _Patch((int(low[0]), int(low[1]), int(low[2])), whole)


def _frames(dataset: Dataset) -> Iterator[npt.NDArray[Any]]:
    """Each frame (rows, columns); FRACTIONAL ones as 0 and 1."""
    fractional = str(dataset.get("SegmentationType", "")) == "FRACTIONAL"
    half = float(dataset.get("MaximumFractionalValue", 255)) / 2
    syntax = dataset.file_meta.TransferSyntaxUID
    if syntax.is_compressed and syntax != RLELossless:
        raise DicomUnsupported(f"segmentation compressed as {syntax.name}")
    frames = iter_pixels(dataset) if syntax == RLELossless else _native_frames(dataset)
    for frame in frames:
        yield frame >= half if fractional else frame


def _native_frames(dataset: Dataset) -> Iterator[npt.NDArray[Any]]:
    """Frames that are not compressed; frames of single bits follow each other without padding."""
    rows, columns, bits = int(dataset.Rows), int(dataset.Columns), int(dataset.BitsAllocated)
    if bits not in (1, 8, 16):
        raise DicomUnsupported(f"segmentation of {bits} bits")
    data, size = dataset.PixelData, rows * columns
    if len(data) * 8 < int(dataset.NumberOfFrames) * size * bits:
        raise DicomTruncated("the segmentation has fewer pixels than it declares")
    for first in range(0, int(dataset.NumberOfFrames) * size, size):
        if bits == 1:
            part = np.frombuffer(data[first // 8 : (first + size + 7) // 8], dtype=np.uint8)
            pixels = np.unpackbits(part, bitorder="little")[first % 8 : first % 8 + size]
        else:
            pixels = np.frombuffer(data, dtype=f"<u{bits // 8}", count=size, offset=first * bits // 8)
        yield pixels.reshape(rows, columns)


def _voxels(chosen: Mask, dataset: Dataset, frame: int, grid: Grid) -> tuple[npt.NDArray[np.intp], ...]:
    """Indices (k, j, i) on the grid of a frame's chosen pixels."""
    place = placement(dataset, frame)
    start, (across, down) = place.origin_mm, place.along * np.array(place.spacing_mm)[:, np.newaxis]
    ends = grid.to_index(np.stack([start, start + across, start + down]))
    steps = np.abs(ends[1:] - ends[0])
    if np.abs(np.sort(steps, axis=1) - [0, 0, 1]).max() > PLACEMENT_TOLERANCE:
        raise GeometryError("the segmentation's pixels are not those of the image")
    row, column = np.nonzero(chosen)
    index = ends[0] + np.outer(column, ends[1] - ends[0]) + np.outer(row, ends[2] - ends[0])
    nearest = np.round(index).astype(np.intp)
    if np.abs(index - nearest).max() > PLACEMENT_TOLERANCE:
        raise GeometryError("the segmentation lies between the image's voxels")
    if (nearest < 0).any() or (nearest >= grid.shape_kji[::-1]).any():
        raise GeometryError("the segmentation reaches beyond the image")
    return nearest[:, 2], nearest[:, 1], nearest[:, 0]


def _referenced_series(dataset: Dataset) -> str | None:
    for item in dataset.get("ReferencedSeriesSequence") or ():
        return str(item.SeriesInstanceUID)
    return None
