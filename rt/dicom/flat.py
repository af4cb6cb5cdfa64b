"""The outermost elements of a stored file in one quick pass: where each lies, without looking into sequences.

For files that have passed `parse_instance`, which has followed every length.  What is rare is left to
pydicom: other byte orders and unknown values of undefined length.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from rt.dicom.elements import ITEM, ITEM_END, LONG_VRS, PIXEL_DATA, SEQUENCE_END, SHORT_VRS, UNDEFINED
from rt.dicom.kinds import COMPRESSED_SYNTAXES, EXPLICIT_LITTLE_ENDIAN, IMPLICIT_LITTLE_ENDIAN

TRANSFER_SYNTAX = 0x00020010
_EXPLICIT = COMPRESSED_SYNTAXES | {EXPLICIT_LITTLE_ENDIAN}
_BEGIN = 132
_SHORT, _LONG, _IMPLICIT = struct.Struct("<HH2sH"), struct.Struct("<I"), struct.Struct("<HHI")
Place = tuple[int, bytes | None, int, int, int]
"""Tag, VR (None where it is implied), and where the element begins, and its value begins and ends."""


class NotFlat(Exception):
    """The file has to be read in another way."""


def flat_elements(data: bytes) -> Iterator[Place]:
    """Elements of a stored file, from its meta group up to and with Pixel Data.

    `data` may end within Pixel Data, of which nothing is told where it is compressed.  NotFlat when it ends
    elsewhere than after an element, or is of the rare ones.
    """
    at, end, explicit, syntax = _BEGIN, len(data), True, ""
    while at < end:
        try:
            tag, vr, begin, length = _header(data, at, explicit)
            if explicit and tag >> 16 != 2 and syntax not in _EXPLICIT:
                if syntax != IMPLICIT_LITTLE_ENDIAN:
                    raise NotFlat
                explicit = False
                tag, vr, begin, length = _header(data, at, explicit)
            start, at = at, begin + length
            if length == UNDEFINED:
                if vr == b"UN":
                    raise NotFlat
                at = begin if tag == PIXEL_DATA else _past_sequence(data, begin, explicit)
        except struct.error as error:
            raise NotFlat from error
        if at > end and tag != PIXEL_DATA:
            raise NotFlat
        if tag == TRANSFER_SYNTAX:
            syntax = data[begin:at].rstrip(b"\0 ").decode("ascii", "replace")
        yield tag, vr, start, begin, at
        if tag == PIXEL_DATA:
            return


def _header(data: bytes, at: int, explicit: bool) -> tuple[int, bytes | None, int, int]:
    """Tag, VR, where the value begins and its length."""
    if not explicit:
        group, number, length = _IMPLICIT.unpack_from(data, at)
        return group << 16 | number, None, at + 8, length
    group, number, vr, length = _SHORT.unpack_from(data, at)
    if vr in SHORT_VRS:
        return group << 16 | number, vr, at + 8, length
    if vr in LONG_VRS:
        return group << 16 | number, vr, at + 12, _LONG.unpack_from(data, at + 8)[0]
    if group == 2:
        raise NotFlat
    return group << 16 | number, vr, at + 8, 0  # of an implicit data set, which begins here


def _past_sequence(data: bytes, at: int, explicit: bool) -> int:
    """Where a sequence of undefined length ends whose first item begins at `at`."""
    within_items = [True]
    while within_items:
        group, number, length = _IMPLICIT.unpack_from(data, at)
        tag = group << 16 | number
        if tag == (SEQUENCE_END if within_items[-1] else ITEM_END):
            within_items.pop()
            at += 8
        elif within_items[-1]:
            if tag != ITEM:
                raise NotFlat
            at += 8
            if length == UNDEFINED:
                within_items.append(False)
            else:
                at += length
        else:
            _, vr, at, length = _header(data, at, explicit)
            if length == UNDEFINED and vr == b"UN":
                raise NotFlat
            if length == UNDEFINED:
                within_items.append(True)
            else:
                at += length
    return at
