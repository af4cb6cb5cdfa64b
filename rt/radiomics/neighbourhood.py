"""Neighbourhood grey tone differences: how far voxels are from the mean of their neighbours (IBSI 3.10)."""

from __future__ import annotations

import numpy as np

from rt.geometry import FloatArray
from rt.masks import Mask
from rt.radiomics.grey_levels import Levels
from rt.radiomics.intensity import ONE_LEVEL, Features
from rt.radiomics.settings import Aggregation
from rt.radiomics.zones import averaged

NAMES = ("coarseness", "contrast", "busyness", "complexity", "strength")
ALIKE = "every voxel is as its neighbours"
ALONE = "no voxel has a neighbour"


def neighbourhood(levels: Levels, aggregation: Aggregation) -> Features:
    """IBSI's five features; neighbours at distance 1 inside the region count."""
    dimension = aggregation.rpartition("_")[0]
    axes = (0, 1, 2) if dimension == "3D" else (1, 2)
    padded = levels.padded_kji.astype(np.float64)
    inside = levels.padded_kji > 0
    total, neighbours = _around(padded, axes), np.rint(_around(inside.astype(np.float64), axes))
    counted = inside & (neighbours > 0)
    apart = np.abs(padded - total / np.maximum(neighbours, 1))
    parts = [counted] if dimension != "2D" else [_only(counted, k) for k in range(len(counted))]
    found = [_of(padded[part].astype(np.int64), apart[part], levels.count) for part in parts if part.any()]
    return averaged(found) if found else dict.fromkeys(NAMES, ALONE)


def _only(mask: Mask, k: int) -> Mask:
    chosen = np.zeros_like(mask)
    chosen[k] = mask[k]
    return chosen


def _around(values: FloatArray, axes: tuple[int, ...]) -> FloatArray:
    """The sum over the neighbours of each voxel; the array's rim is 0."""
    total = values
    for axis in axes:
        total = total + np.roll(total, 1, axis) + np.roll(total, -1, axis)
    return total - values


def _of(level: np.ndarray[tuple[int], np.dtype[np.int64]], apart: FloatArray, count: int) -> Features:
    n = np.bincount(level, minlength=count + 1)
    i = np.flatnonzero(n).astype(np.float64)
    s = np.bincount(level, weights=apart, minlength=count + 1)[n > 0]
    p = n[n > 0] / len(level)
    present, sums = len(i), float((p * s).sum())
    if present < 2:
        return {**dict.fromkeys(NAMES, ONE_LEVEL), "complexity": 0.0}
    across, both = i[:, None] - i, p[:, None] + p
    weighted, scatter = np.abs((i * p)[:, None] - i * p).sum(), float((p[:, None] * p * across**2).sum())
    ps = p * s
    return {
        "coarseness": 1 / sums if sums > 0 else ALIKE,
        "contrast": scatter / (present * (present - 1)) * float(s.sum()) / len(level),
        "busyness": sums / float(weighted) if weighted > 0 else ONE_LEVEL,
        "complexity": float((np.abs(across) * (ps[:, None] + ps) / both).sum()) / len(level),
        "strength": float((both * across**2).sum()) / float(s.sum()) if s.sum() > 0 else ALIKE,
    }
