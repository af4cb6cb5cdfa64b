"""The mean shape of organs: a smooth function on the medoid's grid, and the warps that made the mean of it.

It begins with the medoid, the organ nearest to all others.  Each round warps the template to every organ,
turns and moves what it finds back onto the template, and averages the warps; since all have the same centres,
the average is a warp of the same kind.  The mean does not keep the medoid's shape: what all organs share away
from it is added each round.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree

from models.organ_space.config import SpaceConfig
from models.organ_space.drift import register
from models.organ_space.organ import sampled, voxel_points
from models.organ_space.registration import Registration
from rt.geometry import FloatArray, Grid
from rt.masks import Mask

COMPARED = 300
"""Points of each surface by which the medoid is found."""
MARGIN = 1.5
"""Voxels of the template's box on each side of the shape, at least."""


@dataclass(frozen=True)
class Shape:
    """An organ's surface, and the smooth function that is positive inside; centred on the surface's mean."""

    points_xyz: FloatArray
    inside_kji: FloatArray
    grid: Grid
    mirrored: bool
    centre_xyz: FloatArray
    """What was taken from the points, mirrored if they are."""

    def value(self, points_xyz: FloatArray) -> FloatArray:
        """The function at points (n, 3) of the centred shape."""
        flip = np.array([-1.0 if self.mirrored else 1.0, 1.0, 1.0])
        index = self.grid.to_index((points_xyz + self.centre_xyz) * flip)[:, ::-1]
        return sampled(self.inside_kji, index)


@dataclass(frozen=True)
class Template:
    """The mean shape; its surface's mean is near the origin, its axes are LPS."""

    points_xyz: FloatArray
    medoid: str
    start: Shape
    steps: tuple[Registration, ...]
    """From the medoid to the mean."""
    moved_mm: tuple[float, ...]
    """Mean change of the surface in each round."""

    def value(self, points_xyz: FloatArray) -> FloatArray:
        """Positive inside, of points (n, 3)."""
        back = points_xyz
        for step in reversed(self.steps):
            back = step.inverse(back).points_xyz
        return self.start.value(back)

    def voxels(self, size: int) -> tuple[Mask, Grid]:
        """The template's mask (k, j, i) on cubic voxels in a box, `size` of them along its longest side."""
        low, high = self.points_xyz.min(axis=0), self.points_xyz.max(axis=0)
        spacing = float((high - low).max()) / (size - 2 * MARGIN)
        count = np.minimum(np.ceil((high - low) / spacing + 2 * MARGIN).astype(int), size)
        origin = (low + high) / 2 - (count - 1) / 2 * spacing
        grid = Grid.of(count[::-1], [spacing] * 3, origin, np.eye(3))
        points = voxel_points(np.ones(grid.shape_kji, dtype=np.bool_), grid)
        return (self.value(points) > 0).reshape(grid.shape_kji), grid


def medoid(shapes: Mapping[str, Shape]) -> str:
    """The organ with the least mean surface distance to the others, each centred."""
    names = list(shapes)
    points = [shapes[name].points_xyz[:COMPARED] for name in names]
    trees = [cKDTree(one) for one in points]
    apart = np.array([[np.mean(tree.query(one)[0]) for one in points] for tree in trees])
    return names[int((apart + apart.T).sum(axis=1).argmin())]


def mean_shape(
    shapes: Mapping[str, Shape], config: SpaceConfig, tick: Callable[[], None], start: str | None = None
) -> Template:
    """The template of shapes, from the medoid or from the one named; `tick` is called after each warp."""
    name = start or medoid(shapes)
    points, steps, moved = shapes[name].points_xyz, [], []
    for _ in range(config.rounds):
        found = []
        for shape in shapes.values():
            found.append(_back(register(points, shape.points_xyz, config.registration), points))
            tick()
        step = _mean(found)
        there = step.warp(points)
        moved.append(float(np.linalg.norm(there - points, axis=1).mean()))
        points = there
        steps.append(step)
    return Template(points, name, shapes[name], tuple(steps), tuple(moved))


def _back(found: Registration, points: FloatArray) -> Registration:
    """The warp, followed by the rotation and translation that bring its points back to where they were."""
    warped = found.warp(points)
    middle, own = warped.mean(axis=0), points.mean(axis=0)
    left, _, right = np.linalg.svd((points - own).T @ (warped - middle))
    turn = left @ np.diag([1.0, 1.0, np.linalg.det(left @ right)]) @ right
    return replace(
        found,
        matrix=turn @ found.matrix,
        shift=turn @ (found.shift - middle) + own,
        weights=found.weights @ turn.T,
    )


def _mean(found: Sequence[Registration]) -> Registration:
    return replace(
        found[0],
        matrix=np.mean([one.matrix for one in found], axis=0),
        shift=np.mean([one.shift for one in found], axis=0),
        weights=np.mean([one.weights for one in found], axis=0),
    )
