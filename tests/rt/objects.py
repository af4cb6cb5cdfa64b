"""A series, and structures written on it and read again through the bytes of a file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import highdicom as hd
import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from rt.dicom.contour_data import Contour, format_ds
from rt.dicom.outgoing import (
    ObjectHeader,
    SeriesReference,
    StructureOut,
    copy_attributes,
    write_bytes,
)
from rt.dicom.parse import parse_instance, read_stored
from rt.dicom.profiles import GENERIC, ExportProfile
from rt.dicom.rtstruct import Roi, fill_contours, read_rtstruct, write_rtstruct
from rt.dicom.seg import write_seg
from rt.dicom.uids import derived_uid, new_uid
from rt.geometry import Grid
from rt.masks import Mask
from tests.rt.grids import ball

CT = "1.2.840.10008.5.1.4.1.1.2"
SEG_SHAPE = (7, 19, 26)


def series_on(grid: Grid) -> SeriesReference:
    """A CT on a grid, whose patient's name and study ID are as clinics write them."""
    return SeriesReference(
        study_instance_uid=derived_uid("study"),
        series_instance_uid=derived_uid("series"),
        frame_of_reference_uid=derived_uid("frame"),
        sop_class_uid=CT,
        sop_instance_uids=tuple(derived_uid("slice", str(k)) for k in range(grid.shape_kji[0])),
        grid=grid,
        attributes={
            "PatientName": "輪郭太郎",
            "PatientID": "R1",
            "StudyID": "longer than sixteen characters",
        },
    )


def header() -> ObjectHeader:
    return ObjectHeader("Rinkaku AI", new_uid(), new_uid(), datetime(2026, 11, 20, 12, 30, tzinfo=UTC))


def structure(mask: Mask, number: int = 1, contours: tuple[Contour, ...] = ()) -> StructureOut:
    return StructureOut(number, f"Organ_{number}", "#10fa07", "ORGAN", mask, original_contours=contours)


def sent(dataset: Dataset) -> Dataset:
    """The data set after its bytes have gone through the door."""
    return read_stored(parse_instance(write_bytes(dataset)).data)


def rois_of(
    series: SeriesReference, out: Sequence[StructureOut], profile: ExportProfile = GENERIC
) -> tuple[Roi, ...]:
    """What an RTSTRUCT of structures says once it is read."""
    return read_rtstruct(sent(write_rtstruct(series, out, header(), profile=profile))).rois


def read_mask(
    mask: Mask, grid: Grid, profile: ExportProfile = GENERIC, contours: tuple[Contour, ...] = ()
) -> npt.NDArray[np.bool_]:
    """A mask after it was written as an RTSTRUCT and read from its bytes, without any warning."""
    (roi,) = rois_of(series_on(grid), [structure(mask, contours=contours)], profile)
    filled = fill_contours(roi.contours, grid)
    assert filled.warnings == ()
    return filled.mask_kji


def seg_of(series: SeriesReference, out: Sequence[StructureOut]) -> Dataset:
    """A segmentation of structures, read from its bytes."""
    return sent(write_seg(series, out, header()))


def overlapping() -> list[StructureOut]:
    """Two structures that overlap, one of them with an empty slice in its middle, and one without a voxel."""
    large, small = ball(SEG_SHAPE, (3, 9, 12), 6), ball(SEG_SHAPE, (2, 9, 15), 4)
    small[2] = False
    empty = np.zeros(SEG_SHAPE, dtype=np.bool_)
    return [
        StructureOut(4, "Parotid_L", "#30c0ff", "ORGAN", large, automatic=True),
        StructureOut(9, "PTV_7000", "#ff0000", "PTV", small),
        StructureOut(11, "Larynx", "#00ff00", "ORGAN", empty),
    ]


def foreign_seg(series: SeriesReference, kind: str, pixels: npt.NDArray[Any]) -> Dataset:
    """A segmentation as highdicom writes it for others, of one segment or two."""
    images = []
    for k, uid in enumerate(series.sop_instance_uids):
        image = Dataset()
        copy_attributes(image, {})
        image.SOPClassUID, image.SOPInstanceUID = series.sop_class_uid, uid
        image.StudyInstanceUID, image.SeriesInstanceUID = (
            series.study_instance_uid,
            series.series_instance_uid,
        )
        image.FrameOfReferenceUID, image.PositionReferenceIndicator = series.frame_of_reference_uid, ""
        image.Modality, image.InstanceNumber = "OT", k + 1
        image.Rows, image.Columns = series.grid.shape_kji[1:]
        spacing_i, spacing_j, spacing_k = series.grid.spacing_ijk_mm
        image.PixelSpacing, image.SliceThickness = [spacing_j, spacing_i], spacing_k
        image.ImagePositionPatient = [format_ds(v) for v in series.slice_origin_mm(k)]
        image.ImageOrientationPatient = [format_ds(v) for v in series.cosines]
        images.append(image)
    segments = 2 if pixels.ndim == 4 or pixels.max() > 1 else 1
    return hd.seg.Segmentation(
        source_images=images,
        pixel_array=pixels,
        segmentation_type=kind,
        segment_descriptions=[
            hd.seg.SegmentDescription(
                segment_number=n,
                segment_label=f"Segment {n}",
                segmented_property_category=codes.SCT.AnatomicalStructure,
                segmented_property_type=codes.SCT.Organ,
                algorithm_type="MANUAL",
            )
            for n in range(1, segments + 1)
        ],
        series_instance_uid=new_uid(),
        series_number=1,
        sop_instance_uid=new_uid(),
        instance_number=1,
        manufacturer="x",
        manufacturer_model_name="x",
        software_versions="1",
        device_serial_number="1",
    )
