"""What anatomy tells beyond a network: sides by the mid-plane, small organs by their place.

A network that learnt from label maps draws both eyes as one structure, and neither lens nor pituitary, which
the maps do not hold.  Lens and pituitary are placed by rule, and the card says so: a lens is an ellipsoid of
9 × 4 mm whose middle lies 6 mm behind the front of its globe; the pituitary is one of 12 × 8 × 7 mm, 11 mm
below the chiasm, in the mid-plane.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from rt.completion import HEAD, PAIRED, offered_names
from rt.geometry import Grid
from rt.resample import lps_grid, resample

Mask = npt.NDArray[np.bool_]
Vector = npt.NDArray[np.float64]

WITHIN_SKULL = ("GTV",)
"""What is looked for within the skull only."""
LENS_RADII_MM = (4.5, 2.0, 4.5)
"""To the left, forward and up."""
LENS_DEPTH_MM = 6.0
PITUITARY_RADII_MM = (6.0, 4.0, 3.5)
PITUITARY_BELOW_MM = 11.0
COARSE_MM = 6.0
SEARCH = ((20.0, 5.0, 6.0, 3.0), (4.0, 2.0, 2.0, 1.0), (1.0, 0.5, 0.5, 0.5))
"""Rounds of looking for the mid-plane: reach and step of its tilts (degrees) and of its shift (mm)."""


@dataclass(frozen=True)
class HeadFrame:
    """Directions of a head (unit vectors in LPS) and a point of its mid-plane (mm)."""

    point: Vector
    left: Vector
    front: Vector
    up: Vector

    @classmethod
    def of(cls, point: Vector, left: Vector) -> HeadFrame:
        """The frame whose mid-plane has this normal; front lies as near as may be to LPS front."""
        front = np.array([0.0, -1.0, 0.0])
        front = front - (front @ left) * left
        front /= np.linalg.norm(front)
        return cls(point, left, front, np.cross(front, left))

    def offset_mm(self, points: Vector) -> Vector:
        """How far each point (…, 3) lies to the patient's left of the mid-plane."""
        distance: Vector = (points - self.point) @ self.left
        return distance


def complete_head(masks: dict[str, Mask], grid: Grid) -> dict[str, Mask]:
    """Masks (k, j, i) by name: pairs split at the mid-plane, lenses and pituitary added where they can be.

    Without an intracranial space no side can be told: the pairs are then empty.
    """
    frame = find_frame(masks["Intracranial"], grid)
    masks = masks | {name: masks[name] & masks["Intracranial"] for name in WITHIN_SKULL if name in masks}
    found: dict[str, Mask] = {}
    for name in offered_names(tuple(masks), HEAD):
        found[name] = masks[name] if name in masks else np.zeros(grid.shape_kji, dtype=bool)
    if frame is None:
        return found
    for both, (right, left) in PAIRED.items():
        found[right], found[left] = _split(masks[both], grid, frame)
    for side in "RL":
        found[f"Lens_{side}"] = place_lens(found[f"Eye_{side}"], grid, frame)
    found["Pituitary"] = place_pituitary(masks["OpticChiasm"], grid, frame)
    return found


def find_frame(intracranial: Mask, grid: Grid) -> HeadFrame | None:
    """The plane in which the intracranial space mirrors itself best; None when there is no such space.

    Tilted by up to 25° about two axes and shifted by up to 8 mm; compared on voxels of 6 mm.
    """
    coarse = lps_grid(grid, COARSE_MM)
    share = resample(intracranial.astype(np.float32), grid, coarse, outside=0.0)
    if not (share >= 0.5).any():
        return None
    voxels = np.argwhere(share > 0.05)
    points, weights = coarse.to_lps(voxels[:, ::-1].astype(np.float64)), share[tuple(voxels.T)]
    centre = np.average(points, axis=0, weights=weights)

    def overlap(plane: Vector) -> float:
        frame = _tilted(centre, plane)
        mirrored = points - 2 * frame.offset_mm(points)[:, None] * frame.left
        index = coarse.to_index(mirrored)[:, ::-1].T
        return float(weights @ ndimage.map_coordinates(share, index, order=1, mode="constant"))

    best = np.zeros(3)
    for reach, step, far, near in SEARCH:
        tilts, shifts = np.arange(-reach, reach + 0.01, step), np.arange(-far, far + 0.01, near)
        tried = [best + np.array(change) for change in itertools.product(tilts, tilts, shifts)]
        best = max(tried, key=overlap)
    return _tilted(centre, best)


