"""A NIfTI-1 volume as a DICOM series, so that everything behind the door knows one kind of image.

Runs in the parser process.  What is held is the voxels as the file has them and one plane of what is made of
them; the file itself passes by in pieces.  UIDs come from its own bytes, so the same file is the same series
wherever and however often it is sent.  NIfTI knows no modality; values below −200 make it CT, all others MR.
(NIfTI-1.1 specification, nifti1.h.)
"""

from __future__ import annotations

import hashlib
import io
import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset

from rt.dicom.kinds import CT, EXPLICIT_LITTLE_ENDIAN, MR
from rt.dicom.uids import derived_uid
from rt.errors import DicomError, DicomTooLarge, DicomTruncated, GeometryError
from rt.geometry import FloatArray, Grid

MAX_BYTES = 512 * 2**20
"""Voxels and header, uncompressed."""
MAX_VOXELS = 512**3
"""What a volume of 512 slices of 512 × 512 has; the slices made of more would have no room either."""
MAX_EXTENT = 4096
HEADER_BYTES = 348
DTYPES = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4"}
"""NumPy type by NIfTI datatype code."""
CT_BELOW = -200.0
ORTHONORMAL_TOLERANCE = 1e-2
"""Axes further from right angles are refused; nearer ones are single precision's noise and made exact."""
_RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0])
_GZIP = b"\x1f\x8b"
_PIECE_IN, _PIECE_OUT = 2**20, 2**22


class Source(Protocol):
    """What is read once, from its beginning to its end."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, none at the end."""


@dataclass(frozen=True)
class _Header:
    order: str
    shape_ijk: tuple[int, int, int]
    dtype: np.dtype[Any]
    offset: int
    slope: float
    intercept: float
    affine: FloatArray
    """3×4, index to RAS millimetres."""


def is_nifti(name: str) -> bool:
    """True when the name says that the file is NIfTI."""
    return name.lower().endswith((".nii", ".nii.gz"))


@dataclass(frozen=True)
class NiftiVolume:
    """The voxels of a file as it has them, and what makes them slices."""

    stored_kji: npt.NDArray[Any]
    grid: Grid
    scale: _Scale
    identity: str
    """SHA-256 of the file's bytes, inflated."""


@dataclass(frozen=True)
class _Scale:
    """How stored voxels become the file's values, and those become int16."""

    file_slope: float
    file_intercept: float
    low: float | None
    """Where values are spread over int16, the lowest of them; None where they are whole."""
    slope: float
    is_ct: bool

    @property
    def intercept(self) -> float:
        """Of the int16 values."""
        return 0.0 if self.low is None else self.low + 32768 * self.slope


def read_nifti(source: Source) -> NiftiVolume:
    """The volume of a NIfTI-1 file, packed with gzip or not.

    Raises DicomTooLarge, DicomTruncated, GeometryError, or DicomError for what is no NIfTI-1 volume.
    """
    pieces, head = _unpacked(source), b""
    while len(head) < HEADER_BYTES and (piece := next(pieces, b"")):
        head += piece
    header = _header(head)
    count = math.prod(header.shape_ijk)
    if count > MAX_VOXELS:
        raise DicomTooLarge(f"{count} voxels; at most {MAX_VOXELS} are taken")
    needed = header.offset + count * header.dtype.itemsize
    if needed > MAX_BYTES:
        raise DicomTooLarge(f"{needed} bytes of voxels; at most {MAX_BYTES} are taken")
    stored = np.empty(count, header.dtype)
    room, digest, at = stored.view(np.uint8), hashlib.sha256(), 0
    for piece in chain([head], pieces):
        digest.update(piece)
        part = piece[max(0, header.offset - at) : max(0, needed - at)]
        begin = max(0, at - header.offset)
        room[begin : begin + len(part)] = np.frombuffer(part, np.uint8)
        at += len(piece)
        if at > MAX_BYTES:
            raise DicomTooLarge(f"more than {MAX_BYTES} bytes, inflated where they are packed")
    if at < needed:
        raise DicomTruncated(f"{at} bytes where the header promises {needed}")
    stored_kji, grid = right_handed(stored.reshape(header.shape_ijk[::-1]), header.affine)
    return NiftiVolume(stored_kji, grid, _scale(stored_kji, header), digest.hexdigest())


def label_map(volume: NiftiVolume) -> tuple[npt.NDArray[np.uint8], Grid]:
    """Labels (k, j, i) and their grid; DicomError where a value is no whole number from 0 to 255."""
    scale = volume.scale
    return whole_labels(volume.stored_kji, scale.file_slope, scale.file_intercept), volume.grid


