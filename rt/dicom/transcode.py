"""Stored instances in another transfer syntax, without loss (PS3.5 Annex A).

Any stored syntax becomes Explicit VR Little Endian; grey cross sections also RLE, JPEG-LS or JPEG 2000, all
lossless.  Decoders and encoders run here where a pixel is compressed, so call it in a child process then
(rt.dicom.sandbox).
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import dcmwrite
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.pixels.encoders.base import get_encoder
from pydicom.uid import UID

from rt.dicom.kinds import (
    COMPRESSED_SYNTAXES,
    EXPLICIT_BIG_ENDIAN,
    EXPLICIT_LITTLE_ENDIAN,
    JPEG_2000_LOSSLESS,
    JPEG_LS_LOSSLESS,
    JPEG_SYNTAXES,
    RLE,
)
from rt.dicom.parse import PARSER_FAILURES, read_stored
from rt.dicom.pixels import decode_frames
from rt.errors import DicomError, DicomUnsupported

ENCODED_SYNTAXES = (JPEG_2000_LOSSLESS, JPEG_LS_LOSSLESS, RLE)
"""What can be written here besides Explicit VR Little Endian; the first is the default of image/*."""
JPEG_2000_LEAST = 32
"""Fewest rows and columns that the encoder of JPEG 2000 takes: its six resolutions halve them five times."""
LOSSY_METHODS = {
    "1.2.840.10008.1.2.4.50": "ISO_10918_1", "1.2.840.10008.1.2.4.51": "ISO_10918_1",
    "1.2.840.10008.1.2.4.81": "ISO_14495_1", "1.2.840.10008.1.2.4.91": "ISO_15444_1",
    "1.2.840.10008.1.2.4.203": "ISO_15444_15",
}  # fmt: skip
"""Lossy Image Compression Method (0028,2114) of syntaxes that lose something, or may (PS3.3 C.7.6.1.1.5)."""
_PIXEL_DATA = 0x7FE00010
_PIXEL_MODULE = (
    "SamplesPerPixel", "PhotometricInterpretation", "Rows", "Columns", "BitsAllocated", "BitsStored",
    "HighBit", "PixelRepresentation",
)  # fmt: skip


def transcode(data: bytes, transfer_syntax_uid: str) -> bytes:
    """The file `data` written anew in Explicit VR Little Endian or one of ENCODED_SYNTAXES.

    Raises
    ------
    DicomUnsupported
        When the syntax is none of these, or its encoder does not take such pixels.
    """
    dataset = read_stored(data)
    if _PIXEL_DATA in dataset:
        native = _native(data, dataset)
        _say_lossy(dataset, len(native))
        if transfer_syntax_uid == EXPLICIT_LITTLE_ENDIAN:
            dataset[_PIXEL_DATA] = DataElement(_PIXEL_DATA, "OW", native + b"\0" * (len(native) % 2))
        else:
            frames = _encoded(dataset, native, transfer_syntax_uid)
            dataset[_PIXEL_DATA] = DataElement(_PIXEL_DATA, "OB", encapsulate(frames))
            dataset[_PIXEL_DATA].is_undefined_length = True
    elif transfer_syntax_uid != EXPLICIT_LITTLE_ENDIAN:
        raise DicomUnsupported("an object without pixels is not compressed", where="Pixel Data")
    return _written(dataset, transfer_syntax_uid)


def one_frame_file(dataset: Dataset, frame: bytes, transfer_syntax_uid: str) -> bytes:
    """A file of nothing but one frame and the pixel module that it needs; `frame` is little endian or a
    code stream of this syntax."""
    alone = Dataset()
    alone.file_meta = FileMetaDataset()
    alone.SOPClassUID, alone.SOPInstanceUID = dataset.SOPClassUID, dataset.SOPInstanceUID
    for keyword in _PIXEL_MODULE:
        if keyword in dataset:
            alone[keyword] = dataset[keyword]
    compressed = transfer_syntax_uid in COMPRESSED_SYNTAXES
    value = encapsulate([frame]) if compressed else frame + b"\0" * (len(frame) % 2)
    alone[_PIXEL_DATA] = DataElement(_PIXEL_DATA, "OB" if compressed else "OW", value)
    alone[_PIXEL_DATA].is_undefined_length = compressed
    return _written(alone, transfer_syntax_uid)


def only_frame(data: bytes) -> bytes:
    """The code stream of a file that `transcode` made of a `one_frame_file`."""
    return get_frame(read_stored(data).PixelData, 0, number_of_frames=1)


def little_endian(pixels: bytes, bits_allocated: int) -> bytes:
    """Native pixels in big endian, turned round."""
    if bits_allocated <= 8:
        return pixels
    size = bits_allocated // 8
    whole = pixels[: len(pixels) // size * size]
    return np.frombuffer(whole, dtype=f">u{size}").astype(f"<u{size}").tobytes()


def _say_lossy(dataset: Dataset, native_bytes: int) -> None:
    """Mark pixels that come out of a lossy syntax as lossy, where their file does not (PS3.3 C.7.6.1.1.5).

    The syntaxes that carry both kinds (JPEG-LS near-lossless, JPEG 2000, HTJ2K) leave an explicit "00" alone.
    """
    syntax = str(dataset.file_meta.TransferSyntaxUID)
    said = str(dataset.get("LossyImageCompression") or "").strip()
    if syntax not in LOSSY_METHODS or said == "01" or (said == "00" and syntax not in JPEG_SYNTAXES):
        return
    dataset.LossyImageCompression = "01"
    dataset.LossyImageCompressionMethod = LOSSY_METHODS[syntax]
    dataset.LossyImageCompressionRatio = f"{native_bytes / max(1, len(dataset.PixelData)):.2f}"


def _native(data: bytes, dataset: Dataset) -> bytes:
    syntax = str(dataset.file_meta.TransferSyntaxUID)
    if syntax in COMPRESSED_SYNTAXES:
        return value_bytes(decode_frames(data))
    pixels: bytes = dataset.PixelData
    return little_endian(pixels, int(dataset.BitsAllocated)) if syntax == EXPLICIT_BIG_ENDIAN else pixels


def value_bytes(values: npt.NDArray[Any]) -> bytes:
    return bytes(values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes())


def _encoded(dataset: Dataset, native: bytes, syntax: str) -> list[bytes]:
    """Code stream of each frame of native little endian pixels."""
    bits, samples = int(dataset.BitsAllocated), int(dataset.get("SamplesPerPixel") or 1)
    if syntax not in ENCODED_SYNTAXES or bits not in (8, 16) or samples != 1:
        raise DicomUnsupported(f"pixels of {bits} bits are not written as {UID(syntax).name}")
    signed = int(dataset.PixelRepresentation)
    size = dataset.Rows * dataset.Columns
    frames = int(dataset.get("NumberOfFrames") or 1)
    values = np.frombuffer(native, dtype=f"<{'i' if signed else 'u'}{bits // 8}", count=size * frames)
    options = {
        "rows": dataset.Rows, "columns": dataset.Columns, "samples_per_pixel": 1, "bits_allocated": bits,
        "bits_stored": int(dataset.BitsStored), "pixel_representation": signed, "number_of_frames": 1,
        "photometric_interpretation": "MONOCHROME2", "pixel_keyword": "PixelData",
    }  # fmt: skip
    encoder = get_encoder(UID(syntax))
    try:
        each = values.reshape(frames, dataset.Rows, dataset.Columns)
        return [encoder.encode(frame, **options) for frame in each]
    except PARSER_FAILURES as error:
        raise DicomUnsupported(f"these pixels are not written as {UID(syntax).name}") from error


def _written(dataset: Dataset, syntax: str) -> bytes:
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    target = io.BytesIO()
    try:
        dcmwrite(target, dataset, enforce_file_format=True, little_endian=True, implicit_vr=False)
    except PARSER_FAILURES as error:
        raise DicomError(f"cannot be written anew ({type(error).__name__})") from error
    return target.getvalue()
