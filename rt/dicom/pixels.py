"""Stored pixel values of an instance; decoders run here, so call it in a child process (rt.dicom.sandbox)."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.pixels.utils import pixel_array

from rt.dicom import lossless_jpeg
from rt.dicom.native import native_frames
from rt.dicom.parse import PARSER_FAILURES, read_stored
from rt.errors import DicomError

lossless_jpeg.register()


def decode_frames(data: bytes, frame: int | None = None) -> npt.NDArray[Any]:
    """Stored values (frames, rows, columns) of the file `data`, of all its frames or of one of them."""
    found = native_frames(data, frame)
    if found is not None:
        return _without_unused_bits(*found)
    dataset = read_stored(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            stored = pixel_array(dataset, raw=True, index=frame)
    except PARSER_FAILURES as error:
        raise DicomError(
            f"the pixels cannot be decoded ({type(error).__name__})", where="Pixel Data"
        ) from error
    if stored.ndim not in (2, 3):
        raise DicomError("the pixels are not grey", where="Pixel Data")
    stored = stored if stored.ndim == 3 else stored[None]
    return _without_unused_bits(stored, int(dataset.BitsStored))


def _without_unused_bits(stored: npt.NDArray[Any], bits: int) -> npt.NDArray[Any]:
    """Bits above Bits Stored may hold an old overlay or lack the sign; shifting out and in settles both."""
    spare = 8 * stored.dtype.itemsize - bits
    if spare <= 0 or not np.issubdtype(stored.dtype, np.integer):
        return stored
    shift = stored.dtype.type(spare)
    settled: npt.NDArray[Any] = (stored << shift) >> shift
    return settled