def _tilted(centre: Vector, plane: Vector) -> HeadFrame:
    """The frame of a plane given by two tilts (degrees) and a shift from `centre` (mm)."""
    (yaw, roll), shift = np.deg2rad(plane[:2]), plane[2]
    left = np.array([np.cos(yaw) * np.cos(roll), np.sin(yaw) * np.cos(roll), np.sin(roll)])
    return HeadFrame.of(centre + shift * left, left)


def _split(mask: Mask, grid: Grid, frame: HeadFrame) -> tuple[Mask, Mask]:
    where = np.argwhere(mask)
    is_left = frame.offset_mm(grid.to_lps(where[:, ::-1].astype(np.float64))) > 0
    sides = []
    for chosen in (where[~is_left], where[is_left]):
        side = np.zeros_like(mask)
        side[tuple(chosen.T)] = True
        sides.append(side)
    return sides[0], sides[1]


def place_lens(eye: Mask, grid: Grid, frame: HeadFrame) -> Mask:
    """The lens of a globe (k, j, i): behind its front pole, within it."""
    where = np.argwhere(eye)
    if len(where) == 0:
        return np.zeros_like(eye)
    points = grid.to_lps(where[:, ::-1].astype(np.float64))
    centre = points.mean(axis=0)
    radius = (3 * len(where) * grid.voxel_mm3 / (4 * np.pi)) ** (1 / 3)
    lens = _ellipsoid(grid, frame, centre + (radius - LENS_DEPTH_MM) * frame.front, LENS_RADII_MM)
    return lens & eye


def place_pituitary(chiasm: Mask, grid: Grid, frame: HeadFrame) -> Mask:
    """The pituitary (k, j, i) below a chiasm."""
    where = np.argwhere(chiasm)
    if len(where) == 0:
        return np.zeros_like(chiasm)
    centre = grid.to_lps(where[:, ::-1].astype(np.float64)).mean(axis=0)
    centre = centre - frame.offset_mm(centre) * frame.left
    return _ellipsoid(grid, frame, centre - PITUITARY_BELOW_MM * frame.up, PITUITARY_RADII_MM)


def _ellipsoid(grid: Grid, frame: HeadFrame, centre: Vector, radii: tuple[float, float, float]) -> Mask:
    """Voxels (k, j, i) whose middle lies in an ellipsoid along the head's own directions."""
    mask = np.zeros(grid.shape_kji, dtype=bool)
    reach = np.ceil(max(radii) / np.asarray(grid.spacing_ijk_mm)).astype(int) + 1
    middle = np.rint(grid.to_index(centre)).astype(int)
    low, high = np.maximum(middle - reach, 0), np.minimum(middle + reach + 1, grid.shape_kji[::-1])
    if (low >= high).any():
        return mask
    box = tuple(slice(a, b) for a, b in zip(low[::-1], high[::-1], strict=True))
    k, j, i = np.meshgrid(*(np.arange(s.start, s.stop) for s in box), indexing="ij")
    offset = grid.to_lps(np.stack([i, j, k], axis=-1).astype(np.float64)) - centre
    axes = np.stack([frame.left, frame.front, frame.up], axis=1)
    mask[box] = (((offset @ axes) / np.asarray(radii)) ** 2).sum(axis=-1) <= 1
    return mask


COMPLETIONS: dict[str, Callable[[dict[str, Mask], Grid], dict[str, Mask]]] = {HEAD: complete_head}
"""By the name that a manifest uses."""
