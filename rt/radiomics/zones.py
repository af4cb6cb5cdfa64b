"""Runs, zones by size, zones by distance, and dependences (IBSI 3.7 to 3.9, 3.11).

All four are matrices of grey level against an extent and have one set of features; they differ in what an
entry is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from skimage.measure import label

from rt.geometry import FloatArray
from rt.masks import Mask
from rt.radiomics.grey_levels import DIRECTIONS, IN_PLANE, IntArray, Levels
from rt.radiomics.intensity import Features
from rt.radiomics.settings import Aggregation

RUNS = "sre lre lgre hgre srlge srhge lrlge lrhge glnu glnu_norm rlnu rlnu_norm r_perc gl_var rl_var rl_entr"
SIZES = "sze lze lgze hgze szlge szhge lzlge lzhge glnu glnu_norm zsnu zsnu_norm z_perc gl_var zs_var zs_entr"
DISTANCES = (
    "sde lde lgze hgze sdlge sdhge ldlge ldhge glnu glnu_norm zdnu zdnu_norm z_perc gl_var zd_var zd_entr"
)
DEPENDENCES = (
    "lde hde lgce hgce ldlge ldhge hdlge hdhge glnu glnu_norm dcnu dcnu_norm dc_perc gl_var dc_var dc_entr"
)


@dataclass(frozen=True)
class _Entries:
    """Entries of a matrix, one each: a run, a zone, or a voxel with what depends on it."""

    level: IntArray
    extent: IntArray
    """Length, size, distance or number of dependent voxels, from 1."""
    voxels: IntArray
    """How many voxels the entry stands for."""

    def only(self, chosen: Mask) -> _Entries:
        """Some of them."""
        return _Entries(self.level[chosen], self.extent[chosen], self.voxels[chosen])

    def features(self, names: str) -> Features:
        """The sixteen features under a family's names, in the order of IBSI."""
        width = int(self.extent.max()) + 1
        key, counts = np.unique(self.level * width + self.extent, return_counts=True)
        i, j = np.divmod(key, width)
        total, p = counts.sum(), counts / counts.sum()
        by_level, by_extent = (np.bincount(axis, weights=counts) for axis in (i, j))
        level, extent = i.astype(np.float64), j.astype(np.float64)
        low, high, short, long = level**-2, level**2, extent**-2, extent**2
        weights = (short, long, low, high, short * low, short * high, long * low, long * high)
        values = [float((p * weight).sum()) for weight in weights]
        for squares in (float((by_level**2).sum()), float((by_extent**2).sum())):
            values += [squares / total, squares / total**2]
        values += [float(total / self.voxels.sum()), _variance(p, level), _variance(p, extent)]
        entropy = float(-(p * np.log2(p)).sum()) + 0.0
        found: Features = dict(zip(names.split(), [*values, entropy], strict=True))
        if names is DEPENDENCES:
            found["dc_energy"] = float((p**2).sum())
        return found


def averaged(found: Sequence[Features]) -> Features:
    """The mean of each feature over the matrices that have it; a reason where none has."""
    means: Features = {}
    for name, first in found[0].items():
        known = [value for features in found if not isinstance(value := features[name], str)]
        means[name] = float(np.mean(known)) if known else first
    return means


def runs(levels: Levels, aggregation: Aggregation) -> Features:
    """Of grey-level runs along the directions."""
    dimension, _, merging = aggregation.rpartition("_")
    parts = [_runs(levels, levels.stride(d)) for d in (DIRECTIONS if dimension == "3D" else IN_PLANE)]
    if merging == "comb":
        parts = [(_joined([entries for entries, _ in parts]), np.concatenate([plane for _, plane in parts]))]
    groups = [part for whole in parts for part in (_by_slice(*whole) if dimension == "2D" else [whole[0]])]
    return averaged([group.features(RUNS) for group in groups])


