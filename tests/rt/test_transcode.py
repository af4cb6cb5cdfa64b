"""Transfer syntaxes into each other: every value stays, whatever sign, bits and number of frames."""

from __future__ import annotations

import io

import numpy as np
import pytest
from pydicom import Dataset, dcmread

from rt.dicom.parse import parse_instance, read_stored
from rt.dicom.sandbox import ParserProcess
from rt.dicom.transcode import ENCODED_SYNTAXES, one_frame_file, only_frame, transcode
from rt.errors import DicomUnsupported
from tests.factories.dicom import encode, make_ct_series, make_rtdose, make_rtstruct, set_pixels
from tests.factories.lossless_jpeg import compress_lossless

IMPLICIT, EXPLICIT, BIG_ENDIAN = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
RLE = "1.2.840.10008.1.2.5"


def signed_frames() -> Dataset:
    """An image of three frames of 12 signed bits."""
    (slice_,) = make_ct_series((1, 8, 8))
    values = np.random.default_rng(1).integers(-2048, 2048, (3, 40, 33), dtype=np.int16)
    set_pixels(slice_, values)
    slice_.BitsStored, slice_.HighBit = 12, 11
    return slice_


@pytest.mark.parametrize("target", [EXPLICIT, *ENCODED_SYNTAXES])
@pytest.mark.parametrize("source", [IMPLICIT, EXPLICIT, BIG_ENDIAN, RLE])
def test_no_value_is_lost_between_syntaxes(source: str, target: str) -> None:
    image = signed_frames()
    expected = image.pixel_array.copy()
    back = dcmread(io.BytesIO(transcode(encode(image, source), target)))
    assert back.file_meta.TransferSyntaxUID == target
    assert np.array_equal(back.pixel_array, expected)
    assert back.PatientName == image.PatientName


@pytest.mark.parametrize("target", [EXPLICIT, *ENCODED_SYNTAXES])
def test_what_is_written_passes_the_door(target: str) -> None:
    slices = make_ct_series((1, 40, 40))
    assert parse_instance(transcode(encode(slices[0]), target)).transfer_syntax_uid == target


def test_a_compressed_file_is_decoded_and_compressed_in_the_child() -> None:
    (slice_,) = make_ct_series((1, 40, 33))
    pixels = slice_.PixelData
    compress_lossless(slice_)
    stored = encode(slice_, "1.2.840.10008.1.2.4.70")
    with ParserProcess() as parser:
        for target in (EXPLICIT, *ENCODED_SYNTAXES):
            assert dcmread(io.BytesIO(parser.transcode(stored, target))).pixel_array.tobytes() == pixels
        with pytest.raises(DicomUnsupported, match="32 bits"):
            parser.transcode(encode(deep_dose()), RLE)


def deep_dose() -> Dataset:
    """A dose of 32 bits, which no encoder here takes."""
    dose = make_rtdose(make_ct_series((2, 8, 8)), np.ones((2, 4, 4)), (2.0, 2.0, 3.0))
    dose.BitsAllocated = dose.BitsStored = 32
    dose.HighBit = 31
    dose.PixelData = np.arange(32, dtype="<u4").tobytes()
    return dose


def test_what_no_encoder_takes_is_refused_by_name() -> None:
    contours = make_rtstruct(make_ct_series((2, 8, 8)), {"PTV": {0: [(1.0, 1.0), (4.0, 1.0), (4.0, 4.0)]}})
    for dataset, syntax in ((contours, RLE), (deep_dose(), RLE), (signed_frames(), "1.2.840.10008.1.2.4.50")):
        with pytest.raises(DicomUnsupported):
            transcode(encode(dataset), syntax)
    assert read_stored(transcode(encode(contours, IMPLICIT), EXPLICIT)) == contours


@pytest.mark.parametrize("target", ENCODED_SYNTAXES)
def test_a_frame_alone_is_the_frame(target: str) -> None:
    image = signed_frames()
    size = len(image.PixelData) // 3
    alone = one_frame_file(image, image.PixelData[size : 2 * size], EXPLICIT)
    encoded = only_frame(transcode(alone, target))
    back = dcmread(io.BytesIO(one_frame_file(image, encoded, target)))
    assert np.array_equal(back.pixel_array, image.pixel_array[1])


@pytest.mark.parametrize(
    ("syntax", "said", "expected"),
    [
        ("1.2.840.10008.1.2.4.91", None, "01"),
        ("1.2.840.10008.1.2.4.91", "00", "00"),
        ("1.2.840.10008.1.2.4.90", None, None),
    ],
)
def test_what_may_have_lost_something_says_so_when_it_is_decoded(
    syntax: str, said: str | None, expected: str | None
) -> None:
    (slice_,) = make_ct_series((1, 40, 33))
    if said is not None:
        slice_.LossyImageCompression = said
    compressed = dcmread(io.BytesIO(transcode(encode(slice_), "1.2.840.10008.1.2.4.90")))
    compressed.file_meta.TransferSyntaxUID = syntax
    out = io.BytesIO()
    compressed.save_as(out, enforce_file_format=True)
    decoded = read_stored(transcode(out.getvalue(), EXPLICIT))
    assert decoded.get("LossyImageCompression") == expected
    method = decoded.get("LossyImageCompressionMethod")
    assert method == ("ISO_15444_1" if expected == "01" else None)
