"""Frames cut out of a stored file one at a time; of a file on disk no more is read than the frame."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
from pydicom.dataset import Dataset
from pydicom.encaps import get_frame

from rt.dicom.kinds import COMPRESSED_SYNTAXES, EXPLICIT_BIG_ENDIAN, IMPLICIT_LITTLE_ENDIAN
from rt.dicom.parse import PARSER_FAILURES, read_stored_header
from rt.dicom.transcode import little_endian
from rt.errors import DicomError

PIECE_BYTES = 1 << 20
"""Bytes of Pixel Data that are read at a time; even, so that no value is cut."""
_TAG = {True: b"\xe0\x7f\x10\x00", False: b"\x7f\xe0\x00\x10"}
_WHERE = "Pixel Data"


class StoredFrames:
    """The frames of an image that has passed `parse_instance`, from a stream that can seek; not for threads.

    DicomError when it has no Pixel Data.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self.header: Dataset = read_stored_header(stream)
        """All attributes before the pixels."""
        self.transfer_syntax_uid = str(self.header.file_meta.TransferSyntaxUID)
        self.compressed = self.transfer_syntax_uid in COMPRESSED_SYNTAXES
        self.count = int(self.header.get("NumberOfFrames") or 1)
        self._stream = stream
        little = self.transfer_syntax_uid != EXPLICIT_BIG_ENDIAN
        implicit = self.transfer_syntax_uid == IMPLICIT_LITTLE_ENDIAN
        head = stream.read(8 if implicit else 12)
        if not head.startswith(_TAG[little]):
            raise DicomError("there is none", where=_WHERE)
        self._length = struct.unpack("<I" if little else ">I", head[-4:])[0]
        self._begin = stream.tell()

    def frame(self, index: int) -> bytes:
        """A frame's own bytes: its code stream, or its values in little endian, those of one bit packed."""
        if self.compressed:
            self._stream.seek(self._begin)
            try:
                return get_frame(self._stream, index, number_of_frames=self.count)
            except PARSER_FAILURES as error:
                raise DicomError("a compressed frame is not where it should be", where=_WHERE) from error
        bits = int(self.header.BitsAllocated)
        samples = self.header.Rows * self.header.Columns * int(self.header.get("SamplesPerPixel") or 1)
        if bits == 1:
            return self._bits(index * samples, (index + 1) * samples)
        size = samples * bits // 8
        return self._turned(self._read(index * size, size))

    def native_pixels(self) -> Iterator[bytes]:
        """The whole value in little endian, in pieces, of an image that is not compressed."""
        for begin in range(0, self._length, PIECE_BYTES):
            yield self._turned(self._read(begin, min(PIECE_BYTES, self._length - begin)))

    def _bits(self, first: int, last: int) -> bytes:
        """Bits of a segmentation, whose frames need not begin at a byte (PS3.5 8.1.1)."""
        raw = np.frombuffer(self._read(first // 8, (last + 7) // 8 - first // 8), dtype=np.uint8)
        bits = np.unpackbits(raw, bitorder="little")[first % 8 : first % 8 + last - first]
        return np.packbits(bits, bitorder="little").tobytes()

    def _read(self, offset: int, size: int) -> bytes:
        self._stream.seek(self._begin + offset)
        return self._stream.read(size)

    def _turned(self, pixels: bytes) -> bytes:
        if self.transfer_syntax_uid != EXPLICIT_BIG_ENDIAN:
            return pixels
        return little_endian(pixels, int(self.header.BitsAllocated))
