"""Files read by lengths alone: the same pixels that pydicom gives, and nothing where it has to be asked."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.pixels.utils import pixel_array

from rt.dicom.elements import PIXEL_DATA
from rt.dicom.flat import NotFlat, flat_elements
from rt.dicom.native import native_frames
from rt.dicom.parse import parse_instance, read_stored
from rt.dicom.pieces import from_json, merged, put_together, to_json
from tests.factories.dicom import encode, make_ct_series, make_rtstruct, set_pixels

IMPLICIT, EXPLICIT, BIG_ENDIAN = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"


def image(dtype: type[np.uint16] | type[np.int16] = np.uint16, frames: int = 3) -> Dataset:
    """Frames with a sequence of undefined length before the pixels, in which there is another."""
    (slice_,) = make_ct_series((1, 8, 8))
    inner, outer = Dataset(), Dataset()
    inner.CodeValue = "113100"
    outer.PurposeOfReferenceCodeSequence = [inner]
    outer.ReferencedSOPInstanceUID = "1.2.3"
    slice_.SourceImageSequence = [outer, Dataset()]
    for sequence in (slice_["SourceImageSequence"], outer["PurposeOfReferenceCodeSequence"]):
        sequence.is_undefined_length = True
    outer.is_undefined_length_sequence_item = True
    values = np.random.default_rng(3).integers(0, 4096, (frames, 6, 5))
    set_pixels(slice_, values.astype(dtype))
    return slice_


def stored(dataset: Dataset, syntax: str) -> bytes:
    return parse_instance(encode(dataset, syntax)).data


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT])
@pytest.mark.parametrize("dtype", [np.uint16, np.int16])
@pytest.mark.parametrize("frames", [1, 3])
def test_native_pixels_are_what_pydicom_reads(
    syntax: str, dtype: type[np.uint16] | type[np.int16], frames: int
) -> None:
    data = stored(image(dtype, frames), syntax)
    found = native_frames(data, None)
    assert found is not None
    dataset = read_stored(data)
    expected = pixel_array(dataset, raw=True).reshape(frames, 6, 5)
    assert (found[0].dtype, found[1]) == (expected.dtype, dataset.BitsStored)
    assert np.array_equal(found[0], expected)
    last = native_frames(data, frames - 1)
    assert last is not None
    assert np.array_equal(last[0], expected[-1:])
    assert native_frames(data, frames) is None


def test_a_sequence_of_undefined_length_is_passed_over_whole() -> None:
    data = stored(image(), EXPLICIT)
    places = {tag: data[start:end] for tag, _, start, _, end in flat_elements(data)}
    assert b"113100" in places[0x00082112]
    assert list(places) == sorted(places)
    assert list(places)[-1] == PIXEL_DATA


@pytest.mark.parametrize("what", ["big endian", "no pixels", "cut header", "three samples"])
def test_what_needs_pydicom_is_left_to_it(what: str) -> None:
    ct = make_ct_series((1, 8, 8))
    if what == "big endian":
        data = stored(image(), BIG_ENDIAN)
    elif what == "no pixels":
        data = stored(make_rtstruct(ct, {"GTV": {0: [(1.0, 1.0), (4.0, 1.0), (4.0, 4.0)]}}), EXPLICIT)
    elif what == "cut header":
        data = stored(image(), EXPLICIT)[:300]
    else:
        coloured = image()
        coloured.SamplesPerPixel = 3
        data = encode(coloured, EXPLICIT)
    assert native_frames(data, None) is None


def test_a_header_may_end_within_its_pixels_only() -> None:
    data = stored(image(), EXPLICIT)
    *_, (tag, _, start, begin, end) = flat_elements(data)
    assert (tag, end) == (PIXEL_DATA, len(data))
    assert [place[0] for place in flat_elements(data[: begin + 4])][-1] == PIXEL_DATA
    with pytest.raises(NotFlat):
        list(flat_elements(data[: start - 1]))


def test_pieces_say_what_they_are_made_of() -> None:
    pieces = list(merged([b"head", (2, 4), (4, 7), b"", (8, 9)]))
    assert pieces == [b"head", (2, 7), b"", (8, 9)]
    assert from_json(*to_json(pieces), 10) == pieces
    assert put_together(pieces, b"0123456789") == b"head234568"


@pytest.mark.parametrize(
    "said", [[[0, 11]], [[5, 4]], [[4, 6], [2, 3]], [[-1, 3]], [[9]], [[1.0, 2]], [[True, 2]], [[1, 2, 3]]]
)
def test_pieces_that_do_not_lie_in_the_file_are_refused(said: list[list[int]]) -> None:
    with pytest.raises(ValueError, match="piece"):
        from_json(said, b"", 10)
