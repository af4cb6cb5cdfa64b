"""Grids in every orientation that a contour has to survive."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from rt.geometry import Grid

ORIENTATIONS: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "HFS": ((1, 0, 0), (0, 1, 0)),
    "HFP": ((-1, 0, 0), (0, -1, 0)),
    "FFS": ((-1, 0, 0), (0, 1, 0)),
    "FFP": ((1, 0, 0), (0, -1, 0)),
    "HFDL": ((0, -1, 0), (1, 0, 0)),
    "HFDR": ((0, 1, 0), (-1, 0, 0)),
    "FFDL": ((0, 1, 0), (1, 0, 0)),
    "FFDR": ((0, -1, 0), (-1, 0, 0)),
    "sagittal": ((0, 1, 0), (0, 0, -1)),
    "coronal": ((1, 0, 0), (0, 0, -1)),
}
"""Row and column direction cosines (ImageOrientationPatient) of a series in each patient position."""


def oriented_grid(
    name: str, shape_kji: tuple[int, int, int], spacing: tuple[float, float, float] = (0.977, 1.31, 2.5)
) -> Grid:
    """A grid whose axes are those of a patient position, or rotated at odd angles for `oblique`."""
    if name == "oblique":
        matrix = Rotation.from_euler("xyz", [17, -23, 41], degrees=True).as_matrix()
    else:
        row, column = (np.array(v, dtype=float) for v in ORIENTATIONS[name])
        matrix = np.column_stack([row, column, np.cross(row, column)])
    return Grid.of(shape_kji, spacing, (-123.4, 56.7, -8.9), matrix)


def plain_grid(
    shape_kji: tuple[int, int, int], spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)
) -> Grid:
    """An axis-aligned grid with its first voxel at the origin."""
    return Grid.of(shape_kji, spacing, (0, 0, 0), np.eye(3))


def ball(
    shape_kji: tuple[int, int, int], centre_kji: tuple[float, float, float], radius: float
) -> npt.NDArray[np.bool_]:
    """Voxels within `radius` voxels of a centre."""
    k, j, i = np.indices(shape_kji)
    a, b, c = centre_kji
    inside: npt.NDArray[np.bool_] = (k - a) ** 2 + (j - b) ** 2 + (i - c) ** 2 <= radius**2
    return inside