def whole_labels(
    stored_kji: npt.NDArray[Any], slope: float = 1.0, intercept: float = 0.0
) -> npt.NDArray[np.uint8]:
    """Labels (k, j, i) of stored voxels; DicomError where a value is no whole number from 0 to 255."""
    labels = np.empty(stored_kji.shape, np.uint8)
    for k, plane in enumerate(stored_kji):
        values = _values(plane, slope, intercept)
        if values.min() < 0 or values.max() > 255 or not np.array_equal(values, np.rint(values)):
            raise DicomError("a label map has whole numbers from 0 to 255", where=f"slice {k}")
        labels[k] = values
    return labels


def _unpacked(source: Source) -> Iterator[bytes]:
    """The file's bytes, inflated where it is packed, in pieces of a few megabytes."""
    piece = source.read(_PIECE_IN)
    if not piece.startswith(_GZIP):
        while piece:
            yield piece
            piece = source.read(_PIECE_IN)
        return
    engine = zlib.decompressobj(wbits=31)
    try:
        while piece and not engine.eof:
            if inflated := engine.decompress(piece, _PIECE_OUT):
                yield inflated
            piece = engine.unconsumed_tail or source.read(_PIECE_IN)
    except zlib.error as error:
        raise DicomError("the gzip stream is damaged") from error


def _header(data: bytes) -> _Header:
    if len(data) < HEADER_BYTES or data[344:348] != b"n+1\0":
        raise DicomError("not a NIfTI-1 file")
    order = "<" if struct.unpack_from("<i", data)[0] == HEADER_BYTES else ">"
    dim = struct.unpack_from(f"{order}8h", data, 40)
    code = struct.unpack_from(f"{order}h", data, 70)[0]
    offset, slope, intercept = struct.unpack_from(f"{order}3f", data, 108)
    if (
        dim[0] not in (3, 4)
        or (dim[0] == 4 and dim[4] != 1)
        or not all(1 <= n <= MAX_EXTENT for n in dim[1:4])
    ):
        raise DicomError(f"not one volume of at most {MAX_EXTENT} voxels a side", where="dim")
    if code not in DTYPES:
        raise DicomError(f"voxels of type {code} are not taken in", where="datatype")
    if not HEADER_BYTES <= offset <= MAX_BYTES:
        raise DicomError("the voxels begin outside the file", where="vox_offset")
    scaled = math.isfinite(slope) and slope != 0 and math.isfinite(intercept)
    return _Header(
        order=order,
        shape_ijk=(dim[1], dim[2], dim[3]),
        dtype=np.dtype(order + DTYPES[code]),
        offset=int(offset),
        slope=slope if scaled else 1.0,
        intercept=intercept if scaled else 0.0,
        affine=_affine(data, order),
    )


def _affine(data: bytes, order: str) -> FloatArray:
    qform, sform = struct.unpack_from(f"{order}2h", data, 252)
    if sform > 0:
        return np.array(struct.unpack_from(f"{order}12f", data, 280), dtype=np.float64).reshape(3, 4)
    if qform <= 0:
        raise GeometryError("the file does not say how it lies in the patient", where="sform_code")
    pixdim = struct.unpack_from(f"{order}4f", data, 76)
    b, c, d, *offset = (float(v) for v in struct.unpack_from(f"{order}6f", data, 256))
    a = math.sqrt(max(0.0, 1 - b * b - c * c - d * d))
    rotation = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ]
    )
    steps = np.array([pixdim[1], pixdim[2], pixdim[3] * (-1.0 if pixdim[0] < 0 else 1.0)])
    return np.column_stack([rotation * steps, offset])


def right_handed(stored_kji: npt.NDArray[Any], affine: FloatArray) -> tuple[npt.NDArray[Any], Grid]:
    """Voxels and grid with k along the cross product of i and j, as a DICOM stack is.

    `affine` is 3×4, index (i, j, k) to RAS millimetres.  GeometryError where it is no such grid.
    """
    if not np.all(np.isfinite(affine)):
        raise GeometryError("the affine has a value that is not finite")
    steps, origin = _RAS_TO_LPS @ affine[:, :3], _RAS_TO_LPS @ affine[:, 3]
    spacing = np.linalg.norm(steps, axis=0)
    if spacing.min() <= 0:
        raise GeometryError("the affine has an axis without length")
    axes = steps / spacing
    if np.abs(axes.T @ axes - np.eye(3)).max() > ORTHONORMAL_TOLERANCE:
        raise GeometryError("the affine is sheared")
    left, _, right = np.linalg.svd(axes)
    axes = left @ right
    if np.linalg.det(axes) < 0:
        origin = origin + axes[:, 2] * spacing[2] * (stored_kji.shape[0] - 1)
        axes[:, 2] = -axes[:, 2]
        stored_kji = stored_kji[::-1]
    return stored_kji, Grid.of(stored_kji.shape, spacing, origin, axes)


