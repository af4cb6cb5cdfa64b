"""RTSTRUCT: what is written reads back as the same mask, and untouched slices as the same points."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from rt.contours import trace_polygons
from rt.dicom.contour_data import Contour, contours_from_json, contours_to_json, fill_contours, format_ds
from rt.dicom.outgoing import ObjectHeader, SeriesReference, StructureOut, write_bytes
from rt.dicom.parse import parse_instance
from rt.dicom.profiles import GENERIC
from rt.dicom.readback import read_back_rtstruct
from rt.dicom.rtstruct import check_reference, read_rtstruct, select_series, write_rtstruct
from rt.dicom.uids import derived_uid, new_uid
from rt.errors import DicomError, DicomReferenceError, MaskError
from rt.geometry import Grid
from rt.masks import changed_slices, volume_cc
from tests.rt.grids import ball, oriented_grid

CT = "1.2.840.10008.5.1.4.1.1.2"
SHAPE = (6, 21, 30)
SARCOMA = Path(__file__).parents[2].parent / "shared" / "data" / "sarcoma"


def series_on(grid: Grid) -> SeriesReference:
    return SeriesReference(
        study_instance_uid=derived_uid("study"),
        series_instance_uid=derived_uid("series"),
        frame_of_reference_uid=derived_uid("frame"),
        sop_class_uid=CT,
        sop_instance_uids=tuple(derived_uid("slice", str(k)) for k in range(grid.shape_kji[0])),
        grid=grid,
        attributes={
            "PatientName": "輪郭^太郎",
            "PatientID": "R1",
            "StudyID": "longer than sixteen characters",
        },
    )


def header(label: str = "Rinkaku AI contours") -> ObjectHeader:
    return ObjectHeader(label, new_uid(), new_uid(), datetime(2026, 11, 20, 12, 30, tzinfo=UTC))


def structure(mask: np.ndarray, number: int = 1, **more: object) -> StructureOut:
    return StructureOut(number, f"Organ_{number}", "#10fa07", "ORGAN", mask, **more)  # type: ignore[arg-type]


def reread(dataset: Dataset) -> Dataset:
    return pydicom.dcmread(io.BytesIO(write_bytes(dataset)))


def ringed() -> np.ndarray:
    mask = ball(SHAPE, (2.5, 10, 14), 8)
    mask[:, 8:13, 11:17] = False
    mask[:, 10, 14] = True
    return mask


def test_case_34_file_is_complete_as_dicom_rt_needs_it() -> None:
    series = series_on(oriented_grid("HFS", SHAPE))
    dataset = reread(write_rtstruct(series, [structure(ringed())], header()))
    type_2 = "PatientName PatientBirthDate PatientSex StudyDate StudyTime StudyID AccessionNumber"
    type_2 += " ReferringPhysicianName OperatorsName Manufacturer SeriesNumber ApprovalStatus"
    type_2 += " StructureSetDate StructureSetTime"
    assert [keyword for keyword in type_2.split(" ") if keyword not in dataset] == []
    assert len(dataset.StructureSetLabel) <= 16
    assert dataset.ApprovalStatus == "UNAPPROVED"
    frame = dataset.ReferencedFrameOfReferenceSequence[0]
    images = frame.RTReferencedStudySequence[0].RTReferencedSeriesSequence[0].ContourImageSequence
    assert [image.ReferencedSOPInstanceUID for image in images] == list(series.sop_instance_uids)
    observation = dataset.RTROIObservationsSequence[0]
    assert (observation.RTROIInterpretedType, observation.ROIInterpreter) == ("ORGAN", "")
    assert list(dataset.ROIContourSequence[0].ROIDisplayColor) == [0x10, 0xFA, 0x07]
    assert str(dataset.PatientName) == "輪郭^太郎"
    assert write_bytes(dataset)[:132] == bytes(128) + b"DICM"


def test_approval_is_written_with_who_and_when() -> None:
    series = series_on(oriented_grid("HFS", SHAPE))
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    approved = ObjectHeader("x", new_uid(), new_uid(), moment, approved_by="Sato", approved_at=moment)
    dataset = reread(write_rtstruct(series, [structure(ringed())], approved))
    assert (dataset.ApprovalStatus, dataset.ReviewDate, str(dataset.ReviewerName)) == (
        "APPROVED",
        "20260102",
        "Sato",
    )


def test_untouched_slices_keep_the_very_points_they_came_with() -> None:
    grid = oriented_grid("HFS", SHAPE)
    series = series_on(grid)
    corners = [(3.25, 4.5), (20.1, 4.75), (20.3, 15.2), (3.3, 15.4)]
    originals = tuple(
        Contour(
            "\\".join(f"{v:.3f}0" for c in corners for v in grid.to_lps([*c, k])),
            "CLOSED_PLANAR",
            series.sop_instance_uids[k],
        )
        for k in range(1, 5)
    )
    mask = fill_contours(originals, grid).mask_kji
    mask[2, 9:12, 9:12] = False
    out = write_rtstruct(series, [structure(mask, original_contours=originals)], header())
    content = read_rtstruct(reread(out))
    data = {c.data for c in content.rois[0].contours}
    assert {c.data for c in originals} - data == {originals[1].data}
    assert np.array_equal(fill_contours(content.rois[0].contours, grid).mask_kji, mask)


volumes = hnp.arrays(np.bool_, (4, 9, 8))


@settings(max_examples=25)
@given(volumes, volumes, st.sets(st.integers(0, 3)))
def test_any_edit_goes_out_as_the_mask_it_made(
    before: np.ndarray, edit: np.ndarray, slices: set[int]
) -> None:
    grid = oriented_grid("oblique", before.shape)
    series = series_on(grid)
    originals = tuple(
        Contour.of_points(np.round(p.points_mm, 3), series.sop_instance_uids[p.k])
        for p in trace_polygons(before, grid)
    )
    after = before.copy()
    after[sorted(slices)] = edit[sorted(slices)]
    out = write_rtstruct(series, [structure(after, original_contours=originals)], header())
    contours = read_rtstruct(reread(out)).rois[0].contours
    assert np.array_equal(fill_contours(contours, grid).mask_kji, after)
    changed = {series.sop_instance_uids[k] for k in changed_slices(before, after)}
    kept = {c.data for c in originals if c.referenced_sop_instance_uid not in changed}
    assert kept == {c.data for c in contours if c.referenced_sop_instance_uid not in changed}


def test_case_33_points_stay_points_and_short_rings_are_not_written() -> None:
    grid = oriented_grid("HFS", SHAPE)
    point = Contour("-120.0\\60.0\\-8.9", "POINT")
    line = Contour("-120.0\\60.0\\-8.9\\-118\\61\\-8.9", "CLOSED_PLANAR")
    empty = np.zeros(SHAPE, dtype=bool)
    out = write_rtstruct(series_on(grid), [structure(empty, original_contours=(point, line))], header())
    contours = read_rtstruct(reread(out)).rois[0].contours
    assert [(c.geometric_type, c.data) for c in contours] == [("POINT", point.data)]
    filled = fill_contours((point, line), grid)
    assert [w.slug for w in filled.warnings] == ["contour-not-closed"]


@pytest.mark.parametrize("edited", [True, False])
def test_an_edited_structure_that_came_between_the_slices_is_written_on_them_whole(edited: bool) -> None:
    """Planes of two kinds in one structure would overlap on one side of the edit and gape on the other."""
    grid = oriented_grid("HFS", SHAPE)
    series, mask = series_on(grid), ball(SHAPE, (2, 9, 12), 4)
    between = tuple(
        Contour.of_points(polygon.points_mm + grid.matrix[:, 2] * 0.4 * grid.spacing_ijk_mm[2])
        for polygon in trace_polygons(mask, grid)
    )
    point = Contour("-120.0\\60.0\\-8.9", "POINT")
    after = mask.copy()
    if edited:
        after[2, 9, 17:19] = True
    out = structure(after, original_contours=(*between, point))
    data = write_bytes(write_rtstruct(series, [out], header()))
    (roi,) = read_rtstruct(parse_instance(data).dataset).rois
    assert roi.contours[0 if edited else -1].data == point.data
    heights = {round(float(grid.to_index(c.points_mm)[:, 2].mean()), 3) for c in roi.contours if c.encloses}
    drawn = {float(k) for k in np.flatnonzero(mask.any(axis=(1, 2)))}
    assert heights == (drawn if edited else {k + 0.4 for k in drawn})
    assert np.array_equal(fill_contours(roi.contours, grid).mask_kji, after)
    (row,) = read_back_rtstruct(data, series, [out], GENERIC)
    assert ("contours-moved-to-slices" in {one.slug for one in row.findings}) is edited
    assert row.dice == 1.0


def test_case_29_structures_without_contours_are_listed_empty() -> None:
    series = series_on(oriented_grid("HFS", SHAPE))
    empty = np.zeros(SHAPE, dtype=bool)
    dataset = reread(write_rtstruct(series, [structure(ringed(), 2), structure(empty, 7)], header()))
    del dataset.ROIContourSequence[1]
    dataset.RTROIObservationsSequence[1].ReferencedROINumber = 99
    content = read_rtstruct(dataset)
    assert [(roi.number, len(roi.contours) > 0) for roi in content.rois] == [(2, True), (7, False)]


def test_case_30_items_are_joined_by_number() -> None:
    series = series_on(oriented_grid("HFS", SHAPE))
    small = ball(SHAPE, (2, 5, 5), 2)
    dataset = reread(write_rtstruct(series, [structure(ringed(), 19), structure(small, 3)], header()))
    dataset.ROIContourSequence = list(dataset.ROIContourSequence)[::-1]
    content = read_rtstruct(dataset)
    assert [roi.number for roi in content.rois] == [19, 3]
    assert np.array_equal(fill_contours(content.rois[1].contours, series.grid).mask_kji, small)


def test_the_name_that_it_came_with_is_its_description() -> None:
    grid = oriented_grid("HFS", SHAPE)
    mask = ball(SHAPE, (2, 9, 12), 4)
    written = [structure(mask, 1, original_name="左耳下腺"), structure(mask, 2)]
    dataset = reread(write_rtstruct(series_on(grid), written, header()))
    assert [roi.description for roi in read_rtstruct(dataset).rois] == ["左耳下腺", ""]
    assert "ROIDescription" not in dataset.StructureSetROISequence[1]


def test_case_31_duplicate_names_are_kept_apart() -> None:
    series = series_on(oriented_grid("HFS", SHAPE))
    same = [StructureOut(n, "PTV", "#ff0000", "PTV", ringed()) for n in (4, 63)]
    assert [r.number for r in read_rtstruct(reread(write_rtstruct(series, same, header()))).rois] == [4, 63]


def test_case_32_missing_colour_has_a_stable_default() -> None:
    dataset = reread(write_rtstruct(series_on(oriented_grid("HFS", SHAPE)), [structure(ringed())], header()))
    del dataset.ROIContourSequence[0].ROIDisplayColor
    assert read_rtstruct(dataset).rois[0].colour == read_rtstruct(dataset).rois[0].colour == "#50c850"


@pytest.mark.parametrize("colour", [[1, 2], ["a", "b", "c"], [300, -1, 16]])
def test_broken_colours_do_not_stop_the_import(colour: list[object]) -> None:
    dataset = reread(write_rtstruct(series_on(oriented_grid("HFS", SHAPE)), [structure(ringed())], header()))
    text = "\\".join(map(str, colour)).encode()
    element = RawDataElement(Tag("ROIDisplayColor"), "IS", len(text), text, 0, False, True)
    dataset.ROIContourSequence[0][element.tag] = element
    expected = "#ff0010" if colour[0] == 300 else "#50c850"
    assert read_rtstruct(dataset).rois[0].colour == expected


@pytest.mark.shared_data
@pytest.mark.skipif(not SARCOMA.exists(), reason="../shared/data/sarcoma is not here")
@pytest.mark.parametrize("modality", ["CT", "MR_T1", "PET"])
def test_real_structure_sets_go_through_unchanged(modality: str) -> None:
    folder = SARCOMA / "STS_003" / modality
    images = [pydicom.dcmread(path, stop_before_pixels=True) for path in (folder / "image").iterdir()]
    images.sort(key=lambda image: float(image.ImagePositionPatient[2]))
    first, last = images[0], images[-1]
    step = (float(last.ImagePositionPatient[2]) - float(first.ImagePositionPatient[2])) / (len(images) - 1)
    grid = Grid.of(
        (len(images), first.Rows, first.Columns),
        (first.PixelSpacing[1], first.PixelSpacing[0], step),
        first.ImagePositionPatient,
        np.eye(3),
    )
    (path,) = (folder / "mask").iterdir()
    (roi,) = read_rtstruct(pydicom.dcmread(path)).rois
    mask = fill_contours(roi.contours, grid).mask_kji
    assert volume_cc(mask, grid) == pytest.approx(80.1, abs=0.3)
    series = series_on(grid)
    kept = read_rtstruct(
        reread(write_rtstruct(series, [structure(mask, original_contours=roi.contours)], header()))
    )
    assert [c.data for c in kept.rois[0].contours] == [c.data for c in roi.contours]
    traced = read_rtstruct(reread(write_rtstruct(series, [structure(mask)], header())))
    assert np.array_equal(fill_contours(traced.rois[0].contours, grid).mask_kji, mask)


@pytest.mark.parametrize("value", [0.0, -0.0000001, 123.456789, -1234.123456789, 1e9, -1.23456789e-9, 1e300])
def test_case_22_decimal_strings_have_at_most_sixteen_bytes(value: float) -> None:
    text = format_ds(value)
    assert len(text) <= 16
    assert float(text) == pytest.approx(value, rel=1e-8, abs=1e-6)


def test_case_24_contours_without_image_reference_are_placed_by_geometry() -> None:
    series = series_on(oriented_grid("oblique", SHAPE))
    dataset = reread(write_rtstruct(series, [structure(ringed())], header()))
    for item in dataset.ROIContourSequence[0].ContourSequence:
        del item.ContourImageSequence
    filled = fill_contours(read_rtstruct(dataset).rois[0].contours, series.grid)
    assert np.array_equal(filled.mask_kji, ringed())


def test_case_23_long_contour_data_survive_as_text() -> None:
    angles = np.linspace(0, 2 * np.pi, 9000, endpoint=False)
    grid = oriented_grid("HFS", SHAPE)
    ij = np.column_stack([14 + 9 * np.cos(angles), 10 + 9 * np.sin(angles), np.full(9000, 2.0)])
    contour = Contour.of_points(grid.to_lps(ij))
    mask = fill_contours((contour,), grid).mask_kji
    dataset = reread(
        write_rtstruct(series_on(grid), [structure(mask, original_contours=(contour,))], header())
    )
    assert len(contour.data) > 65536
    assert read_rtstruct(dataset).rois[0].contours[0].data == contour.data


def content_of(**changes: object):  # type: ignore[no-untyped-def]
    series = series_on(oriented_grid("HFS", SHAPE))
    return read_rtstruct(reread(write_rtstruct(series, [structure(ringed())], header()))), series


@pytest.mark.parametrize(
    ("patient", "frame", "series", "words"),
    [
        ("R2", "frame", "series", "patient"),
        ("R1", "other", "series", "frame of reference"),
        ("R1", "frame", "other", "series"),
    ],
)
def test_case_26_another_patient_frame_or_series_is_refused(
    patient: str, frame: str, series: str, words: str
) -> None:
    content, source = content_of()
    with pytest.raises(DicomReferenceError, match=words):
        check_reference(content, patient, derived_uid(frame), derived_uid(series), source.sop_instance_uids)


def test_case_25_unknown_images_of_the_right_series_are_only_warned_of() -> None:
    content, source = content_of()
    frame, uid = source.frame_of_reference_uid, source.series_instance_uid
    assert check_reference(content, "R1", frame, uid, source.sop_instance_uids) == ()
    warnings = check_reference(content, "R1", frame, uid, source.sop_instance_uids[:2])
    assert [w.slug for w in warnings] == ["contours-of-unknown-images"]


def test_case_27_a_set_on_two_series_is_split_by_series() -> None:
    series = series_on(oriented_grid("HFS", SHAPE))
    other = SeriesReference(
        **{
            **series.__dict__,
            "series_instance_uid": derived_uid("series 2"),
            "frame_of_reference_uid": derived_uid("frame 2"),
            "sop_instance_uids": tuple(derived_uid("b", str(k)) for k in range(6)),
        }
    )
    dataset = reread(write_rtstruct(series, [structure(ringed(), 1)], header()))
    second = reread(write_rtstruct(other, [structure(ringed(), 2)], header()))
    for keyword in ("StructureSetROISequence", "ROIContourSequence", "ReferencedFrameOfReferenceSequence"):
        setattr(dataset, keyword, [*getattr(dataset, keyword), *getattr(second, keyword)])
    content = select_series(read_rtstruct(dataset), other.series_instance_uid)
    assert [roi.number for roi in content.rois] == [2]
    assert content.frame_of_reference_uid == other.frame_of_reference_uid


def test_contours_survive_json() -> None:
    contours = (Contour("1.50\\2\\3", "POINT"), Contour("1\\2\\3\\4\\5\\6\\7\\8\\9", "CLOSED_PLANAR", "1.2"))
    assert contours_from_json(contours_to_json(contours)) == contours
    with pytest.raises(DicomError):
        contours_from_json([["POINT", 3, "1"]])  # type: ignore[list-item]


@pytest.mark.parametrize("data", ["1\\2", "a\\b\\c", "1\\2\\nan"])
def test_broken_contour_data_are_refused(data: str) -> None:
    with pytest.raises(DicomError):
        _ = Contour(data).points_mm


def test_another_object_is_not_a_structure_set() -> None:
    with pytest.raises(DicomError):
        read_rtstruct(Dataset())


def test_a_mask_off_the_grid_or_a_number_used_twice_is_refused() -> None:
    series = series_on(oriented_grid("HFS", SHAPE))
    with pytest.raises(MaskError):
        write_rtstruct(series, [structure(np.zeros((5, 21, 30), dtype=bool))], header())
    with pytest.raises(DicomReferenceError):
        write_rtstruct(series, [structure(ringed()), structure(ringed())], header())


def test_derived_uids_are_stable_and_valid() -> None:
    assert derived_uid("a", "b") == derived_uid("a", "b") != derived_uid("ab")
    assert pydicom.uid.UID(derived_uid("a")).is_valid
    assert pydicom.uid.UID(new_uid()).is_valid
