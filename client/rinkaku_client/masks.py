"""The wire form of a binary mask (k, j, i), as docs/contracts.md states it.

Forty bytes of header (`RKM1`, shape, box), then the voxels of the tightest box as a zlib stream of bits,
i fastest, low bit first.  Equal masks have equal bytes, so their SHA-256 is the revision's.
"""

from __future__ import annotations

import hashlib
import math
import struct
import zlib

import numpy as np
import numpy.typing as npt

from rinkaku_client.problems import BadMask

Mask = npt.NDArray[np.bool_]

MAGIC = b"RKM1"
HEADER = struct.Struct("<4s3I6I")
"""Magic, shape k j i, box k0 j0 i0 k1 j1 i1 (end exclusive, all zero when empty)."""
ZLIB_LEVEL = 6


def encode_mask(mask_kji: Mask) -> bytes:
    """The wire form; BadMask when the array is not a three-dimensional one of bools."""
    if mask_kji.ndim != 3 or mask_kji.dtype != np.bool_:
        raise BadMask(f"a mask is a bool array (k, j, i), not {mask_kji.dtype} of shape {mask_kji.shape}")
    start, stop = _edges(mask_kji)
    inside = mask_kji[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))]
    bits = np.packbits(inside.ravel(), bitorder="little").tobytes()
    return HEADER.pack(MAGIC, *mask_kji.shape, *start, *stop) + zlib.compress(bits, ZLIB_LEVEL)


def decode_mask(data: bytes, shape_kji: tuple[int, int, int] | None = None) -> Mask:
    """The mask (k, j, i); BadMask for anything else, also for a mask of another shape than the one given.

    The shape in the header decides how much memory is taken: give the grid's where bytes are not trusted.
    """
    if len(data) < HEADER.size or not data.startswith(MAGIC):
        raise BadMask("does not begin with the header of a mask")
    numbers = HEADER.unpack_from(data)[1:]
    shape, start, stop = numbers[:3], numbers[3:6], numbers[6:]
    if shape_kji is not None and shape != tuple(shape_kji):
        raise BadMask(f"mask of shape {shape} is not on a grid of {tuple(shape_kji)}")
    extent = tuple(b - a for a, b in zip(start, stop, strict=True))
    is_empty = not any(start + stop)
    if not is_empty and (min(extent) < 1 or any(b > n for b, n in zip(stop, shape, strict=True))):
        raise BadMask(f"box {start} to {stop} is not inside {shape}")
    bits = _inflated(data[HEADER.size :], math.prod(extent))
    mask = np.zeros(shape, dtype=np.bool_)
    mask[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))] = bits.reshape(extent)
    return mask


def mask_sha256(mask_kji: Mask) -> str:
    """SHA-256 (hex) of the wire form, as `sha256` of a revision."""
    return hashlib.sha256(encode_mask(mask_kji)).hexdigest()


def _edges(mask_kji: Mask) -> tuple[list[int], list[int]]:
    """First and past-the-last index of the tightest box; zeros when the mask is empty."""
    start, stop = [0, 0, 0], [0, 0, 0]
    for axis, others in enumerate(((1, 2), (0, 2), (0, 1))):
        hits = np.flatnonzero(mask_kji.any(axis=others))
        if hits.size:
            start[axis], stop[axis] = int(hits[0]), int(hits[-1]) + 1
    return start, stop


def _inflated(stream: bytes, count: int) -> Mask:
    """Exactly `count` bits; never more than one byte beyond them is inflated."""
    size = (count + 7) // 8
    inflater = zlib.decompressobj()
    try:
        packed = inflater.decompress(stream, size + 1)
    except zlib.error as error:
        raise BadMask("the bits are not a zlib stream") from error
    if len(packed) != size or not inflater.eof or inflater.unused_data:
        raise BadMask(f"the stream does not hold exactly the {count} bits of the box")
    bits = np.unpackbits(np.frombuffer(packed, dtype=np.uint8), bitorder="little").view(np.bool_)
    if bits[count:].any():
        raise BadMask("bits are set beyond the box")
    return bits[:count]