def _values(plane: npt.NDArray[Any], slope: float, intercept: float) -> npt.NDArray[np.float32]:
    values = plane.astype(np.float32)
    values *= np.float32(slope)
    values += np.float32(intercept)
    return np.nan_to_num(values, copy=False, nan=0.0, posinf=0.0, neginf=0.0)


def _scale(stored_kji: npt.NDArray[Any], header: _Header) -> _Scale:
    """Whole values as they are; others, or larger ones, spread over int16."""
    low, high, whole = math.inf, -math.inf, True
    for plane in stored_kji:
        values = _values(plane, header.slope, header.intercept)
        low, high = min(low, float(values.min())), max(high, float(values.max()))
        whole = whole and np.array_equal(values, np.rint(values))
    is_ct = low < CT_BELOW
    if (is_ct or whole) and low >= -32768 and high <= 32767:
        return _Scale(header.slope, header.intercept, None, 1.0, is_ct)
    return _Scale(header.slope, header.intercept, low, max((high - low) / 65535, 1e-12), is_ct)


def _integers(volume: NiftiVolume, k: int) -> npt.NDArray[np.int16]:
    scale = volume.scale
    values = _values(volume.stored_kji[k], scale.file_slope, scale.file_intercept)
    if scale.low is not None:
        values -= np.float32(scale.low)
        values /= np.float32(scale.slope)
    whole = np.rint(values, out=values)
    if scale.low is not None:
        whole -= 32768
        np.clip(whole, -32768, 32767, out=whole)
    return whole.astype(np.int16)


def dicom_slice(volume: NiftiVolume, k: int, name: str) -> bytes:
    """Slice k of the volume, ascending along the normal, as a DICOM file."""
    plane, grid = _integers(volume, k), volume.grid
    slice_ = _identified(volume, k, name)
    slice_.ImagePositionPatient = [_decimal(v) for v in grid.to_lps([0, 0, k])]
    slice_.ImageOrientationPatient = [_decimal(v) for v in grid.matrix[:, :2].T.ravel()]
    slice_.PixelSpacing = [_decimal(grid.spacing_ijk_mm[1]), _decimal(grid.spacing_ijk_mm[0])]
    slice_.SliceThickness = _decimal(grid.spacing_ijk_mm[2])
    slice_.Rows, slice_.Columns = plane.shape
    slice_.SamplesPerPixel, slice_.PhotometricInterpretation = 1, "MONOCHROME2"
    slice_.BitsAllocated, slice_.BitsStored, slice_.HighBit, slice_.PixelRepresentation = 16, 16, 15, 1
    slice_.RescaleSlope = _decimal(volume.scale.slope)
    slice_.RescaleIntercept = _decimal(volume.scale.intercept)
    slice_.PixelData = plane.astype("<i2").tobytes()
    target = io.BytesIO()
    pydicom.dcmwrite(target, slice_, enforce_file_format=True)
    return target.getvalue()


def _identified(volume: NiftiVolume, k: int, name: str) -> Dataset:
    identity, is_ct = volume.identity, volume.scale.is_ct
    slice_ = Dataset()
    slice_.file_meta = FileMetaDataset()
    slice_.file_meta.TransferSyntaxUID = pydicom.uid.UID(EXPLICIT_LITTLE_ENDIAN)
    slice_.SpecificCharacterSet = "ISO_IR 192"
    slice_.ImageType = ["DERIVED", "SECONDARY"]
    slice_.SOPClassUID = CT if is_ct else MR
    slice_.SOPInstanceUID = derived_uid("nifti", identity, str(k))
    slice_.Modality = "CT" if is_ct else "MR"
    slice_.StudyDescription = slice_.SeriesDescription = Path(name).name[:64]
    slice_.PatientName, slice_.PatientID = "", f"NIFTI-{identity[:16]}"
    slice_.StudyInstanceUID = derived_uid("nifti", identity, "study")
    slice_.SeriesInstanceUID = derived_uid("nifti", identity, "series")
    slice_.FrameOfReferenceUID = derived_uid("nifti", identity, "frame of reference")
    slice_.SeriesNumber, slice_.InstanceNumber = 1, k + 1
    return slice_


def _decimal(value: float) -> str:
    """A DICOM decimal string of at most 16 characters."""
    return f"{value:.10g}" if len(f"{value:.10g}") <= 16 else f"{value:.8g}"
