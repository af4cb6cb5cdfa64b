"""A head of balls: tissues enough to draw pictures from, small enough for a test."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rt.geometry import Grid

SHAPE = (96, 112, 96)
GRID = Grid.of(SHAPE, [1.0, 1.0, 1.0], [-48.0, -56.0, -48.0], np.eye(3))
MIDDLE = 47.5


def ball(centre: tuple[float, float, float], radius: float) -> npt.NDArray[np.bool_]:
    """Voxels (k, j, i) within `radius` mm of `centre` (k, j, i)."""
    offsets = np.indices(SHAPE) - np.array(centre)[:, None, None, None]
    inside: npt.NDArray[np.bool_] = (offsets**2).sum(axis=0) <= radius**2
    return inside


def toy_labels() -> npt.NDArray[np.uint16]:
    """Labels of a head map: k up, j to the back, i to the left; a sinus is air."""
    labels = np.zeros(SHAPE, np.uint16)
    for label, centre, radius in (
        (507, (48, 58, MIDDLE), 44),
        (515, (54, 62, MIDDLE), 36),
        (24, (54, 62, MIDDLE), 33),
        (42, (54, 62, MIDDLE), 30),
        (41, (56, 62, MIDDLE), 22),
        (4, (58, 62, MIDDLE), 6),
        (47, (34, 78, MIDDLE), 10),
        (16, (32, 62, MIDDLE), 7),
        (85, (34, 42, MIDDLE), 3),
    ):
        labels[ball(centre, radius)] = label
    for side in (-16.0, 16.0):
        labels[ball((36, 22, MIDDLE + side), 7)] = 506
        labels[ball((36, 34, MIDDLE + side * 0.8), 3)] = 530
    labels[ball((32, 28, MIDDLE), 4)] = 0
    return labels
