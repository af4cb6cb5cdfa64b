"""DICOM cases 36 to 44: segmentations come back voxel for voxel, whoever wrote them."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from pydicom.dataset import Dataset

from rt.dicom.headers import slice_headers
from rt.dicom.outgoing import StructureOut
from rt.dicom.seg import SegContent, read_seg
from rt.dicom.series import check_geometry
from rt.errors import GeometryError
from rt.geometry import Grid
from rt.metrics import dice
from tests.factories import dicom as factory
from tests.rt.grids import ORIENTATIONS, oriented_grid
from tests.rt.objects import SEG_SHAPE as SHAPE
from tests.rt.objects import foreign_seg, overlapping, seg_of, sent, series_on

HFS = oriented_grid("HFS", SHAPE)


def read_back(grid: Grid, out: list[StructureOut]) -> SegContent:
    return read_seg(seg_of(series_on(grid), out), grid)


@pytest.mark.parametrize("name", [*ORIENTATIONS, "oblique"])
def test_case_36_omitted_empty_frames_are_rebuilt_on_the_source_grid(name: str) -> None:
    grid = oriented_grid(name, SHAPE)
    dataset = seg_of(series_on(grid), overlapping())
    drawn = sum(int(one.mask_kji.any(axis=(1, 2)).sum()) for one in overlapping())
    assert dataset.NumberOfFrames == drawn < len(overlapping()) * SHAPE[0]
    for segment, structure in zip(read_seg(dataset, grid).segments, overlapping(), strict=True):
        assert segment.mask_kji.shape == SHAPE
        assert np.array_equal(segment.mask_kji, structure.mask_kji)


def test_case_37_overlaps_survive_writing_reading_and_an_edit_of_one_of_them() -> None:
    first, second, _ = overlapping()
    shared = first.mask_kji & second.mask_kji
    assert shared.sum() > 20
    read = read_back(HFS, overlapping()).segments
    assert np.array_equal(read[0].mask_kji & read[1].mask_kji, shared)
    edited = read[0].mask_kji
    edited[3, 8:11] = False
    again = read_back(HFS, [replace(first, mask_kji=edited), replace(second, mask_kji=read[1].mask_kji)])
    assert np.array_equal(again.segments[0].mask_kji, edited)
    assert dice(again.segments[1].mask_kji, second.mask_kji) == 1


def test_case_38_an_empty_segment_is_kept_among_others_and_alone() -> None:
    read = read_back(HFS, overlapping())
    assert [segment.label for segment in read.segments] == ["Parotid_L", "PTV_7000", "Larynx"]
    assert (read.segments[2].extent, read.segments[2].mask_kji.any()) == (None, False)
    alone = read_back(HFS, overlapping()[2:])
    assert [(s.label, s.mask_kji.any()) for s in alone.segments] == [("Larynx", False)]


def test_case_38_many_small_segments_take_the_memory_of_their_extent() -> None:
    grid = oriented_grid("HFS", (40, 128, 128))
    out = []
    for number in range(1, 41):
        mask = np.zeros(grid.shape_kji, dtype=np.bool_)
        mask[number - 1, 3 * number : 3 * number + 4, 5:9] = True
        out.append(StructureOut(number, f"Node_{number}", "#30c0ff", "ORGAN", mask))
    dataset = seg_of(series_on(grid), out)
    tracemalloc.start()
    try:
        content = read_seg(dataset, grid)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(content.segments) == 40
    assert np.array_equal(content.segments[11].mask_kji, out[11].mask_kji)
    assert peak < 8 * out[0].mask_kji.nbytes, "40 masks of the whole image would be 40 times that"


def test_case_39_frames_are_placed_on_a_flipped_grid() -> None:
    matrix = HFS.matrix * [-1, 1, -1]
    flipped = Grid.of(SHAPE, HFS.spacing_ijk_mm, HFS.to_lps([SHAPE[2] - 1, 0, SHAPE[0] - 1]), matrix)
    content = read_seg(seg_of(series_on(HFS), overlapping()), flipped)
    assert np.array_equal(content.segments[0].mask_kji, overlapping()[0].mask_kji[::-1, :, ::-1])


def test_case_39_the_order_of_references_places_nothing() -> None:
    """The images that frames refer to, in any order, do not move them."""
    dataset = seg_of(series_on(HFS), overlapping())
    sources = [
        frame.DerivationImageSequence[0].SourceImageSequence[0]
        for frame in dataset.PerFrameFunctionalGroupsSequence
    ]
    uids = [source.ReferencedSOPInstanceUID for source in sources]
    for source, uid in zip(sources, reversed(uids), strict=True):
        source.ReferencedSOPInstanceUID = uid
    content = read_seg(dataset, HFS)
    assert np.array_equal(content.segments[0].mask_kji, overlapping()[0].mask_kji)


def test_case_40_orientation_is_written_as_it_came() -> None:
    came = (0.9999, -0.0101, 0.0099, 0.0102, 0.9998, -0.0134)
    row, column = np.array(came[:3]), np.array(came[3:])
    i = row / np.linalg.norm(row)
    j = column - (i @ column) * i
    j /= np.linalg.norm(j)
    grid = Grid.of(SHAPE, HFS.spacing_ijk_mm, HFS.origin_lps_mm, np.column_stack([i, j, np.cross(i, j)]))
    series = replace(series_on(grid), orientation=came)
    dataset = seg_of(series, overlapping())
    shared = dataset.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence[0]
    assert tuple(float(v) for v in shared.ImageOrientationPatient) == came
    assert np.array_equal(read_seg(dataset, grid).segments[1].mask_kji, overlapping()[1].mask_kji)


def test_case_40_orientation_noise_does_not_matter() -> None:
    grid = oriented_grid("oblique", SHAPE)
    dataset = seg_of(series_on(grid), overlapping())
    shared = dataset.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence[0]
    shared.ImageOrientationPatient = [round(float(v), 4) for v in shared.ImageOrientationPatient]
    content = read_seg(dataset, grid)
    assert np.array_equal(content.segments[1].mask_kji, overlapping()[1].mask_kji)


def test_case_41_slight_noise_of_positions_is_snapped_and_more_refused() -> None:
    dataset = seg_of(series_on(HFS), overlapping())
    for number, frame in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        x, y, z = (float(v) for v in frame.PlanePositionSequence[0].ImagePositionPatient)
        frame.PlanePositionSequence[0].ImagePositionPatient = [x, y, round(z + 0.02 * (-1) ** number, 4)]
    content = read_seg(dataset, HFS)
    assert np.array_equal(content.segments[0].mask_kji, overlapping()[0].mask_kji)
    dataset.PerFrameFunctionalGroupsSequence[0].PlanePositionSequence[0].ImagePositionPatient = [x, y, z + 1]
    with pytest.raises(GeometryError, match="between the image's voxels"):
        read_seg(dataset, HFS)


def test_case_42_labelmap_is_read_and_binary_is_written() -> None:
    assert seg_of(series_on(HFS), overlapping()).SegmentationType == "BINARY"
    first, second = (one.mask_kji for one in overlapping()[:2])
    labels = np.where(second, 2, first.astype(np.uint8)).astype(np.uint8)
    content = read_seg(sent(foreign_seg(series_on(HFS), "LABELMAP", labels)), HFS)
    masks = {segment.number: segment.mask_kji for segment in content.segments}
    assert sorted(masks) == [1, 2]
    assert np.array_equal(masks[1], labels == 1)
    assert np.array_equal(masks[2], labels == 2)
    assert content.warnings == ()


def test_case_42_voxels_of_a_label_that_is_not_described_are_said_to_be_left() -> None:
    labels = np.zeros(SHAPE, dtype=np.uint8)
    labels[2, 3, 4], labels[2, 3, 5] = 1, 2
    dataset = foreign_seg(series_on(HFS), "LABELMAP", labels)
    del dataset.SegmentSequence[-1]
    content = read_seg(dataset, HFS)
    assert [w.slug for w in content.warnings] == ["segmentation-undescribed"]
    assert "segments 2" in content.warnings[0].detail


def test_case_43_fractional_is_cut_at_one_half_and_says_so() -> None:
    fractions = np.zeros((*SHAPE, 2))
    fractions[3, 4, 5] = [0.4, 0.6]
    fractions[3, 5, 5] = [1.0, 0.1]
    content = read_seg(sent(foreign_seg(series_on(HFS), "FRACTIONAL", fractions)), HFS)
    assert [np.argwhere(s.mask_kji).tolist() for s in content.segments] == [[[3, 5, 5]], [[3, 4, 5]]]
    (warning,) = content.warnings
    assert warning.slug == "segmentation-fractional"
    assert "128 and more, 50 %" in warning.detail


def test_case_43_cine_and_repeated_positions_are_refused_with_their_name() -> None:
    series = factory.make_ct_series((12, 4, 4), duplicated=range(12))
    assert _refusal(series) == ("repeated-positions", 12)
    for slice_ in series:
        slice_.ImagePositionPatient = series[0].ImagePositionPatient
    assert _refusal(series) == ("repeated-positions", 24)


def _refusal(series: list[Dataset]) -> tuple[str, int]:
    geometry = check_geometry([header for slice_ in series for header in slice_headers(slice_)])
    assert geometry.grid is None
    finding = geometry.findings[-1]
    return finding.slug, int(finding.values["n"])


def test_case_44_every_image_of_a_frame_is_named_at_the_top_too() -> None:
    series = series_on(HFS)
    dataset = seg_of(series, overlapping())
    referenced = dataset.ReferencedSeriesSequence[0]
    top = {item.ReferencedSOPInstanceUID for item in referenced.ReferencedInstanceSequence}
    for frame in dataset.PerFrameFunctionalGroupsSequence:
        (source,) = frame.DerivationImageSequence[0].SourceImageSequence
        place = HFS.to_index(np.array(frame.PlanePositionSequence[0].ImagePositionPatient, dtype=float))
        assert source.ReferencedSOPInstanceUID == series.sop_instance_uids[round(place[2])]
        assert source.ReferencedSOPInstanceUID in top
    drawn = np.any([one.mask_kji.any(axis=(1, 2)) for one in overlapping()], axis=0)
    assert top >= {uid for uid, here in zip(series.sop_instance_uids, drawn, strict=True) if here}
    assert referenced.SeriesInstanceUID == series.series_instance_uid
