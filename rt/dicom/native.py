"""Pixels of an uncompressed grey image, found in its bytes without reading the rest of the header.

A volume is made of hundreds of files of which nothing else is wanted: their headers were read when they came.
What is not the usual case, like colours and single bits, is left to pydicom.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt

from rt.dicom.elements import PIXEL_DATA
from rt.dicom.flat import NotFlat, flat_elements

_SAMPLES, _FRAMES, _ROWS, _COLUMNS = 0x00280002, 0x00280008, 0x00280010, 0x00280011
_ALLOCATED, _STORED, _SIGNED = 0x00280100, 0x00280101, 0x00280103
_NUMBERS = frozenset({_SAMPLES, _ROWS, _COLUMNS, _ALLOCATED, _STORED, _SIGNED})
_DIGITS = re.compile(rb" *([0-9]{1,5})[ \0]*\Z")


def native_frames(data: bytes, frame: int | None) -> tuple[npt.NDArray[Any], int] | None:
    """Stored values (frames, rows, columns) of a checked file, and Bits Stored; None where pydicom is needed.

    Of all frames or of the one of this index; the array is a view of `data`.
    """
    try:
        found, begin, length = _found(data)
    except NotFlat:
        return None
    rows, columns, bits = (found.get(tag, 0) for tag in (_ROWS, _COLUMNS, _ALLOCATED))
    frames = found.get(_FRAMES, 1)
    count = rows * columns * frames
    if found.get(_SAMPLES) != 1 or bits not in (8, 16, 32) or _STORED not in found:
        return None
    if not 0 < count * bits // 8 <= min(length, len(data) - begin) or not 0 <= (frame or 0) < frames:
        return None
    kind = "i" if found.get(_SIGNED) == 1 else "u"
    values = np.frombuffer(data, dtype=np.dtype(f"<{kind}{bits // 8}"), count=count, offset=begin)
    whole = values.reshape(frames, rows, columns)
    return whole if frame is None else whole[frame : frame + 1], found[_STORED]


def _found(data: bytes) -> tuple[dict[int, int], int, int]:
    """The numbers that say how pixels are stored, and where their value begins and how long it is."""
    found: dict[int, int] = {}
    for tag, _, _, begin, end in flat_elements(data):
        if tag == PIXEL_DATA:
            return found, begin, end - begin
        if tag in _NUMBERS:
            if end - begin != 2:
                raise NotFlat
            found[tag] = int.from_bytes(data[begin:end], "little")
        elif tag == _FRAMES and end > begin:
            digits = _DIGITS.match(data[begin:end])
            if digits is None:
                raise NotFlat
            found[tag] = int(digits[1])
    raise NotFlat
