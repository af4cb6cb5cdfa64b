"""Holes joined to the ring around them by a channel of no width (PS3.3 C.8.8.6.3, "keyhole").

A channel is one straight way between a vertex of the hole and a vertex of what is drawn already, there and
back over the very same two points, so that it encloses nothing and no new point is made.  It touches no
ring on its way.  Holes run the other way round than the ring, so that readers by winding find them too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rt.geometry import FloatArray

TOUCHING = 1e-9
"""Voxels squared: a turn smaller than this is straight."""

Vertex = tuple[int, int]
"""Number of a ring and number of its vertex."""
Path = tuple[Vertex, ...]


@dataclass(frozen=True)
class _Nesting:
    """For each ring how many others hold it, and the one that holds it directly."""

    depth: tuple[int, ...]
    parent: tuple[int | None, ...]


def join_holes(rings: Sequence[FloatArray]) -> tuple[Path, ...] | None:
    """Closed ways around the rings ((n, 2) each) of one slice, one for each part with its holes.

    Ways name vertices, so that whoever asks takes the points as they are.  None where rings touch or cross,
    so that there is no hole to tell from a part.
    """
    nesting = _nesting(rings)
    if nesting is None:
        return None
    paths: list[Path] = []
    for number, depth in enumerate(nesting.depth):
        if depth % 2 == 0:
            holes = [n for n, parent in enumerate(nesting.parent) if parent == number]
            path = _joined(number, holes, rings)
            if path is None:
                return None
            paths.append(path)
    return tuple(paths)


def signed_area(ring: FloatArray) -> float:
    """Area of a ring (n, 2), positive where it turns from the first axis to the second."""
    after = np.roll(ring, -1, axis=0)
    return float((ring[:, 0] * after[:, 1] - ring[:, 1] * after[:, 0]).sum()) / 2


def _nesting(rings: Sequence[FloatArray]) -> _Nesting | None:
    """Which ring holds which; None where one is partly in another."""
    low, high = (np.array([end(ring, axis=0) for ring in rings]) for end in (np.min, np.max))
    holders: list[list[int]] = []
    for number, ring in enumerate(rings):
        meets = ((low <= high[number]) & (high >= low[number])).all(axis=1)
        meets[number] = False
        holding = []
        for other in np.flatnonzero(meets).tolist():
            inside = _inside(ring, rings[other])
            if inside.all():
                holding.append(other)
            elif inside.any():
                return None
        holders.append(holding)
    depth = tuple(len(holding) for holding in holders)
    parents: list[int | None] = []
    for holding in holders:
        direct = [n for n in holding if depth[n] == len(holding) - 1]
        if len(direct) != min(1, len(holding)):
            return None
        parents.append(direct[0] if direct else None)
    return _Nesting(depth, tuple(parents))


def _inside(points: FloatArray, ring: FloatArray) -> npt.NDArray[np.bool_]:
    """Which points (n, 2) a ring holds, even-odd."""
    a, b = ring, np.roll(ring, -1, axis=0)
    spans = (a[:, 1] > points[:, 1:]) != (b[:, 1] > points[:, 1:])
    with np.errstate(divide="ignore", invalid="ignore"):
        x = a[:, 0] + (points[:, 1:] - a[:, 1]) / (b[:, 1] - a[:, 1]) * (b[:, 0] - a[:, 0])
    found: npt.NDArray[np.bool_] = (spans & (points[:, :1] < x)).sum(axis=1) % 2 == 1
    return found


def _joined(outer: int, holes: Sequence[int], rings: Sequence[FloatArray]) -> Path | None:
    """The way around a ring and its holes, each reached from what lies to its low side.

    Holes come by their lowest vertex along the first axis: what lies below that vertex has been reached
    before, so one of its vertices is in sight (as when polygons with holes are cut into triangles).
    """
    path: list[Vertex] = [(outer, n) for n in range(len(rings[outer]))]
    walls = [np.stack([rings[n], np.roll(rings[n], -1, axis=0)], axis=1) for n in (outer, *holes)]
    edges = np.concatenate(walls)
    turn = signed_area(rings[outer])
    for hole in sorted(holes, key=lambda n: (float(rings[n][:, 0].min()), n)):
        ring = rings[hole]
        lowest = int(np.lexsort((ring[:, 1], ring[:, 0]))[0])
        places = np.array([rings[r][v] for r, v in path])
        at = _in_sight(ring[lowest], places, edges)
        if at is None:
            return None
        step = 1 if signed_area(ring) * turn < 0 else -1
        around = [(hole, (lowest + step * n) % len(ring)) for n in range(len(ring) + 1)]
        edges = np.concatenate([edges, [[ring[lowest], places[at]]]])
        path[at + 1 : at + 1] = [*around, path[at]]
    return tuple(path)


def _in_sight(point: FloatArray, places: FloatArray, edges: FloatArray) -> int | None:
    """The nearest place that a straight way from the point reaches without touching an edge."""
    for at in np.argsort(((places - point) ** 2).sum(axis=1), kind="stable"):
        if not _touches(point, places[at], edges):
            return int(at)
    return None


def _touches(start: FloatArray, end: FloatArray, edges: FloatArray) -> bool:
    """True where a way meets an edge that does not begin or end where the way does."""
    a, b = edges[:, 0], edges[:, 1]
    own = np.zeros(len(edges), dtype=np.bool_)
    for corner in (start, end):
        own |= (a == corner).all(axis=1) | (b == corner).all(axis=1)
    low, high = np.minimum(start, end), np.maximum(start, end)
    apart = (np.maximum(a, b) < low).any(axis=1) | (np.minimum(a, b) > high).any(axis=1)
    a, b = a[~own & ~apart], b[~own & ~apart]
    sides = _turn(start, end, a), _turn(start, end, b)
    ends = _turn(a, b, start), _turn(a, b, end)
    return bool((_not_alike(*sides) & _not_alike(*ends)).any())


def _turn(a: FloatArray, b: FloatArray, c: FloatArray) -> FloatArray:
    """Twice the signed area of triangles; 0 where they are straight."""
    ab, ac = b - a, c - a
    turn: FloatArray = ab[..., 0] * ac[..., 1] - ab[..., 1] * ac[..., 0]
    return np.where(np.abs(turn) < TOUCHING, 0.0, turn)


def _not_alike(one: FloatArray, other: FloatArray) -> npt.NDArray[np.bool_]:
    """Where two turns are not both to the same side."""
    found: npt.NDArray[np.bool_] = np.sign(one) * np.sign(other) <= 0
    return found
