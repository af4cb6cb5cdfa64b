"""Segmentations: overlaps and empty segments survive, and frames are placed by their geometry."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime

import highdicom as hd
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
from rt.dicom.uids import IMPLEMENTATION_CLASS_UID, derived_uid, new_uid
from rt.errors import (
    DicomError,
    DicomReferenceError,
    DicomTooLarge,
    DicomTruncated,
    DicomUnsupported,
    GeometryError,
)
from rt.geometry import Grid
from tests.rt.grids import ORIENTATIONS, ball, oriented_grid

SHAPE = (7, 19, 26)


def series_on(grid: Grid) -> SeriesReference:
    return SeriesReference(
        study_instance_uid=derived_uid("study"),
        series_instance_uid=derived_uid("series"),
        frame_of_reference_uid=derived_uid("frame"),
        sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
        sop_instance_uids=tuple(derived_uid("slice", str(k)) for k in range(grid.shape_kji[0])),
        grid=grid,
        attributes={
            "PatientName": "輪郭太郎",
            "PatientID": "R1",
            "StudyID": "longer than sixteen characters",
        },
    )


def structures() -> list[StructureOut]:
    large, small = ball(SHAPE, (3, 9, 12), 6), ball(SHAPE, (2, 9, 15), 4)
    small[2] = False
    empty = np.zeros(SHAPE, dtype=bool)
    return [
        StructureOut(4, "Parotid_L", "#30c0ff", "ORGAN", large, automatic=True),
        StructureOut(9, "PTV_7000", "#ff0000", "PTV", small),
        StructureOut(11, "Larynx", "#00ff00", "ORGAN", empty),
    ]


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
    out = [replace(structures()[0], name=label)]
    header = ObjectHeader(label, new_uid(), new_uid(), datetime(2026, 11, 20, tzinfo=UTC))
    seg = pydicom.dcmread(io.BytesIO(write_bytes(write_seg(series, out, header))))
    assert (seg.ContentLabel, seg.ContentDescription, seg.SeriesDescription) == ("RINKAKU", long, long)
    assert seg.SegmentSequence[0].SegmentLabel == long
    rtstruct = pydicom.dcmread(io.BytesIO(write_bytes(write_rtstruct(series, out, header))))
    assert (rtstruct.StructureSetLabel, rtstruct.StructureSetName) == (short, long)
    assert (rtstruct.SeriesDescription, rtstruct.StructureSetROISequence[0].ROIName) == (long, long)


@pytest.mark.parametrize("name", [*ORIENTATIONS, "oblique"])
def test_case_36_37_38_overlap_empty_frames_and_empty_segments_come_back(name: str) -> None:
    series = series_on(oriented_grid(name, SHAPE))
    content = read_seg(written(series, structures()), series.grid)
    assert [segment.label for segment in content.segments] == ["Parotid_L", "PTV_7000", "Larynx"]
    for segment, structure in zip(content.segments, structures(), strict=True):
        assert np.array_equal(segment.mask_kji, structure.mask_kji)
    assert content.referenced_series_uid == series.series_instance_uid
    assert content.patient_id == "R1"
    assert content.frame_of_reference_uid == series.frame_of_reference_uid


def test_case_38_a_set_without_any_voxel_is_kept() -> None:
    series = series_on(oriented_grid("HFS", SHAPE))
    content = read_seg(written(series, structures()[2:]), series.grid)
    assert [(s.label, s.mask_kji.any()) for s in content.segments] == [("Larynx", False)]


def test_case_39_frames_are_placed_on_a_flipped_grid() -> None:
    series = series_on(oriented_grid("HFS", SHAPE))
    grid = series.grid
    matrix = grid.matrix * [-1, 1, -1]
    flipped = Grid.of(SHAPE, grid.spacing_ijk_mm, grid.to_lps([SHAPE[2] - 1, 0, SHAPE[0] - 1]), matrix)
    content = read_seg(written(series, structures()), flipped)
    assert np.array_equal(content.segments[0].mask_kji, structures()[0].mask_kji[::-1, :, ::-1])


def test_case_40_orientation_noise_does_not_matter() -> None:
    series = series_on(oriented_grid("oblique", SHAPE))
    dataset = written(series, structures())
    shared = dataset.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence[0]
    shared.ImageOrientationPatient = [round(float(v), 4) for v in shared.ImageOrientationPatient]
    content = read_seg(dataset, series.grid)
    assert np.array_equal(content.segments[1].mask_kji, structures()[1].mask_kji)


def test_case_41_slight_noise_of_positions_is_snapped() -> None:
    series = series_on(oriented_grid("HFS", SHAPE))
    dataset = written(series, structures())
    for number, frame in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        x, y, z = (float(v) for v in frame.PlanePositionSequence[0].ImagePositionPatient)
        frame.PlanePositionSequence[0].ImagePositionPatient = [x, y, round(z + 0.02 * (-1) ** number, 4)]
    content = read_seg(dataset, series.grid)
    assert np.array_equal(content.segments[0].mask_kji, structures()[0].mask_kji)


def test_case_44_every_image_of_a_frame_is_named_at_the_top_too() -> None:
    series = series_on(oriented_grid("HFS", SHAPE))
    dataset = written(series, structures())
    top = {
        item.ReferencedSOPInstanceUID
        for item in dataset.ReferencedSeriesSequence[0].ReferencedInstanceSequence
    }
    frames = {
        source.ReferencedSOPInstanceUID
        for frame in dataset.PerFrameFunctionalGroupsSequence
        for source in frame.DerivationImageSequence[0].SourceImageSequence
    }
    assert frames <= top <= set(series.sop_instance_uids)


def other_kind(series: SeriesReference, kind: str, pixels: np.ndarray) -> Dataset:
    """A segmentation as highdicom writes it for others."""
    from rt.dicom.seg import _description, _source_images

    out, header = structures()[:2], ObjectHeader("x", new_uid(), new_uid(), datetime(2026, 1, 1, tzinfo=UTC))
    return hd.seg.Segmentation(
        source_images=_source_images(series, range(SHAPE[0])),
        pixel_array=pixels,
        segmentation_type=kind,
        segment_descriptions=[_description(n, s, header) for n, s in enumerate(out, 1)],
        series_instance_uid=new_uid(),
        series_number=1,
        sop_instance_uid=new_uid(),
        instance_number=1,
        manufacturer="x",
        manufacturer_model_name="x",
        software_versions="1",
        device_serial_number="1",
    )


def test_case_42_labelmap_is_read() -> None:
    series = series_on(oriented_grid("HFS", SHAPE))
    first, second = (s.mask_kji for s in structures()[:2])
    labels = np.where(second, 2, first.astype(np.uint8)).astype(np.uint8)
    content = read_seg(other_kind(series, "LABELMAP", labels), series.grid)
    masks = {segment.number: segment.mask_kji for segment in content.segments}
    assert np.array_equal(masks[1], labels == 1)
    assert np.array_equal(masks[2], labels == 2)


def test_case_43_fractional_is_cut_at_one_half() -> None:
    series = series_on(oriented_grid("HFS", SHAPE))
    fractions = np.zeros((*SHAPE, 2))
    fractions[3, 4, 5] = [0.4, 0.6]
    fractions[3, 5, 5] = [1.0, 0.1]
    content = read_seg(other_kind(series, "FRACTIONAL", fractions), series.grid)
    assert [np.argwhere(s.mask_kji).tolist() for s in content.segments] == [[[3, 5, 5]], [[3, 4, 5]]]


def test_a_segmentation_on_other_voxels_is_refused() -> None:
    series = series_on(oriented_grid("HFS", SHAPE))
    dataset = written(series, structures())
    for grid in (
        oriented_grid("HFS", SHAPE, (0.5, 1.31, 2.5)),
        Grid.of(SHAPE, series.grid.spacing_ijk_mm, (-123.0, 56.7, -8.9), np.eye(3)),
        Grid.of((3, 5, 5), series.grid.spacing_ijk_mm, series.grid.origin_lps_mm, np.eye(3)),
    ):
        with pytest.raises(GeometryError):
            read_seg(dataset, grid)


def test_broken_or_foreign_objects_are_refused() -> None:
    series = series_on(oriented_grid("HFS", SHAPE))
    dataset = written(series, structures())
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
    dataset = written(series, structures())
    delattr(dataset, keyword)
    with pytest.raises(DicomError):
        read_seg(dataset, series.grid)


def test_run_length_encoding_is_read_and_other_compression_named() -> None:
    series = series_on(oriented_grid("HFS", SHAPE))
    labels = structures()[0].mask_kji.astype(np.uint8)
    dataset = other_kind(series, "LABELMAP", labels)
    expected = read_seg(dataset, series.grid).segments[0].mask_kji
    dataset.compress(pydicom.uid.RLELossless)
    assert np.array_equal(read_seg(dataset, series.grid).segments[0].mask_kji, expected)
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.JPEG2000Lossless
    with pytest.raises(DicomUnsupported):
        read_seg(dataset, series.grid)


def test_a_series_that_is_not_dicom_cannot_be_referred_to() -> None:
    series = SeriesReference(**{**series_on(oriented_grid("HFS", SHAPE)).__dict__, "sop_instance_uids": ()})
    with pytest.raises(DicomReferenceError):
        written(series, structures())


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
    data = write_bytes(written(series_on(oriented_grid("HFS", SHAPE)), structures()))
    frames = pydicom.dcmread(io.BytesIO(data)).NumberOfFrames
    assert parse_instance(data, Limits(frames=1, bit_frames=frames)).modality == "SEG"
    with pytest.raises(DicomTooLarge, match="frames"):
        parse_instance(data, Limits(bit_frames=frames - 1))
    with pytest.raises(DicomTooLarge, match="bytes of pixels"):
        parse_instance(data, Limits(pixel_bytes=100))


def test_every_file_of_ours_names_the_same_implementation() -> None:
    sent = write_bytes(written(series_on(oriented_grid("HFS", SHAPE)), structures()))
    stored = parse_instance(sent).data
    drawn = write_rtstruct(
        series_on(oriented_grid("HFS", SHAPE)),
        structures(),
        ObjectHeader("Rinkaku AI", new_uid(), new_uid(), datetime(2026, 11, 20, tzinfo=UTC)),
    )
    for data in (sent, stored, write_bytes(drawn)):
        meta = pydicom.dcmread(io.BytesIO(data)).file_meta
        assert meta.ImplementationClassUID == IMPLEMENTATION_CLASS_UID
