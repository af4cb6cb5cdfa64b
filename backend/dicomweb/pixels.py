"""Frames of stored instances: native values for viewers, and pictures with a window applied."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
from PIL import Image

from backend.dicomweb.errors import BadQuery, NotAcceptable
from backend.kit.errors import NotFound
from backend.kit.storage import storage
from backend.studies.door import decode_stored
from backend.studies.tables import Instance
from rt.dicom.kinds import (
    COMPRESSED_SYNTAXES,
    EXPLICIT_BIG_ENDIAN,
    EXPLICIT_LITTLE_ENDIAN,
    JPEG_2000_SYNTAXES,
    JPEG_LS_SYNTAXES,
    RLE,
)
from rt.dicom.parse import read_stored

MAX_VIEWPORT = 4096
THUMBNAIL = 128
"""Longest side of a thumbnail, in pixels."""


@dataclass(frozen=True)
class Picture:
    """How a frame is to be shown."""

    window: tuple[float, float] | None = None
    """Centre and width; the header's own, or the range of the values, when None."""
    viewport: tuple[int, int] | None = None
    """Largest width and height."""
    quality: int = 90


def parse_picture(window: str | None = None, viewport: str | None = None, quality: str = "90") -> Picture:
    """The rendering that query parameters ask for (PS3.18 8.3.5)."""
    if not (quality.isascii() and quality.isdigit() and 1 <= int(quality[:4]) <= 100):
        raise BadQuery("quality must be 1 to 100", field="quality")
    return Picture(_window(window), _viewport(viewport), int(quality))


