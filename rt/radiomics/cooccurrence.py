"""Grey-level co-occurrence: which levels are neighbours at distance 1 (IBSI 3.6)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from rt.geometry import FloatArray
from rt.radiomics.grey_levels import DIRECTIONS, IN_PLANE, IntArray, Levels, weighed
from rt.radiomics.intensity import ONE_LEVEL, Features
from rt.radiomics.settings import Aggregation
from rt.radiomics.zones import averaged

NO_PAIR = "no two voxels are neighbours"


def cooccurrence(levels: Levels, aggregation: Aggregation) -> Features:
    """IBSI's 25 features of the symmetric matrices, merged or averaged as told."""
    matrices = [matrix for matrix in _matrices(levels, aggregation) if matrix.any()]
    if not matrices:
        return dict.fromkeys(_of_matrix(np.ones((1, 1)), levels.count), NO_PAIR)
    return averaged([_of_matrix(matrix, levels.count) for matrix in matrices])


def _matrices(levels: Levels, aggregation: Aggregation) -> Iterator[npt.NDArray[np.float64]]:
    """Counts of pairs (level, level), symmetric; one matrix of each direction or slice that is kept apart."""
    dimension, _, merging = aggregation.rpartition("_")
    directions = DIRECTIONS if dimension == "3D" else IN_PLANE
    size = levels.count + 1
    merged: dict[int, npt.NDArray[np.float64]] = {}
    for number, direction in enumerate(directions):
        pair, plane = _pairs(levels, levels.stride(direction))
        slices = np.unique(plane) if dimension == "2D" else [None]
        for k in slices:
            counts = np.bincount(pair if k is None else pair[plane == k], minlength=size * size)
            matrix = counts.reshape(size, size)[1:, 1:].astype(np.float64)
            matrix += matrix.T
            if merging == "avg":
                yield matrix
            else:
                key = 0 if k is None else int(k)
                merged[key] = merged[key] + matrix if number and key in merged else matrix
    yield from merged.values()


def _pairs(levels: Levels, stride: int) -> tuple[IntArray, IntArray]:
    """Of each pair of neighbours inside: level · (count + 1) + level, and its slice."""
    first, second = levels.flat[:-stride], levels.flat[stride:]
    both = np.flatnonzero((first > 0) & (second > 0))
    return first[both] * (levels.count + 1) + second[both], both // levels.plane


def _of_matrix(matrix: npt.NDArray[np.float64], count: int) -> Features:
    row, column = np.nonzero(matrix)
    p = matrix[row, column] / matrix.sum()
    i, j = row + 1.0, column + 1.0
    marginal = weighed(row, p)
    mean = float((p * i).sum())
    variance = float((p * (i - mean) ** 2).sum())
    return {
        "joint_max": float(p.max()),
        "joint_avg": mean,
        "joint_var": variance,
        "joint_entr": _entropy(p),
        **_differences(np.abs(row - column), p, count),
        **_sums(row + column + 2, p, mean),
        "energy": float((p**2).sum()),
        "corr": float((p * (i - mean) * (j - mean)).sum() / variance) if variance > 1e-12 else ONE_LEVEL,
        "auto_corr": float((p * i * j).sum()),
        **_information(p, marginal, marginal[row] * marginal[column]),
    }


def _differences(apart: IntArray, p: FloatArray, count: int) -> Features:
    share = weighed(apart, p)
    k = np.arange(len(share), dtype=np.float64)
    mean = float((k * share).sum())
    return {
        "diff_avg": mean,
        "diff_var": float(((k - mean) ** 2 * share).sum()),
        "diff_entr": _entropy(share),
        "contrast": float((k**2 * share).sum()),
        "dissimilarity": mean,
        "inv_diff": float((share / (1 + k)).sum()),
        "inv_diff_norm": float((share / (1 + k / count)).sum()),
        "inv_diff_mom": float((share / (1 + k**2)).sum()),
        "inv_diff_mom_norm": float((share / (1 + (k / count) ** 2)).sum()),
        "inv_var": float((share[1:] / k[1:] ** 2).sum()),
    }


def _sums(together: IntArray, p: FloatArray, mean: float) -> Features:
    share = weighed(together, p)
    k = np.arange(len(share), dtype=np.float64)
    centred = k - 2 * mean
    return {
        "sum_avg": float((k * share).sum()),
        "sum_var": float((centred**2 * share).sum()),
        "sum_entr": _entropy(share),
        "clust_tend": float((centred**2 * share).sum()),
        "clust_shade": float((centred**3 * share).sum()),
        "clust_prom": float((centred**4 * share).sum()),
    }


def _information(p: FloatArray, marginal: FloatArray, independent: FloatArray) -> Features:
    """How far the joint distribution is from the product of its marginals."""
    single, joint = _entropy(marginal), _entropy(p)
    first = float(-(p * np.log2(independent)).sum())
    second = 2 * single
    return {
        "info_corr1": (joint - first) / single if single > 1e-12 else ONE_LEVEL,
        "info_corr2": float(np.sqrt(max(0.0, 1 - np.exp(-2 * (second - joint))))),
    }


def _entropy(share: FloatArray) -> float:
    known = share[share > 0]
    return float(-(known * np.log2(known)).sum()) + 0.0
