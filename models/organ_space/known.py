"""Organs and warps that are known, by which registration is judged.

The target registration error tells how far a point of the organ lands from where the known warp brings it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from models.organ_space.registration import Registration
from rt.geometry import FloatArray

RADII_MM = (12.0, 18.0, 28.0)
"""Of the lobed organ, about 25 mL as a parotid."""
BUMPS = 12


def lobed_points(count: int, seed: int, *, inside: bool = False) -> FloatArray:
    """Points (count, 3) in mm on an organ with lobes around the origin, or anywhere inside of it."""
    rng = np.random.default_rng(seed)
    way = rng.normal(size=(count, 3))
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    radius = 1 + 0.15 * np.sin(3 * way[:, 0]) * np.cos(2 * way[:, 1]) + 0.1 * way[:, 2] ** 2
    if inside:
        radius *= rng.uniform(size=count) ** (1 / 3)
    found: FloatArray = way * radius[:, None] * RADII_MM
    return found


def known_warp(
    points_xyz: FloatArray, seed: int, amplitude_mm: float, *, turned: bool = True
) -> Registration:
    """A smooth warp of the organ with this surface: bumps all over it, rotation of some 8°, 5 % larger.

    `turned=False` leaves rotation, scale and shift out.
    """
    rng = np.random.default_rng(seed)
    middle, spread = points_xyz.mean(axis=0), points_xyz.std(axis=0)
    centres = middle + rng.uniform(-1.5, 1.5, (BUMPS, 3)) * spread
    weights = rng.normal(size=(BUMPS, 3)) * amplitude_mm
    matrix, shift = np.eye(3), np.zeros(3)
    if turned:
        matrix = 1.05 * Rotation.from_euler("xyz", rng.normal(0, 8, 3), degrees=True).as_matrix()
        shift = middle - matrix @ middle + rng.normal(0, 5, 3)
    width = 0.6 * float(np.sqrt((spread**2).sum()))
    return Registration(matrix, shift, centres, weights, width)


@dataclass(frozen=True)
class Judged:
    """What is left after a registration, in mm."""

    before_mm: float
    """Mean way of the surface's points under the known warp, their middles aligned."""
    tre_surface_mm: float
    tre_inside_mm: float
    across_mm: float
    """Mean distance of the warped surface to the true one: the part of the error across the surface."""


def judged(
    found: Registration,
    known: Registration,
    surface_xyz: FloatArray,
    inner_xyz: FloatArray,
    dense_xyz: FloatArray,
) -> Judged:
    """A registration beside the known warp: at points on the moving surface, inside, and densely on it."""
    true, warped = known.warp(surface_xyz), found.warp(surface_xyz)
    aligned = surface_xyz - surface_xyz.mean(axis=0) + true.mean(axis=0)
    inner = found.warp(inner_xyz) - known.warp(inner_xyz)
    across, _ = cKDTree(known.warp(dense_xyz)).query(warped)
    return Judged(_length(aligned - true), _length(warped - true), _length(inner), float(np.mean(across)))


def _length(ways: FloatArray) -> float:
    return float(np.linalg.norm(ways, axis=1).mean())
