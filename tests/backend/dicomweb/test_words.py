"""The words of DICOMweb without a server: Accept headers, multipart bodies, queries, the JSON model."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.tag import Tag

from backend.dicomweb.errors import BadMultipart, BadQuery, NotAcceptable
from backend.dicomweb.json_model import attributes, bulk_value, dataset_json
from backend.dicomweb.media import (
    frame_syntax,
    instance_syntax,
    parse_accept,
    picture_type,
    wants_single_part,
)
from backend.dicomweb.multipart import MultipartReader, PartBegins, PartEnds, boundary_of, write_parts
from backend.dicomweb.query import Level, Like, Named, OneOf, Words, parse_query
from backend.dicomweb.ranges import Between
from rt.dicom.parse import PARSER_FAILURES
from rt.dicom.transcode import ENCODED_SYNTAXES

EXPLICIT, JPEG_2000, RLE = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.5"


@pytest.mark.parametrize(
    ("header", "syntax"),
    [
        (None, EXPLICIT),
        ("", EXPLICIT),
        ("*/*", EXPLICIT),
        ('multipart/related; type="application/dicom"', EXPLICIT),
        (f"application/dicom; transfer-syntax={RLE}", RLE),
        (f"application/dicom; transfer-syntax={RLE}, application/dicom; transfer-syntax=*", JPEG_2000),
        (f"application/dicom; transfer-syntax={RLE}, application/dicom; transfer-syntax=*; q=0.5", RLE),
        ("application/dicom; transfer-syntax=1.2.840.10008.1.2.4.100", None),
        ("application/dicom; transfer-syntax=*; q=0", EXPLICIT),
        ("text/html, x", None),
    ],
)
def test_an_instance_comes_in_the_best_syntax_that_is_named(header: str | None, syntax: str | None) -> None:
    assert instance_syntax(parse_accept(header), JPEG_2000, ENCODED_SYNTAXES) == syntax


@pytest.mark.parametrize(
    ("header", "stored", "syntax"),
    [
        ("image/jp2", EXPLICIT, JPEG_2000),
        ("image/jls, image/jp2", EXPLICIT, "1.2.840.10008.1.2.4.80"),
        ("image/x-dicom-rle", EXPLICIT, RLE),
        ("image/*", EXPLICIT, JPEG_2000),
        ("image/*", RLE, RLE),
        ("image/jpeg", "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.50"),
        ("image/jpeg", EXPLICIT, None),
        ("image/jp2; transfer-syntax=*, application/octet-stream; q=0.1", EXPLICIT, JPEG_2000),
        ("image/jpeg, application/octet-stream", RLE, EXPLICIT),
    ],
)
def test_frames_come_as_the_image_type_that_is_named(header: str, stored: str, syntax: str | None) -> None:
    assert frame_syntax(parse_accept(header), stored, ENCODED_SYNTAXES) == syntax


def test_what_cannot_be_compressed_here_is_not_promised() -> None:
    accepted = parse_accept(f"application/dicom; transfer-syntax={RLE}")
    assert instance_syntax(accepted, EXPLICIT, ()) is None
    assert frame_syntax(parse_accept("image/jp2"), EXPLICIT, ()) is None


def test_bare_bytes_only_where_they_are_asked_for() -> None:
    assert wants_single_part(parse_accept("application/dicom"))
    assert not wants_single_part(parse_accept('multipart/related; type="application/dicom"'))
    assert not wants_single_part(parse_accept("*/*"))
    assert wants_single_part(parse_accept("*/*", "application/dicom"))


def test_pictures_are_jpeg_or_png() -> None:
    assert picture_type(parse_accept("image/png, image/jpeg")) == "image/png"
    assert picture_type(parse_accept("image/*")) == "image/jpeg"
    assert picture_type(parse_accept("image/webp,image/png;q=0.5,*/*;q=0.8")) == "image/jpeg"
    with pytest.raises(NotAcceptable, match="image/jpeg or image/png"):
        picture_type(parse_accept("image/gif"))


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
            ("includefield", "00080021,SeriesDescription,all"),
            ("includefield", "Manufacturer,nothing"),
            ("fuzzymatching", "false"),
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
    assert query.not_returned == ("Manufacturer", "unknown attribute")


def test_names_match_by_their_words_when_they_match_fuzzily() -> None:
    given = [("PatientName", "doe, Jo*"), ("FuzzyMatching", "TRUE")]
    assert parse_query(Level.STUDY, given).matches == {"PatientName": Words(("doe", "jo"))}


def test_a_list_may_come_in_several_parameters_within_the_address() -> None:
    given = [("StudyInstanceUID", "1.2"), ("0020000D", "1.3"), ("SeriesInstanceUID", "1.4")]
    assert parse_query(Level.SERIES, given).matches["StudyInstanceUID"] == OneOf(("1.2", "1.3"))
    within = parse_query(Level.SERIES, given, Named("1.3", "1.5")).matches
    assert within == {"StudyInstanceUID": OneOf(("1.3",)), "SeriesInstanceUID": OneOf(())}
    with pytest.raises(BadQuery, match="twice"):
        parse_query(Level.STUDY, [("PatientID", "a"), ("PatientID", "b")])


@pytest.mark.parametrize(
    "parameter",
    [
        ("limit", "-1"),
        ("offset", "x"),
        ("StudyDate", "yesterday"),
        ("StudyDate", "2026-01-02"),
        ("StudyTime", "2460"),
        ("StudyTime", "-"),
        ("fuzzymatching", "perhaps"),
        ("PatientName", "x " * 30),
        ("SeriesNumber", "x"),
        ("PatientName", "a\0b"),
    ],
)
def test_values_that_cannot_be_understood_are_refused(parameter: tuple[str, str]) -> None:
    with pytest.raises(BadQuery):
        parse_query(Level.SERIES, [parameter, ("fuzzymatching", "true")])


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


RAW_VALUES = {
    "UI": [b"1.2.3\0", b"1.2.3 ", b"1.2\\ 3.4\0"],
    "CS": [b"AXIAL\\ DERIVED ", b" ", b"A\\\\B"],
    "DA": [b"20260115"],
    "TM": [b"093000.5 "],
    "LO": [b"a \\ b ", b"\\", b"\0\0", b"\x1b$B;3ED\x1b(B", b"Gr\xc3\xb6\xc3\x9fe"],
    "SH": [b"x\0"],
    "LT": [b"a\\b "],
    "AE": [b" PACS "],
    "DS": [b"1.50", b" -1e3\\2.5 ", b"1\\\\2", b"nan ", b"x ", b"1_0 "],
    "IS": [b"12", b" 7", b"1.0 ", b"1.5 ", b"1\\2"],
    "US": [b"\0\2", b"\1\0\2\0", b"\xff\xff"],
    "UL": [b"\1\2\3\4", b"\1\2"],
    "PN": [b"A^B=C ", b"A^B==", b"^^ ", b" ", b"a\\b ", b"=X", b"A ^B\0"],
    "AT": [b"\x10\0\x20\0"],
    "OB": [b"\1\2"],
}


@pytest.mark.filterwarnings("ignore:Found unknown escape sequence", "ignore:Value")
@pytest.mark.parametrize("character_set", ["ISO_IR 100", "ISO_IR 192", "ISO_IR 13", "\\ISO 2022 IR 87"])
def test_short_values_read_without_pydicom_are_what_pydicom_reads(character_set: str) -> None:
    for little in (True, False):
        for vr, value in ((vr, value) for vr, values in RAW_VALUES.items() for value in values):
            tag = 0x00091010
            raw = RawDataElement(Tag(tag), vr, len(value), value, 0, False, little)
            as_read, converted = Dataset(), Dataset()
            for dataset in (as_read, converted):
                dataset.SpecificCharacterSet = character_set.split("\\")
                dataset[tag] = raw
            with suppress(*PARSER_FAILURES):
                converted[tag]
            assert dataset_json(as_read, "") == dataset_json(converted, ""), (vr, value)


def test_rows_become_elements_with_or_without_value() -> None:
    assert attributes({"PatientName": "A^B", "StudyDate": "", "NumberOfSeriesRelatedInstances": 0}) == {
        "00080020": {"vr": "DA"},
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": "A^B"}]},
        "00201209": {"vr": "IS", "Value": [0]},
    }
