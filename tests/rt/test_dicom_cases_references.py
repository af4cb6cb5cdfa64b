"""Cases 22 to 28 of RTSTRUCT and SEG that break converters: precision, long values, references."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pydicom
import pytest
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import ExplicitVRLittleEndian

from rt.dicom.contour_data import fill_contours
from rt.dicom.headers import slice_headers
from rt.dicom.outgoing import SeriesReference, StructureOut, write_bytes
from rt.dicom.parse import parse_instance
from rt.dicom.rtstruct import check_reference, read_rtstruct, select_series, write_rtstruct
from rt.dicom.series import check_geometry
from rt.dicom.uids import new_uid
from rt.errors import DicomReferenceError, GeometryError
from rt.geometry import Grid
from tests.factories.dicom import Ids, encode, make_ct_series, make_instance, make_rtstruct, set_pixels
from tests.rt.test_rtstruct import header

SHAPE = (5, 16, 16)
GRID = Grid.of(SHAPE, (2.0, 2.0, 3.0), (-64.0, -64.0, -30.0), np.eye(3))
RING = [(4.0, 4.0), (9.0, 4.0), (9.0, 9.0), (4.0, 9.0)]
ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2.1"


def images() -> list[Dataset]:
    return make_ct_series(SHAPE)


def reference(ct: list[Dataset]) -> SeriesReference:
    first = ct[0]
    return SeriesReference(
        study_instance_uid=first.StudyInstanceUID,
        series_instance_uid=first.SeriesInstanceUID,
        frame_of_reference_uid=first.FrameOfReferenceUID,
        sop_class_uid=first.SOPClassUID,
        sop_instance_uids=tuple(slice_.SOPInstanceUID for slice_ in ct),
        grid=GRID,
        attributes={"PatientID": first.PatientID},
    )


def reread(dataset: Dataset) -> Dataset:
    return pydicom.dcmread(io.BytesIO(write_bytes(dataset)))


def with_data(dataset: Dataset, text: str, vr: str = "DS") -> Dataset:
    """The first contour with these ContourData, as they would stand in a file."""
    tag, value = Tag("ContourData"), text.encode() + b" " * (len(text) % 2)
    item = dataset.ROIContourSequence[0].ContourSequence[0]
    item[tag] = RawDataElement(tag, vr, len(value), value, 0, False, True)
    return dataset


def mask_of(dataset: Dataset) -> np.ndarray:
    (roi,) = read_rtstruct(parse_instance(encode(dataset)).dataset).rois
    return fill_contours(roi.contours, GRID).mask_kji


@pytest.mark.parametrize("digits", ["{:.17g}", "{:.20f}", "{:+.17e}"])
def test_case_22_numbers_too_long_for_a_decimal_string_are_read_and_written_short(digits: str) -> None:
    ct = images()
    plain = make_rtstruct(ct, {"PTV": {2: RING}})
    values = [float(v) + 1 / 3 for v in plain.ROIContourSequence[0].ContourSequence[0].ContourData]
    long = with_data(plain, "\\".join(map(digits.format, values)))
    (roi,) = read_rtstruct(parse_instance(encode(long)).dataset).rois
    mask = fill_contours(roi.contours, GRID).mask_kji
    assert mask.any()
    out = StructureOut(1, "PTV", "#ff0000", "PTV", mask, roi.contours)
    written = reread(write_rtstruct(reference(ct), [out], header()))
    (contour,) = read_rtstruct(written).rois[0].contours
    assert max(map(len, contour.data.split("\\"))) <= 16
    assert contour.points_mm == pytest.approx(roi.contours[0].points_mm, abs=1e-6)
    assert np.array_equal(mask_of(written), mask)


@pytest.mark.parametrize("vr", ["UN", "DS"])
def test_case_23_more_than_64_kib_of_coordinates_come_and_go_as_they_are(vr: str) -> None:
    ct = images()
    angles = np.linspace(0, 2 * np.pi, 5000, endpoint=False)
    circle = [(8 + 5 * np.cos(a), 8 + 5 * np.sin(a)) for a in angles]
    dataset = make_rtstruct(ct, {"PTV": {2: circle}})
    item = dataset.ROIContourSequence[0].ContourSequence[0]
    text = "\\".join(f"{float(v):.4f}" for v in item.ContourData)
    assert len(text) > 2**16
    with_data(dataset, text, vr)
    syntax = ExplicitVRLittleEndian if vr == "UN" else "1.2.840.10008.1.2"
    parsed = parse_instance(encode(dataset, syntax))
    (roi,) = read_rtstruct(parsed.dataset).rois
    assert (parsed.findings, roi.contours[0].data) == ((), text)
    mask = fill_contours(roi.contours, GRID).mask_kji
    out = StructureOut(1, "PTV", "#ff0000", "PTV", mask, roi.contours)
    written = write_bytes(write_rtstruct(reference(ct), [out], header()))
    assert read_rtstruct(parse_instance(written).dataset).rois[0].contours[0].data == text


def _no_images_of_contours(dataset: Dataset) -> None:
    for contour in dataset.ROIContourSequence[0].ContourSequence:
        del contour.ContourImageSequence


def _no_images_of_series(dataset: Dataset) -> None:
    _no_images_of_contours(dataset)
    study = dataset.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence[0]
    del study.RTReferencedSeriesSequence[0].ContourImageSequence


def _no_references(dataset: Dataset) -> None:
    _no_images_of_contours(dataset)
    del dataset.ReferencedFrameOfReferenceSequence


@pytest.mark.parametrize("spoil", [_no_images_of_contours, _no_images_of_series, _no_references])
def test_case_24_contours_without_images_are_placed_by_their_coordinates(
    spoil: Callable[[Dataset], None],
) -> None:
    ct = images()
    dataset = make_rtstruct(ct, {"PTV": {1: RING, 3: RING}})
    expected = mask_of(dataset)
    spoil(dataset)
    assert np.array_equal(mask_of(dataset), expected)
    content = read_rtstruct(dataset)
    series = reference(ct)
    frame, uids = series.frame_of_reference_uid, series.sop_instance_uids
    assert check_reference(content, ct[0].PatientID, frame, series.series_instance_uid, uids) == ()


def test_case_25_wrong_image_uids_are_warned_of_and_coordinates_count() -> None:
    ct = images()
    dataset = make_rtstruct(ct, {"PTV": {1: RING, 3: RING}})
    expected = mask_of(dataset)
    first, second = dataset.ROIContourSequence[0].ContourSequence
    first.ContourImageSequence[0].ReferencedSOPInstanceUID = ct[3].SOPInstanceUID
    second.ContourImageSequence[0].ReferencedSOPInstanceUID = new_uid()
    assert np.array_equal(mask_of(dataset), expected)
    series = reference(ct)
    warnings = check_reference(
        read_rtstruct(dataset), "TEST-1", series.frame_of_reference_uid, series.series_instance_uid,
        series.sop_instance_uids,
    )  # fmt: skip
    assert [warning.slug for warning in warnings] == ["contours-of-unknown-images"]


def test_case_25_images_of_another_series_are_refused_with_its_uid() -> None:
    ct = images()
    content = read_rtstruct(make_rtstruct(ct, {"PTV": {1: RING}}))
    with pytest.raises(DicomReferenceError, match=ct[0].SeriesInstanceUID.replace(".", r"\.")):
        check_reference(content, "TEST-1", ct[0].FrameOfReferenceUID, new_uid(), ())


@pytest.mark.parametrize("where", ["set", "structure"])
def test_case_26_another_frame_of_reference_is_refused_with_both_uids(where: str) -> None:
    ct, other = images(), new_uid()
    dataset = make_rtstruct(ct, {"PTV": {1: RING}})
    dataset.StructureSetROISequence[0].ReferencedFrameOfReferenceUID = other
    if where == "set":
        dataset.ReferencedFrameOfReferenceSequence[0].FrameOfReferenceUID = other
    series = reference(ct)
    with pytest.raises(DicomReferenceError) as caught:
        check_reference(
            read_rtstruct(dataset), "TEST-1", series.frame_of_reference_uid, series.series_instance_uid,
            series.sop_instance_uids,
        )  # fmt: skip
    assert other in str(caught.value)
    assert series.frame_of_reference_uid in str(caught.value)


@pytest.mark.parametrize("same_frame", [True, False])
def test_case_27_a_set_on_two_series_gives_each_its_own_contours(same_frame: bool) -> None:
    first = images()
    ids = Ids.fresh("second")
    frame = first[0].FrameOfReferenceUID if same_frame else ids.frame_of_reference
    second = make_ct_series(SHAPE, ids=Ids(first[0].StudyInstanceUID, ids.series, frame))
    dataset = make_rtstruct(first, {"PTV": {1: RING}})
    more = make_rtstruct(second, {"PTV": {3: RING}})
    dataset.ReferencedFrameOfReferenceSequence = [
        *dataset.ReferencedFrameOfReferenceSequence,
        *more.ReferencedFrameOfReferenceSequence,
    ]
    if same_frame:
        dataset.ROIContourSequence[0].ContourSequence = [
            *dataset.ROIContourSequence[0].ContourSequence,
            *more.ROIContourSequence[0].ContourSequence,
        ]
    else:
        for sequence, keyword in (("StructureSetROISequence", "ROINumber"), ("ROIContourSequence", "")):
            item = more[sequence].value[0]
            item[keyword or "ReferencedROINumber"].value = 2
            dataset[sequence].value = [*dataset[sequence].value, item]
    content = read_rtstruct(parse_instance(encode(dataset)).dataset)
    assert len(content.referenced_series) == 2
    for ct, slices in ((first, [1]), (second, [3])):
        part = select_series(content, ct[0].SeriesInstanceUID)
        assert part.frame_of_reference_uid == ct[0].FrameOfReferenceUID
        (roi,) = part.rois
        mask = fill_contours(roi.contours, GRID).mask_kji
        assert np.flatnonzero(mask.any(axis=(1, 2))).tolist() == slices


def many_frames(**groups: object) -> Dataset:
    """An Enhanced CT of three frames."""
    dataset = make_instance(ENHANCED_CT, "CT", Ids.fresh("enhanced"), "1")
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    set_pixels(dataset, np.zeros((3, 8, 8), dtype=np.uint16))
    dataset.ImageOrientationPatient, dataset.PixelSpacing = [1, 0, 0, 0, 1, 0], [2, 2]
    dataset.RescaleSlope, dataset.RescaleIntercept = 1, -1024
    for keyword, value in groups.items():
        setattr(dataset, keyword, value)
    return parse_instance(encode(dataset)).dataset


def test_case_28_frames_without_groups_of_their_own_are_refused() -> None:
    with pytest.raises(GeometryError, match="3 frames and no place for each"):
        slice_headers(many_frames(ImagePositionPatient=[0, 0, 0]))


def test_case_28_groups_without_a_position_are_refused() -> None:
    with pytest.raises(GeometryError, match="ImagePositionPatient"):
        slice_headers(many_frames(PerFrameFunctionalGroupsSequence=[Dataset() for _ in range(3)]))


def test_case_28_one_position_for_all_frames_makes_no_volume() -> None:
    frames = [Dataset() for _ in range(3)]
    shared = many_frames(PerFrameFunctionalGroupsSequence=frames, ImagePositionPatient=[0, 0, 0])
    geometry = check_geometry(slice_headers(shared))
    assert geometry.grid is None
    assert any(finding.severity == "refusal" for finding in geometry.findings)
