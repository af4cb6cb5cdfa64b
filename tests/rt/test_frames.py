"""Frames cut out of stored files: in every form the frame that pydicom reads, and no more read than that."""

from __future__ import annotations

import io

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.encaps import get_frame
from pydicom.pixels.utils import pack_bits

from rt.dicom.frames import PIECE_BYTES, StoredFrames
from rt.errors import DicomError
from tests.factories.dicom import encode, make_ct_series, make_rtstruct, set_pixels

IMPLICIT, EXPLICIT, BIG_ENDIAN = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
RLE = "1.2.840.10008.1.2.5"


class Counted(io.BytesIO):
    """A file that says how much of it was read."""

    total = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.total += len(data)
        return data


def image(frames: int = 5, rows: int = 40, columns: int = 31) -> Dataset:
    (slice_,) = make_ct_series((1, 8, 8))
    set_pixels(slice_, np.random.default_rng(2).integers(0, 4096, (frames, rows, columns), dtype=np.uint16))
    return slice_


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG_ENDIAN])
def test_native_frames_are_little_endian(syntax: str) -> None:
    dataset = image()
    expected = dataset.pixel_array.copy()
    stored = StoredFrames(io.BytesIO(encode(dataset, syntax)))
    for index in (3, 0, 4):
        assert stored.frame(index) == expected[index].astype("<u2").tobytes()
    assert b"".join(stored.native_pixels()) == expected.astype("<u2").tobytes()


def test_compressed_frames_are_their_code_streams() -> None:
    data = encode(image(), RLE)
    stored, expected = StoredFrames(io.BytesIO(data)), dcmread(io.BytesIO(data)).PixelData
    for index in (4, 0, 2):
        assert stored.frame(index) == get_frame(expected, index, number_of_frames=5)


def test_frames_of_one_bit_begin_within_bytes() -> None:
    dataset, bits = image(), np.random.default_rng(3).integers(0, 2, (3, 5, 7), dtype=np.uint8)
    dataset.BitsAllocated = dataset.BitsStored = 1
    dataset.HighBit, dataset.NumberOfFrames = 0, 3
    dataset.Rows, dataset.Columns = 5, 7
    dataset.PixelData = pack_bits(bits.ravel())
    stored = StoredFrames(io.BytesIO(encode(dataset)))
    for index in range(3):
        packed = np.frombuffer(stored.frame(index), dtype=np.uint8)
        assert np.array_equal(np.unpackbits(packed, bitorder="little")[:35], bits[index].ravel())


def test_no_more_is_read_than_the_frame() -> None:
    stream = Counted(encode(image(frames=200)))
    frame = StoredFrames(stream).frame(150)
    assert stream.total < len(frame) + 20_000


def test_a_long_value_comes_in_pieces() -> None:
    dataset = image(frames=3, rows=700, columns=700)
    pieces = list(StoredFrames(io.BytesIO(encode(dataset, BIG_ENDIAN))).native_pixels())
    assert len(pieces) == 3 and max(map(len, pieces)) == PIECE_BYTES
    assert b"".join(pieces) == np.frombuffer(dataset.PixelData, ">u2").astype("<u2").tobytes()


def test_what_has_no_pixels_has_no_frames() -> None:
    contours = make_rtstruct(make_ct_series((2, 8, 8)), {"PTV": {0: [(1.0, 1.0), (4.0, 1.0), (4.0, 4.0)]}})
    with pytest.raises(DicomError, match="there is none"):
        StoredFrames(io.BytesIO(encode(contours)))
