"""Frames of stored instances, as stored, as native values or compressed anew.

They are cut out of the stored file one at a time, and go to a parser process each in a file of its own, so
that an object of a thousand frames needs no more memory than one of them.
"""

from __future__ import annotations

import io
import weakref
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import numpy.typing as npt

from backend.dicomweb.errors import NotAcceptable
from backend.dicomweb.media import frame_type
from backend.kit.errors import NotFound
from backend.kit.storage import storage
from backend.studies.door import decode_file, transcode_file
from backend.studies.tables import Instance
from rt.dicom.frames import StoredFrames
from rt.dicom.kinds import (
    COMPRESSED_SYNTAXES,
    CROSS_SECTIONS,
    EXPLICIT_LITTLE_ENDIAN,
    JPEG_2000_LOSSLESS,
)
from rt.dicom.transcode import ENCODED_SYNTAXES, JPEG_2000_LEAST, one_frame_file, only_frame, value_bytes
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


LARGE_BYTES = 16 << 20
"""Instances beyond this are not read whole for a frame where blobs are files; then the job `verify-storage`
has to find their damage."""


class Frames:
    """The frames of one stored instance."""

    def __init__(self, instance: Instance) -> None:
        self._syntax = frame_storage_syntax(instance)
        stream = _stream(instance)
        self._stored = StoredFrames(stream)
        weakref.finalize(self._stored, stream.close)  # a body is streamed after the route has returned
        self.header = self._stored.header

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
        if self._stored.compressed:
            frames = range(self._stored.count)
            return (data for _, data in self.parts(frames, EXPLICIT_LITTLE_ENDIAN))
        return self._stored.native_pixels()

    def stored_values(self, index: int) -> npt.NDArray[Any]:
        """Stored values (rows, columns) of a frame."""
        values: npt.NDArray[Any] = decode_file(self._alone(index), self._syntax)[0]
        return values

    def _in(self, index: int, syntax: str) -> bytes:
        if syntax == self._syntax:
            return self._stored.frame(index)
        if syntax == EXPLICIT_LITTLE_ENDIAN:
            values = self.stored_values(index)
            return value_bytes(values)
        return only_frame(transcode_file(self._alone(index), self._syntax, syntax))

    def _alone(self, index: int) -> bytes:
        return one_frame_file(self.header, self._stored.frame(index), self._syntax)


def _stream(instance: Instance) -> BinaryIO:
    """The stored file, verified; a large one in place where it is a file."""
    path = storage().local_path(instance.sha256) if instance.size > LARGE_BYTES else None
    return path.open("rb") if path is not None else io.BytesIO(storage().get(instance.sha256))


def in_syntax(instance: Instance, syntax: str) -> tuple[str, bytes]:
    """The whole file in a transfer syntax, and that syntax: Explicit VR Little Endian where no encoder takes
    its pixels."""
    stored = storage().get(instance.sha256)
    try:
        return syntax, transcode_file(stored, instance.transfer_syntax_uid, syntax)
    except DicomUnsupported:
        native = transcode_file(stored, instance.transfer_syntax_uid, EXPLICIT_LITTLE_ENDIAN)
        return EXPLICIT_LITTLE_ENDIAN, native
