"""What a header claims of its pixels, held against the bytes that are there, before any decoder runs."""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.uid import UID

from rt.dicom.codestream import FrameSize, frame_size
from rt.dicom.elements import PIXEL_DATA, Element
from rt.dicom.kinds import COMPRESSED_SYNTAXES, JPEG_SYNTAXES, RLE
from rt.dicom.limits import Limits
from rt.errors import DicomError, DicomTooLarge, DicomTruncated, DicomUnsupported

_WHERE = "Pixel Data"
_HEAD_BYTES = 2**16
"""A code stream says its size within these."""


def check_pixels(body: bytes, elements: list[Element], header: Dataset, syntax: str, limits: Limits) -> None:
    """DicomTooLarge, DicomTruncated or DicomError unless the claimed pixels fit the limits and the bytes."""
    claimed = _claimed_bytes(header, limits)
    element = next((e for e in elements if e.tag == PIXEL_DATA), None)
    if element is None:
        raise DicomError("an image without Pixel Data", where=_WHERE)
    if element.encapsulated != (syntax in COMPRESSED_SYNTAXES):
        raise DicomError("pixel data is not in the form of its transfer syntax", where=_WHERE)
    if not element.encapsulated:
        present = element.end - element.value
        if present < claimed:
            raise DicomTruncated(
                f"{present} bytes where rows, columns and frames need {claimed}", where=_WHERE
            )
        return
    present = sum(end - begin for begin, end in element.fragments)
    if claimed > max(present, 1) * limits.ratio:
        raise DicomTooLarge(f"{present} compressed bytes claim to be {claimed}", where=_WHERE)
    _check_frames(body, element, header, syntax)


def frame_count(header: Dataset) -> int:
    """Number of Frames; 1 where it is absent."""
    return max(1, _number(header, "NumberOfFrames", 1))


def _claimed_bytes(header: Dataset, limits: Limits) -> int:
    rows, columns = _number(header, "Rows"), _number(header, "Columns")
    samples, bits = _number(header, "SamplesPerPixel", 1), _number(header, "BitsAllocated")
    if bits not in {1, 8, 16, 32, 64} or samples not in {1, 3}:
        raise DicomError(f"{samples} samples of {bits} bits for each pixel", where="Bits Allocated")
    if not 0 < _number(header, "BitsStored", bits) <= bits:
        raise DicomError("more bits stored than allocated", where="Bits Stored")
    if rows < 1 or columns < 1:
        raise DicomError(f"an image of {rows} × {columns} pixels", where="Rows")
    frames = frame_count(header)
    if rows > limits.rows or columns > limits.rows:
        raise DicomTooLarge(f"{rows} × {columns} pixels; at most {limits.rows} each way", where="Rows")
    most = limits.bit_frames if bits == 1 else limits.frames
    if frames > most:
        raise DicomTooLarge(f"{frames} frames; at most {most}", where="Number of Frames")
    claimed = -(-rows * columns * samples * bits * frames // 8)
    if claimed > limits.pixel_bytes:
        raise DicomTooLarge(f"{claimed} bytes of pixels; at most {limits.pixel_bytes}", where="Rows")
    return claimed


def _check_frames(body: bytes, element: Element, header: Dataset, syntax: str) -> None:
    """Each frame's own header, where fragments are frames; the first one's where a frame has several."""
    frames = frame_count(header)
    if len(element.fragments) < frames:
        raise DicomTruncated(f"{len(element.fragments)} compressed frames of {frames}", where=_WHERE)
    heads = element.fragments if len(element.fragments) == frames else element.fragments[:1]
    for begin, end in heads:
        size = frame_size(body[begin : min(end, begin + _HEAD_BYTES)])
        if (size is None) != (syntax == RLE):
            raise DicomError("a frame is not in the form of its transfer syntax", where=_WHERE)
        if size is not None:
            _check_size(size, header, syntax)


def _check_size(size: FrameSize, header: Dataset, syntax: str) -> None:
    expected = (_number(header, "Rows"), _number(header, "Columns"), _number(header, "SamplesPerPixel", 1))
    if (size.rows, size.columns, size.samples) != expected:
        said = f"{expected[0]} × {expected[1]}"
        raise DicomError(f"a frame of {size.rows} × {size.columns}, the header says {said}", where=_WHERE)
    if syntax in JPEG_SYNTAXES and size.precision != 8:
        raise DicomUnsupported(f"{UID(syntax).name} of {size.precision} bits is not taken in", where=_WHERE)
    if size.precision > _number(header, "BitsAllocated"):
        raise DicomError(f"a frame of {size.precision} bits in pixels of fewer", where=_WHERE)


def _number(header: Dataset, keyword: str, default: int | None = None) -> int:
    value = header.get(keyword)
    if value is None or value == "":
        if default is None:
            raise DicomError("missing", where=keyword)
        return default
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise DicomError("not a number", where=keyword) from error
