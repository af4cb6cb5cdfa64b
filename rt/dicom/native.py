"""Pixels of an uncompressed grey image, found in its bytes without reading the rest of the header.

A volume is made of hundreds of files of which nothing else is wanted: their headers were read when they came.
What is not the usual case is left to pydicom: sequences of undefined length before the pixels, other byte
orders, colours, bits.
"""

from __future__ import annotations

import re
import struct
from typing import Any

import numpy as np
import numpy.typing as npt

from rt.dicom.elements import LONG_VRS, PIXEL_DATA, SHORT_VRS, UNDEFINED
from rt.dicom.kinds import EXPLICIT_LITTLE_ENDIAN, IMPLICIT_LITTLE_ENDIAN

_SYNTAX = 0x00020010
_SAMPLES, _FRAMES, _ROWS, _COLUMNS = 0x00280002, 0x00280008, 0x00280010, 0x00280011
_ALLOCATED, _STORED, _SIGNED = 0x00280100, 0x00280101, 0x00280103
_NUMBERS = frozenset({_SAMPLES, _ROWS, _COLUMNS, _ALLOCATED, _STORED, _SIGNED})
_DATA_SET = 132
_SHORT, _LONG, _IMPLICIT = struct.Struct("<HH2sH"), struct.Struct("<I"), struct.Struct("<HHI")
_DIGITS = re.compile(rb" *([0-9]{1,5}) *\Z")
Found = dict[int, Any]


def native_frames(data: bytes, frame: int | None) -> tuple[npt.NDArray[Any], int] | None:
    """Stored values (frames, rows, columns) of a checked file, and Bits Stored; None where pydicom is needed.

    Of all frames or of the one of this index; the array is a view of `data`.
    """
    found = _walked(data)
    if found is None or PIXEL_DATA not in found or found.get(_SAMPLES) != 1:
        return None
    rows, columns, bits = (found.get(tag, 0) for tag in (_ROWS, _COLUMNS, _ALLOCATED))
    frames = found.get(_FRAMES, 1)
    begin, length = found[PIXEL_DATA]
    count = rows * columns * frames
    if bits not in (8, 16, 32) or _STORED not in found or count == 0 or count * bits // 8 > length:
        return None
    if frame is not None and not 0 <= frame < frames:
        return None
    kind = "i" if found.get(_SIGNED) == 1 else "u"
    values = np.frombuffer(data, dtype=np.dtype(f"<{kind}{bits // 8}"), count=count, offset=begin)
    whole = values.reshape(frames, rows, columns)
    return whole if frame is None else whole[frame : frame + 1], found[_STORED]


def _walked(data: bytes) -> Found | None:
    """What is wanted of the outermost elements, up to the pixels; None where there is more than lengths."""
    found: Found = {}
    at, explicit, in_meta, end = _DATA_SET, True, True, len(data)
    while at + 12 <= end:
        group, number, vr, length = _SHORT.unpack_from(data, at)
        if in_meta and group != 2:
            if found.get(_SYNTAX) not in (EXPLICIT_LITTLE_ENDIAN, IMPLICIT_LITTLE_ENDIAN):
                return None
            in_meta, explicit = False, found[_SYNTAX] == EXPLICIT_LITTLE_ENDIAN
        begin = at + 8
        if not explicit:
            group, number, length = _IMPLICIT.unpack_from(data, at)
        elif vr in LONG_VRS:
            (length,) = _LONG.unpack_from(data, begin)
            begin += 4
        elif vr not in SHORT_VRS:
            return None
        at = begin + length
        if length == UNDEFINED or at > end:
            return None
        tag = group << 16 | number
        if tag == PIXEL_DATA:
            found[tag] = (begin, length)
            return found
        if not _note(found, tag, data[begin:at] if length <= 64 else b""):
            return None
    return None


def _note(found: Found, tag: int, value: bytes) -> bool:
    """Keep a value that is wanted; False where it is not as it should be."""
    if tag in _NUMBERS:
        if len(value) != 2:
            return False
        found[tag] = int.from_bytes(value, "little")
    elif tag == _SYNTAX:
        found[tag] = value.rstrip(b"\0 ").decode("ascii", "replace")
    elif tag == _FRAMES and value.strip(b"\0 "):
        digits = _DIGITS.match(value.rstrip(b"\0"))
        if digits is None:
            return False
        found[tag] = int(digits[1])
    return True
