"""Frames of stored instances, as stored, as native values or compressed anew; the stored file is read once.

Compressed frames go to a parser process one at a time, each in a file of its own, so that an object of a
thousand frames needs no more memory there than one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom

from backend.dicomweb.errors import NotAcceptable
from backend.dicomweb.media import frame_type
from backend.kit.errors import NotFound
from backend.kit.storage import storage
from backend.studies.door import decode_file, transcode_file
from backend.studies.tables import Instance
from rt.dicom.kinds import (
    COMPRESSED_SYNTAXES,
    CROSS_SECTIONS,
    EXPLICIT_BIG_ENDIAN,
    EXPLICIT_LITTLE_ENDIAN,
    JPEG_2000_LOSSLESS,
)
from rt.dicom.parse import read_stored
from rt.dicom.transcode import (
    ENCODED_SYNTAXES,
    JPEG_2000_LEAST,
    little_endian,
    one_frame_file,
    only_frame,
)
from rt.errors import DicomUnsupported


def check_frame(instance: Instance, number: int) -> int:
    """Index of a frame given from 1; NotFound when there is none, NotAcceptable without pixels."""
    if instance.rows is None or instance.columns is None:
        raise NotAcceptable("this instance has no pixels")
    if not 1 <= number <= instance.frames:
        raise NotFound(f"there is no frame {number}")
    return number - 1


def encodable(instance: Instance) -> tuple[str, ...]:
    """Transfer syntaxes that this instance can be compressed in."""
    if instance.sop_class_uid not in CROSS_SECTIONS or not instance.rows or not instance.columns:
        return ()
    if min(instance.rows, instance.columns) < JPEG_2000_LEAST:
        return tuple(syntax for syntax in ENCODED_SYNTAXES if syntax != JPEG_2000_LOSSLESS)
    return ENCODED_SYNTAXES


def frame_storage_syntax(instance: Instance) -> str:
    """The transfer syntax of its frames as stored: everything native goes out in little endian."""
    syntax = instance.transfer_syntax_uid
    return syntax if syntax in COMPRESSED_SYNTAXES else EXPLICIT_LITTLE_ENDIAN


class Frames:
    """The frames of one stored instance."""

    def __init__(self, instance: Instance) -> None:
        self.dataset = read_stored(storage().get(instance.sha256))
        self._instance = instance
        self._syntax = frame_storage_syntax(instance)

    def parts(self, indices: Iterable[int], syntax: str) -> Iterator[tuple[str, bytes]]:
        """Content-Type and bytes of frames in a transfer syntax, one after the other.

        Frames whose bits no encoder takes go out native, and their Content-Type says so.
        """
        for index in indices:
            try:
                yield frame_type(syntax), self._in(index, syntax)
            except DicomUnsupported:
                yield frame_type(EXPLICIT_LITTLE_ENDIAN), self._in(index, EXPLICIT_LITTLE_ENDIAN)

    def value(self) -> Iterator[bytes]:
        """Pixel Data as Explicit VR Little Endian would hold it, in pieces."""
        if self._syntax != EXPLICIT_LITTLE_ENDIAN:
            yield from (data for _, data in self.parts(range(self._instance.frames), EXPLICIT_LITTLE_ENDIAN))
            return
        yield self._turned(self.dataset.PixelData)

    def stored_values(self, index: int) -> npt.NDArray[Any]:
        """Stored values (rows, columns) of a frame."""
        values: npt.NDArray[Any] = decode_file(self._alone(index), self._syntax)[0]
        return values

    def _in(self, index: int, syntax: str) -> bytes:
        if syntax == self._syntax:
            return self._stored(index)
        if syntax == EXPLICIT_LITTLE_ENDIAN:
            values = self.stored_values(index)
            return bytes(values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes())
        return only_frame(transcode_file(self._alone(index), self._syntax, syntax))

    def _alone(self, index: int) -> bytes:
        return one_frame_file(self.dataset, self._stored(index), self._syntax)

    def _stored(self, index: int) -> bytes:
        """A frame's own bytes: a code stream, or native values in little endian."""
        if self._syntax == EXPLICIT_LITTLE_ENDIAN:
            return self._cut(index)
        return pydicom.encaps.get_frame(self.dataset.PixelData, index, number_of_frames=self._instance.frames)

    def _cut(self, index: int) -> bytes:
        """Native values; frames of one-bit segmentations need not begin at a byte."""
        allocated = int(self.dataset.BitsAllocated)
        samples = self.dataset.Rows * self.dataset.Columns * int(self.dataset.get("SamplesPerPixel") or 1)
        pixels: bytes = self.dataset.PixelData
        if allocated == 1:
            first, last = index * samples, (index + 1) * samples
            raw = np.frombuffer(pixels[first // 8 : (last + 7) // 8], dtype=np.uint8)
            bits = np.unpackbits(raw, bitorder="little")[first % 8 : first % 8 + samples]
            return np.packbits(bits, bitorder="little").tobytes()
        size = samples * allocated // 8
        return self._turned(pixels[index * size : (index + 1) * size])

    def _turned(self, pixels: bytes) -> bytes:
        if self._instance.transfer_syntax_uid != EXPLICIT_BIG_ENDIAN:
            return pixels
        return little_endian(pixels, int(self.dataset.BitsAllocated))


def in_syntax(instance: Instance, syntax: str) -> tuple[str, bytes]:
    """The whole file in a transfer syntax, and that syntax: Explicit VR Little Endian where no encoder takes
    its pixels."""
    stored = storage().get(instance.sha256)
    try:
        return syntax, transcode_file(stored, instance.transfer_syntax_uid, syntax)
    except DicomUnsupported:
        native = transcode_file(stored, instance.transfer_syntax_uid, EXPLICIT_LITTLE_ENDIAN)
        return EXPLICIT_LITTLE_ENDIAN, native
