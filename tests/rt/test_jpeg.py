"""JPEG code streams: lossless ones come back exactly, lossy ones nearly, others are refused by name."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLossless, JPEGLosslessSV1

from rt.dicom.parse import parse_instance
from rt.dicom.pixels import decode_frames
from rt.dicom.sandbox import ParserProcess
from rt.errors import DicomError, DicomUnsupported
from tests.factories import dicom as factory
from tests.factories.lossless_jpeg import compress_lossless, encode_lossless

ANATOMY = np.random.default_rng(5).normal(0, 300, (33, 47)).round().clip(-1024, 1800)
"""HU with noise, on a frame whose sides are odd and differ."""


def _slice(stored: np.ndarray, bits: int = 16) -> Dataset:
    (slice_,) = factory.make_ct_series((1, 8, 8))
    factory.set_pixels(slice_, stored)
    slice_.BitsStored, slice_.HighBit = bits, bits - 1
    return slice_


def _stored(data: bytes) -> np.ndarray:
    """What the child gives, which must be what this process gives."""
    with ParserProcess() as parser:
        stored = parser.parse(data).data
        frames = parser.frames(stored)
    assert np.array_equal(frames, decode_frames(stored))
    return frames


@pytest.mark.parametrize("syntax", [JPEGLossless, JPEGLosslessSV1])
@pytest.mark.parametrize(("signed", "bits"), [(False, 12), (False, 16), (True, 12), (True, 16)])
def test_lossless_values_come_back_as_they_were_stored(syntax: str, signed: bool, bits: int) -> None:
    stored = ANATOMY.astype(np.int16) if signed else (ANATOMY + 1024).astype(np.uint16)
    slice_ = _slice(stored, bits)
    compress_lossless(slice_, precision=bits, syntax=syntax)
    frames = _stored(factory.encode(slice_, syntax))
    assert frames.dtype == stored.dtype
    assert np.array_equal(frames[0], stored)


def test_signed_values_in_a_wider_code_stream_keep_their_sign() -> None:
    slice_ = _slice(ANATOMY.astype(np.int16), 12)
    compress_lossless(slice_, precision=16)
    assert np.array_equal(decode_frames(factory.encode(slice_, JPEGLosslessSV1))[0], ANATOMY)


@pytest.mark.parametrize("predictor", range(1, 8))
def test_every_predictor_and_the_whole_range_are_exact(predictor: int) -> None:
    stored = np.random.default_rng(predictor).integers(0, 65536, (21, 19)).astype(np.uint16)
    stored[:4] = [[0], [65535], [32768], [32767]]
    slice_ = _slice(stored)
    compress_lossless(slice_, predictor=predictor, syntax=JPEGLossless)
    assert np.array_equal(decode_frames(factory.encode(slice_, JPEGLossless))[0], stored)


def test_a_rescale_is_not_applied_to_stored_values() -> None:
    stored = (ANATOMY + 1024).astype(np.uint16)
    slice_ = _slice(stored)
    slice_.RescaleSlope, slice_.RescaleIntercept = 2, -5000
    compress_lossless(slice_)
    assert np.array_equal(decode_frames(factory.encode(slice_, JPEGLosslessSV1))[0], stored)


def test_frames_of_one_instance_and_of_one_after_another_are_not_mixed_up() -> None:
    values = np.arange(3 * 40 * 40).reshape(3, 40, 40).astype(np.uint16)
    slice_ = _slice(values)
    compress_lossless(slice_)
    data = parse_instance(factory.encode(slice_, JPEGLosslessSV1)).data
    with ParserProcess() as parser:
        assert np.array_equal(parser.frames(data), values)
        for index in (2, 0, 1):
            assert np.array_equal(parser.frames(data, index)[0], values[index])


def test_a_frame_larger_than_the_smallest_file_in_memory_is_decoded() -> None:
    stored = np.random.default_rng(0).integers(0, 65536, (512, 512)).astype(np.uint16)
    slice_ = _slice(stored)
    compress_lossless(slice_)
    with ParserProcess() as parser:
        assert np.array_equal(parser.frames(factory.encode(slice_, JPEGLosslessSV1))[0], stored)


def test_a_lossless_frame_of_another_size_is_refused_before_it_is_decoded() -> None:
    slice_ = _slice((ANATOMY + 1024).astype(np.uint16))
    compress_lossless(slice_)
    slice_.Rows = 32
    data = factory.encode(slice_, JPEGLosslessSV1)
    with pytest.raises(DicomError, match="33 × 47, the header says 32 × 47"):
        parse_instance(data)
    with pytest.raises(DicomError, match="cannot be decoded"):
        decode_frames(data)


def test_a_later_fragment_that_lies_about_its_size_is_not_decoded() -> None:
    slice_ = _slice(np.zeros((2, 16, 16), np.uint16))
    good, lie = encode_lossless(np.zeros((16, 16))), encode_lossless(np.zeros((64, 64)))
    slice_.PixelData = encapsulate([good, lie], fragments_per_frame=2)
    slice_["PixelData"].VR = "OB"
    with pytest.raises(DicomError, match="cannot be decoded"):
        decode_frames(factory.encode(slice_, JPEGLosslessSV1))


@pytest.mark.parametrize("kept", [60, 200, 1500])
def test_a_cut_lossless_stream_is_an_error_and_not_the_end_of_the_child(kept: int) -> None:
    slice_ = _slice((ANATOMY + 1024).astype(np.uint16))
    stream = encode_lossless((ANATOMY + 1024).astype(np.uint16))
    assert len(stream) > 1600
    slice_.PixelData = encapsulate([stream[:kept]])
    slice_["PixelData"].VR = "OB"
    cut = factory.encode(slice_, JPEGLosslessSV1)
    whole = _slice((ANATOMY + 1024).astype(np.uint16))
    compress_lossless(whole)
    with ParserProcess() as parser:
        with pytest.raises(DicomError):
            parser.frames(cut)
        assert parser.frames(factory.encode(whole, JPEGLosslessSV1)).shape == (1, 33, 47)


def _lossy(syntax: str, precision: int = 8) -> tuple[bytes, np.ndarray]:
    j, i = np.indices((40, 48))
    grey = (4 * i + j).astype(np.uint8)
    target = io.BytesIO()
    Image.fromarray(grey).save(target, "JPEG", quality=95)
    stream = bytearray(target.getvalue())
    stream[stream.index(b"\xff\xc0") + 4] = precision
    slice_ = _slice(grey.astype(np.uint16), 8)
    slice_.BitsAllocated = 8 if precision == 8 else 16
    slice_.PixelData = encapsulate([bytes(stream)])
    slice_["PixelData"].VR = "OB"
    return factory.encode(slice_, syntax), grey


@pytest.mark.parametrize("syntax", [JPEGBaseline8Bit, JPEGExtended12Bit])
def test_jpeg_of_eight_bits_is_decoded(syntax: str) -> None:
    data, grey = _lossy(syntax)
    frames = _stored(data)
    assert frames.shape == (1, 40, 48)
    assert np.abs(frames[0].astype(int) - grey).max() <= 3


@pytest.mark.parametrize(
    ("syntax", "name"), [(JPEGExtended12Bit, "JPEG Extended"), (JPEGBaseline8Bit, "JPEG Baseline")]
)
def test_lossy_jpeg_of_twelve_bits_is_refused_by_name(syntax: str, name: str) -> None:
    with pytest.raises(DicomUnsupported, match=f"{name} .* of 12 bits is not taken in"):
        parse_instance(_lossy(syntax, 12)[0])
