"""The header of a NIfTI-1 file, so that raw voxels can follow it as a stream (NIfTI-1.1, nifti1.h)."""

from __future__ import annotations

import struct

import numpy as np

from rt.geometry import Grid

HEADER_BYTES = 352
"""Header and the four bytes that say there is no extension; voxels begin here."""
_CODES = {"int16": (4, 16), "uint8": (2, 8), "uint16": (512, 16), "float32": (16, 32)}
"""NumPy type → NIfTI datatype code and bits."""
_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0])
_MILLIMETRES = 2


def nifti_header(grid: Grid, dtype: str, slope: float = 1.0) -> bytes:
    """The 352 bytes before little-endian voxels (k, j, i) of this type; times `slope` they are values."""
    code, bits = _CODES[dtype]
    k, j, i = grid.shape_kji
    affine = _LPS_TO_RAS @ np.column_stack(
        [grid.matrix * np.asarray(grid.spacing_ijk_mm), np.asarray(grid.origin_lps_mm)]
    )
    header = bytearray(HEADER_BYTES)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, i, j, k, 1, 1, 1, 1)
    struct.pack_into("<2h", header, 70, code, bits)
    struct.pack_into("<8f", header, 76, 1.0, *grid.spacing_ijk_mm, 1.0, 1.0, 1.0, 1.0)
    struct.pack_into("<3f", header, 108, HEADER_BYTES, slope, 0.0)
    header[123] = _MILLIMETRES
    struct.pack_into("<2h", header, 252, 0, 1)
    struct.pack_into("<12f", header, 280, *affine.ravel())
    header[344:348] = b"n+1\0"
    return bytes(header)