def _window(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        centre, width = (float(v) for v in text.split(",")[:2])
    except ValueError as error:
        raise BadQuery("window must be centre,width,function", field="window") from error
    if not (np.isfinite(centre) and np.isfinite(width)) or width <= 0:
        raise BadQuery("the width of the window must be positive", field="window")
    return centre, width


def _viewport(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    try:
        width, height = (int(v) for v in text.split(",")[:2])
    except ValueError as error:
        raise BadQuery("viewport must be width,height", field="viewport") from error
    if not (1 <= width <= MAX_VIEWPORT and 1 <= height <= MAX_VIEWPORT):
        raise BadQuery(f"viewport must be 1 to {MAX_VIEWPORT}", field="viewport")
    return width, height


def check_frame(instance: Instance, number: int) -> int:
    """Index of a frame given from 1; NotFound when there is none, NotAcceptable without pixels."""
    if instance.rows is None or instance.columns is None:
        raise NotAcceptable("this instance has no pixels")
    if not 1 <= number <= instance.frames:
        raise NotFound(f"there is no frame {number}")
    return number - 1


def frame_part(instance: Instance, index: int, *, as_stored: bool) -> tuple[str, bytes]:
    """Content-Type and bytes of a frame: native in little endian, or the stored code stream."""
    stored = stored_frame(instance, index) if as_stored else None
    if stored is not None:
        return stored
    return f"application/octet-stream; transfer-syntax={EXPLICIT_LITTLE_ENDIAN}", native_frame(
        instance, index
    )


def native_frame(instance: Instance, index: int) -> bytes:
    """Stored values of a frame in little endian, as Explicit VR Little Endian would hold them."""
    dataset = read_stored(storage().get(instance.sha256))
    if instance.transfer_syntax_uid not in COMPRESSED_SYNTAXES:
        return _cut(dataset, instance, index)
    values = decode_stored(instance, index)[0]
    return _little_endian(values)


def _little_endian(values: npt.NDArray[Any]) -> bytes:
    return bytes(values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes())


def _cut(dataset: pydicom.Dataset, instance: Instance, index: int) -> bytes:
    """A frame's own bytes; frames of one-bit segmentations need not begin at a byte."""
    allocated = int(dataset.BitsAllocated)
    samples = (instance.rows or 0) * (instance.columns or 0) * int(dataset.get("SamplesPerPixel") or 1)
    pixels: bytes = dataset.PixelData
    if allocated == 1:
        first, last = index * samples, (index + 1) * samples
        raw = np.frombuffer(pixels[first // 8 : (last + 7) // 8], dtype=np.uint8)
        bits = np.unpackbits(raw, bitorder="little")[first % 8 : first % 8 + samples]
        return np.packbits(bits, bitorder="little").tobytes()
    size = samples * allocated // 8
    frame = pixels[index * size : (index + 1) * size]
    if instance.transfer_syntax_uid == EXPLICIT_BIG_ENDIAN and allocated > 8:
        return np.frombuffer(frame, dtype=f">u{allocated // 8}").astype(f"<u{allocated // 8}").tobytes()
    return frame


def stored_frame(instance: Instance, index: int) -> tuple[str, bytes] | None:
    """A compressed frame as it is stored with its media type; None where it is stored natively."""
    syntax = instance.transfer_syntax_uid
    if syntax not in COMPRESSED_SYNTAXES:
        return None
    dataset = read_stored(storage().get(instance.sha256))
    frame = pydicom.encaps.get_frame(dataset.PixelData, index, number_of_frames=instance.frames)
    return f"{_media_type(syntax)}; transfer-syntax={syntax}", frame


def _media_type(syntax: str) -> str:
    if syntax in JPEG_2000_SYNTAXES:
        return "image/jp2"
    if syntax in JPEG_LS_SYNTAXES:
        return "image/jls"
    return "image/dicom-rle" if syntax == RLE else "image/jpeg"


def as_explicit_little_endian(instance: Instance) -> bytes:
    """The file written anew in Explicit VR Little Endian, pixels decoded where they are compressed."""
    dataset = read_stored(storage().get(instance.sha256))
    syntax = instance.transfer_syntax_uid
    if "PixelData" in dataset:
        pixels = dataset.PixelData
        if syntax in COMPRESSED_SYNTAXES:
            values = decode_stored(instance, None)
            pixels = _little_endian(values)
        elif syntax == EXPLICIT_BIG_ENDIAN and int(dataset.BitsAllocated) > 8:
            kind = f"u{int(dataset.BitsAllocated) // 8}"
            pixels = np.frombuffer(pixels, dtype=f">{kind}").astype(f"<{kind}").tobytes()
        dataset["PixelData"] = pydicom.DataElement(0x7FE00010, "OW", pixels + b"\0" * (len(pixels) % 2))
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.UID(EXPLICIT_LITTLE_ENDIAN)
    target = io.BytesIO()
    pydicom.dcmwrite(target, dataset, enforce_file_format=True, little_endian=True, implicit_vr=False)
    return target.getvalue()


def render(instance: Instance, index: int, picture: Picture, media_type: str) -> bytes:
    """A frame as JPEG or PNG."""
    header = read_stored(storage().get(instance.sha256), pixels=False)
    stored = decode_stored(instance, index)[0].astype(np.float32)
    values = stored * float(header.get("RescaleSlope") or 1) + float(header.get("RescaleIntercept") or 0)
    low, high = _range(header, values, picture)
    grey = np.clip((values - low) / max(high - low, 1e-6), 0, 1) * 255
    if header.get("PhotometricInterpretation") == "MONOCHROME1":
        grey = 255 - grey
    image = Image.fromarray(np.rint(grey).astype(np.uint8))
    if picture.viewport is not None:
        image.thumbnail(picture.viewport)
    target = io.BytesIO()
    if media_type == "image/png":
        image.save(target, "PNG")
    else:
        image.save(target, "JPEG", quality=picture.quality)
    return target.getvalue()


def _range(header: pydicom.Dataset, values: npt.NDArray[np.float32], picture: Picture) -> tuple[float, float]:
    window = picture.window
    if window is None:
        centre, width = _first(header.get("WindowCenter")), _first(header.get("WindowWidth"))
        window = (centre, width) if centre is not None and width is not None and width > 0 else None
    if window is None:
        return float(values.min()), float(values.max())
    return window[0] - window[1] / 2, window[0] + window[1] / 2


def _first(value: object) -> float | None:
    """The first of one or several numbers."""
    try:
        return float(value[0] if isinstance(value, pydicom.multival.MultiValue) else value)  # type: ignore[arg-type]
    except (TypeError, ValueError, IndexError):
        return None
