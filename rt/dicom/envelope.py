"""What a data set comes in: the file meta group, its transfer syntax, and deflation."""

from __future__ import annotations

import zlib

from rt.dicom.elements import EXPLICIT_LITTLE, Encoding, scan
from rt.dicom.kinds import EXPLICIT_BIG_ENDIAN, IMPLICIT_LITTLE_ENDIAN
from rt.dicom.limits import Limits
from rt.errors import DicomError, DicomTooLarge, DicomTruncated

_PIECE_IN, _PIECE_OUT = 2**14, 2**20


def read_meta(data: bytes, limits: Limits) -> tuple[dict[int, str], int]:
    """The texts of the file meta group (PS3.10 7.1) and where the data set begins."""
    if data[128:132] != b"DICM":
        raise DicomError("not a DICOM file: no DICM after the preamble")
    elements = scan(data, 132, EXPLICIT_LITTLE, limits, stop=lambda tag: tag >> 16 != 2)
    texts = {
        e.tag: data[e.value : e.end].strip(b"\0 ").decode("ascii", "replace")
        for e in elements
        if e.vr == b"UI"
    }
    return texts, elements[-1].end if elements else 132


def inflated(body: bytes, limits: Limits) -> bytes:
    """The data set of a deflated body: measured first, in small pieces, so that a bomb never unfolds."""
    engine, total, at = zlib.decompressobj(-zlib.MAX_WBITS), 0, 0
    try:
        while at < len(body) and not engine.eof:
            piece, at = body[at : at + _PIECE_IN], at + _PIECE_IN
            while piece and not engine.eof:
                total += len(engine.decompress(piece, _PIECE_OUT))
                if total > limits.inflated_bytes:
                    raise DicomTooLarge(
                        f"inflates to more than {limits.inflated_bytes} bytes", where="deflated data set"
                    )
                piece = engine.unconsumed_tail
        if not engine.eof:
            raise DicomTruncated("the deflated data set has no end")
        unfolded = zlib.decompressobj(-zlib.MAX_WBITS)
        whole = unfolded.decompress(body, limits.inflated_bytes)
        if not unfolded.eof:
            raise DicomTooLarge(
                f"inflates to more than {limits.inflated_bytes} bytes", where="deflated data set"
            )
        return whole
    except zlib.error as error:
        raise DicomError("the deflated data set is damaged") from error


def encoding_of(syntax: str) -> Encoding:
    """How data sets of a native transfer syntax are written."""
    return Encoding(explicit=syntax != IMPLICIT_LITTLE_ENDIAN, little=syntax != EXPLICIT_BIG_ENDIAN)
