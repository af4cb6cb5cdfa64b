"""Segmentations: overlaps and empty segments survive, and frames are placed by their geometry."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from rt.dicom.limits import Limits
from rt.dicom.outgoing import ObjectHeader, SeriesReference, StructureOut, write_bytes
from rt.dicom.parse import parse_instance
from rt.dicom.rtstruct_writer import write_rtstruct
from rt.dicom.sandbox import ParserProcess
from rt.dicom.seg import read_seg, write_seg
from rt.dicom.uids import IMPLEMENTATION_CLASS_UID, new_uid
from rt.errors import (
    DicomError,
    DicomReferenceError,
    DicomTooLarge,
    DicomTruncated,
    DicomUnsupported,
    GeometryError,
)
from rt.geometry import Grid
from tests.rt.grids import oriented_grid
from tests.rt.objects import SEG_SHAPE as SHAPE
from tests.rt.objects import foreign_seg, overlapping, series_on


def written(series: SeriesReference, out: list[StructureOut]) -> Dataset:
    header = ObjectHeader("Rinkaku AI", new_uid(), new_uid(), datetime(2026, 11, 20, tzinfo=UTC))
    return pydicom.dcmread(io.BytesIO(write_bytes(write_seg(series, out, header))))


ODD = 'Odd 輪郭 \\ "x"'


@pytest.mark.parametrize(
    ("label", "short", "long"),
    [
        (ODD, 'Odd 輪郭 / "x"', 'Odd 輪郭 / "x"'),
        ("\u202eL\u200b\n" + "長" * 80, "L" + "長" * 15, "L" + "長" * 63),
        ("a" * 15 + " \\b", "a" * 15, "a" * 15 + " /b"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_odd_labels_and_names_are_written_as_dicom_can_hold_them(label: str, short: str, long: str) -> None:
    series = series_on(oriented_grid("HFS", SHAPE))
    out = [replace(overlapping()[0], name=label)]
    header = ObjectHeader(label, new_uid(), new_uid(), datetime(2026, 11, 20, tzinfo=UTC))
    seg = pydicom.dcmread(io.BytesIO(write_bytes(write_seg(series, out, header))))
    assert (seg.ContentLabel, seg.ContentDescription, seg.SeriesDescription) == ("RINKAKU", long, long)
    assert seg.SegmentSequence[0].SegmentLabel == long
    rtstruct = pydicom.dcmread(io.BytesIO(write_bytes(write_rtstruct(series, out, header))))
    assert (rtstruct.StructureSetLabel, rtstruct.StructureSetName) == (short, long)
    assert (rtstruct.SeriesDescription, rtstruct.StructureSetROISequence[0].ROIName) == (long, long)


def test_a_segmentation_on_other_voxels_is_refused() -> None:
    series = series_on(oriented_grid("HFS", SHAPE))
    dataset = written(series, overlapping())
    for grid in (
        oriented_grid("HFS", SHAPE, (0.5, 1.31, 2.5)),
        Grid.of(SHAPE, series.grid.spacing_ijk_mm, (-123.0, 56.7, -8.9), np.eye(3)),
        Grid.of((3, 5, 5), series.grid.spacing_ijk_mm, series.grid.origin_lps_mm, np.eye(3)),
    ):
        with pytest.raises(GeometryError):
            read_seg(dataset, grid)


def test_broken_or_foreign_objects_are_refused() -> None:
    series = series_on(oriented_grid("HFS", SHAPE))
    dataset = written(series, overlapping())
    dataset.PixelData = dataset.PixelData[:20]
    with pytest.raises(DicomTruncated):
        read_seg(dataset, series.grid)
    with pytest.raises(DicomError):
        read_seg(Dataset(), series.grid)


@pytest.mark.parametrize(
    "keyword",
    [
        "Rows",
        "PixelData",
        "NumberOfFrames",
        "SharedFunctionalGroupsSequence",
        "PerFrameFunctionalGroupsSequence",
    ],
)
def test_a_segmentation_without_what_it_needs_is_refused(keyword: str) -> None:
    series = series_on(oriented_grid("HFS", SHAPE))
    dataset = written(series, overlapping())
    delattr(dataset, keyword)
    with pytest.raises(DicomError):
        read_seg(dataset, series.grid)


def test_run_length_encoding_is_read_and_other_compression_named() -> None:
    series = series_on(oriented_grid("HFS", SHAPE))
    labels = overlapping()[0].mask_kji.astype(np.uint8)
    dataset = foreign_seg(series, "LABELMAP", labels)
    expected = read_seg(dataset, series.grid).segments[0].mask_kji
    dataset.compress(pydicom.uid.RLELossless)
    assert np.array_equal(read_seg(dataset, series.grid).segments[0].mask_kji, expected)
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.JPEG2000Lossless
    with pytest.raises(DicomUnsupported):
        read_seg(dataset, series.grid)


def test_a_series_that_is_not_dicom_cannot_be_referred_to() -> None:
    series = SeriesReference(**{**series_on(oriented_grid("HFS", SHAPE)).__dict__, "sop_instance_uids": ()})
    with pytest.raises(DicomReferenceError):
        written(series, overlapping())


def test_thirty_structures_on_150_slices_come_back_through_the_door() -> None:
    """4500 frames of ours: more than other instances may have."""
    grid = oriented_grid("HFS", (150, 6, 5))
    rng = np.random.default_rng(7)
    out = [
        StructureOut(n, f"Node_{n}", "#30c0ff", "ORGAN", rng.random(grid.shape_kji) < 0.5)
        for n in range(1, 31)
    ]
    header = ObjectHeader("Rinkaku AI", new_uid(), new_uid(), datetime(2026, 11, 20, tzinfo=UTC))
    sent = write_bytes(write_seg(series_on(grid), out, header))
    with ParserProcess() as parser:
        stored = parser.parse(sent).data
    read = read_seg(pydicom.dcmread(io.BytesIO(stored)), grid)
    assert sum(int(s.mask_kji.any(axis=(1, 2)).sum()) for s in read.segments) == 4500
    assert all(np.array_equal(s.mask_kji, o.mask_kji) for s, o in zip(read.segments, out, strict=True))


def test_frames_of_one_bit_have_limits_of_their_own() -> None:
    data = write_bytes(written(series_on(oriented_grid("HFS", SHAPE)), overlapping()))
    frames = pydicom.dcmread(io.BytesIO(data)).NumberOfFrames
    assert parse_instance(data, Limits(frames=1, bit_frames=frames)).modality == "SEG"
    with pytest.raises(DicomTooLarge, match="frames"):
        parse_instance(data, Limits(bit_frames=frames - 1))
    with pytest.raises(DicomTooLarge, match="bytes of pixels"):
        parse_instance(data, Limits(pixel_bytes=100))


def test_every_file_of_ours_names_the_same_implementation() -> None:
    sent = write_bytes(written(series_on(oriented_grid("HFS", SHAPE)), overlapping()))
    stored = parse_instance(sent).data
    drawn = write_rtstruct(
        series_on(oriented_grid("HFS", SHAPE)),
        overlapping(),
        ObjectHeader("Rinkaku AI", new_uid(), new_uid(), datetime(2026, 11, 20, tzinfo=UTC)),
    )
    for data in (sent, stored, write_bytes(drawn)):
        meta = pydicom.dcmread(io.BytesIO(data)).file_meta
        assert meta.ImplementationClassUID == IMPLEMENTATION_CLASS_UID
