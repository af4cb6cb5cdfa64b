"""What the door says of an RTSTRUCT's contents: impossible contours are named, unreadable sets refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from rt.dicom.parse import parse_instance
from rt.dicom.rtstruct import fill_contours, read_rtstruct
from rt.dicom.sandbox import ParserProcess
from rt.errors import DicomError, EmptyFile, StructureSetError
from rt.geometry import Grid
from tests.factories.dicom import encode, make_ct_series, make_rtstruct

RING = [(4.0, 4.0), (9.0, 4.0), (9.0, 9.0), (4.0, 9.0)]


def drawn() -> Dataset:
    """Two structures of three contours each."""
    rings = {1: RING, 2: RING, 3: RING}
    return make_rtstruct(make_ct_series((5, 16, 16)), {"Larynx": rings, "Parotid_L": rings})


def spoil(dataset: Dataset, roi: int, contour: int, text: str) -> None:
    """Write other ContourData, as text, so that nothing of it is looked at."""
    tag, value = Tag("ContourData"), text.encode() + b" " * (len(text) % 2)
    item = dataset.ROIContourSequence[roi].ContourSequence[contour]
    item[tag] = RawDataElement(tag, "DS", len(value), value, 0, False, True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1\\2\\nan\\4\\5\\6\\7\\8\\9", "not finite"),
        ("1\\2\\inf\\4\\5\\6\\7\\8\\9", "not finite"),
        ("1\\2\\1e999\\4\\5\\6\\7\\8\\9", "not finite"),
        ("1\\2\\1e200\\4\\5\\6\\7\\8\\9", "a kilometre away"),
        ("1\\2\\3\\4\\5\\6\\7\\8", "8 values in ContourData are no triples"),
        ("1\\2\\x\\4\\5\\6\\7\\8\\9", "not a number"),
        ("1\\2\\\\4\\5\\6\\7\\8\\9", "not a number"),
    ],
)
def test_an_impossible_contour_is_left_out_and_named(text: str, words: str) -> None:
    dataset = drawn()
    spoil(dataset, 1, 1, text)
    parsed = parse_instance(encode(dataset))
    (finding,) = parsed.findings
    assert (finding.slug, finding.structure, finding.numbers) == ("contour-impossible", "Parotid_L", (2,))
    assert finding.detail.startswith("Parotid_L: contour 2 of 3: ") and words in finding.detail
    content = read_rtstruct(parsed.dataset)
    assert [len(roi.contours) for roi in content.rois] == [3, 2]
    assert content.warnings == parsed.findings


def test_contours_that_are_wrong_in_the_same_way_are_one_finding() -> None:
    dataset = drawn()
    for roi, contour in ((0, 0), (0, 2), (1, 0), (1, 1), (1, 2)):
        spoil(dataset, roi, contour, "1\\2\\nan")
    findings = parse_instance(encode(dataset)).findings
    assert [one.structure for one in findings] == ["Larynx", "Parotid_L"]
    assert [one.numbers for one in findings] == [(1, 3), (1, 2, 3)]


def test_a_contour_without_data_is_nothing_drawn() -> None:
    dataset = drawn()
    for item in dataset.ROIContourSequence:
        for contour in item.ContourSequence:
            contour.ContourData = None
    parsed = parse_instance(encode(dataset))
    assert parsed.findings == ()
    assert [roi.contours for roi in read_rtstruct(parsed.dataset).rois] == [(), ()]


def shifted(dataset: Dataset, roi: int, contour: int, by_mm: tuple[float, float, float]) -> None:
    item = dataset.ROIContourSequence[roi].ContourSequence[contour]
    item.ContourData = [float(v) + by_mm[n % 3] for n, v in enumerate(item.ContourData)]


@pytest.mark.parametrize("by_mm", [(0.0, 0.0, 500.0), (900.0, 0.0, 0.0), (0.0, -900.0, 0.0)])
def test_case_14_what_lies_outside_is_left_out_by_number_and_the_rest_kept(
    by_mm: tuple[float, float, float],
) -> None:
    dataset = drawn()
    shifted(dataset, 1, 0, by_mm)
    shifted(dataset, 1, 2, by_mm)
    grid = Grid.of((5, 16, 16), (2.0, 2.0, 3.0), (-64.0, -64.0, -30.0), np.eye(3))
    whole, part = (fill_contours(roi.contours, grid) for roi in read_rtstruct(dataset).rois)
    assert whole.warnings == ()
    (warning,) = part.warnings
    assert (warning.slug, warning.numbers) == ("contour-outside-volume", (1, 3))
    assert np.array_equal(part.mask_kji[2], whole.mask_kji[2])
    assert np.flatnonzero(part.mask_kji.any(axis=(1, 2))).tolist() == [2]


def test_case_14_numbers_are_among_all_contours_also_those_that_enclose_nothing() -> None:
    dataset = drawn()
    del dataset.ROIContourSequence[1].ContourSequence[0].ContourData[6:]
    shifted(dataset, 1, 2, (900.0, 0.0, 0.0))
    grid = Grid.of((5, 16, 16), (2.0, 2.0, 3.0), (-64.0, -64.0, -30.0), np.eye(3))
    warning = fill_contours(read_rtstruct(dataset).rois[1].contours, grid).warnings[0]
    assert warning.detail == "contour 3 of 3: outside the image, left out (1 in all)"


def test_case_14_a_structure_with_nothing_inside_is_said_to_be_outside() -> None:
    dataset = drawn()
    for contour in range(3):
        shifted(dataset, 0, contour, (0.0, 0.0, 500.0))
    grid = Grid.of((5, 16, 16), (2.0, 2.0, 3.0), (-64.0, -64.0, -30.0), np.eye(3))
    filled = fill_contours(read_rtstruct(dataset).rois[0].contours, grid)
    assert not filled.mask_kji.any()
    assert [w.slug for w in filled.warnings] == ["structure-outside-volume"]


def _same_number(dataset: Dataset) -> None:
    dataset.StructureSetROISequence[1].ROINumber = 1


def _contours_twice(dataset: Dataset) -> None:
    dataset.ROIContourSequence[1].ReferencedROINumber = 1


def _no_number(dataset: Dataset) -> None:
    del dataset.StructureSetROISequence[1].ROINumber


def _huge_number(dataset: Dataset) -> None:
    tag = Tag("ROINumber")
    dataset.StructureSetROISequence[1][tag] = RawDataElement(tag, "IS", 12, b"99999999999 ", 0, False, True)


def _whose_contours(dataset: Dataset) -> None:
    tag = Tag("ReferencedROINumber")
    dataset.ROIContourSequence[1][tag] = RawDataElement(tag, "IS", 2, b"x ", 0, False, True)


def _nothing_usable(dataset: Dataset) -> None:
    for roi in (0, 1):
        for contour in range(3):
            spoil(dataset, roi, contour, "1\\2")


def _nobodys(dataset: Dataset) -> None:
    for number, item in enumerate(dataset.ROIContourSequence, start=7):
        item.ReferencedROINumber = number


def _no_sequence(dataset: Dataset) -> None:
    tag = Tag("StructureSetROISequence")
    dataset[tag] = RawDataElement(tag, "LO", 4, b"text", 0, False, True)


@pytest.mark.parametrize(
    ("break_", "words"),
    [
        (_same_number, "StructureSetROISequence item 2 (Parotid_L): ROI number 1 is used twice"),
        (_contours_twice, "ROIContourSequence item 2: ROI number 1 is used twice"),
        (_no_number, "StructureSetROISequence item 2 (Parotid_L): ROINumber is missing or no number"),
        (_huge_number, "StructureSetROISequence item 2 (Parotid_L): ROINumber is missing or no number"),
        (_whose_contours, "ROIContourSequence item 2: ReferencedROINumber is missing or no number"),
        (_nothing_usable, "none of its contours can be read: Larynx: contour 1, 2, 3 of 3: 2 values"),
        (_nobodys, "none of its contours can be read: contours of ROI 7, which is not there"),
        (_no_sequence, "StructureSetROISequence: not a sequence"),
    ],
)
def test_a_set_that_cannot_be_read_as_a_whole_is_refused_in_the_child(
    break_: Callable[[Dataset], None], words: str
) -> None:
    dataset = drawn()
    break_(dataset)
    with ParserProcess() as parser, pytest.raises(StructureSetError) as caught:
        parser.parse(encode(dataset))
    assert str(caught.value).startswith(words)
    assert caught.value.instance == (dataset.SOPClassUID, dataset.SOPInstanceUID)


def test_findings_come_out_of_the_child_as_they_are() -> None:
    dataset = drawn()
    spoil(dataset, 0, 0, "1\\2\\nan")
    data = encode(dataset)
    with ParserProcess() as parser:
        assert parser.parse(data) == parse_instance(data)


def test_what_is_known_of_a_refused_image_is_said_too() -> None:
    (slice_,) = make_ct_series((1, 16, 16))
    slice_.BurnedInAnnotation = "YES"
    with ParserProcess() as parser, pytest.raises(DicomError) as caught:
        parser.parse(encode(slice_))
    assert caught.value.instance == (slice_.SOPClassUID, slice_.SOPInstanceUID)


def test_an_empty_file_is_called_one() -> None:
    with ParserProcess() as parser, pytest.raises(EmptyFile, match="the file is empty: 0 bytes"):
        parser.parse(b"")
