"""Grids in every orientation that a contour has to survive."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from rt.contours import trace_polygons
from rt.geometry import FloatArray, Grid

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


def rings_of(mask: npt.NDArray[np.bool_], grid: Grid) -> list[FloatArray]:
    """Traced rings, rounded as a file rounds them."""
    return [np.round(polygon.points_mm, 4) for polygon in trace_polygons(mask, grid)]


def circle(
    grid: Grid, k: float, radius_mm: float, centre_ij: tuple[float, float], points: int = 720
) -> FloatArray:
    """A circle in a slice, in LPS millimetres."""
    angles = np.linspace(0, 2 * np.pi, points, endpoint=False)
    i, j, _ = grid.spacing_ijk_mm
    return grid.to_lps(
        np.column_stack(
            [
                centre_ij[0] + radius_mm / i * np.cos(angles),
                centre_ij[1] + radius_mm / j * np.sin(angles),
                np.full(points, k),
            ]
        )
    )


def ring(points_ij: list[tuple[float, float]], k: float, grid: Grid) -> FloatArray:
    """A ring in a slice by its indices, in LPS millimetres."""
    return grid.to_lps([[i, j, k] for i, j in points_ij])


def square(low: float, high: float, k: float, grid: Grid) -> FloatArray:
    """A square in a slice by its indices, in LPS millimetres."""
    return ring([(low, low), (high, low), (high, high), (low, high)], k, grid)
