"""NIfTI-1 headers, sound and hostile ones."""

from __future__ import annotations

import struct


def header(**fields: tuple[int, str, tuple[float, ...]]) -> bytes:
    """A NIfTI-1 header of one int16 voxel, with some fields overwritten: offset, format, values."""
    data = bytearray(352)
    struct.pack_into("<i", data, 0, 348)
    struct.pack_into("<8h", data, 40, 3, 1, 1, 1, 1, 1, 1, 1)
    struct.pack_into("<2h", data, 70, 4, 16)
    struct.pack_into("<3f", data, 108, 352, 1, 0)
    struct.pack_into("<2h", data, 252, 0, 1)
    struct.pack_into("<12f", data, 280, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0)
    data[344:348] = b"n+1\0"
    for offset, code, values in fields.values():
        struct.pack_into(code, data, offset, *values)
    return bytes(data)
