"""Volumes in NRRD, as 3D Slicer and OHIF exchange them (NRRD0005, teem.sourceforge.net/nrrd/format.html).

Written is the plainest form, raw and with the data attached: OHIF reads nothing else.  Read, in the parser
process, is what Slicer writes: one volume, attached, raw or gzip; segment names in it are not looked at.
"""

from __future__ import annotations

import io
import math
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from rt.dicom.nifti import MAX_BYTES, MAX_EXTENT, MAX_VOXELS, Source, right_handed, whole_labels
from rt.errors import DicomError, DicomTooLarge, DicomTruncated, GeometryError
from rt.geometry import FloatArray, Grid

MAGIC = b"NRRD000"
MAX_HEADER_BYTES = 1 << 20
_TYPES = {
    "uchar": "u1", "unsigned char": "u1", "uint8": "u1", "uint8_t": "u1",
    "signed char": "i1", "int8": "i1", "int8_t": "i1",
    "short": "i2", "short int": "i2", "signed short": "i2", "int16": "i2", "int16_t": "i2",
    "ushort": "u2", "unsigned short": "u2", "uint16": "u2", "uint16_t": "u2",
    "int": "i4", "signed int": "i4", "int32": "i4", "int32_t": "i4",
    "uint": "u4", "unsigned int": "u4", "uint32": "u4", "uint32_t": "u4",
}  # fmt: skip
"""Types of whole numbers by the names that the format knows."""
_TO_RAS = {
    "left-posterior-superior": (-1.0, -1.0, 1.0), "lps": (-1.0, -1.0, 1.0),
    "right-anterior-superior": (1.0, 1.0, 1.0), "ras": (1.0, 1.0, 1.0),
    "left-anterior-superior": (-1.0, 1.0, 1.0), "las": (-1.0, 1.0, 1.0),
}  # fmt: skip
"""Signs that turn a space into RAS."""


_WRITTEN = {"u1": "uint8", "b1": "uint8", "i2": "int16", "u2": "uint16", "i4": "int32", "f4": "float"}
"""Names of the types that are written, by NumPy's."""


def nrrd_bytes(array_kji: npt.NDArray[Any], grid: Grid) -> bytes:
    """An image, label map or mask (k, j, i) as a NRRD file; GeometryError off the grid or for its type."""
    k, j, i = grid.shape_kji
    if array_kji.shape != grid.shape_kji:
        raise GeometryError(f"array {array_kji.shape} is not on a grid of {grid.shape_kji}")
    named = _WRITTEN.get(array_kji.dtype.str[1:])
    if named is None:
        raise GeometryError(f"voxels of type {array_kji.dtype} are not written as NRRD")
    steps = (grid.matrix * np.asarray(grid.spacing_ijk_mm)).T
    lines = [
        "NRRD0004",
        f"type: {named}",
        "dimension: 3",
        "space: left-posterior-superior",
        f"sizes: {i} {j} {k}",
        f"space directions: {' '.join(_vector(step) for step in steps)}",
        "kinds: domain domain domain",
        "endian: little",
        "encoding: raw",
        f"space origin: {_vector(np.asarray(grid.origin_lps_mm))}",
        "",
        "",
    ]
    stored = array_kji.astype(array_kji.dtype.newbyteorder("<"), copy=False)
    return "\n".join(lines).encode() + stored.tobytes()


def _vector(values: FloatArray) -> str:
    return "(" + ",".join(repr(float(value)) for value in values) + ")"


def read_nrrd_labels(source: Source) -> tuple[npt.NDArray[np.uint8], Grid]:
    """Labels (k, j, i) of a NRRD file and their grid.

    Raises DicomTooLarge, DicomTruncated, GeometryError, or DicomError for what is no such label map.
    """
    head = _head(source)
    fields = _fields(head[: _end(head)])
    shape_ijk, dtype = _shape(fields), _dtype(fields)
    needed = math.prod(shape_ijk) * dtype.itemsize
    if math.prod(shape_ijk) > MAX_VOXELS or needed > MAX_BYTES:
        raise DicomTooLarge(f"{shape_ijk} voxels; at most {MAX_VOXELS} are taken")
    data = _data(fields, io.BytesIO(head[_end(head) :]), source, needed)
    stored_kji = np.frombuffer(data, dtype).reshape(shape_ijk[::-1])
    placed_kji, grid = right_handed(stored_kji, _affine(fields))
    return whole_labels(placed_kji), grid


