"""Binary masks (k, j, i): their wire form, tightest box, volume and differences.

The wire form (docs/contracts.md) is what the browser sends and the blob store keeps: a header of
40 bytes, then the voxels of the tightest box as a zlib stream of bits.  Decoding trusts nothing:
sizes are checked against the grid before a byte is inflated, and inflating is bounded.
"""

from __future__ import annotations

import hashlib
import math
import struct
import zlib

import numpy as np
import numpy.typing as npt

from rt.errors import MaskError
from rt.geometry import Grid

Mask = npt.NDArray[np.bool_]
Box = tuple[slice, slice, slice]

MAGIC = b"RKM1"
"""First four bytes of every encoded mask."""
HEADER = struct.Struct("<4s3I6I")
"""Magic, shape k j i, box k0 j0 i0 k1 j1 i1 (end exclusive); 40 bytes."""
ZLIB_LEVEL = 6
"""One level, so that equal masks have equal bytes."""


def bounding_box(mask_kji: Mask) -> Box | None:
    """The tightest box of slices (k, j, i) around the mask, or None when it is empty."""
    drawn = drawn_slices(mask_kji)
    if not drawn:
        return None
    k = slice(drawn[0], drawn[-1] + 1)
    shadow = np.logical_or.reduce(mask_kji[k], axis=0)
    j, i = (np.flatnonzero(shadow.any(axis=axis)) for axis in (1, 0))
    return (k, slice(int(j[0]), int(j[-1]) + 1), slice(int(i[0]), int(i[-1]) + 1))


def encode_mask(mask_kji: Mask) -> bytes:
    """The wire form of a mask: header, tightest box, zlib stream of its bits (i fastest, low bit first)."""
    box = bounding_box(mask_kji)
    voxels = mask_kji[box] if box else np.zeros(0, dtype=np.bool_)
    edges = [s.start for s in box] + [s.stop for s in box] if box else [0] * 6
    bits = np.packbits(np.ascontiguousarray(voxels).ravel(), bitorder="little").tobytes()
    return HEADER.pack(MAGIC, *mask_kji.shape, *edges) + zlib.compress(bits, ZLIB_LEVEL)


def decode_mask(data: bytes, shape_kji: tuple[int, int, int]) -> Mask:
    """The mask (k, j, i) of its wire form; MaskError says what is wrong with anything else.

    A box that is not the tightest one is accepted; encoding again gives the canonical bytes.
    """
    if len(data) < HEADER.size:
        raise MaskError(f"{len(data)} bytes are shorter than the header of {HEADER.size}")
    magic, *numbers = HEADER.unpack_from(data)
    if magic != MAGIC:
        raise MaskError("does not begin with RKM1")
    shape, start, stop = tuple(numbers[:3]), numbers[3:6], numbers[6:9]
    if shape != tuple(shape_kji):
        raise MaskError(f"mask of shape {shape} is not on a grid of {tuple(shape_kji)}")
    extent = [b - a for a, b in zip(start, stop, strict=True)]
    empty = not any(start) and not any(stop)
    if not empty and (min(extent) < 1 or any(b > n for b, n in zip(stop, shape, strict=True))):
        raise MaskError(f"box {start} to {stop} is not inside {shape}")
    mask = np.zeros(shape, dtype=np.bool_)
    bits = _inflate(data[HEADER.size :], math.prod(extent))
    if not empty:
        k, j, i = (slice(a, b) for a, b in zip(start, stop, strict=True))
        mask[k, j, i] = bits.reshape(extent)
    return mask


def mask_shape(data: bytes) -> tuple[int, ...]:
    """Shape (k, j, i) of the grid that a wire form's mask is on."""
    if len(data) < HEADER.size:
        raise MaskError(f"{len(data)} bytes are shorter than the header of {HEADER.size}")
    return tuple(HEADER.unpack_from(data)[1:4])


def encoded_box(data: bytes) -> Box | None:
    """The box (k, j, i) that the header of a wire form tells, without its voxels; None when it is empty."""
    if len(data) < HEADER.size:
        raise MaskError(f"{len(data)} bytes are shorter than the header of {HEADER.size}")
    edges = HEADER.unpack_from(data)[4:]
    if not any(edges):
        return None
    return (slice(edges[0], edges[3]), slice(edges[1], edges[4]), slice(edges[2], edges[5]))


def _inflate(stream: bytes, count: int) -> Mask:
    """Exactly `count` bits of a zlib stream, never inflating more than one byte beyond them."""
    size = (count + 7) // 8
    inflater = zlib.decompressobj()
    try:
        packed = inflater.decompress(stream, size + 1)
    except zlib.error as error:
        raise MaskError("the bits are not a zlib stream") from error
    if len(packed) != size or not inflater.eof or inflater.unused_data:
        raise MaskError(f"the stream does not hold exactly the {count} bits of the box")
    bits = np.unpackbits(np.frombuffer(packed, dtype=np.uint8), bitorder="little").view(np.bool_)
    if bits[count:].any():
        raise MaskError("bits are set beyond the box")
    return bits[:count]


def mask_sha256(mask_kji: Mask) -> str:
    """SHA-256 (hex) of the wire form: equal masks on equal shapes have equal digests."""
    return hashlib.sha256(encode_mask(mask_kji)).hexdigest()


def volume_cc(mask_kji: Mask, grid: Grid) -> float:
    """Volume of the mask in cm³: number of voxels times their volume."""
    return int(np.count_nonzero(mask_kji)) * grid.voxel_mm3 / 1000.0


def centre_lps_mm(mask_kji: Mask, grid: Grid) -> npt.NDArray[np.float64] | None:
    """Centre of mass in LPS millimetres (x, y, z); None when the mask is empty."""
    box = bounding_box(mask_kji)
    if box is None:
        return None
    inside = mask_kji[box]
    shadow = inside.sum(axis=0, dtype=np.uint32)
    counts = ([np.count_nonzero(voxels) for voxels in inside], shadow.sum(axis=1), shadow.sum(axis=0))
    k, j, i = (
        part.start + float(np.average(np.arange(len(count)), weights=count))
        for part, count in zip(box, counts, strict=True)
    )
    return grid.to_lps([i, j, k])


def changed_slices(before_kji: Mask, after_kji: Mask) -> list[int]:
    """Indices k of the slices in which two masks of one shape differ, ascending."""
    if before_kji.shape != after_kji.shape:
        raise MaskError(f"masks of shape {before_kji.shape} and {after_kji.shape} cannot be compared")
    pairs = zip(before_kji, after_kji, strict=True)  # a slice at a time stays in the processor's cache
    return [k for k, (before, after) in enumerate(pairs) if (before != after).any()]


def drawn_slices(mask_kji: Mask) -> list[int]:
    """Indices k of the slices that hold any voxel, ascending."""
    return [int(k) for k in np.flatnonzero(mask_kji.any(axis=(1, 2)))]


def padded_box(box: Box, margin_kji: tuple[int, int, int], shape_kji: tuple[int, ...]) -> Box:
    """A box grown by a margin of voxels, kept inside the shape."""
    k, j, i = (
        slice(max(0, s.start - m), min(n, s.stop + m))
        for s, m, n in zip(box, margin_kji, shape_kji, strict=True)
    )
    return (k, j, i)
