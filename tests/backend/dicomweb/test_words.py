"""The words of DICOMweb without a server: Accept headers, multipart bodies, queries, the JSON model."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.dataelem import DataElement

from backend.dicomweb.errors import BadMultipart, BadQuery
from backend.dicomweb.json_model import attributes, bulk_value, dataset_json
from backend.dicomweb.media import image_type, parse_accept, wants_as_stored, wants_single_part
from backend.dicomweb.multipart import MultipartReader, PartBegins, PartEnds, boundary_of, write_parts
from backend.dicomweb.query import Between, Level, Like, OneOf, parse_query

JPEG_2000 = "1.2.840.10008.1.2.4.90"


@pytest.mark.parametrize(
    "header",
    [
        'multipart/related; type="application/octet-stream"; transfer-syntax="*"',
        "multipart/related; type=application/octet-stream; transfer-syntax=*",
        "application/octet-stream;transfer-syntax=*",
        f"image/jp2; transfer-syntax={JPEG_2000}, */*",
    ],
)
def test_every_spelling_of_as_stored_is_understood(header: str) -> None:
    assert wants_as_stored(parse_accept(header), JPEG_2000)


@pytest.mark.parametrize(
    "header", [None, "", "*/*", 'multipart/related; type="application/dicom"', "text/html,x"]
)
def test_without_a_transfer_syntax_it_is_explicit_little_endian(header: str | None) -> None:
    assert not wants_as_stored(parse_accept(header), JPEG_2000)
    assert wants_as_stored(parse_accept(header), "1.2.840.10008.1.2.1")


def test_bare_bytes_only_where_they_are_asked_for() -> None:
    assert wants_single_part("application/dicom", "application/dicom")
    assert not wants_single_part('multipart/related; type="application/dicom"', "application/dicom")
    assert not wants_single_part("*/*", "application/dicom")
    assert image_type(parse_accept("image/png, image/jpeg")) == "image/png"
    assert image_type(parse_accept("image/*")) == "image/jpeg"


def read(body: bytes, boundary: bytes, cut: int) -> tuple[list[bytes], bool]:
    """Parts of a body fed in pieces of `cut` bytes, and whether it was complete."""
    reader = MultipartReader(boundary)
    parts: list[bytes] = []
    done: list[bytes] = []
    for start in range(0, len(body), cut):
        for happened in reader.feed(body[start : start + cut]):
            if isinstance(happened, PartBegins):
                parts.append(b"")
            elif isinstance(happened, PartEnds):
                done.append(parts.pop())
            else:
                parts[-1] += happened
    return done, reader.closed


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=4), st.integers(1, 300))
def test_what_is_written_is_read_however_it_is_cut(contents: list[bytes], cut: int) -> None:
    body = b"".join(write_parts((("application/dicom", (c,)) for c in contents), "B0undary"))
    assert read(body, b"B0undary", cut) == (contents, True)
    assert read(b"\r\n" + body, b"B0undary", cut) == (contents, True)
    assert read(body[:-4], b"B0undary", cut)[1] is False


def test_a_part_may_look_like_a_boundary_or_have_no_headers() -> None:
    body = b"--B\r\n\r\n\r\n--Bu\r\n-B\r\n--B \r\nX: y\r\n\r\n--\r\n--B--"
    with pytest.raises(BadMultipart):
        read(body, b"B", 3)
    assert read(b"--B\r\n\r\n-B\r\n--B \r\nX: y\r\n\r\n--\r\n--B--", b"B", 3) == ([b"-B", b"--"], True)


@pytest.mark.parametrize(
    "header", [None, "application/dicom", "multipart/related", "multipart/form-data; boundary=b"]
)
def test_a_body_that_is_not_multipart_related_is_refused(header: str | None) -> None:
    with pytest.raises(BadMultipart):
        boundary_of(header)


def test_headers_without_end_are_refused() -> None:
    with pytest.raises(BadMultipart):
        list(MultipartReader(b"B").feed(b"--B\r\nX: " + b"a" * 10_000))


def test_attributes_come_by_keyword_or_tag_and_match_in_their_way() -> None:
    query = parse_query(
        Level.SERIES,
        [
            ("00100010", "*doe*"),
            ("StudyInstanceUID", "1.2\\1.3,1.4"),
            ("StudyDate", "20200101-"),
            ("StudyTime", "10-11"),
            ("ModalitiesInStudy", "CT,MR"),
            ("SeriesNumber", "007"),
            ("Modality", "CT"),
            ("PatientID", ""),
            ("includefield", "00080021,SeriesDescription"),
            ("fuzzymatching", "true"),
            ("limit", "5"),
            ("offset", "2"),
            ("Rows", "5"),
            ("colour", "red"),
        ],
    )
    assert query.matches == {
        "PatientName": Like("*doe*"),
        "StudyInstanceUID": OneOf(("1.2", "1.3", "1.4")),
        "StudyDate": Between("20200101", ""),
        "StudyTime": Between("10", "119999.999999"),
        "ModalitiesInStudy": OneOf(("CT", "MR")),
        "SeriesNumber": OneOf(("7",)),
        "Modality": OneOf(("CT",)),
    }
    assert (query.limit, query.offset, query.ignored) == (5, 2, ("Rows", "unknown attribute"))


@pytest.mark.parametrize(
    "parameter",
    [
        ("limit", "-1"),
        ("offset", "x"),
        ("StudyDate", "yesterday"),
        ("SeriesNumber", "x"),
        ("PatientName", "a\0b"),
    ],
)
def test_values_that_cannot_be_understood_are_refused(parameter: tuple[str, str]) -> None:
    with pytest.raises(BadQuery):
        parse_query(Level.SERIES, [parameter])


def test_the_json_model_has_numbers_names_and_no_nan() -> None:
    dataset = Dataset()
    dataset.PatientName = "Yamada^Tarou=山田^太郎=やまだ^たろう"
    dataset.SliceThickness, dataset.InstanceNumber, dataset.AccessionNumber = "2.50", "7", ""
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns, dataset.BitsAllocated = 1, 4, 4, 16
    dataset.RedPaletteColorLookupTableData = b"\1\2"
    dataset.ICCProfile = b"x" * 5000
    dataset.add(DataElement(0x00189087, "FD", float("nan")))
    item = Dataset()
    item.ReferencedSOPInstanceUID = "1.2"
    item.EncapsulatedDocument = b"y" * 5000
    dataset.ReferencedImageSequence = [item]
    made = dataset_json(dataset, "instances/1.2.3/")
    assert made["00100010"]["Value"] == [
        {"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎", "Phonetic": "やまだ^たろう"}
    ]
    assert made["00180050"] == {"vr": "DS", "Value": [2.5]}
    assert made["00200013"] == {"vr": "IS", "Value": [7]}
    assert made["00080050"] == {"vr": "SH"}
    assert made["00189087"] == {"vr": "FD"}
    assert "00280008" not in made
    assert made["00281201"]["InlineBinary"] == "AQI="
    assert made["7FE00010"]["BulkDataURI"] == "instances/1.2.3/bulkdata/7FE00010"
    json.dumps(made, allow_nan=False)
    uri = made["00081140"]["Value"][0]["00420011"]["BulkDataURI"]
    assert bulk_value(dataset, uri.removeprefix("instances/1.2.3/bulkdata/")) == b"y" * 5000
    assert Dataset.from_json(made, bulk_data_uri_handler=lambda *_: b"").PatientName == dataset.PatientName


def test_rows_become_elements_with_or_without_value() -> None:
    assert attributes({"PatientName": "A^B", "StudyDate": "", "NumberOfSeriesRelatedInstances": 0}) == {
        "00080020": {"vr": "DA"},
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": "A^B"}]},
        "00201209": {"vr": "IS", "Value": [0]},
    }