def _joined(parts: Sequence[_Entries]) -> _Entries:
    return _Entries(
        np.concatenate([part.level for part in parts]),
        np.concatenate([part.extent for part in parts]),
        np.concatenate([part.voxels for part in parts]),
    )


def _by_slice(entries: _Entries, plane: IntArray) -> Iterator[_Entries]:
    for k in np.unique(plane):
        yield entries.only(plane == k)


def _runs(levels: Levels, stride: int) -> tuple[_Entries, IntArray]:
    """Runs along one stride, and the slice in which each begins."""
    rows = -(-len(levels.flat) // stride)
    walk = np.zeros(rows * stride, dtype=np.int64)
    walk[: len(levels.flat)] = levels.flat
    walk = walk.reshape(rows, stride).T.ravel()
    start = np.flatnonzero(np.diff(walk, prepend=-1))
    length = np.diff(start, append=len(walk))
    inside = walk[start] > 0
    start, length = start[inside], length[inside]
    place = start % rows * stride + start // rows
    return _Entries(walk[start], length, length), place // levels.plane


def zones(levels: Levels, form_kji: Mask, aggregation: Aggregation) -> tuple[Features, Features]:
    """Of connected zones of one grey level: by size, and by the distance of the nearest voxel to the edge.

    The distance is counted in steps through faces from outside the morphological mask (k, j, i).
    """
    dimension = aggregation.rpartition("_")[0]
    flat = dimension != "3D"
    named = np.stack([label(part, connectivity=2) for part in levels.kji]) if flat else label(levels.kji)
    if flat:
        above = np.concatenate([[0], np.cumsum(named.max(axis=(1, 2)))[:-1]])
        named = np.where(named > 0, named + above[:, None, None], 0)
    where = np.flatnonzero(named)
    zone = named.ravel()[where] - 1
    size = np.bincount(zone)
    level, plane, distance = (np.zeros(len(size), dtype=np.int64) for _ in range(3))
    level[zone] = levels.kji.ravel()[where]
    plane[zone] = where // (named.shape[1] * named.shape[2])
    distance += np.iinfo(np.int64).max
    np.minimum.at(distance, zone, _distances(form_kji, flat).ravel()[where])
    by_size, by_distance = _Entries(level, size, size), _Entries(level, distance, size)
    found = []
    for entries, names in ((by_size, SIZES), (by_distance, DISTANCES)):
        groups = _by_slice(entries, plane) if dimension == "2D" else [entries]
        found.append(averaged([group.features(names) for group in groups]))
    return found[0], found[1]


def _distances(form_kji: Mask, flat: bool) -> IntArray:
    if flat:
        return np.stack([_steps(part) for part in form_kji])
    return _steps(form_kji)


def _steps(form: Mask) -> IntArray:
    """Steps through faces to the nearest voxel outside, which is also beyond the array."""
    steps = ndimage.distance_transform_cdt(np.pad(form, 1), metric="taxicab")
    inner: IntArray = steps[(slice(1, -1),) * form.ndim].astype(np.int64)
    return inner


def dependences(levels: Levels, aggregation: Aggregation) -> Features:
    """Of how many neighbours at distance 1 have the same level (IBSI's alpha of 0)."""
    dimension = aggregation.rpartition("_")[0]
    flat = levels.flat
    extent = np.ones(len(flat), dtype=np.int64)
    for direction in DIRECTIONS if dimension == "3D" else IN_PLANE:
        stride = levels.stride(direction)
        same = flat[:-stride] == flat[stride:]
        extent[:-stride] += same
        extent[stride:] += same
    inside = np.flatnonzero(flat)
    entries = _Entries(flat[inside], extent[inside], np.ones(len(inside), dtype=np.int64))
    groups = _by_slice(entries, inside // levels.plane) if dimension == "2D" else [entries]
    return averaged([group.features(DEPENDENCES) for group in groups])


def _variance(p: FloatArray, values: FloatArray) -> float:
    mean = float((p * values).sum())
    return float((p * (values - mean) ** 2).sum())
