"""Consensus clustering: how often two patients fall together, over many subsamples, for every k.

Monti, Tamayo, Mesirov and Golub, Machine Learning 52 (2003) 91-118, doi:10.1023/A:1023949509487; proportion
of ambiguous clustering (PAC): Senbabaoglu, Michailidis and Li, Sci Rep 4 (2014) 6207, doi:10.1038/srep06207.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import cut_tree, linkage
from scipy.spatial.distance import squareform

from models.statistics.subtypes_base import Labels, Members, Points, cluster_subsets
from models.statistics.subtypes_config import SubtypeConfig
from models.statistics.subtypes_scaling import Matrix

CDF_POINTS = np.linspace(0, 1, 101)
"""Consensus values at which the CDF is given."""


@dataclass(frozen=True)
class Consensus:
    """What the subsamples say of one k."""

    k: int
    matrix: Matrix
    """(patients, patients): share of the subsamples with both in which both are in one cluster."""
    tree: Matrix
    """Average linkage of 1 - consensus, as of scipy."""
    labels: Labels
    """Cluster of each patient from 1, largest first."""
    cdf: npt.NDArray[np.float64]
    """At CDF_POINTS."""
    pac: float
    area: float
    """Under the CDF."""
    silhouette: float
    """Mean silhouette width of `labels` between the patients' points."""


def consensus(
    points: Points, config: SubtypeConfig, subsamples: int, rng: np.random.Generator
) -> list[Consensus]:
    """Consensus for each k of the settings."""
    members = draw_subsets(len(points.coordinates), subsamples, config.subsample_share, rng)
    found = cluster_subsets(config.base, points, members, config.ks, rng)
    return [
        _consensus(points, k, consensus_matrix(members, labels), config)
        for k, labels in zip(config.ks, found, strict=True)
    ]


def draw_subsets(patients: int, count: int, share: float, rng: np.random.Generator) -> Members:
    """Subsets (count, patients) of `share` of the patients each, without replacement."""
    size = round(share * patients)
    order = rng.random((count, patients)).argsort(axis=1)
    members: Members = np.zeros((count, patients), np.bool_)
    np.put_along_axis(members, order[:, :size], True, axis=1)
    return members


def consensus_matrix(members: Members, labels: Labels) -> Matrix:
    """Monti's M (patients, patients) of labels (subsets, patients); pairs never drawn together count 0."""
    inside = members.astype(np.float64)
    drawn = inside.T @ inside
    together = np.zeros_like(drawn)
    for cluster in range(int(labels.max()) + 1):
        belongs = (labels == cluster).astype(np.float64)
        together += belongs.T @ belongs
    matrix: Matrix = together / np.maximum(drawn, 1)
    np.fill_diagonal(matrix, 1.0)
    return matrix


def _consensus(points: Points, k: int, matrix: Matrix, config: SubtypeConfig) -> Consensus:
    tree = linkage(squareform(np.clip(1 - matrix, 0, 1), checks=False), "average")
    labels = by_size(cut_tree(tree, n_clusters=[k])[:, 0])
    pairs = np.sort(matrix[np.triu_indices(len(matrix), 1)])
    cdf = np.searchsorted(pairs, CDF_POINTS + 1e-9, side="right") / len(pairs)
    ambiguous = (pairs > config.pac_low) & (pairs < config.pac_high)
    return Consensus(
        k=k,
        matrix=matrix,
        tree=tree,
        labels=labels,
        cdf=cdf,
        pac=float(ambiguous.mean()),
        area=float((1 - pairs).mean()),
        silhouette=float(silhouettes(points, labels).mean()),
    )


def by_size(labels: Labels) -> Labels:
    """The same clusters numbered from 1, largest first, of equal ones that of the earlier patient."""
    names, first, sizes = np.unique(labels, return_index=True, return_counts=True)
    order = sorted(range(len(names)), key=lambda i: (-sizes[i], first[i]))
    out: Labels = np.zeros(len(labels), np.int64)
    for number, i in enumerate(order, 1):
        out[labels == names[i]] = number
    return out


def silhouettes(points: Points, labels: Labels) -> npt.NDArray[np.float64]:
    """Silhouette width of each patient (Rousseeuw 1987); 0 for a patient alone in a cluster."""
    distance = np.sqrt(points.squared)
    names = np.unique(labels)
    belongs = (labels[:, None] == names).astype(np.float64)
    sizes = belongs.sum(axis=0)
    sums = distance @ belongs
    own = belongs.astype(bool)
    inner = sums[own] / np.maximum((belongs @ sizes) - 1, 1)
    outer = np.where(own, np.inf, sums / sizes).min(axis=1)
    widest = np.maximum(inner, outer)
    widths: npt.NDArray[np.float64] = np.where(
        ((belongs @ sizes) > 1) & (widest > 0), (outer - inner) / np.where(widest > 0, widest, 1), 0.0
    )
    return widths


def delta_areas(found: Sequence[Consensus]) -> list[float]:
    """Relative gain of area under the CDF over the k before (Monti's delta); the first is the area itself."""
    gains = [(b.area - a.area) / a.area if a.area > 0 else 0.0 for a, b in pairwise(found)]
    return [found[0].area, *gains]


def choose(found: Sequence[Consensus], expected_pac: Sequence[float], config: SubtypeConfig) -> Consensus:
    """The k that the settings' rule chooses, of equal ones the smaller; `expected_pac` without clusters."""
    if config.choice == "silhouette":
        return max(found, key=lambda one: (one.silhouette, -one.k))
    if config.choice == "delta-area":
        gains = zip(found[1:], delta_areas(found)[1:], strict=True)
        enough = (one for one, gain in gains if gain >= config.delta_area_minimum)
        return max(enough, key=lambda one: one.k, default=found[0])
    shares = [one.pac / max(pac, 1e-6) for one, pac in zip(found, expected_pac, strict=True)]
    near = [one for one, s in zip(found, shares, strict=True) if s <= min(shares) + config.pac_tolerance]
    return max(near, key=lambda one: (one.silhouette, -one.k))
