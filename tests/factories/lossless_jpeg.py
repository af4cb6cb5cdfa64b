"""A small encoder of JPEG Lossless (ITU-T T.81 process 14), so that no test needs a file from elsewhere."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGLosslessSV1

_CODE_BITS = 5
"""Each of the categories 0 to 16 has its own number as code word: longer than need be, and simple."""


def encode_lossless(stored: npt.NDArray[Any], precision: int = 16, predictor: int = 1) -> bytes:
    """The code stream of one frame (rows, columns) of non-negative values below 2**precision."""
    rows, columns = stored.shape
    table = bytes([0, 0, 0, 0, 0, 17, *[0] * 11, *range(17)])
    frame = struct.pack(">BHHB3B", precision, rows, columns, 1, 1, 0x11, 0)
    scan = bytes([1, 1, 0, predictor, 0, 0])
    return b"".join(
        (
            b"\xff\xd8",
            _segment(0xC3, frame),
            _segment(0xC4, table),
            _segment(0xDA, scan),
            _entropy_coded(_differences(stored.astype(np.int64), precision, predictor)),
            b"\xff\xd9",
        )
    )


def compress_lossless(
    dataset: Dataset, *, precision: int = 16, predictor: int = 1, syntax: str = JPEGLosslessSV1
) -> None:
    """Replace the 16-bit native pixels of a data set by lossless JPEG, one fragment for each frame.

    The code stream holds the lowest `precision` bits of each value, whatever their sign.
    """
    frames = np.frombuffer(dataset.PixelData, "<u2").reshape(-1, dataset.Rows, dataset.Columns)
    streams = [encode_lossless(f & ((1 << precision) - 1), precision, predictor) for f in frames]
    dataset.PixelData = encapsulate(streams)
    dataset["PixelData"].VR = "OB"
    dataset.file_meta.TransferSyntaxUID = syntax


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def _differences(values: npt.NDArray[np.int64], precision: int, predictor: int) -> npt.NDArray[np.int64]:
    """Value minus prediction modulo 2**16, as -32767 to 32768 (T.81 H.1.2)."""
    left, above, corner = (np.zeros_like(values) for _ in range(3))
    left[:, 1:], above[1:], corner[1:, 1:] = values[:, :-1], values[:-1], values[:-1, :-1]
    predicted = {
        1: left,
        2: above,
        3: corner,
        4: left + above - corner,
        5: left + ((above - corner) >> 1),
        6: above + ((left - corner) >> 1),
        7: (left + above) >> 1,
    }[predictor].copy()
    predicted[0], predicted[1:, 0], predicted[0, 0] = left[0], above[1:, 0], 1 << (precision - 1)
    return (values - predicted + 32767) % 65536 - 32767


def _entropy_coded(differences: npt.NDArray[np.int64]) -> bytes:
    """Category and additional bits of each difference, as bits (T.81 H.1.2.2 and F.1.2.1)."""
    flat = differences.ravel()
    category = np.zeros_like(flat)
    for power in range(16):
        category += np.abs(flat) >= 1 << power
    additional = np.where(category == 16, 0, category)
    value = np.where(flat < 0, flat + (1 << category) - 1, flat)
    words = (category << additional) | np.where(category == 16, 0, value)
    widths = _CODE_BITS + additional
    ends = np.cumsum(widths)
    bits = np.ones(int(ends[-1]) + -int(ends[-1]) % 8, dtype=np.uint8)
    for place in range(int(widths.max())):
        wide = widths > place
        bits[(ends - 1 - place)[wide]] = (words[wide] >> place) & 1
    return np.packbits(bits).tobytes().replace(b"\xff", b"\xff\x00")
