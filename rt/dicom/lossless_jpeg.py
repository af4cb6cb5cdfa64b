"""JPEG Lossless frames (ITU-T T.81 process 14, any predictor) decoded by the GDCM inside SimpleITK.

pydicom finds its frames and calls `_decode_frame` for each, as a plugin.  SimpleITK reads only files, so each
frame is wrapped in a DICOM file of its own that says nothing but the pixel module: without a rescale, stored
values come back as they were written.  The files lie in memory (memfd) and are made once with a fixed size,
before the child of rt.dicom.sandbox forbids itself to write files; a frame is put there through a mapping,
which that limit does not touch, and zeros follow it as Data Set Trailing Padding (PS3.10 7.2).
Not for threads: one frame is decoded at a time.
"""

from __future__ import annotations

import io
import mmap
import os
import struct
from functools import lru_cache

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import DecodeRunner, JPEGLosslessDecoder, JPEGLosslessSV1Decoder
from pydicom.uid import JPEGLossless, JPEGLosslessSV1

from rt.dicom.codestream import frame_size
from rt.errors import DicomError, DicomTooLarge, DicomUnsupported

DECODER_DEPENDENCIES = {JPEGLossless: ("SimpleITK",), JPEGLosslessSV1: ("SimpleITK",)}
"""What pydicom tells of a plugin that is missing."""
_SIZES = tuple(2**n for n in (18, 20, 22, 24, 26, 28))
"""Bytes of the files in memory; the reader goes through the whole file, so a frame goes to the smallest."""
_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_PADDING = struct.Struct("<HH2sHI")
_WHERE = "Pixel Data"


def prepare() -> None:
    """Make the files in memory; called by a process before it forbids itself to write files."""
    _files()


@lru_cache
def _files() -> dict[int, int]:
    """File descriptor by size; sparse, so they take memory only where frames were put."""
    if not hasattr(os, "memfd_create"):
        return {}
    files = {}
    for size in _SIZES:
        files[size] = os.memfd_create("frame")
        os.ftruncate(files[size], size)
    return files


def is_available(uid: str) -> bool:
    """True for the transfer syntaxes of this module (asked by pydicom)."""
    return uid in DECODER_DEPENDENCIES


def _decode_frame(stream: bytes, runner: DecodeRunner) -> bytes:
    """Stored values of a frame, in the native byte order of its Bits Allocated (called by pydicom)."""
    said = frame_size(stream)
    if said is None or (said.rows, said.columns, said.samples) != (runner.rows, runner.columns, 1):
        raise DicomError(f"a frame that is not {runner.rows} × {runner.columns}", where=_WHERE)
    if runner.bits_allocated not in (8, 16) or said.precision > runner.bits_allocated:
        raise DicomError(f"a frame of {said.precision} bits in {runner.bits_allocated}", where=_WHERE)
    values = _read(_wrapped(stream, said.rows, said.columns, said.precision))
    if values.size != said.rows * said.columns:
        raise DicomError("the decoder gave another number of pixels", where=_WHERE)
    return bytes(values.astype(f"u{runner.bits_allocated // 8}", copy=False).tobytes())


def _wrapped(stream: bytes, rows: int, columns: int, precision: int) -> bytes:
    """A file of the pixel module only; unsigned, since the sign is for the caller to see in Bits Stored."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = JPEGLossless
    dataset.SOPClassUID, dataset.SOPInstanceUID = _SECONDARY_CAPTURE, "2.25.0"
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = rows, columns
    dataset.BitsAllocated = 8 if precision <= 8 else 16
    dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = precision, precision - 1, 0
    dataset.PixelData = encapsulate([stream], has_bot=False)
    dataset["PixelData"].VR = "OB"
    target = io.BytesIO()
    dataset.save_as(target, enforce_file_format=True)
    return target.getvalue()


def _read(file: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.unsignedinteger]]:
    if not _files():
        raise DicomUnsupported("JPEG Lossless is decoded only on Linux", where=_WHERE)
    length = len(file) + _PADDING.size
    size = next((s for s in _SIZES if length <= s), None)
    if size is None:
        raise DicomTooLarge(f"a compressed frame of {len(file)} bytes", where=_WHERE)
    import SimpleITK as sitk  # the API checks files in child processes and never loads it itself

    descriptor = _files()[size]
    with mmap.mmap(descriptor, length) as memory:
        memory[:] = file + _PADDING.pack(0xFFFC, 0xFFFC, b"OB", 0, size - length)
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    reader = sitk.ImageFileReader()
    reader.SetImageIO("GDCMImageIO")
    reader.SetFileName(f"/proc/self/fd/{descriptor}")
    values: np.ndarray[tuple[int, ...], np.dtype[np.unsignedinteger]]
    values = sitk.GetArrayFromImage(reader.Execute())
    return values


def register() -> None:
    """Tell pydicom of this decoder, once."""
    for decoder in (JPEGLosslessDecoder, JPEGLosslessSV1Decoder):
        if "rinkaku" not in decoder.available_plugins:
            decoder.add_plugin("rinkaku", (__name__, _decode_frame.__name__))