def _head(source: Source) -> bytes:
    """The file's first bytes, with at least the whole header."""
    data = b""
    while b"\n\n" not in data and b"\n\r\n" not in data:
        piece = source.read(1 << 16)
        if not piece or len(data) > MAX_HEADER_BYTES:
            raise DicomError("no end of the header", where="NRRD")
        data += piece
    if not data.startswith(MAGIC):
        raise DicomError("not a NRRD file")
    return data


def _end(head: bytes) -> int:
    ends = [at + len(mark) for mark in (b"\n\n", b"\n\r\n") if (at := head.find(mark)) >= 0]
    return min(ends)


def _fields(head: bytes) -> Mapping[str, str]:
    lines = head.decode("utf-8", errors="replace").splitlines()[1:]
    pairs = [line.split(": ", 1) for line in lines if ": " in line and not line.startswith("#")]
    fields = {name.strip().lower(): value.strip() for name, value in pairs}
    if "data file" in fields or "datafile" in fields:
        raise DicomError("the voxels are in another file", where="data file")
    return fields


def _shape(fields: Mapping[str, str]) -> tuple[int, int, int]:
    try:
        sizes = [int(size) for size in fields.get("sizes", "").split()]
    except ValueError as error:
        raise DicomError("no whole numbers", where="sizes") from error
    if fields.get("dimension") != "3" or len(sizes) != 3 or not all(1 <= n <= MAX_EXTENT for n in sizes):
        raise DicomError(f"not one volume of at most {MAX_EXTENT} voxels a side", where="sizes")
    return sizes[0], sizes[1], sizes[2]


def _dtype(fields: Mapping[str, str]) -> np.dtype[np.generic]:
    code = _TYPES.get(fields.get("type", "").lower())
    if code is None:
        raise DicomError("labels are whole numbers of at most 32 bits", where="type")
    return np.dtype((">" if fields.get("endian", "little").lower() == "big" else "<") + code)


def _affine(fields: Mapping[str, str]) -> FloatArray:
    signs = _TO_RAS.get(fields.get("space", "").lower())
    if signs is None:
        raise DicomError("the file does not say how it lies in the patient", where="space")
    try:
        words = (fields["space directions"] + " " + fields["space origin"]).replace(" ", "")
        vectors = [[float(v) for v in part.strip("()").split(",")] for part in words.split(")(")]
        affine = np.array(vectors, dtype=np.float64)
    except (KeyError, ValueError) as error:
        raise DicomError("no three directions and an origin", where="space directions") from error
    if affine.shape != (4, 3):
        raise DicomError("no three directions and an origin", where="space directions")
    placed: FloatArray = np.asarray(signs)[:, None] * affine.T
    return placed


def _data(fields: Mapping[str, str], first: io.BytesIO, rest: Source, needed: int) -> bytes:
    encoding = fields.get("encoding", "").lower()
    if encoding not in ("raw", "gzip", "gz"):
        raise DicomError(f"{encoding[:32]!r} is not read; raw and gzip are", where="encoding")
    engine = None if encoding == "raw" else zlib.decompressobj(wbits=31)
    data = bytearray()
    try:
        while len(data) < needed and (piece := first.read() or rest.read(1 << 20)):
            data += piece if engine is None else engine.decompress(piece, needed - len(data))
            while engine is not None and engine.unconsumed_tail and len(data) < needed:
                data += engine.decompress(engine.unconsumed_tail, needed - len(data))
    except zlib.error as error:
        raise DicomError("the gzip stream is damaged", where="encoding") from error
    if len(data) < needed:
        raise DicomTruncated(f"{len(data)} bytes of voxels where the header promises {needed}")
    return bytes(data[:needed])
