"""Coherent point drift of our own: rigid with scale, affine, then a smooth displacement.

The displacement lies in the span of Gaussians around a few hundred centres (Nyström), so the maximisation
solves a system of that size whatever the number of points.  The variance term is that of Bayesian coherent
point drift (Hirose 2021, doi:10.1109/TPAMI.2020.2971687) under the same low rank.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from threadpoolctl import threadpool_limits

from models.organ_space.config import RegistrationConfig
from models.organ_space.mixture import Gaussians, expected
from models.organ_space.registration import Registration, checked, gaussian, surface_distance
from models.organ_space.surface import farthest_order
from rt.geometry import FloatArray

COARSE = 400
"""Points of each set in the rigid and affine parts, and fewest later."""
COARSE_STEPS = 60
KEPT = 1e-7
"""Share of the largest eigenvalue under which a direction of the displacement is left out."""
NARROWEST = 0.15
"""Deviation of the mixture, in distances between fixed points, below which points would snap to points."""
BEGIN = 0.2
"""Deviation with which the rigid part begins, in root mean square radii of the fixed points."""
START = 0.15
"""Deviation with which the non-rigid part begins at least, in root mean square radii."""
RESTING = 5e-3
"""Mean step of the points along an axis, in distances between them, at which they rest."""
PER_DEVIATION = 1.25
"""Of the points that are looked at, so many lie along a deviation of the mixture."""


def register(
    moving_xyz: FloatArray,
    fixed_xyz: FloatArray,
    config: RegistrationConfig | None = None,
    interior_xyz: FloatArray | None = None,
) -> Registration:
    """The warp of moving points (n, 3) onto fixed ones (m, 3), LPS millimetres.

    `folded` is told of `interior_xyz` (k, 3), points inside the moving surface, or of the moving points.  On
    smooth surfaces only the displacement across the surface is found: nothing tells where along it a point
    went.  BadPoints names sets that are no surface.
    """
    settings = config or RegistrationConfig()
    moving, fixed = checked(moving_xyz, "moving"), checked(fixed_xyz, "fixed")
    moving, fixed = (points[_ordered(points, settings.seed)] for points in (moving, fixed))
    with threadpool_limits(1, user_api="blas"):  # of matrices this small, threads only wait for each other
        began = _linear(moving[:COARSE], fixed[:COARSE], settings)
        found = _nonrigid(moving, fixed, began, settings)
    return replace(
        found,
        surface_distance_mm=surface_distance(found.warp(moving), fixed),
        folded=found.folded_at(moving if interior_xyz is None else interior_xyz),
    )


def _ordered(points: FloatArray, seed: int) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """The farthest-point order, the rest behind it by chance."""
    first = farthest_order(points, min(len(points), 4 * COARSE), seed)
    rest = np.setdiff1d(np.arange(len(points)), first)
    return np.concatenate([first, np.random.default_rng(seed).permutation(rest)])


@dataclass(frozen=True)
class _Linear:
    matrix: FloatArray
    shift: FloatArray
    variance: float


def _linear(moving: FloatArray, fixed: FloatArray, settings: RegistrationConfig) -> _Linear:
    """Rotation, translation and scale, then shear as well; or rotation and translation alone.

    It begins with equal sizes (a small surface would go to one side of a large one), the orientation in
    which patients lie, and Gaussians that see the surface's sides apart: wider ones turn an organ that is
    nearly round about its axis for nothing.
    """
    middle, own = fixed.mean(axis=0), moving.mean(axis=0)
    size = _radius(fixed) / _radius(moving) if settings.affine else 1.0
    began = _Linear(size * np.eye(3), middle - size * own, (BEGIN * _radius(fixed)) ** 2)
    rigid = _drift_linear(moving, fixed, began, (settings, True))
    if not settings.affine:
        return rigid
    wider = max(rigid.variance, began.variance / 4)
    return _drift_linear(moving, fixed, replace(rigid, variance=wider), (settings, False))


def _drift_linear(
    moving: FloatArray, fixed: FloatArray, now: _Linear, how: tuple[RegistrationConfig, bool]
) -> _Linear:
    settings, rigid = how
    spacing = _spacing(fixed)
    for _ in range(COARSE_STEPS):
        mixture = Gaussians(now.variance, settings.outliers)
        seen = expected(moving @ now.matrix.T + now.shift, fixed, mixture)
        total = seen.weight.sum()
        target, source = seen.drawn.sum(axis=0) / total, seen.weight @ moving / total
        cross = (seen.drawn - seen.weight[:, None] * target).T @ (moving - source)
        scatter = ((moving - source) * seen.weight[:, None]).T @ (moving - source)
        matrix = cross @ np.linalg.inv(scatter)
        if rigid:
            turn = _rotation(cross)
            size = float(np.vdot(turn, cross)) / np.trace(scatter) if settings.affine else 1.0
            matrix = size * turn
        shift = target - matrix @ source
        moved = moving @ matrix.T + shift
        squares = _squares(fixed, moved, seen.belonging, seen.weight, seen.drawn)
        variance = max(squares / (3 * total), (NARROWEST * spacing) ** 2)
        change = abs(math.sqrt(variance / now.variance) - 1)
        now = _Linear(matrix, shift, variance)
        if change < settings.tolerance:
            break
    return now


def _radius(points: FloatArray) -> float:
    """Root mean square distance from the middle."""
    return math.sqrt(float(((points - points.mean(axis=0)) ** 2).sum(axis=1).mean()))


def _rotation(cross: FloatArray) -> FloatArray:
    """The rotation nearest to a matrix (3, 3)."""
    left, _, right = np.linalg.svd(cross)
    turn: FloatArray = left @ np.diag([1.0, 1.0, np.linalg.det(left @ right)]) @ right
    return turn


def _squares(
    fixed: FloatArray, moved: FloatArray, belonging: FloatArray, weight: FloatArray, drawn: FloatArray
) -> float:
    """Weighted sum of squared distances from where the points are now."""
    middle = fixed.mean(axis=0)
    a, b, c = fixed - middle, moved - middle, drawn - weight[:, None] * middle
    total = belonging @ (a**2).sum(axis=1) - 2 * (c * b).sum() + weight @ (b**2).sum(axis=1)
    return max(float(total), 1e-12)


@dataclass(frozen=True)
class _Field:
    """The displacements that can be: features in which the norm is Euclidean."""

    features: FloatArray
    """(n, r) at the moving points."""
    back: FloatArray
    """(c, r): from coefficients of the features to weights of the centres."""
    centres: FloatArray
    width_mm: float

    @classmethod
    def of(cls, moving: FloatArray, settings: RegistrationConfig, width_mm: float) -> _Field:
        centres = moving[: settings.centres]
        sizes, axes = np.linalg.eigh(gaussian(centres, centres, width_mm))
        kept = sizes > KEPT * sizes[-1]
        back = axes[:, kept] / np.sqrt(sizes[kept])
        return cls(gaussian(moving, centres, width_mm) @ back, back, centres, width_mm)


@dataclass(frozen=True)
class _State:
    """Where the drift stands."""

    found: FloatArray
    """(r, 3): coefficients of the features."""
    variance: float
    doubt: FloatArray | None = None
    """(m) mm²: variance of each point's displacement along one axis."""
    resting: bool = False


