"""What a compressed frame says of its own size, read before any decoder sees it.

JPEG (ITU-T T.81 B.2.2), JPEG-LS (T.87 C.2.2), JPEG 2000 (T.800 A.5.1) and DICOM's RLE (PS3.5 Annex G).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from rt.errors import DicomError

_START_OF_FRAME = frozenset({*range(0xC0, 0xD0), 0xF7}) - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})


@dataclass(frozen=True)
class FrameSize:
    """Extent of a compressed frame."""

    rows: int
    columns: int
    samples: int
    precision: int
    """Bits of a sample."""


def frame_size(stream: bytes) -> FrameSize | None:
    """Extent by the stream's own header; None for RLE, whose header has none; DicomError if unreadable."""
    if stream.startswith(b"\xff\x4f\xff\x51"):
        return _jpeg_2000(stream)
    if stream.startswith(b"\x00\x00\x00\x0cjP  "):
        at = stream.find(b"\xff\x4f\xff\x51")
        if at >= 0:
            return _jpeg_2000(stream[at:])
    if stream.startswith(b"\xff\xd8"):
        return _jpeg(stream)
    _check_rle(stream)
    return None


def _jpeg_2000(stream: bytes) -> FrameSize:
    if len(stream) < 43:
        raise DicomError("a JPEG 2000 frame is cut in its header")
    right, bottom, left, top = struct.unpack_from(">4I", stream, 8)
    samples, depth = struct.unpack_from(">HB", stream, 40)
    return FrameSize(bottom - top, right - left, samples, (depth & 0x7F) + 1)


def _jpeg(stream: bytes) -> FrameSize:
    at = 2
    while at + 9 < len(stream):
        if stream[at] != 0xFF:
            raise DicomError("a JPEG frame has no marker where one must be")
        marker = stream[at + 1]
        if marker == 0xFF:
            at += 1
        elif marker in _WITHOUT_LENGTH:
            at += 2
        elif marker in _START_OF_FRAME:
            precision, rows, columns, samples = struct.unpack_from(">BHHB", stream, at + 4)
            return FrameSize(rows, columns, samples, precision)
        else:
            (length,) = struct.unpack_from(">H", stream, at + 2)
            at += 2 + max(2, length)
    raise DicomError("a JPEG frame ends before it says its size")


def _check_rle(stream: bytes) -> None:
    if len(stream) < 64:
        raise DicomError("a run-length frame is shorter than its header")
    count, *offsets = struct.unpack_from("<16I", stream)
    used = offsets[:count]
    if not 1 <= count <= 15 or used[0] != 64 or used != sorted(used) or used[-1] > len(stream):
        raise DicomError("a run-length frame has an impossible header")
