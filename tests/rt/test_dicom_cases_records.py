"""Cases 29 to 35 of RTSTRUCT and SEG that break converters: ROIs, numbers, names and what goes with them."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pydicom
import pytest
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from rt.dicom.contour_data import CLOSED_TYPES, fill_contours
from rt.dicom.outgoing import StructureOut, write_bytes
from rt.dicom.parse import parse_instance
from rt.dicom.rtstruct import StructureSetContent, read_rtstruct, write_rtstruct
from rt.dicom.rtstruct_source import source_items
from rt.dicom.seg import read_seg, write_seg
from rt.geometry import Grid
from rt.nomenclature import default_colour
from tests.factories.dicom import encode, make_ct_series, make_rtstruct
from tests.rt.grids import ball
from tests.rt.test_rtstruct import header, series_on

SHAPE = (5, 16, 16)
GRID = Grid.of(SHAPE, (2.0, 2.0, 3.0), (-64.0, -64.0, -30.0), np.eye(3))
RING = [(4.0, 4.0), (9.0, 4.0), (9.0, 9.0), (4.0, 9.0)]
SMALL = [(5.0, 5.0), (7.0, 5.0), (7.0, 7.0), (5.0, 7.0)]
BLOCK, CREATOR = 0x3263, "PLANNING 1.0"


def drawn() -> Dataset:
    """Two structures, the second smaller."""
    return make_rtstruct(make_ct_series(SHAPE), {"Larynx": {1: RING, 2: RING}, "PTV": {2: SMALL}})


def through_the_door(dataset: Dataset) -> StructureSetContent:
    """What is read of a data set that was encoded and let in."""
    parsed = parse_instance(encode(dataset))
    assert parsed.findings == ()
    return read_rtstruct(parsed.dataset)


def reread(dataset: Dataset) -> Dataset:
    return pydicom.dcmread(io.BytesIO(write_bytes(dataset)))


def _no_contours(dataset: Dataset) -> None:
    del dataset.ROIContourSequence[1].ContourSequence


def _empty_contours(dataset: Dataset) -> None:
    dataset.ROIContourSequence[1].ContourSequence = []


def _no_item(dataset: Dataset) -> None:
    del dataset.ROIContourSequence[1]


def _stray_observation(dataset: Dataset) -> None:
    _no_item(dataset)
    dataset.RTROIObservationsSequence[1].ReferencedROINumber = 99


def _observation_of_nothing(dataset: Dataset) -> None:
    _no_item(dataset)
    del dataset.RTROIObservationsSequence[1].ReferencedROINumber


def _no_observations(dataset: Dataset) -> None:
    _no_item(dataset)
    del dataset.RTROIObservationsSequence


@pytest.mark.parametrize(
    "spoil",
    [
        _no_contours,
        _empty_contours,
        _no_item,
        _stray_observation,
        _observation_of_nothing,
        _no_observations,
    ],
)
def test_case_29_what_has_no_contours_is_listed_empty(spoil: Callable[[Dataset], None]) -> None:
    dataset = drawn()
    spoil(dataset)
    content = through_the_door(dataset)
    assert [(roi.number, roi.name, len(roi.contours)) for roi in content.rois] == [
        (1, "Larynx", 2),
        (2, "PTV", 0),
    ]
    assert not fill_contours(content.rois[1].contours, GRID).mask_kji.any()


def test_case_29_a_set_in_which_nothing_is_drawn_is_taken() -> None:
    dataset = drawn()
    del dataset.ROIContourSequence
    assert [len(roi.contours) for roi in through_the_door(dataset).rois] == [0, 0]


def test_case_30_sequences_in_different_orders_are_joined_by_number() -> None:
    dataset = drawn()
    dataset.ROIContourSequence[0].ROIDisplayColor = [1, 2, 3]
    dataset.RTROIObservationsSequence[0].RTROIInterpretedType = "AVOIDANCE"
    dataset.ROIContourSequence = list(dataset.ROIContourSequence)[::-1]
    dataset.RTROIObservationsSequence = list(dataset.RTROIObservationsSequence)[::-1]
    larynx, ptv = through_the_door(dataset).rois
    assert (larynx.name, larynx.colour, larynx.kind, len(larynx.contours)) == (
        "Larynx",
        "#010203",
        "AVOIDANCE",
        2,
    )
    assert (ptv.name, ptv.colour, ptv.kind, len(ptv.contours)) == ("PTV", "#ff0000", "ORGAN", 1)


def test_case_31_odd_numbers_and_equal_names_are_kept_apart() -> None:
    numbers = [*range(2, 18), 19, 63]
    dataset = make_rtstruct(make_ct_series(SHAPE), {f"R{n}": {1: RING} for n in numbers})
    sequences = ("StructureSetROISequence", "ROIContourSequence", "RTROIObservationsSequence")
    for sequence, keyword in zip(sequences, ("ROINumber", *["ReferencedROINumber"] * 2), strict=True):
        for item, number in zip(dataset[sequence].value, numbers, strict=True):
            item[keyword].value = number
            if keyword == "ROINumber":
                item.ROIName = "PTV"
    content = through_the_door(dataset)
    assert [roi.number for roi in content.rois] == numbers
    assert {(roi.name, len(roi.contours)) for roi in content.rois} == {("PTV", 1)}


def test_case_32_without_a_colour_the_default_is_stable_and_by_structure() -> None:
    dataset = drawn()
    for item in dataset.ROIContourSequence:
        del item.ROIDisplayColor
    first, again = ([roi.colour for roi in through_the_door(dataset).rois] for _ in range(2))
    assert first == again
    assert len(set(first)) == 2


def test_case_32_a_segment_without_a_colour_has_none_of_its_own() -> None:
    series = series_on(GRID)
    structures = [StructureOut(1, "Larynx", "#102030", "ORGAN", ball(SHAPE, (2, 8, 8), 4))]
    dataset = reread(write_seg(series, structures, header()))
    del dataset.SegmentSequence[0].RecommendedDisplayCIELabValue
    (segment,) = read_seg(dataset, GRID).segments
    assert segment.colour is None
    assert default_colour("Larynx") == default_colour("Larynx")


@pytest.mark.parametrize("kind", ["POINT", "OPEN_PLANAR", "OPEN_NONPLANAR", "CLOSED_PLANAR"])
@pytest.mark.parametrize("points", [1, 2])
def test_case_33_what_encloses_nothing_is_noticed_and_never_written_closed(kind: str, points: int) -> None:
    dataset = drawn()
    contour = dataset.ROIContourSequence[1].ContourSequence[0]
    contour.ContourGeometricType, contour.NumberOfContourPoints = kind, points
    contour.ContourData = list(contour.ContourData)[: 3 * points]
    roi = through_the_door(dataset).rois[1]
    assert [one.geometric_type for one in roi.contours] == [kind]
    filled = fill_contours(roi.contours, GRID)
    assert not filled.mask_kji.any()
    assert [warning.slug for warning in filled.warnings] == ["contour-not-closed"]
    out = StructureOut(2, "PTV", "#ff0000", "PTV", filled.mask_kji, roi.contours)
    (item,) = reread(write_rtstruct(series_on(GRID), [out], header())).ROIContourSequence
    written = list(item.get("ContourSequence", ()))
    assert [c.ContourGeometricType for c in written] == ([] if kind in CLOSED_TYPES else [kind])


def test_case_33_nothing_written_has_fewer_than_three_points() -> None:
    mask = np.zeros(SHAPE, dtype=bool)
    mask[2, 7, 8] = mask[3, 2:4, 2] = True
    out = StructureOut(1, "PTV", "#ff0000", "PTV", mask)
    (item,) = reread(write_rtstruct(series_on(GRID), [out], header())).ROIContourSequence
    assert min(int(c.NumberOfContourPoints) for c in item.ContourSequence) >= 3
    assert len(item.ContourSequence) == 2


def test_case_34_labels_are_cut_and_long_names_kept() -> None:
    name = "Lymph nodes level II left side, as delineated for the boost"
    out = StructureOut(1, name, "#ff0000", "CTV", ball(SHAPE, (2, 8, 8), 4))
    label = "A structure set label that is far too long"
    dataset = reread(write_rtstruct(series_on(GRID), [out], header(label)))
    assert dataset.StructureSetLabel == "A structure set"
    assert dataset.StructureSetName == label
    assert dataset.StructureSetROISequence[0].ROIName == name
    assert through_the_door(dataset).rois[0].name == name


@pytest.mark.parametrize("value", [b"abc", None])
def test_case_35_a_source_with_a_broken_element_gives_nothing_and_stops_no_export(
    value: bytes | None,
) -> None:
    source = pydicom.dcmread(io.BytesIO(parse_instance(encode(drawn())).data))
    item = source.RTROIObservationsSequence[0]
    if value is None:
        item.add(DataElement(Tag("Rows"), "US", "text", validation_mode=pydicom.config.IGNORE))
    else:
        item[Tag("Rows")] = RawDataElement(Tag("Rows"), "US", len(value), value, 0, False, True)
    assert source_items(source) is None


def test_case_35_what_is_added_leaves_the_rest_of_its_source_alone() -> None:
    source = drawn()
    source.ApprovalStatus = "APPROVED"
    source.SpecificCharacterSet = "ISO_IR 100"
    source.private_block(BLOCK, CREATOR, create=True).add_new(1, "LO", "machine room")
    for sequence in ("StructureSetROISequence", "ROIContourSequence", "RTROIObservationsSequence"):
        item = source[sequence].value[1]
        item.private_block(BLOCK, CREATOR, create=True).add_new(1, "LO", f"Größe {sequence}")
    source.StructureSetROISequence[0].ROIGenerationDescription = "Atlas"
    observation = source.RTROIObservationsSequence[1]
    observation.RTROIInterpretedType, observation.ROIObservationLabel = "PTV", "Boost"
    density = Dataset()
    density.ROIPhysicalProperty, density.ROIPhysicalPropertyValue = "REL_ELEC_DENSITY", "1.05"
    observation.ROIPhysicalPropertiesSequence = [density]
    data = parse_instance(encode(source)).data
    content = read_rtstruct(pydicom.dcmread(io.BytesIO(data)))
    kept = [
        StructureOut(
            roi.number, roi.name, roi.colour, roi.kind, fill_contours(roi.contours, GRID).mask_kji,
            roi.contours, source_number=roi.number,
        )
        for roi in content.rois
    ]  # fmt: skip
    added = StructureOut(3, "Brainstem", "#00ff00", "ORGAN", ball(SHAPE, (2, 8, 8), 4))
    items = source_items(pydicom.dcmread(io.BytesIO(data)))
    out = reread(write_rtstruct(series_on(GRID), [*kept, added], header(), items))
    assert out.SOPInstanceUID != source.SOPInstanceUID
    assert out.ApprovalStatus == "UNAPPROVED", "the approval was given to what the source shows"
    assert out.PredecessorStructureSetSequence[0].ReferencedSOPInstanceUID == source.SOPInstanceUID
    assert out.private_block(BLOCK, CREATOR)[1].value == "machine room"
    for sequence in ("StructureSetROISequence", "ROIContourSequence", "RTROIObservationsSequence"):
        first, second, third = out[sequence].value
        assert second.private_block(BLOCK, CREATOR)[1].value == f"Größe {sequence}"
        assert not any(element.tag.is_private for item in (first, third) for element in item)
    assert out.StructureSetROISequence[0].ROIGenerationDescription == "Atlas"
    assert [item.ROIGenerationAlgorithm for item in out.StructureSetROISequence] == [
        "MANUAL",
        "MANUAL",
        "SEMIAUTOMATIC",
    ]
    observations = out.RTROIObservationsSequence
    assert [item.RTROIInterpretedType for item in observations] == ["ORGAN", "PTV", "ORGAN"]
    assert [item.ObservationNumber for item in observations] == [1, 2, 3]
    assert observations[1].ROIObservationLabel == "Boost"
    assert observations[1].ROIPhysicalPropertiesSequence[0].ROIPhysicalPropertyValue == "1.05"
    again = through_the_door(out)
    assert [roi.number for roi in again.rois] == [1, 2, 3]
    assert [roi.contours for roi in again.rois[:2]] == [
        tuple(c.__class__(c.data, c.geometric_type) for c in roi.contours) for roi in content.rois
    ], "the images of this series have other UIDs"