def _nonrigid(
    moving: FloatArray, fixed: FloatArray, began: _Linear, settings: RegistrationConfig
) -> Registration:
    radius = _radius(moving)
    field = _Field.of(moving, settings, settings.width * radius)
    base = moving @ began.matrix.T + began.shift
    state = _State(np.zeros((field.features.shape[1], 3)), max(began.variance, (START * radius) ** 2))
    done = 0
    while done < settings.iterations and not state.resting:
        state = _step((field.features, base, fixed), state, settings)
        done += 1
    weights = field.back @ state.found
    deviation = math.sqrt(state.variance)
    return Registration(
        began.matrix,
        began.shift,
        field.centres,
        weights,
        field.width_mm,
        deviation_mm=deviation,
        iterations=done,
    )


def _step(
    points: tuple[FloatArray, FloatArray, FloatArray], state: _State, settings: RegistrationConfig
) -> _State:
    """One expectation and maximisation, of as many points as the mixture's deviation asks for."""
    variance, doubt = state.variance, state.doubt
    m, n = (_resolving(one, variance) for one in points[1:])
    features, base, fixed = points[0][:m], points[1][:m], points[2][:n]
    shrink = None if doubt is None else np.exp(-1.5 * doubt[:m] / variance)
    before = base + features @ state.found
    seen = expected(before, fixed, Gaussians(variance, settings.outliers, shrink), settings.device)
    normal = features.T @ (features * seen.weight[:, None])
    normal[np.diag_indices_from(normal)] += settings.stiffness * variance
    pull: FloatArray = features.T @ (seen.drawn - seen.weight[:, None] * base)
    found: FloatArray = np.linalg.solve(normal, pull).astype(np.float64)
    moved = base + features @ found
    squares = _squares(fixed, moved, seen.belonging, seen.weight, seen.drawn)
    if settings.variance:
        doubt = _doubt(points[0], normal, variance)
        squares += 3 * float(seen.weight @ doubt[:m])
    spacing = _spacing(points[2])
    now = max(squares / (3 * float(seen.weight.sum())), (NARROWEST * spacing) ** 2)
    rests = abs(math.sqrt(now / variance) - 1) < settings.tolerance
    rests = rests and float(np.abs(moved - before).mean()) < RESTING * spacing
    return _State(found, now, doubt, rests and m == len(points[1]) and n == len(points[2]))


def _doubt(features: FloatArray, normal: FloatArray, variance: float) -> FloatArray:
    """Variance in mm² of the displacement of each point along one axis."""
    half: FloatArray = np.linalg.solve(np.linalg.cholesky(normal), features.T)
    spread: FloatArray = variance * (half**2).sum(axis=0)
    return spread


def _resolving(points: FloatArray, variance: float) -> int:
    """How many of the points, which are in farthest-point order, resolve Gaussians of this variance."""
    spacing = _spacing(points)
    wanted = len(points) * PER_DEVIATION**2 * spacing**2 / variance
    return int(min(len(points), max(COARSE, wanted)))


def _spacing(points: FloatArray) -> float:
    """Distance in mm between points evenly spread on a surface, by the area of their ellipsoid."""
    axes = np.sqrt(3 * np.maximum(np.linalg.eigvalsh(np.cov(points.T)), 1e-12))
    a, b, c = axes
    p = 1.6075  # Knud Thomsen's formula of the surface of an ellipsoid, within 1.1 %
    area = 4 * math.pi * (((a * b) ** p + (a * c) ** p + (b * c) ** p) / 3) ** (1 / p)
    return math.sqrt(area / len(points))
